//! Bad input, row by row. `docs/bad-input.md` holds the answers; a row of it without a case here,
//! or a case without a row, fails.

mod calls;
mod decisions;
mod messages;
mod start;
mod tokens;
mod upstreams;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::wire::Reply;

const PAGE: &str = include_str!("../../docs/bad-input.md");

/// The names of all cases.
const CASES: &[&[&str]] =
    &[messages::ROWS, calls::ROWS, tokens::ROWS, upstreams::ROWS, decisions::ROWS, start::ROWS];

/// The page's table: name to answer.
fn page() -> BTreeMap<&'static str, &'static str> {
    let mut rows = BTreeMap::new();
    for line in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [name, _, answer] = cells.as_slice() else { panic!("three cells: {line}") };
        let name = name.trim_start_matches("| ").trim_matches('`');
        let answer = answer.trim_end_matches('|').trim();
        assert!(rows.insert(name, answer).is_none(), "`{name}` stands twice");
    }
    rows
}

#[test]
fn the_page_and_the_cases_are_the_same() {
    let documented: BTreeSet<&str> = page().into_keys().collect();
    let tested: BTreeSet<&str> = CASES.iter().flat_map(|rows| rows.iter().copied()).collect();
    let untested: Vec<_> = documented.difference(&tested).collect();
    let unwritten: Vec<_> = tested.difference(&documented).collect();
    assert!(
        untested.is_empty() && unwritten.is_empty(),
        "untested {untested:?}, unwritten {unwritten:?}"
    );
}

/// One group of rows under way.
struct Rows {
    page: BTreeMap<&'static str, &'static str>,
    open: BTreeSet<&'static str>,
    wrong: Vec<String>,
}

impl Rows {
    fn new(rows: &'static [&'static str]) -> Self {
        Self { page: page(), open: rows.iter().copied().collect(), wrong: Vec::new() }
    }

    /// Compares what happened with what the page says.
    fn row(&mut self, name: &'static str, happened: impl AsRef<str>) {
        assert!(self.open.remove(name), "`{name}` is no open row of this group");
        let stated = self.page.get(name).copied().unwrap_or("(no row)");
        if stated != happened.as_ref() {
            self.wrong.push(format!("`{name}`: {} | the page says {stated}", happened.as_ref()));
        }
    }

    fn finish(self) {
        assert!(self.wrong.is_empty(), "\n{}", self.wrong.join("\n"));
        assert!(self.open.is_empty(), "never tried: {:?}", self.open);
    }
}

/// What came back, in the page's words.
async fn happened(reply: Reply) -> String {
    let status = reply.status;
    let challenge = reply.header("www-authenticate").map(challenge_of);
    let body =
        if reply.is_stream() { reply.answer().await.to_string() } else { reply.text().await };
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    match challenge {
        Some(challenge) => format!("HTTP {status}, {challenge}"),
        None => format!("HTTP {status}{}", outcome(&body)),
    }
}

fn outcome(body: &Value) -> String {
    if let Some(code) = body["error"]["code"].as_i64() {
        return format!(", error {code}");
    }
    let refusal = &body["result"]["_meta"]["dev.bartizan/refusal"]["code"];
    match (refusal.as_str(), body.get("result")) {
        (Some(code), _) => format!(", refused: `{code}`"),
        (None, Some(_)) => ", passed".to_owned(),
        (None, None) => String::new(),
    }
}

fn challenge_of(header: &str) -> String {
    let error = header.split("error=\"").nth(1).and_then(|rest| rest.split('"').next());
    let metadata = header.contains("resource_metadata=\"");
    assert!(metadata, "a challenge names the metadata: {header}");
    error.map_or("challenged".to_owned(), |error| format!("challenged: `{error}`"))
}

/// What a response alone says.
fn said(response: &Value) -> String {
    outcome(response).trim_start_matches(", ").to_owned()
}
