//! Callers that leave.

use std::sync::Arc;

use serde_json::json;

use crate::support::{Era, Fixture, Gateway, eventually, everything, record, texts};

#[tokio::test]
async fn a_modern_caller_that_leaves_takes_its_call_along_and_is_recorded() {
    let fixture = Fixture::start(&["--hostile"]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let client = Arc::new(gateway.modern().await);
    let leaving: Vec<_> = (0..8)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.call("f__hang", json!({})).await })
        })
        .collect();
    eventually("all run", async || (fixture.started().await == 8).then_some(())).await;
    leaving.iter().for_each(tokio::task::JoinHandle::abort);
    eventually("all are cancelled", async || (fixture.counts().await.cancelled == 8).then_some(()))
        .await;
    eventually("all are on the record", async || {
        let abandoned =
            gateway.records().iter().filter(|entry| entry.outcome == "abandoned").count();
        (abandoned == 8).then_some(())
    })
    .await;
    let metrics = gateway.wire.get("/metrics").await.text().await;
    assert!(metrics.contains("bartizan_executing_calls 0"), "every seat is given back: {metrics}");
    gateway.end().await;
}

/// Of the older era, where a stream that closes cancels nothing, and before a server on a pipe.
#[tokio::test]
async fn whoever_leaves_gives_back_the_seat_and_is_recorded() {
    let fixture = Fixture::start(&[]).await;
    let pipe = everything(&["--hostile"]);
    let text = format!("[upstreams.f]\n{}\n[upstreams.s]\n{pipe}\n", fixture.url());
    let gateway = Gateway::start(&text).await;
    let legacy = Arc::new(gateway.legacy().await);
    let modern = Arc::new(gateway.modern().await);
    let calls =
        [(&legacy, "f__sleep", 700), (&legacy, "s__sleep", 700), (&modern, "s__sleep", 60_000)];
    let leaving = calls.map(|(client, tool, ms)| {
        let client = Arc::clone(client);
        tokio::spawn(async move { client.call(tool, json!({"ms": ms})).await })
    });
    eventually("all run", async || {
        let metrics = gateway.wire.get("/metrics").await.text().await;
        metrics.contains("bartizan_executing_calls 3").then_some(())
    })
    .await;
    leaving.iter().for_each(tokio::task::JoinHandle::abort);
    eventually("every seat is given back", async || {
        let metrics = gateway.wire.get("/metrics").await.text().await;
        metrics.contains("bartizan_executing_calls 0").then_some(())
    })
    .await;
    assert_eq!(texts(&modern.call("s__echo", json!({"text": "on"})).await), ["on"]);
    let records = gateway.end().await;
    let outcomes = |tool: &str| {
        let of = |entry: &&record::Entry| entry.phase == "outcome" && entry.target == tool;
        records.iter().filter(of).count()
    };
    assert_eq!((outcomes("f__sleep"), outcomes("s__sleep")), (1, 2));
}

#[tokio::test]
async fn a_session_that_ends_leaves_nothing_behind() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let client = gateway.client(Era::Legacy).ready().await;
    let mut stream = client.stream().await;
    assert_eq!(stream.status, 200);
    let headers = client.headers_for("", &serde_json::Value::Null);
    assert_eq!(gateway.wire.send("DELETE", "/mcp", &headers, "").await.status, 204);
    assert!(stream.message().await.is_none(), "its stream ends with it");
    let after = client.ask("tools/list", json!({})).await;
    assert!(after["error"]["message"].as_str().expect("an error").contains("Session not found"));
    gateway.end().await;
}

#[tokio::test]
async fn a_request_that_breaks_off_reaches_nobody() {
    use tokio::io::AsyncWriteExt as _;
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let mut stream = tokio::net::TcpStream::connect(gateway.wire.0).await.expect("it listens");
    let head = "POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
        content-length: 4000\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,";
    stream.write_all(head.as_bytes()).await.expect("written");
    drop(stream);
    let client = gateway.modern().await;
    assert_eq!(texts(&client.call("f__echo", json!({"text": "on"})).await), ["on"]);
    assert_eq!(fixture.started().await, 1);
    gateway.end().await;
}
