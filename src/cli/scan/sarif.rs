//! SARIF 2.1.0 (OASIS, 27 March 2020), written result by result, so that a log may be longer than
//! memory.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::print::{Place, level, line_and_column};
use crate::{
    firewall::Ruleset,
    scan::{Found, Report},
};

/// What a path may not hold as it is in a relative reference (RFC 3986, section 4.2), colons
/// included: one before the first slash would make it a scheme.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b':');

pub(super) struct Sarif {
    rules: Vec<Value>,
    index: BTreeMap<String, usize>,
    any: bool,
}

impl Sarif {
    pub(super) fn new(rules: &Ruleset) -> Self {
        let index = rules.rules().enumerate().map(|(at, rule)| (rule.id.get_ref().clone(), at));
        let described = rules.rules().map(|rule| {
            json!({
                "id": rule.id.get_ref(),
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.message},
                "help": {"text": help(&rule.references, &rule.message)},
                "defaultConfiguration": {"level": level(rule.severity)},
                "properties": {"tags": rule.tags, "precision": rule.confidence},
            })
        });
        Self { index: index.collect(), rules: described.collect(), any: false }
    }

    /// All that stands before the results.
    pub(super) fn head(&self) -> String {
        let driver = json!({
            "name": "Bartizan",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": self.rules,
        });
        format!(
            "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\
             \"runs\":[{{\"tool\":{{\"driver\":{driver}}},\"columnKind\":\"unicodeCodePoints\",\
             \"results\":["
        )
    }

    /// The results of one text, with the comma before them.
    pub(super) fn results(&mut self, id: &Value, place: &Place<'_>, report: &Report) -> String {
        let mut output = String::new();
        for found in &report.findings {
            output.push_str(if self.any { ",\n" } else { "\n" });
            output.push_str(&self.result(id, place, found).to_string());
            self.any = true;
        }
        output
    }

    fn result(&self, id: &Value, place: &Place<'_>, found: &Found) -> Value {
        let known = self.index.get(&found.rule);
        let title = known.and_then(|at| self.rules.get(*at)).map(|rule| &rule["shortDescription"]);
        let title = title.and_then(|title| title["text"].as_str()).unwrap_or(&found.rule);
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let mut result = json!({
            "ruleId": found.rule,
            "level": level(found.severity),
            "message": {"text": found.message.as_deref().unwrap_or(title)},
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": {"uri": utf8_percent_encode(place.file, PATH).to_string()},
                },
                "logicalLocations": [{"fullyQualifiedName": id}],
            }],
            "properties": {"action": found.action.name(), "view": found.view},
        });
        if let (Some(at), Some(result)) = (known, result.as_object_mut()) {
            result.insert("ruleIndex".to_owned(), json!(at));
        }
        if let Some(region) = region(&id, place, found) {
            result["locations"][0]["physicalLocation"]["region"] = region;
        }
        result
    }

    /// All that stands behind the results.
    pub(super) fn tail(&self, broken: &[String]) -> String {
        let notes: Vec<Value> = broken
            .iter()
            .map(|what| json!({"level": "error", "message": {"text": what}}))
            .collect();
        let invocation = json!({
            "executionSuccessful": broken.is_empty(),
            "toolExecutionNotifications": notes,
        });
        format!("\n],\"invocations\":[{invocation}]}}]}}\n")
    }
}

fn help(references: &[String], message: &str) -> String {
    match references {
        [] => message.to_owned(),
        _ => format!("{message} See {}", references.join(", ")),
    }
}

/// The place in the file, where the text is the file, or the line that holds the text.
fn region(id: &str, place: &Place<'_>, found: &Found) -> Option<Value> {
    if let Some(line) = place.line {
        return Some(json!({"startLine": line}));
    }
    if id != place.file {
        return None;
    }
    let (start_line, start_column) = line_and_column(place.text, found.start);
    let (end_line, end_column) = line_and_column(place.text, found.end);
    Some(json!({
        "startLine": start_line,
        "startColumn": start_column,
        "endLine": end_line,
        "endColumn": end_column,
        "byteOffset": found.start,
        "byteLength": found.end.saturating_sub(found.start),
    }))
}
