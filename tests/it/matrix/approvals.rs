//! What a person allowed, and what others make of it; and calls without end.

use serde_json::{Value, json};

use super::{
    Rows,
    bench::{Bench, refusal},
};
use crate::support::{
    Client, Era, Gateway,
    raw::{Raw, tool},
    texts,
};

pub(super) const ROWS: &[&str] = &["T40", "T41", "T42", "T43", "T44", "T45", "T50"];

/// Every call of `t` waits for a person.
async fn holding(approvals: &str) -> Bench {
    let raw = "[upstreams.r.tools.t]\nhold = true";
    Bench::start(["t".to_owned(), "u".to_owned()], &format!("{approvals}\n{raw}")).await
}

async fn became(client: &Client, arguments: Value) -> &'static str {
    let answer = client.call("r__t", arguments).await;
    refusal(&answer).unwrap_or(if texts(&answer) == ["ok"] { "ran" } else { "changed" })
}

/// Asks, and has the newest question approved.
async fn approved(gateway: &Gateway, client: &Client, arguments: &Value) {
    assert_eq!(became(client, arguments.clone()).await, "held");
    let rows = gateway.held(1).await;
    gateway.approve(rows[0]["id"].as_str().expect("an id")).await;
}

const AT_ONCE: &str = "[approvals.wait]\nstream_s = 0";

#[tokio::test]
async fn an_approval_is_for_one_call_of_one_caller() {
    let mut rows = Rows::new(&ROWS[..3]);
    let bench = holding(AT_ONCE).await;
    let (one, other) = (bench.client("one"), bench.client("other"));
    let call = json!({"to": "ana", "amount": 5});
    approved(&bench.gateway, &one, &call).await;
    let swapped = became(&one, json!({"to": "eve", "amount": 5})).await;
    let foreign = became(&other, call.clone()).await;
    assert_eq!(bench.raw.called(), 0);
    // None of that used it up.
    let reordered = became(&one, json!({"amount": 5, "to": "ana"})).await;
    assert_eq!(bench.raw.called(), 1);
    let replayed = became(&one, call).await;
    assert_eq!(bench.raw.called(), 1);
    rows.row("T40", swapped, reordered);
    rows.row("T41", replayed, reordered);
    rows.row("T42", foreign, reordered);
    bench.end().await;
    rows.finish();
}

#[tokio::test]
async fn an_approval_ends_with_its_time() {
    let mut rows = Rows::new(&ROWS[3..4]);
    let late = holding("[approvals.wait]\nstream_s = 60\nexpires_s = 1").await;
    let expired = became(&late.client("a"), json!({})).await;
    assert_eq!(late.raw.called(), 0);
    late.end().await;
    let bench = holding("[approvals.wait]\nstream_s = 0\nexpires_s = 600").await;
    let client = bench.client("a");
    approved(&bench.gateway, &client, &json!({})).await;
    rows.row("T43", expired, became(&client, json!({})).await);
    bench.end().await;
    rows.finish();
}

#[tokio::test]
async fn a_flood_of_questions_reaches_nobody() {
    let mut rows = Rows::new(&ROWS[4..5]);
    let limit = format!("{AT_ONCE}\nopen_per_principal = 3");
    let flooded = holding(&limit).await;
    let flooding = flooded.client("flood");
    let mut last = "";
    for at in 0..8 {
        last = became(&flooding, json!({"at": at})).await;
    }
    flooded.gateway.held(3).await;
    flooded.end().await;
    let bench = holding(&limit).await;
    let patient = bench.client("patient");
    let mut again = "";
    for _ in 0..8 {
        again = became(&patient, json!({"at": 1})).await;
    }
    bench.gateway.held(1).await;
    rows.row("T44", last, again);
    bench.end().await;
    rows.finish();
}

#[tokio::test]
async fn an_approval_ends_with_the_definition_that_it_was_for() {
    let mut rows = Rows::new(&ROWS[5..6]);
    let mut became_of = Vec::new();
    for changed in ["t", "u"] {
        let raw = Raw::start(vec![tool("t"), tool("u")]).await;
        let text =
            format!("{AT_ONCE}\n[upstreams.r]\n{}\n[upstreams.r.tools.t]\nhold = true\n", raw.url);
        let gateway = Gateway::start(&text).await;
        approved(&gateway, &gateway.client(Era::Modern).run("a"), &json!({})).await;
        for tool in raw.script.tools.lock().iter_mut().filter(|tool| tool["name"] == changed) {
            tool["description"] = json!("Does something else.");
        }
        let gateway = gateway.restart().await;
        became_of.push(became(&gateway.client(Era::Modern).run("a"), json!({})).await);
        assert_eq!(raw.called(), usize::from(changed == "u"));
        gateway.end().await;
    }
    rows.row("T45", became_of[0], became_of[1]);
    rows.finish();
}

#[tokio::test]
async fn a_loop_meets_a_limit_and_paging_does_not() {
    let mut rows = Rows::new(&ROWS[6..]);
    let names = || ["t".to_owned()];
    let tight = Bench::start(names(), "[limits.calls_per_tool]\nper_minute = 1\nburst = 40").await;
    let client = tight.client("loop");
    let mut last = "";
    for _ in 0..41 {
        last = became(&client, json!({"again": true})).await;
    }
    assert_eq!(tight.raw.called(), 40);
    tight.end().await;
    let bench = Bench::start(names(), "").await;
    let client = bench.client("pages");
    let mut paged = "";
    for page in 0..30 {
        paged = became(&client, json!({"page": page})).await;
    }
    rows.row("T50", last, paged);
    bench.end().await;
    rows.finish();
}
