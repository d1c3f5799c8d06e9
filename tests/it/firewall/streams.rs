//! A message is judged whole: where the wire happens to cut it changes nothing.

use serde_json::json;

use super::with_own_rules;
use crate::support::{Era, Wire};

/// A text with a character of each length in UTF-8, an escape, and a secret to find.
fn telling() -> String {
    format!("caf\u{e9} \u{20ac} \u{1f980} \\n ghp_{} end", "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD3fG6")
}

#[tokio::test]
async fn an_answer_cut_anywhere_gets_the_same_verdict() {
    let (gateway, raw) = with_own_rules().await;
    let client = gateway.client(Era::Modern);
    let result =
        json!({"content": [{"type": "text", "text": telling()}], "resultType": "complete"});
    let message = json!({"jsonrpc": "2.0", "id": "$ID", "result": result}).to_string();
    let message = message.replace("\"$ID\"", "$ID");
    for (kind, body) in [
        ("application/json", message.clone()),
        ("text/event-stream", format!(": a comment\r\ndata: {message}\r\n\r\n")),
    ] {
        raw.answers(body.clone().into_bytes());
        *raw.script.content_type.lock() = Some(kind);
        // The first answer of a run has read nothing before it; all others are alike.
        client.call("r__t", json!({})).await;
        let whole = unmarked(&client.call("r__t", json!({})).await.to_string());
        assert!(whole.contains("redacted") && !whole.contains("ghp_aB3"), "{whole}");
        // Ids have up to three digits: the last cuts fall on the end, which is a cut too.
        for at in 0..=body.len() + 3 {
            *raw.script.cut.lock() = Some(at);
            let cut = unmarked(&client.call("r__t", json!({})).await.to_string());
            assert_eq!(cut, whole, "{kind} cut at {at}");
        }
        *raw.script.cut.lock() = None;
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_request_cut_anywhere_gets_the_same_verdict() {
    let (gateway, raw) = with_own_rules().await;
    let client = gateway.client(Era::Modern);
    let params =
        client.dressed(json!({"name": "r__t", "arguments": {"note": "project \u{20ac} zanzibar"}}));
    let blocked =
        client.dressed(json!({"name": "r__t", "arguments": {"note": "project zanzibar"}}));
    for (params, passes) in [(params, true), (blocked, false)] {
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params})
            .to_string();
        let headers = client.headers_for("tools/call", &params);
        for at in 0..=body.len() {
            let before = raw.called();
            let answer = in_two(gateway.wire, &headers, &body, at).await;
            assert_eq!(answer.contains("\"isError\":true"), !passes, "cut at {at}: {answer}");
            assert_eq!(raw.called() - before, usize::from(passes), "cut at {at}: {answer}");
        }
    }
    gateway.end().await;
}

/// Sends a request whose body comes in two pieces, and gives the whole answer.
async fn in_two(wire: Wire, headers: &[(String, String)], body: &str, at: usize) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(wire.0).await.expect("it listens");
    stream.set_nodelay(true).expect("an option");
    let mut head = format!("POST /mcp HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", wire.0);
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let (first, second) = body.as_bytes().split_at(at);
    stream.write_all(&[head.as_bytes(), first].concat()).await.expect("sent");
    tokio::task::yield_now().await;
    stream.write_all(second).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("read");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Without what is drawn anew for each answer.
fn unmarked(answer: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(answer).expect("JSON");
    value["id"] = json!(0);
    let meta = value["result"]["_meta"].as_object_mut().expect("metadata");
    meta.remove("dev.bartizan/request");
    let boundary =
        meta["dev.bartizan/provenance"]["boundary"].as_str().expect("a fence").to_owned();
    value.to_string().replace(&boundary, "NONCE")
}
