//! Well-formed requests for what cannot be had.

use serde_json::{Value, json};

use super::{Rows, happened};
use crate::support::{Client, Era, Fixture, Gateway};

pub(super) const ROWS: &[&str] = &[
    "arguments-array",
    "arguments-unfit",
    "prompt-arguments-unfit",
    "name-missing",
    "forged-cursor",
    "unknown-tool",
    "unknown-resource",
    "forged-state",
    "foreign-task",
    "tasks-undeclared",
    "missing-session",
    "unknown-session",
    "foreign-session",
    "foreign-session-end",
    "session-at-another-endpoint",
    "session-with-unknown-version",
    "second-request-same-id",
];

#[tokio::test]
async fn a_bad_request_is_refused() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let mut rows = Rows::new(ROWS);
    modern(&mut rows, &gateway).await;
    tasks(&mut rows, &gateway).await;
    sessions(&mut rows, &gateway, &fixture).await;
    rows.finish();
    gateway.end().await;
}

async fn asked(client: &Client, method: &str, params: Value) -> String {
    happened(client.request(method, params).await).await
}

async fn modern(rows: &mut Rows, gateway: &Gateway) {
    let client = gateway.client(Era::Modern);
    let cases = [
        ("arguments-array", "tools/call", json!({"name": "f__echo", "arguments": [1]})),
        ("arguments-unfit", "tools/call", json!({"name": "f__echo", "arguments": {"text": 7}})),
        (
            "prompt-arguments-unfit",
            "prompts/get",
            json!({"name": "f__test_prompt_with_arguments", "arguments": {"arg1": "one"}}),
        ),
        ("name-missing", "tools/call", json!({"arguments": {}})),
        ("forged-cursor", "tools/list", json!({"cursor": "ZnJvbTo1"})),
        ("unknown-tool", "tools/call", json!({"name": "f__nothing"})),
        ("unknown-resource", "resources/read", json!({"uri": "test://nothing"})),
        (
            "forged-state",
            "tools/call",
            json!({"name": "f__echo", "arguments": {"text": "a"}, "requestState": "AAAA"}),
        ),
    ];
    for (name, method, params) in cases {
        rows.row(name, asked(&client, method, params).await);
    }
}

async fn tasks(rows: &mut Rows, gateway: &Gateway) {
    let able = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    let owner = gateway.client(Era::Modern).run("one").able(able.clone());
    let started = owner.call("f__slow_compute", json!({"seconds": 0.01})).await;
    let task = json!({"taskId": started["result"]["taskId"]});
    let other = gateway.client(Era::Modern).run("two").able(able);
    rows.row("foreign-task", asked(&other, "tasks/get", task.clone()).await);
    let bare = gateway.client(Era::Modern).run("one");
    rows.row("tasks-undeclared", asked(&bare, "tasks/get", task).await);
}

async fn sessions(rows: &mut Rows, gateway: &Gateway, fixture: &Fixture) {
    let owner = gateway.client(Era::Legacy).run("one").ready().await;
    let list = || ("tools/list", json!({}));
    let stolen = |run: &str| {
        let mut client = gateway.client(Era::Legacy).run(run);
        client.session.clone_from(&owner.session);
        client
    };
    let bare = gateway.client(Era::Legacy).run("one");
    rows.row("missing-session", asked(&bare, list().0, list().1).await);
    let mut lost = gateway.client(Era::Legacy).run("one");
    lost.session = Some("0123456789abcdef0123456789abcdef".to_owned());
    rows.row("unknown-session", asked(&lost, list().0, list().1).await);
    let thief = stolen("two");
    rows.row("foreign-session", asked(&thief, list().0, list().1).await);
    let headers = thief.headers_for("", &Value::Null);
    let reply = gateway.wire.send("DELETE", "/mcp", &headers, "").await;
    rows.row("foreign-session-end", happened(reply).await);
    let elsewhere = stolen("one").at("f");
    rows.row("session-at-another-endpoint", asked(&elsewhere, list().0, list().1).await);
    let mut headers = owner.headers_for("", &Value::Null);
    headers.retain(|(name, _)| name != "mcp-protocol-version");
    headers.push(("mcp-protocol-version".to_owned(), "1999-01-01".to_owned()));
    let body = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list", "params": {}});
    let reply = gateway.wire.send("POST", "/mcp", &headers, body.to_string()).await;
    rows.row("session-with-unknown-version", happened(reply).await);

    let owner = std::sync::Arc::new(owner);
    let (first, sleep) =
        (std::sync::Arc::clone(&owner), json!({"name": "f__sleep", "arguments": {"ms": 300}}));
    let before = fixture.started().await;
    let running = sleep.clone();
    let running =
        tokio::spawn(
            async move { first.request_as(70, "tools/call", running).await.answer().await },
        );
    crate::support::eventually("the first call runs", async || {
        (fixture.started().await > before).then_some(())
    })
    .await;
    rows.row(
        "second-request-same-id",
        happened(owner.request_as(70, "tools/call", sleep).await).await,
    );
    assert!(running.await.expect("an answer").get("result").is_some());
}
