//! Rules on their way into and out of force, and what they err on.

use std::time::Duration;

use bartizan::app::{AdminRequest, RulePlace};
use serde_json::{Value, json};

use crate::support::{
    Client, Era, Gateway, eventually,
    gateway::folder,
    raw::{Raw, text_result, tool},
    texts,
};

/// The operator's own rule: one word in results.
const RULE: &str = r#"schema = 1

[[rule]]
id = "own.word"
version = 1
title = "A word"
severity = "critical"
confidence = "high"
level = 1
surfaces = ["tool_result"]
literals = ["canarybird"]
action = "block"
message = "A result has the word."
examples.match = ["a canarybird"]
examples.no_match = ["a canary bird"]
"#;

const TEXT: &str = "Here sings a canarybird.";

async fn gateway(more: &str) -> (Gateway, Raw) {
    let raw = Raw::start(vec![tool("t"), tool("u")]).await;
    raw.returns(&text_result(TEXT));
    let folder = folder();
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    std::fs::create_dir(folder.path().join("exclusions")).expect("a folder");
    std::fs::write(folder.path().join("rules/own.toml"), RULE).expect("written");
    let text = format!(
        "[firewall]\nrules = \"rules\"\nexclusions = \"exclusions\"\n{more}\n[upstreams.r]\n{}\n",
        raw.url
    );
    (Gateway::start_in(folder, &text, true).await, raw)
}

async fn passes(client: &Client, tool: &str) -> bool {
    texts(&client.call(tool, json!({})).await).contains(&TEXT)
}

async fn stage(gateway: &Gateway) -> String {
    let request = AdminRequest::RuleStages { rule: Some("own.word".into()) };
    let rows = gateway.admin(&request).await.expect("an answer");
    rows[0]["stage"].as_str().expect("a stage").to_owned()
}

fn own(record: &Value) -> &Value {
    &record["unmapped"]["bartizan"]
}

#[tokio::test]
async fn a_rule_that_is_disabled_for_a_second_is_recorded_and_acts_again() {
    let (gateway, _raw) = gateway("").await;
    let client = gateway.client(Era::Modern);
    assert!(!passes(&client, "r__t").await);
    let words =
        ["rules", "disable", "own.word", "--for", "2s", "--reason", "a release", "--as", "ana"];
    let (done, said) = gateway.command(&words).await;
    assert!(done && said.contains("enforce -> shadow"), "{said}");
    assert!(passes(&client, "r__t").await);
    eventually("it acts again", async || (!passes(&client, "r__t").await).then_some(())).await;
    let records = gateway.end().await;
    let event = |entry: &&crate::support::record::Entry| {
        entry.payload["api"]["operation"] == "disable-rule"
    };
    let told = records.iter().find(event).expect("it is on the record").payload.to_string();
    assert!(
        told.contains("own.word enforce -> shadow: a release") && told.contains("ana"),
        "{told}"
    );
    let watched = records.iter().find(|entry| own(&entry.payload)["shadow"][0] == "own.word");
    let watched = own(&watched.expect("what it found is recorded").payload).clone();
    assert_eq!(watched["findings"], Value::Null, "{watched}");
    assert_eq!(watched["spots"][0]["pointer"], "/content/0/text");
}

#[tokio::test]
async fn stages_outlive_a_restart_and_a_changed_rule_of_ones_own_acts_anew() {
    let (gateway, _raw) = gateway("").await;
    let words = ["rules", "promote", "own.word", "--to", "shadow", "--reason", "too loud"];
    let (done, said) = gateway.command(&words).await;
    assert!(done, "{said}");
    let gateway = gateway.restart().await;
    assert_eq!(stage(&gateway).await, "shadow");
    let client = gateway.client(Era::Modern);
    assert!(passes(&client, "r__t").await);
    let notices = gateway.readyz().await.to_string();
    assert!(notices.contains("1 rules do not act"), "{notices}");
    gateway.write(
        "rules/own.toml",
        &RULE.replace("canarybird\"]\naction", "canarybird\", \"x1x\"]\naction"),
    );
    gateway.app.as_ref().expect("it runs").reload().await.expect("good rules");
    assert_eq!(stage(&gateway).await, "enforce");
    assert!(!passes(&client, "r__t").await);
    gateway.end().await;
}

#[tokio::test]
async fn a_shipped_rule_passes_a_gate_before_it_acts_again() {
    let (gateway, _raw) = gateway("").await;
    let id = "injection.override-previous";
    let rows = gateway.admin(&AdminRequest::RuleStages { rule: Some(id.into()) }).await;
    let seen = rows.expect("it is shipped")[0]["digest"].as_str().expect("a digest").to_owned();
    let place = |stage: &str, emergency: bool| {
        AdminRequest::PlaceRule(RulePlace {
            rule: id.into(),
            seen: seen.clone(),
            stage: stage.into(),
            percent: None,
            for_s: None,
            emergency,
            reason: "a try".into(),
            by: "ana".into(),
            signature: None,
        })
    };
    gateway.admin(&place("shadow", false)).await.expect("down is free");
    let refused = gateway.admin(&place("enforce", false)).await.expect_err("it is young");
    assert!(refused.contains("watched") && refused.contains("messages more"), "{refused}");
    gateway.admin(&place("canary", false)).await.expect("a canary may be tried");
    let refused = gateway.admin(&place("enforce", true)).await.expect_err("one person alone");
    assert!(refused.contains("enrol two approvers"), "{refused}");
    gateway.end().await;
}

#[tokio::test]
async fn an_emergency_takes_two_enrolled_persons() {
    let (gateway, _raw) = gateway("").await;
    let mut people = String::new();
    for name in ["ana", "bob"] {
        let key = gateway.folder.path().join(name).display().to_string();
        let (made, said) =
            gateway.command(&["approvals", "enroll", "--name", name, "--key", &key]).await;
        assert!(made, "{said}");
        let (_, digits) = said.split_once("public_key = \"").expect("printed");
        let digits: String = digits.chars().take(64).collect();
        people.push_str(&format!(
            "[[approvals.approvers]]\nname = \"{name}\"\npublic_key = \"{digits}\"\n"
        ));
    }
    let config = std::fs::read_to_string(gateway.config_path()).expect("the configuration");
    std::fs::write(gateway.config_path(), format!("{config}\n{people}")).expect("written");
    gateway.app.as_ref().expect("it runs").reload().await.expect("a good configuration");
    let promote = async |name: &str, to: &str, more: &[&str]| {
        let key = gateway.folder.path().join(name).display().to_string();
        let id = "injection.override-previous";
        let words = ["rules", "promote", id, "--to", to, "--reason", "now", "--as", name];
        gateway.command(&[&words, more, &["--key", &key]].concat()).await
    };
    let id = "injection.override-previous";
    let words = ["rules", "promote", id, "--to", "shadow", "--reason", "x", "--as", "ana"];
    let (done, said) = gateway.command(&words).await;
    assert!(!done && said.contains("must be signed"), "{said}");
    let (done, said) = promote("ana", "shadow", &[]).await;
    assert!(done, "{said}");
    let (done, said) = promote("ana", "enforce", &["--emergency"]).await;
    assert!(done && said.contains("is proposed"), "{said}");
    let (done, said) = promote("ana", "enforce", &["--emergency"]).await;
    assert!(!done && said.contains("another person"), "{said}");
    let (done, said) = promote("bob", "enforce", &["--emergency"]).await;
    assert!(done && said.contains("for 43"), "72 hours are 4320 minutes: {said}");
    gateway.end().await;
}

#[tokio::test]
async fn a_false_alarm_becomes_the_narrowest_exclusion() {
    let (gateway, raw) = gateway("").await;
    let client = gateway.client(Era::Modern);
    let answer = client.call("r__t", json!({})).await;
    let reference = answer["result"]["_meta"]["dev.bartizan/refusal"]["reference"].as_str();
    let reference = reference.expect("a reference").to_owned();
    let words =
        ["rules", "exclude", "--from", &reference, "--reason", "our bird", "--owner", "ana"];
    let (done, said) = gateway.command(&words).await;
    assert!(done && said.contains("it silences 1"), "{said}");
    assert!(said.contains("examples it would newly miss 0"), "{said}");
    eventually("it applies", async || passes(&client, "r__t").await.then_some(())).await;
    assert!(!passes(&client, "r__u").await, "another tool");
    raw.returns(&text_result("Another canarybird."));
    let answer = client.call("r__t", json!({})).await;
    assert!(!answer.to_string().contains("Another canarybird"), "another text: {answer}");
    let metrics = gateway.wire.get("/metrics").await.text().await;
    assert!(metrics.contains("bartizan_exclusion_hits_total{exclusion=\"own.word-"), "{metrics}");
    let hits = "bartizan_rule_hits_total{rule=\"own.word\",fate=\"excluded\"}";
    assert!(metrics.contains(hits), "{metrics}");
    let records = gateway.end().await;
    let excluded = records.iter().any(|entry| own(&entry.payload)["exclusions"].is_array());
    assert!(excluded, "the record names it");
}

#[tokio::test]
async fn an_expired_exclusion_loads_and_no_longer_applies() {
    let (gateway, _raw) = gateway("").await;
    let text = "schema = 1\n[[exclusion]]\nid = \"old\"\nowner = \"ana\"\nreason = \"r\"\n\
        expires = 2020-01-31\nrule = \"own.word\"\nmatch = { server = \"r\" }\n";
    gateway.write("exclusions/old.toml", text);
    gateway.app.as_ref().expect("it runs").reload().await.expect("it loads all the same");
    let client = gateway.client(Era::Modern);
    assert!(!passes(&client, "r__t").await);
    let notices = gateway.readyz().await.to_string();
    assert!(notices.contains("the exclusion `old` of ana no longer applies"), "{notices}");
    gateway.write("exclusions/old.toml", &text.replace("2020", "2999"));
    let refused = gateway.app.as_ref().expect("it runs").reload().await;
    let refused = format!("{:#}", refused.expect_err("too far ahead"));
    assert!(refused.contains("error[X0004]") && refused.contains("old.toml:2"), "{refused}");
    tokio::time::sleep(Duration::from_millis(10)).await;
    gateway.end().await;
}
