//! Reading what the gateway wrote down.

use std::{collections::HashSet, path::Path};

use bartizan::audit::{self, Filter, Order, Records};
use serde_json::Value;

/// One record, as far as tests ask.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) phase: String,
    pub(crate) request: String,
    pub(crate) operation: String,
    pub(crate) target: String,
    pub(crate) disposition: String,
    pub(crate) outcome: String,
    pub(crate) refusal: String,
    pub(crate) payload: Value,
}

impl Entry {
    fn new(payload: Value) -> Self {
        let text = |pointer: &str| {
            payload.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Self {
            phase: text("/unmapped/bartizan/phase"),
            request: text("/api/request/uid"),
            operation: text("/api/operation"),
            target: text("/resources/0/name"),
            disposition: text("/unmapped/bartizan/disposition"),
            outcome: text("/unmapped/bartizan/outcome"),
            refusal: text("/status_code"),
            payload,
        }
    }
}

pub(crate) fn read(folder: &Path) -> Vec<Entry> {
    let records = Records::open(folder, Order::OldestFirst, Filter::default()).expect("readable");
    records.map(|record| Entry::new(record.expect("every record holds").payload)).collect()
}

pub(crate) fn assert_whole(folder: &Path) {
    let report = audit::verify(folder).expect("the folder can be read");
    assert!(report.is_intact(), "{report}");
}

/// Whatever was sent has an outcome, and nothing has an outcome that was not decided.
pub(crate) fn assert_settled(records: &[Entry]) {
    const SENT: [&str; 4] = ["tools/call", "prompts/get", "resources/read", "completion/complete"];
    let of = |phase: &str| -> HashSet<&str> {
        let entries = records.iter().filter(|entry| entry.phase == phase);
        entries.map(|entry| entry.request.as_str()).collect()
    };
    let (decided, ended) = (of("decision"), of("outcome"));
    for entry in records.iter().filter(|entry| entry.phase == "decision") {
        let sent = SENT.contains(&entry.operation.as_str())
            && matches!(entry.disposition.as_str(), "allowed" | "observed");
        assert!(!sent || ended.contains(entry.request.as_str()), "no outcome of {entry:?}");
    }
    for request in ended {
        assert!(decided.contains(request), "an outcome without a decision: {request}");
    }
}

/// The decisions on calls of `target`.
pub(crate) fn decisions<'a>(records: &'a [Entry], target: &str) -> Vec<&'a Entry> {
    let wanted = |entry: &&Entry| entry.phase == "decision" && entry.target == target;
    records.iter().filter(wanted).collect()
}
