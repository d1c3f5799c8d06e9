//! Messages that are none, or that contradict themselves or their headers.

use serde_json::{Value, json};

use super::{Rows, happened};
use crate::support::{Client, Era, Fixture, Gateway, client::MODERN};

pub(super) const ROWS: &[&str] = &[
    "malformed-json",
    "empty-body",
    "trailing-bytes",
    "bad-utf8",
    "lone-surrogate",
    "duplicate-keys",
    "duplicate-keys-escaped",
    "batch",
    "deep-body",
    "oversized-body",
    "too-many-values",
    "wrong-jsonrpc",
    "id-null",
    "id-fraction",
    "params-array",
    "result-and-method",
    "wrong-content-type",
    "unknown-method",
    "removed-method",
    "unknown-version",
    "version-without-metadata",
    "metadata-without-capabilities",
    "header-version-differs",
    "header-method-differs",
    "header-method-missing",
    "header-name-differs",
    "header-name-twice",
    "header-param-differs",
    "header-param-missing",
    "header-badly-encoded",
    "foreign-origin",
    "null-origin",
    "foreign-host",
    "websocket-upgrade",
    "websocket-foreign-origin",
    "token-in-query",
    "get-without-session",
    "router-key-authority",
    "router-key-traversal",
    "forwarded-in-development",
    "malformed-run",
];

const LIMITS: &str = "[limits]\nmessage_bytes_max = 65536\ndepth_max = 32\nvalues_max = 1000\n";

/// A good call, as bytes and headers, to be spoilt.
fn good(client: &Client) -> (Vec<(String, String)>, Value) {
    let params = client.dressed(json!({"name": "f__echo", "arguments": {"text": "hi"}}));
    let headers = client.headers_for("tools/call", &params);
    (headers, json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
}

async fn post(client: &Client, body: impl Into<bytes::Bytes>) -> String {
    let (headers, _) = good(client);
    happened(client.wire.send("POST", "/mcp", &headers, body).await).await
}

/// A good call with one header set, added or (`None`) taken out.
async fn with_header(client: &Client, name: &str, value: Option<&str>) -> String {
    let (mut headers, body) = good(client);
    headers.retain(|(known, _)| known != name);
    headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    happened(client.wire.send("POST", "/mcp", &headers, body.to_string()).await).await
}

#[tokio::test]
async fn a_bad_message_is_refused() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&format!("{LIMITS}\n[upstreams.f]\n{}\n", fixture.url())).await;
    let client = gateway.client(Era::Modern);
    let mut rows = Rows::new(ROWS);
    bodies(&mut rows, &client).await;
    envelopes(&mut rows, &client).await;
    headers(&mut rows, &client).await;
    doors(&mut rows, &client).await;
    assert_eq!(fixture.started().await, 0, "nothing of this reached the server");
    // The listener is none the worse for it.
    assert_eq!(crate::support::texts(&client.call("f__echo", json!({"text": "ok"})).await), ["ok"]);
    rows.finish();
    gateway.end().await;
}

async fn bodies(rows: &mut Rows, client: &Client) {
    let call = good(client).1.to_string();
    rows.row("malformed-json", post(client, call.replace("\"id\":1,", "\"id\":")).await);
    rows.row("empty-body", post(client, "").await);
    rows.row("trailing-bytes", post(client, format!("{call}{call}")).await);
    let mut bytes = call.clone().into_bytes();
    let at = call.find("hi").expect("the text");
    bytes[at] = 0xff;
    rows.row("bad-utf8", post(client, bytes).await);
    rows.row("lone-surrogate", post(client, call.replace("\"hi\"", "\"\\ud800\"")).await);
    let twice = call.replace("\"text\":\"hi\"", "\"text\":\"hi\",\"text\":\"ho\"");
    rows.row("duplicate-keys", post(client, twice).await);
    let twice = call.replace("\"text\":\"hi\"", "\"text\":\"hi\",\"te\\u0078t\":\"ho\"");
    rows.row("duplicate-keys-escaped", post(client, twice).await);
    rows.row("batch", post(client, format!("[{call}]")).await);
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    rows.row("deep-body", post(client, call.replace("\"hi\"", &deep)).await);
    let long = format!("\"{}\"", "x".repeat(70_000));
    rows.row("oversized-body", post(client, call.replace("\"hi\"", &long)).await);
    let many = format!("[{}0]", "0,".repeat(2000));
    rows.row("too-many-values", post(client, call.replace("\"hi\"", &many)).await);
}

async fn envelopes(rows: &mut Rows, client: &Client) {
    let spoilt = |key: &str, value: Value| {
        let mut call = good(client).1;
        call[key] = value;
        call.to_string()
    };
    rows.row("wrong-jsonrpc", post(client, spoilt("jsonrpc", json!("1.0"))).await);
    rows.row("id-null", post(client, spoilt("id", Value::Null)).await);
    rows.row("id-fraction", post(client, spoilt("id", json!(1.5))).await);
    rows.row("params-array", post(client, spoilt("params", json!([1]))).await);
    rows.row("result-and-method", post(client, spoilt("result", json!({}))).await);
    for (name, method) in [("unknown-method", "tools/destroy"), ("removed-method", "initialize")] {
        rows.row(name, happened(client.request(method, json!({})).await).await);
    }
}

async fn headers(rows: &mut Rows, client: &Client) {
    rows.row("wrong-content-type", with_header(client, "content-type", Some("text/plain")).await);
    let (mut sent, mut body) = good(client);
    let key = "io.modelcontextprotocol/protocolVersion";
    body["params"]["_meta"][key] = json!("2031-01-01");
    let version = sent.iter_mut().find(|(name, _)| name == "mcp-protocol-version");
    version.expect("it is sent").1 = "2031-01-01".to_owned();
    let reply = client.wire.send("POST", "/mcp", &sent, body.to_string()).await;
    rows.row("unknown-version", happened(reply).await);
    let bare = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    let (sent, _) = good(client);
    let reply = client.wire.send("POST", "/mcp", &sent, bare.to_string()).await;
    rows.row("version-without-metadata", happened(reply).await);
    let (sent, mut body) = good(client);
    let meta = body["params"]["_meta"].as_object_mut().expect("metadata");
    meta.remove("io.modelcontextprotocol/clientCapabilities");
    let reply = client.wire.send("POST", "/mcp", &sent, body.to_string()).await;
    rows.row("metadata-without-capabilities", happened(reply).await);

    let old = with_header(client, "mcp-protocol-version", Some("2025-11-25")).await;
    rows.row("header-version-differs", old);
    rows.row("header-method-differs", with_header(client, "mcp-method", Some("tools/list")).await);
    rows.row("header-method-missing", with_header(client, "mcp-method", None).await);
    rows.row("header-name-differs", with_header(client, "mcp-name", Some("f__add")).await);
    let (mut sent, body) = good(client);
    sent.push(("mcp-name".to_owned(), "f__add".to_owned()));
    let reply = client.wire.send("POST", "/mcp", &sent, body.to_string()).await;
    rows.row("header-name-twice", happened(reply).await);
    let encoded = with_header(client, "mcp-name", Some("=?base64?%%%?=")).await;
    rows.row("header-badly-encoded", encoded);

    let region = |value: Option<&str>| {
        let mut client = Client::new(client.wire, Era::Modern);
        if let Some(value) = value {
            client = client.header("mcp-param-region", value);
        }
        client
    };
    for (name, value) in [("header-param-differs", Some("us")), ("header-param-missing", None)] {
        let client = region(value);
        let params = json!({"name": "f__test_x_mcp_header", "arguments": {"region": "eu"}});
        rows.row(name, happened(client.request("tools/call", params).await).await);
    }
}

async fn doors(rows: &mut Rows, client: &Client) {
    let evil = Some("https://evil.example");
    rows.row("foreign-origin", with_header(client, "origin", evil).await);
    rows.row("null-origin", with_header(client, "origin", Some("null")).await);
    rows.row("foreign-host", with_header(client, "host", Some("evil.example:8420")).await);
    let upgrade = |origin: Option<&str>| {
        let pairs = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let pairs = pairs.into_iter().chain(origin.map(|origin| ("origin", origin)));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
    };
    for (name, origin) in [("websocket-upgrade", None), ("websocket-foreign-origin", evil)] {
        let reply = client.wire.send("GET", "/mcp", &upgrade(origin), "").await;
        rows.row(name, happened(reply).await);
    }
    let (sent, body) = good(client);
    let path = "/mcp?access_token=eyJhbGciOiJFUzI1NiJ9.e30.AAAA";
    let reply = client.wire.send("POST", path, &sent, body.to_string()).await;
    rows.row("token-in-query", happened(reply).await);
    let accepts = [("accept".to_owned(), "text/event-stream".to_owned())];
    let reply = client.wire.send("GET", "/mcp", &accepts, "").await;
    rows.row("get-without-session", happened(reply).await);
    let paths = [
        ("router-key-authority", "/mcp/f@evil.example:80"),
        ("router-key-traversal", "/mcp/..%2f..%2ff"),
    ];
    for (name, path) in paths {
        let reply = client.wire.send("POST", path, &sent, body.to_string()).await;
        rows.row(name, happened(reply).await);
    }
    let proxied = with_header(client, "x-forwarded-for", Some("203.0.113.9")).await;
    rows.row("forwarded-in-development", proxied);
    rows.row("malformed-run", with_header(client, "bartizan-run", Some("a b\tc")).await);
    assert_eq!(MODERN, "2026-07-28");
}
