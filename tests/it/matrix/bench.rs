//! A gateway with a tool for each case, and what became of what the tools were sent and returned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{
    Client, Era, Gateway,
    raw::{Raw, tool},
    record::Entry,
    said,
};

/// What the door says where it only took out what nobody sees.
const CLEANED: &str = "sanitize.invisible";

/// One gateway before one server. Each case calls a tool of its own, in a run of its own.
pub(super) struct Bench {
    pub(super) gateway: Gateway,
    pub(super) raw: Raw,
    seen: BTreeMap<String, Seen>,
}

/// What the client saw of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Whole,
    Changed,
    Refused(&'static str),
}

impl Bench {
    pub(super) async fn start(cases: impl IntoIterator<Item = String>, top: &str) -> Self {
        Self::with(cases.into_iter().map(|name| tool(&name)).collect(), top).await
    }

    pub(super) async fn with(tools: Vec<Value>, top: &str) -> Self {
        let raw = Raw::start(tools).await;
        let gateway = Gateway::start(&format!("{top}\n[upstreams.r]\n{}\n", raw.url)).await;
        Self { gateway, raw, seen: BTreeMap::new() }
    }

    /// In a run that no other case shares.
    pub(super) fn client(&self, run: &str) -> Client {
        self.gateway.client(Era::Modern).run(run)
    }

    /// Calls a case's tool, which returns `result`.
    pub(super) async fn returns(&mut self, case: &str, result: &Value) {
        self.returns_in(case, case, result).await;
    }

    /// The same in a run that may have a past.
    pub(super) async fn returns_in(&mut self, run: &str, case: &str, result: &Value) {
        let mut whole = result.clone();
        if whole["resultType"].is_null() {
            whole["resultType"] = json!("complete");
        }
        self.raw.returns(&whole.to_string());
        let answer = self.client(run).call(&format!("r__{case}"), json!({})).await;
        let same = answer["result"]["structuredContent"] == result["structuredContent"]
            && unfenced(&answer) == result["content"];
        self.saw(case, &answer, same);
    }

    /// Calls a case's tool, which answers with the very bytes that follow the id.
    pub(super) async fn answers(&mut self, case: &str, rest: &str, expected: &str) {
        let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":$ID,{rest}}}");
        self.raw.answers(body.into_bytes());
        let answer = self.client(case).call(&format!("r__{case}"), json!({})).await;
        let same = said(&answer).contains(expected);
        self.saw(case, &answer, same);
    }

    /// Calls a case's tool, which asks the client something first.
    pub(super) async fn asks(&mut self, case: &str, method: &str, params: Value, text: &str) {
        let requests = json!({"q": {"method": method, "params": params}});
        let question =
            json!({"resultType": "input_required", "inputRequests": requests, "requestState": "s"});
        self.raw.returns(&question.to_string());
        let client = self.client(case).able(json!({"elicitation": {"form": {}}, "sampling": {}}));
        let tool = format!("r__{case}");
        let answer = client.call(&tool, json!({})).await;
        let asked = answer["result"]["inputRequests"].to_string();
        if asked.contains(text) {
            self.saw(case, &answer, true);
        } else {
            self.seen.insert(case.to_owned(), Seen::Refused("not asked"));
        }
        let state = &answer["result"]["requestState"];
        if !state.is_null() {
            self.raw.returns(&crate::support::raw::text_result("ok"));
            let no = json!({"q": {"action": "decline"}});
            let again =
                json!({"name": tool, "arguments": {}, "requestState": state, "inputResponses": no});
            client.ask("tools/call", again).await;
        }
    }

    /// Calls a case's tool with arguments.
    pub(super) async fn sends(&mut self, case: &str, arguments: Value) {
        self.raw.returns(&crate::support::raw::text_result("ok"));
        self.raw.script.calls.lock().clear();
        let answer = self.client(case).call(&format!("r__{case}"), arguments.clone()).await;
        let sent = self.raw.script.calls.lock().last().cloned().unwrap_or_default();
        self.saw(case, &answer, sent["params"]["arguments"] == arguments);
    }

    fn saw(&mut self, case: &str, answer: &Value, same: bool) {
        let seen = match refusal(answer) {
            Some(word) => Seen::Refused(word),
            None if same => Seen::Whole,
            None => Seen::Changed,
        };
        self.seen.insert(case.to_owned(), seen);
    }

    /// What became of each case, in the page's words.
    pub(super) async fn end(self) -> BTreeMap<String, String> {
        let found = findings(&self.gateway.end().await);
        let nothing = BTreeSet::new();
        let mut all = BTreeMap::new();
        for (case, seen) in self.seen {
            let found = found.get(&format!("r__{case}")).unwrap_or(&nothing);
            let only_cleaned = found.iter().all(|rule| rule == CLEANED);
            let word = match seen {
                Seen::Refused(word) => word,
                Seen::Changed if only_cleaned => "cleaned",
                Seen::Changed => "edited",
                Seen::Whole if only_cleaned => "passed",
                Seen::Whole => "labelled",
            };
            all.insert(case, word.to_owned());
        }
        all
    }
}

/// The rules that found something, by tool.
fn findings(records: &[Entry]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in records {
        let rules = entry.payload["unmapped"]["bartizan"]["findings"].as_array();
        let rules = rules.into_iter().flatten().filter_map(|rule| rule.as_str().map(str::to_owned));
        found.entry(entry.target.clone()).or_default().extend(rules);
    }
    found
}

/// The page's word for a refusal.
pub(super) fn refusal(answer: &Value) -> Option<&'static str> {
    let code = answer["result"]["_meta"]["dev.bartizan/refusal"]["code"].as_str()?;
    Some(match code {
        "approval_pending" => "held",
        "approval_expired" => "expired",
        "blocked" => "blocked",
        "limited" => "limited",
        "quarantined" => "quarantined",
        "upstream" => "refused by the parser",
        "withheld" => "withheld",
        other => panic!("no word for `{other}`: {answer}"),
    })
}

/// The content without the gateway's fence.
fn unfenced(answer: &Value) -> Value {
    let fence = |block: &Value| {
        let text = block["text"].as_str().unwrap_or_default();
        text.starts_with("[UNTRUSTED TOOL DATA id=") || text.starts_with("[END ")
    };
    let mut blocks = answer["result"]["content"].as_array().cloned().unwrap_or_default();
    if blocks.first().is_some_and(fence) {
        blocks.remove(0);
        blocks.pop();
    }
    Value::Array(blocks)
}
