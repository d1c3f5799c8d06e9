//! Every revision, one after the other: greeted, listed, called, refused, cancelled.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    support::{
        Client, Era, Fixture, Gateway,
        client::{MODERN, REVISIONS},
        eventually, fixture, gateway, lives,
        process::send_signal,
        texts,
    },
    wrap::{Wrapped, processes},
};

fn refusal(answer: &Value) -> &str {
    answer["result"]["_meta"]["dev.bartizan/refusal"]["code"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn every_revision_lists_calls_and_is_refused_over_http() {
    for speaks in ["--modern-only", "--legacy-only"] {
        let fixture = Fixture::start(&[speaks]).await;
        let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
        let mut lists = Vec::new();
        for revision in REVISIONS {
            let client = Client::speaking(gateway.wire, revision).ready().await;
            lists.push(client.names("tools/list").await);
            let before = fixture.started().await;
            let answer = client.call("f__echo", json!({"text": revision})).await;
            assert_eq!(texts(&answer), [revision], "{answer}");
            let unfit = client.call("f__echo", json!({"text": 1})).await;
            assert_eq!(refusal(&unfit), "invalid_arguments", "{revision}: {unfit}");
            assert_eq!(unfit["result"]["isError"], true, "{revision}: {unfit}");
            let unknown = client.call("f__nothing", json!({})).await;
            assert_eq!(unknown["error"]["code"], -32602, "{revision}: {unknown}");
            assert_eq!(fixture.started().await, before + 1, "{revision}: one call ran");
        }
        assert!(lists[0].contains(&"f__echo".to_owned()), "{:?}", lists[0]);
        assert!(lists.iter().all(|list| *list == lists[0]), "{lists:?}");
        gateway.end().await;
    }
}

#[tokio::test]
async fn every_revision_cancels_over_http() {
    let fixture = Fixture::start(&["--hostile"]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    for (nth, revision) in (1..).zip(REVISIONS) {
        let client = std::sync::Arc::new(Client::speaking(gateway.wire, revision).ready().await);
        let caller = std::sync::Arc::clone(&client);
        let params = json!({"name": "f__hang", "arguments": {}});
        let calling = tokio::spawn(async move {
            caller.request_as(77, "tools/call", params).await.finish().await
        });
        eventually("the call reached the server", async || {
            (fixture.started().await == nth).then_some(())
        })
        .await;
        if client.era == Era::Modern {
            calling.abort();
        } else {
            let status = client.notify("notifications/cancelled", json!({"requestId": 77})).await;
            assert_eq!(status, 202, "{revision}");
            let (answer, _) = calling.await.expect("an answer");
            assert!(answer.to_string().contains("cancelled"), "{revision}: {answer}");
        }
        eventually("the server learns of it", async || {
            (fixture.counts().await.cancelled == nth).then_some(())
        })
        .await;
    }
    gateway.end().await;
}

#[tokio::test]
async fn an_unknown_legacy_revision_is_offered_the_newest() {
    let gateway = Gateway::start("").await;
    for asked in ["2024-11-05", "2099-01-01", ""] {
        let client = gateway.client(Era::Legacy);
        let params = json!({"protocolVersion": asked, "capabilities": {}});
        let answer = client.ask("initialize", params).await;
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{asked}: {answer}");
    }
    gateway.end().await;
}

/// A wrapped server that writes its journal to `told`.
fn wrapped(folder: &Path, told: &Path) -> Wrapped {
    let script = format!(
        "exec {} --stdio --hostile --journal 2>{}",
        fixture::program().display(),
        told.display()
    );
    Wrapped::start_as(folder, &["sh", "-c", &script])
}

/// The parameters of a call as `revision` sends them.
fn call(revision: &str, tool: &str, arguments: &Value) -> Value {
    let mut params = json!({"name": tool, "arguments": arguments});
    dress(revision, &mut params);
    params
}

fn dress(revision: &str, params: &mut Value) {
    if revision == MODERN {
        params["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/logLevel": "info"});
    }
}

#[tokio::test]
async fn every_revision_lists_calls_is_refused_and_cancels_over_wrap() {
    let folder = gateway::folder();
    std::fs::write(folder.path().join("bartizan.toml"), "data_dir = \"state\"\n").expect("written");
    let config = folder.path().join("bartizan.toml").display().to_string();
    let told = folder.path().join("told.txt");
    for revision in REVISIONS {
        // One command for all, because another one would be another server.
        std::fs::write(&told, "").expect("written");
        let mut wrap = wrapped(folder.path(), &told);
        if revision != MODERN {
            wrap.greet_as(revision).await;
        }
        let mut params = json!({});
        dress(revision, &mut params);
        let list = wrap.ask(1, "tools/list", params).await;
        assert!(list["result"]["tools"].to_string().contains("\"echo\""), "{revision}: {list}");
        let answer = wrap.ask(2, "tools/call", call(revision, "echo", &json!({"text": revision})));
        let answer = answer.await;
        assert_eq!(texts(&answer), [revision], "{answer}");
        let unfit = wrap.ask(3, "tools/call", call(revision, "echo", &json!({"text": 1}))).await;
        assert_eq!(refusal(&unfit), "invalid_arguments", "{revision}: {unfit}");

        // It floods, so that the call is known to run before it is taken back.
        let params = call(revision, "endless_sse", &json!({}));
        wrap.send(json!({"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": params}))
            .await;
        while wrap.next().await["method"] != "notifications/message" {}
        let params = json!({"requestId": 4});
        let method = "notifications/cancelled";
        wrap.send(json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
        let answer = wrap.until(4).await;
        assert!(answer.to_string().contains("cancelled"), "{revision}: {answer}");
        eventually("the server learns of it", async || {
            std::fs::read_to_string(&told).is_ok_and(|it| it.contains("cancelled")).then_some(())
        })
        .await;
        wrap.leave().await;
    }
    let gateways = processes(&["local", &config]);
    send_signal(gateways[0], rustix::process::Signal::TERM);
    eventually("the gateway ends", async || (!lives(gateways[0])).then_some(())).await;
}
