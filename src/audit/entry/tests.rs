use serde_json::{Value, json};

use super::*;
use crate::audit::journal::Options;

fn written(entry: Entry<'_>) -> Value {
    let mut out = Vec::new();
    entry.write(&mut out);
    serde_json::from_slice(&out).expect("an entry is JSON")
}

fn call() -> Fields<'static> {
    Fields {
        request: "req-1",
        time_ms: 1_700_000_000_000,
        agent: Some("agent-7"),
        user: Some("ada"),
        run: Some("run-3"),
        proof: Some("dpop"),
        client_name: Some("some-client"),
        method: Some("tools/call"),
        upstream: Some("mail"),
        target: Some("send"),
        arguments_digest: Some("ab12"),
        mode: Some(Mode::Enforce),
        ..Fields::default()
    }
}

#[test]
fn a_decision_has_what_ocsf_requires_of_an_api_activity() {
    let record = written(Entry::decision(Disposition::Allowed, call()));
    assert_eq!(record["metadata"]["version"], "1.9.0");
    assert_eq!(record["metadata"]["product"]["vendor_name"], "Bartizan");
    assert_eq!(record["metadata"]["profiles"], json!(["ai_operation", "security_control"]));
    assert_eq!(record["metadata"]["uid"], "req-1.0");
    assert_eq!(record["metadata"]["correlation_uid"], "req-1");
    assert_eq!((&record["class_uid"], &record["category_uid"]), (&json!(6003), &json!(6)));
    assert_eq!((&record["activity_id"], &record["type_uid"]), (&json!(99), &json!(600_399)));
    assert_eq!(record["time"], 1_700_000_000_000_u64);
    assert_eq!(record["actor"]["user"]["uid"], "ada");
    assert_eq!(record["ai_agent"], json!({"uid": "agent-7", "instance_uid": "run-3"}));
    assert_eq!(record["api"]["operation"], "tools/call");
    assert_eq!(record["api"]["request"]["uid"], "req-1");
    assert_eq!(record["resources"], json!([{"name": "send", "type": "tool"}]));
    assert_eq!(record["src_endpoint"]["name"], "local");
    assert_eq!(record["unmapped"]["bartizan"]["phase"], "decision");
    assert_eq!(record["unmapped"]["bartizan"]["arguments_digest"], "ab12");
}

#[test]
fn each_disposition_has_its_ocsf_numbers() {
    let table = [
        (Disposition::Allowed, (1, 1), 1, "allowed"),
        (Disposition::Blocked, (2, 2), 2, "blocked"),
        (Disposition::Held, (0, 14), 0, "held"),
        (Disposition::Observed, (1, 15), 1, "observed"),
    ];
    for (disposition, (action, id), status, name) in table {
        let record = written(Entry::decision(disposition, call()));
        assert_eq!((&record["action_id"], &record["disposition_id"]), (&json!(action), &json!(id)));
        assert_eq!(record["status_id"], status);
        assert_eq!(record["unmapped"]["bartizan"]["disposition"], name);
    }
}

#[test]
fn an_outcome_says_what_came_of_the_call() {
    let fields = Fields {
        step: 1,
        response_code: Some(-32_042),
        refusal: Some("blocked"),
        elapsed_us: Some(812),
        bytes: Some(0),
        findings: &["injection.override-previous"],
        ..call()
    };
    let record = written(Entry::outcome(Outcome::Withheld, fields));
    assert_eq!(record["metadata"]["uid"], "req-1.1");
    assert_eq!(record["api"]["response"], json!({"code": -32_042, "message": "withheld"}));
    assert_eq!((&record["status_id"], &record["status_code"]), (&json!(2), &json!("blocked")));
    assert_eq!(record["unmapped"]["bartizan"]["findings"], json!(["injection.override-previous"]));
    assert_eq!(record["unmapped"]["bartizan"]["elapsed_us"], 812);
    assert!(record.get("disposition_id").is_none());
}

#[test]
fn an_event_has_an_actor_even_when_nobody_is_known() {
    let record = written(Entry::event("gateway.started", Fields::default()));
    assert_eq!(record["api"]["operation"], "gateway.started");
    assert_eq!(record["actor"], json!({"app_uid": "unidentified"}));
    assert_eq!(record["unmapped"], json!({"bartizan": {"phase": "event"}}));
}

#[test]
fn hostile_text_stays_inside_its_string() {
    let name = "\u{0}\"},\"status_id\":1,\\\n\r\t\u{7f}é\u{202e}😀";
    let record = written(Entry::decision(
        Disposition::Blocked,
        Fields { target: Some(name), client_name: Some(name), ..call() },
    ));
    assert_eq!(record["resources"][0]["name"], name);
    assert_eq!(record["status_id"], 2);
    let mut out = Vec::new();
    let fields = Fields { target: Some("a\nb"), ..call() };
    Entry::decision(Disposition::Blocked, fields).write(&mut out);
    assert!(!out.contains(&b'\n'));
}

#[test]
fn a_long_name_is_cut_at_a_character_and_marked() {
    for unit in ["x", "é", "😀", "\u{1}", "\""] {
        let name = unit.repeat(4000);
        let record = written(Entry::event("e", Fields { target: Some(&name), ..call() }));
        let shown = record["resources"][0]["name"].as_str().expect("a name").to_owned();
        let kept = shown.strip_suffix('…').expect("the cut shows");
        assert!(name.starts_with(kept) && !kept.is_empty(), "{shown}");
        assert!(shown.len() <= 512);
    }
}

#[test]
fn a_name_of_exactly_the_limit_is_whole() {
    let name = "x".repeat(512);
    let record = written(Entry::event("e", Fields { target: Some(&name), ..call() }));
    assert_eq!(record["resources"][0]["name"], name.as_str());
}

#[test]
fn the_longest_entry_fits_the_journal_by_default() {
    let long = "\u{1}".repeat(10_000);
    let text = Some(long.as_str());
    let ids = vec![long.as_str(); 1000];
    let entry = Entry::event(
        &long,
        Fields {
            request: &long,
            agent: text,
            user: text,
            run: text,
            proof: text,
            client_name: text,
            client_version: text,
            session: text,
            source: text,
            era: text,
            method: text,
            upstream: text,
            target: text,
            arguments_digest: text,
            definition_digest: text,
            disposition: Some(Disposition::Observed),
            verdict: text,
            refusal: text,
            findings: &ids,
            policies: &ids,
            approval: text,
            ruleset_digest: text,
            policy_digest: text,
            ..call()
        },
    );
    let mut out = Vec::new();
    entry.write(&mut out);
    assert!(out.len() <= Options::default().record_bytes_max, "{}", out.len());
    let record = written(entry);
    assert_eq!(record["unmapped"]["bartizan"]["findings"][64], "… and 936 more");
}
