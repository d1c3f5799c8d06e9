//! Several upstreams behind one endpoint, some of them not well.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Era, Fixture, Gateway, eventually, everything, said, texts};

/// An upstream that cannot be started.
const DEAD: &str = "command = [\"/nonexistent/server\"]";
/// One that starts and says nothing.
const MUTE: &str = "command = [\"sleep\", \"600\"]\nstart_timeout_s = 1";

#[tokio::test]
async fn a_dead_upstream_takes_nothing_along() {
    let fixture = Fixture::start(&[]).await;
    let text = format!("[upstreams.f]\n{}\n[upstreams.gone]\n{DEAD}\n", fixture.url());
    let gateway = Gateway::start(&text).await;
    let ready = gateway.wire.get("/readyz").await;
    assert_eq!(ready.status, 200);
    let ready = ready.json().await;
    assert_eq!(ready["upstreams"]["f"]["state"], "ready", "{ready}");
    assert_eq!(ready["upstreams"]["gone"]["state"], "down", "{ready}");
    for era in Era::BOTH {
        let client = gateway.client(era).ready().await;
        let list = client.result("tools/list", json!({})).await;
        assert_eq!(list["_meta"]["dev.bartizan/partial"], json!(["gone"]), "{list}");
        let answer = client.call("f__echo", json!({"text": "on"})).await;
        assert_eq!(texts(&answer), ["on"]);
    }
    gateway.end().await;
}

/// Who may see nothing of a server does not learn that there is one.
#[tokio::test]
async fn a_missing_server_is_named_to_those_alone_who_may_know_of_it() {
    let fixture = Fixture::start(&[]).await;
    let folder = crate::support::gateway::folder();
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    let policy = "permit (principal, action, resource in Server::\"f\");\n\
        permit (principal, action, resource in Server::\"gone\")\n\
        when { context has run && context.run == \"insider\" };\n";
    std::fs::write(folder.path().join("policies/one.cedar"), policy).expect("written");
    let text = format!(
        "[access]\npolicies = \"policies\"\n[upstreams.f]\n{}\n[upstreams.gone]\n{DEAD}\n",
        fixture.url()
    );
    let gateway = Gateway::start_in(folder, &text, true).await;
    for (run, named) in [("insider", json!(["gone"])), ("outsider", json!([]))] {
        let client = gateway.client(Era::Modern).run(run);
        let list = client.result("tools/list", json!({})).await;
        assert_eq!(list["_meta"]["dev.bartizan/partial"], named, "{run}: something is missing");
        assert!(!list["tools"].as_array().expect("tools").is_empty());
    }
    let metrics = gateway.wire.get("/metrics").await.text().await;
    assert!(metrics.contains("bartizan_partial_lists_total 2"), "{metrics}");
    gateway.end().await;
}

#[tokio::test]
async fn readiness_waits_for_a_mute_upstream_no_longer_than_its_time() {
    let text = format!("[upstreams.f]\n{}\n[upstreams.mute]\n{MUTE}\n", everything(&[]));
    let started = Instant::now();
    let gateway = Gateway::start(&text).await;
    assert!(started.elapsed() < Duration::from_secs(5));
    let ready = gateway.readyz().await;
    assert_eq!(ready["upstreams"]["mute"]["state"], "down", "{ready}");
    let client = gateway.modern().await;
    assert_eq!(texts(&client.call("f__echo", json!({"text": "on"})).await), ["on"]);
    gateway.end().await;
}

#[tokio::test]
async fn what_an_upstream_listed_goes_when_it_dies_and_comes_back_with_it() {
    let mut fixture = Fixture::start(&[]).await;
    let text = format!(
        "[upstreams.f]\n{}\n[upstreams.s]\n{}\n",
        fixture.url(),
        everything(&["--hostile"])
    );
    let gateway = Gateway::start(&text).await;
    let client = gateway.modern().await;
    let crashed = client.call("s__crash", json!({})).await;
    assert!(said(&crashed).contains("not known"), "{crashed}");
    // A stdio server is started again.
    eventually("the server is back", async || {
        let answer = client.call("s__echo", json!({"text": "back"})).await;
        (texts(&answer) == ["back"]).then_some(())
    })
    .await;
    fixture.kill().await;
    let answer = client.call("f__echo", json!({"text": "?"})).await;
    assert!(answer["result"]["isError"] == true || answer.get("error").is_some(), "{answer}");
    assert_eq!(texts(&client.call("s__echo", json!({"text": "on"})).await), ["on"]);
    gateway.end().await;
}
