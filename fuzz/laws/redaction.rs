//! The law of what is taken out: no reading of what is left holds a secret that was redacted, and
//! what was made harmless once stays as it is.

use std::{collections::BTreeSet, sync::LazyLock};

use bartizan::firewall::{
    Action, Budget, Ruleset, Source, Surface, readings, redact::redact, sanitize::sanitize,
};

/// How the secrets of this law begin; eight small letters or digits follow.
const SECRET: &str = "KEY-";
const TAIL: usize = 8;
const RULE: &str = r#"schema = 1
status = "stable"
[[rule]]
id = "law.key"
version = 1
title = "A key"
severity = "high"
confidence = "high"
level = 1
surfaces = ["tool_result"]
pattern = 'KEY-[a-z0-9]{8}'
action = "redact"
message = "A key."
tags = ["owasp-mcp:MCP01"]
references = ["https://example.org/keys"]
examples.match = ["a KEY-abcd1234 z"]
examples.no_match = ["KEY-none", "key-abcd1234"]
"#;

static RULES: LazyLock<Ruleset> = LazyLock::new(|| {
    let source = Source { name: "law.toml".to_owned(), text: RULE.to_owned() };
    Ruleset::compile(&[source]).expect("the law's own rule compiles")
});

pub(crate) fn holds(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    cleaned_once(&text);
    let mut findings = Vec::new();
    let mut budget = Budget::for_message(text.len());
    if RULES.scan(Surface::ToolResult, &text, &mut budget, &mut findings).is_err() {
        return; // It does not pass at all.
    }
    let redacted = findings.iter().filter(|found| found.action == Action::Redact);
    let spans: Vec<_> = redacted.map(|found| (found.span.clone(), &found.rule)).collect();
    let secrets = secrets_in(&text);
    assert_eq!(secrets.is_empty(), spans.is_empty(), "{secrets:?}, but {spans:?}");
    let left = redact(&text, &spans);
    let survived: Vec<_> = secrets_in(&left).intersection(&secrets).cloned().collect();
    assert!(survived.is_empty(), "{survived:?} in {left:?}, from {text:?}");
    cleaned_once(&left);
}

/// The secrets in all readings of a text; as far as it is read.
fn secrets_in(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let _ended = readings(text, &mut |_, reading, _| {
        for (at, _) in reading.match_indices(SECRET) {
            let tail = reading.get(at..at + SECRET.len() + TAIL);
            let whole = |secret: &&str| {
                let tail = secret.bytes().skip(SECRET.len());
                tail.into_iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            };
            all.extend(tail.filter(whole).map(str::to_owned));
        }
        Ok(())
    });
    all
}

fn cleaned_once(text: &str) {
    let once = sanitize(text);
    let twice = sanitize(&once.text);
    assert_eq!(once.text, twice.text, "made harmless twice, from {text:?}");
    assert_eq!(twice.removed.total(), 0, "{text:?}");
    assert!(once.text.len() <= text.len());
}
