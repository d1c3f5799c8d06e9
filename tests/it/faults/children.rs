//! Tool servers that are children: what they are given, what they say, and how they end.

use rustix::process::Signal;
use serde_json::json;

use crate::support::{
    Fixture, Gateway, children_of, eventually, fixture, lives, process::Process, texts,
};

/// `[upstreams.s]` whose command is a script; `$SERVER` in it speaks MCP.
fn scripted(script: &str, more: &str) -> String {
    let server = format!("{} --stdio", fixture::program().display());
    let script = script.replace("$SERVER", &server);
    format!("[upstreams.s]\ncommand = [\"sh\", \"-c\", {script:?}]\n{more}\n")
}

#[tokio::test]
async fn a_child_that_ignores_every_gentle_end_dies_with_a_killed_gateway() {
    // Neither its input's end nor SIGTERM ends it.
    let text = scripted("trap '' TERM; $SERVER; while :; do sleep 0.2; done", "");
    let mut gateway = Process::serve(&text).await;
    let shell = children_of(gateway.pid);
    assert_eq!(shell.len(), 1);
    gateway.signal(Signal::KILL);
    gateway.ended().await;
    eventually("the child is gone", async || (!lives(shell[0])).then_some(())).await;
}

#[tokio::test]
async fn a_child_has_time_to_end_when_its_gateway_is_told_to_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = folder.path().join("ended");
    let script = format!("$SERVER; sleep 0.3; echo well > {}", told.display());
    let mut gateway = Process::serve(&scripted(&script, "")).await;
    assert_eq!(children_of(gateway.pid).len(), 1);
    gateway.signal(Signal::TERM);
    assert!(gateway.ended().await.success(), "{}", gateway.log());
    let text = std::fs::read_to_string(&told).unwrap_or_default();
    assert_eq!(text, "well\n", "it finished what it had to do");
}

#[tokio::test]
async fn a_child_sees_no_variable_that_it_was_not_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let seen = folder.path().join("environment");
    let script = format!("env > {}; exec $SERVER", seen.display());
    let text =
        scripted(&script, "env_allow = [\"BZ_ALLOWED\"]\n[upstreams.s.env]\nBZ_SET = \"set\"");
    let given = ["env", "BZ_ALLOWED=allowed", "BZ_KEPT_BACK=mine", "AWS_PROFILE=mine"];
    let mut gateway = Process::serve_by(&text, &given).await;
    let seen = std::fs::read_to_string(&seen).expect("the child ran");
    for line in ["BZ_ALLOWED=allowed", "BZ_SET=set"] {
        assert!(seen.lines().any(|seen| seen == line), "{line} is missing:\n{seen}");
    }
    assert!(seen.lines().any(|line| line.starts_with("PATH=")), "{seen}");
    assert!(!seen.contains("mine"), "{seen}");
    gateway.signal(Signal::TERM);
    gateway.ended().await;
}

#[tokio::test]
async fn no_secret_of_a_childs_stderr_reaches_the_log() {
    let secret = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5";
    let folder = tempfile::tempdir().expect("a folder");
    let words = folder.path().join("words");
    let text = format!(
        "using {secret} today\nsent Authorization: Bearer q7w8e9r0t1 away\n\
         connecting to https://ana:q7w8e9@example.org/\n"
    );
    std::fs::write(&words, text).expect("written");
    let script = format!("cat {} >&2; exec $SERVER", words.display());
    for json in [false, true] {
        let through = ["env", "RUST_LOG=debug"];
        let flags: &[&str] = if json { &["--log-json"] } else { &[] };
        let mut gateway = Process::serve_with(&scripted(&script, ""), &through, flags).await;
        let log = eventually("all of it is logged", async || {
            let log = gateway.log();
            log.contains("connecting to").then_some(log)
        })
        .await;
        assert!(log.contains("using [redacted:secret.github-token] today"), "{log}");
        assert!(log.contains("Authorization: Bearer [redacted] away"), "{log}");
        assert!(!log.contains(secret) && !log.contains("q7w8e9"), "{log}");
        gateway.signal(Signal::TERM);
        gateway.ended().await;
    }
}

#[tokio::test]
async fn the_sessions_at_legacy_servers_are_ended_when_the_gateway_stops() {
    let fixture = Fixture::start(&["--legacy-only"]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let client = gateway.modern().await;
    assert_eq!(texts(&client.call("f__echo", json!({"text": "a"})).await), ["a"]);
    assert!(fixture.requests("DELETE").await.is_empty());
    gateway.end().await;
    let ends = fixture.requests("DELETE").await;
    assert_eq!(ends.len(), 1);
    let of = |requests: &[serde_json::Value]| requests[0]["headers"]["mcp-session-id"].clone();
    assert_eq!(of(&ends), of(&fixture.requests("tools/call").await));
}
