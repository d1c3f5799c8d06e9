//! One name of a request: in headers, `_meta`, errors, at its tool server and on the record.

use serde_json::{Value, json};

use crate::support::{Client, Era, Fixture, Gateway, record::Entry, texts};

const META: &str = "dev.bartizan/request";
const HEADER: &str = "bartizan-request";

/// The phases on the record under one name.
fn phases<'a>(records: &'a [Entry], name: &str) -> Vec<&'a str> {
    let of = records.iter().filter(|entry| entry.request == name);
    of.map(|entry| entry.phase.as_str()).collect()
}

/// A call's name by its header and by its answer, which must be one, and the answer.
async fn named(client: &Client, tool: &str, arguments: Value) -> (String, Value) {
    // Nobody but the gateway draws a name.
    let params =
        json!({"name": tool, "arguments": arguments, "_meta": {META: "forged", "own": "kept"}});
    let reply = client.request("tools/call", params).await;
    let name = reply.header(HEADER).expect("a name").to_owned();
    let answer = reply.answer().await;
    assert_eq!(answer["result"]["_meta"][META], name.as_str(), "{answer}");
    (name, answer)
}

#[tokio::test]
async fn one_name_leads_from_the_callers_answer_to_the_server_and_the_record() {
    for flag in ["--modern-only", "--legacy-only"] {
        let fixture = Fixture::start(&[flag]).await;
        let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
        let mut names = Vec::new();
        for era in Era::BOTH {
            let client = gateway.client(era).ready().await;
            let (name, answer) = named(&client, "f__echo", json!({"text": "a"})).await;
            assert_eq!(texts(&answer), ["a"]);
            let sent = fixture.requests("tools/call").await.pop().expect("it was sent");
            assert_eq!(sent["headers"][HEADER], name.as_str(), "{flag} {era:?}: {sent}");
            let body: Value =
                serde_json::from_str(sent["body"].as_str().expect("a body")).expect("JSON");
            let meta = &body["params"]["_meta"];
            assert_eq!((&meta[META], &meta["own"]), (&json!(name), &json!("kept")), "{body}");
            names.push(name);

            // On an event stream too.
            let client = gateway.client(era).with_progress(json!("p")).ready().await;
            let reply = client.begin("f__test_tool_with_progress", json!({})).await;
            assert!(reply.is_stream());
            let name = reply.header(HEADER).expect("a name").to_owned();
            assert_eq!(reply.answer().await["result"]["_meta"][META], name.as_str());
            names.push(name);
        }
        let records = gateway.end().await;
        for name in names {
            assert_eq!(phases(&records, &name), ["decision", "outcome"], "{name}");
        }
    }
}

#[tokio::test]
async fn whatever_is_refused_has_a_name_as_well() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let mut names = Vec::new();
    for era in Era::BOTH {
        let client = gateway.client(era).ready().await;
        let (name, answer) = named(&client, "f__echo", json!({"text": 7})).await;
        assert_eq!(answer["result"]["_meta"]["dev.bartizan/refusal"]["reference"], name.as_str());
        names.push(name);
        let reply = client.request("prompts/get", json!({"name": "f__none"})).await;
        let name = reply.header(HEADER).expect("a name").to_owned();
        assert_eq!(reply.answer().await["error"]["data"][META], name.as_str());
        names.push(name);
    }
    // Before the corridor there is no record, but the log may tell.
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let reply = gateway.wire.send("POST", "/mcp", &headers, "no JSON").await;
    let name = reply.header(HEADER).expect("a name").to_owned();
    assert_eq!(reply.answer().await["error"]["data"][META], name.as_str());
    let records = gateway.end().await;
    for name in names {
        assert_eq!(phases(&records, &name), ["decision"], "{name}");
    }
}

#[tokio::test]
async fn the_transparent_profile_names_a_call_in_its_header_alone() {
    let fixture = Fixture::start(&[]).await;
    let text = format!("profile = \"transparent\"\n[upstreams.f]\n{}\n", fixture.url());
    let gateway = Gateway::start(&text).await;
    let client = gateway.legacy().await;
    let reply = client.begin("f__echo", json!({"text": "a"})).await;
    let name = reply.header(HEADER).expect("a name").to_owned();
    let answer = reply.answer().await;
    assert!(answer["result"].get("_meta").is_none(), "{answer}");
    let sent = fixture.requests("tools/call").await.pop().expect("it was sent");
    assert!(!sent.to_string().contains(&name), "{sent}");
    let records = gateway.end().await;
    assert_eq!(phases(&records, &name), ["decision", "outcome"]);
}
