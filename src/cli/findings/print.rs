//! Findings for people, for scripts and for spreadsheets.

use std::io::Write as _;

use serde_json::Value;

use crate::cli::{harmless, say, say_json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    People,
    /// One array.
    Json,
    /// An object a line.
    Lines,
    Csv,
}

/// Columns of the table, by the names of the facts.
const COLUMNS: [&str; 16] = [
    "time",
    "reference",
    "phase",
    "disposition",
    "refusal",
    "mode",
    "method",
    "upstream",
    "target",
    "agent",
    "user",
    "run",
    "rules",
    "triage",
    "owner",
    "note",
];

pub(super) fn all(found: &[Value], form: Form) {
    if form == Form::Json {
        return say_json(&Value::Array(found.to_vec()));
    }
    head(form);
    for fact in found {
        say(line(fact, form));
    }
    if form == Form::People {
        say(format_args!("\n{} findings. `bartizan why REFERENCE` explains one.", found.len()));
    }
}

/// What stands before the first finding.
pub(super) fn head(form: Form) {
    if form == Form::Csv {
        say(COLUMNS.join(","));
    }
}

/// Writes one finding at once, or says that nobody reads any more.
pub(super) fn one(fact: &Value, form: Form) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", line(fact, form))?;
    out.flush()
}

fn line(fact: &Value, form: Form) -> String {
    match form {
        Form::Json | Form::Lines => fact.to_string(),
        Form::Csv => {
            let cells = COLUMNS.iter().map(|key| cell(&text(&fact[*key])));
            cells.collect::<Vec<_>>().join(",")
        }
        Form::People => {
            let field = |key: &str| harmless(fact[key].as_str().unwrap_or("-"));
            format!(
                "{}  {:9} {:18} {}/{}  {}{}",
                field("reference"),
                field("disposition"),
                field("refusal"),
                field("upstream"),
                field("target"),
                harmless(&text(&fact["rules"])),
                match fact["triage"].as_str() {
                    None | Some("open") => String::new(),
                    Some(state) => format!("  [{state}]"),
                }
            )
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A cell by RFC 4180. Spreadsheets take one that begins so for a formula, and its text may be a
/// stranger's: an apostrophe before it makes it text (OWASP, CSV Injection).
pub(super) fn cell(text: &str) -> String {
    let text = harmless(text);
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text };
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
