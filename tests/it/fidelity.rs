//! What is not deliberately changed arrives as it was sent.

use bartizan::mcp::json::{Limits, parse};
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree as _},
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use crate::support::{
    Client, Era, Fixture, Gateway, everything,
    raw::{Raw, tool},
};

/// The bytes of a response's result.
async fn result_bytes(client: &Client, name: &str) -> String {
    let mut reply = client.begin(name, json!({})).await;
    let bytes = reply.message_bytes().await.expect("an answer");
    String::from_utf8(bytes).expect("UTF-8")
}

#[tokio::test]
async fn number_literals_and_key_order_survive() {
    let fixture = Fixture::start(&["--hostile"]).await;
    let text = format!(
        "profile = \"transparent\"\n[upstreams.f]\n{}\n[upstreams.s]\n{}\n",
        fixture.url(),
        everything(&["--hostile"])
    );
    let gateway = Gateway::start(&text).await;
    let sent = r#"{"zeta":12345678901234567890123,"structuredContent":{"z":1e400,"a":-0.0,"m":1.10,"big":12345678901234567890123},"content":[{"text":"12345678901234567890123","type":"text"}],"resultType":"complete","alpha":0.1e-400"#;
    for server in ["f", "s"] {
        let client = gateway.client(Era::Modern);
        let got = result_bytes(&client, &format!("{server}__bigint")).await;
        assert!(got.contains(sent), "{server}: {got}");
        let client = gateway.legacy().await;
        let got = result_bytes(&client, &format!("{server}__bigint")).await;
        let without = sent.replace("\"resultType\":\"complete\",", "");
        assert!(got.contains(&without), "{server}: {got}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn arguments_reach_the_server_as_they_were_sent() {
    let raw = Raw::start(vec![tool("t")]).await;
    let fixture = Fixture::start(&[]).await;
    let text = format!("[upstreams.r]\n{}\n[upstreams.f]\n{}\n", raw.url, fixture.url());
    let gateway = Gateway::start(&text).await;
    let client = gateway.client(Era::Modern);
    let arguments = r#"{"text":"x","z":1.10,"a":12345678901234567890123,"e":1E+2,"n":null,"s":"\u00e9\ud83d\ude00/"}"#;
    let params = client.dressed(json!({"name": "f__echo", "arguments": {}}));
    let headers = client.headers_for("tools/call", &params);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let body = body.to_string().replace("\"arguments\":{}", &format!("\"arguments\":{arguments}"));
    gateway.wire.send("POST", "/mcp", &headers, body).await.answer().await;
    let sent = fixture.requests("tools/call").await;
    let sent = sent[0]["body"].as_str().expect("a body");
    let kept = r#"{"text":"x","z":1.10,"a":12345678901234567890123,"e":1E+2,"n":null,"s":"é😀/"}"#;
    assert!(sent.contains(kept), "{sent}");
    gateway.end().await;
}

/// A number literal of any form that JSON has.
fn number() -> impl Strategy<Value = String> {
    let whole = prop_oneof![Just("0".to_owned()), "-?[1-9][0-9]{0,30}"];
    let part = prop_oneof![Just(String::new()), "\\.[0-9]{1,20}"];
    let exponent = prop_oneof![Just(String::new()), "[eE][+-]?[0-9]{1,3}"];
    (whole, part, exponent).prop_map(|(whole, part, exponent)| format!("{whole}{part}{exponent}"))
}

/// Text without characters that are no text; those are taken out elsewhere.
fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 äöüß日本語😀\\\\\"/\n\t<>&']{0,24}".prop_map(|text| json!(text).to_string())
}

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number(),
        text()
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..6)
            .prop_map(|items| format!("[{}]", items.join(",")));
        let object = prop::collection::vec(("[a-z]{1,6}", inner), 0..6).prop_map(|members| {
            let mut seen = std::collections::HashSet::new();
            let members: Vec<String> = members
                .into_iter()
                .filter(|(key, _)| seen.insert(key.clone()))
                .map(|(key, value)| format!("\"{key}\":{value}"))
                .collect();
            format!("{{{}}}", members.join(","))
        });
        prop_oneof![list, object]
    })
}

#[tokio::test]
async fn any_result_passes_token_by_token() {
    const CASES: usize = 200;
    let raw = Raw::start(vec![tool("t")]).await;
    let text = format!("profile = \"transparent\"\n[upstreams.r]\n{}\n", raw.url);
    let gateway = Gateway::start(&text).await;
    let mut runner = TestRunner::new(Config::default());
    let (modern, legacy) = (gateway.client(Era::Modern), gateway.legacy().await);
    for case in 0..CASES {
        let tree = any_json().new_tree(&mut runner).expect("a value");
        let value = tree.current();
        let block = format!(r#"{{"own":{value},"type":"text","text":"t"}}"#);
        let result = format!(
            r#"{{"x-extra":{value},"structuredContent":{{"v":{value}}},"content":[{block}],"resultType":"complete"}}"#
        );
        raw.returns(&result);
        let client = if case % 2 == 0 { &modern } else { &legacy };
        let got = result_bytes(client, "r__t").await;
        // Strings may be spelt with other escapes; read by one parser they are the same tokens.
        let read = |text: &str| parse(text.as_bytes(), &Limits::default()).expect("JSON");
        let (sent, got) = (read(&result), read(&got));
        let got = got.get("result").expect("a result");
        for key in ["x-extra", "structuredContent", "content"] {
            assert_eq!(got.get(key), sent.get(key), "{key} of {result}");
            let literal =
                |value: Option<&bartizan::mcp::Json>| value.expect("it is there").to_string();
            assert_eq!(literal(got.get(key)), literal(sent.get(key)), "{key}: order and literals");
        }
    }
    gateway.end().await;
}
