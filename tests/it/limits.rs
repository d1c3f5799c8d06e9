//! Counting calls: exactly, by name, and never so that ordinary use suffers.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Client, Era, Fixture, Gateway, record::Entry, said, texts};

async fn limited(limits: &str) -> (Gateway, Fixture) {
    let fixture = Fixture::start(&[]).await;
    // The same call over and over is what these limits are tried with.
    let text = format!(
        "[limits]\n{limits}\n[flow.limits]\nrepeats = 0\n[upstreams.f]\n{}\n",
        fixture.url()
    );
    (Gateway::start(&text).await, fixture)
}

fn code(answer: &Value) -> &str {
    answer["result"]["_meta"]["dev.bartizan/refusal"]["code"].as_str().unwrap_or("none")
}

async fn echo(client: &Client) -> Value {
    client.call("f__echo", json!({"text": "a"})).await
}

#[tokio::test]
async fn so_many_calls_pass_and_the_next_is_refused_by_name() {
    let (gateway, fixture) = limited("calls_per_principal = { per_minute = 1, burst = 5 }").await;
    let one = gateway.client(Era::Modern).run("one");
    for _ in 0..5 {
        assert_eq!(texts(&echo(&one).await), ["a"]);
    }
    let reply = one.begin("f__echo", json!({"text": "a"})).await;
    let seconds: u64 = reply.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    let answer = reply.answer().await;
    assert_eq!(code(&answer), "limited", "{answer}");
    assert!(said(&answer).contains("limits.calls_per_principal"), "{answer}");
    assert!(said(&answer).contains(&format!("in {seconds} s")), "{answer}");
    assert_eq!(fixture.started().await, 5, "exactly");
    // One principal never starves another.
    let two = gateway.client(Era::Modern).run("two");
    assert_eq!(texts(&echo(&two).await), ["a"]);
    gateway.end().await;
}

#[tokio::test]
async fn calls_at_once_are_counted_exactly_too() {
    let (gateway, fixture) = limited("calls_per_principal = { per_minute = 1, burst = 7 }").await;
    let client = Arc::new(gateway.modern().await);
    let calls: Vec<_> = (0..30)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { echo(&client).await })
        })
        .collect();
    let mut passed = 0;
    for call in calls {
        let answer = call.await.expect("an answer");
        passed += usize::from(texts(&answer) == ["a"]);
    }
    assert_eq!((passed, fixture.started().await), (7, 7));
    gateway.end().await;
}

#[tokio::test]
async fn each_limit_has_its_own_name() {
    for (limits, name) in [
        ("calls_per_tool = { per_minute = 1, burst = 1 }", "limits.calls_per_tool"),
        ("calls_in_all = { per_minute = 1, burst = 1 }", "limits.calls_in_all"),
    ] {
        let (gateway, fixture) = limited(limits).await;
        let client = gateway.modern().await;
        assert_eq!(texts(&echo(&client).await), ["a"]);
        let answer = echo(&client).await;
        assert!(said(&answer).contains(name), "{name}: {answer}");
        let other = client.call("f__add", json!({"a": 1, "b": 1})).await;
        assert_eq!(code(&other) == "limited", name == "limits.calls_in_all", "{other}");
        assert!(fixture.started().await <= 2);
        gateway.end().await;
    }
}

#[tokio::test]
async fn seats_bound_what_runs_at_once_and_are_given_back() {
    let (gateway, fixture) = limited("executing_per_principal = 2").await;
    let client = Arc::new(gateway.modern().await);
    let running: Vec<_> = (0..2)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.call("f__sleep", json!({"ms": 400})).await })
        })
        .collect();
    crate::support::eventually("both run", async || (fixture.started().await == 2).then_some(()))
        .await;
    let answer = echo(&client).await;
    assert!(said(&answer).contains("limits.executing_per_principal"), "{answer}");
    for call in running {
        assert_eq!(texts(&call.await.expect("an answer")), ["slept 400 ms"]);
    }
    assert_eq!(texts(&echo(&client).await), ["a"]);
    gateway.end().await;
}

#[tokio::test]
async fn sessions_are_limited_by_principal() {
    let (gateway, _fixture) = limited("sessions_per_principal = 2").await;
    let greet = async |run: &str| {
        let client = gateway.client(Era::Legacy).run(run);
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}});
        client.request("initialize", params).await
    };
    assert_eq!([greet("one").await.status, greet("one").await.status], [200, 200]);
    let refused = greet("one").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert!(said(&refused.json().await).contains("limits.sessions_per_principal"));
    assert_eq!(greet("two").await.status, 200);
    gateway.end().await;
}

#[tokio::test]
async fn subscriptions_beyond_the_limit_are_told_when_to_come_again() {
    let (gateway, _fixture) = limited("waiting_per_principal = 1").await;
    let client = gateway.modern().await;
    let listen = async || {
        let params = json!({"notifications": {"toolsListChanged": true}});
        client.request("subscriptions/listen", params).await
    };
    let open = listen().await;
    assert!(open.is_stream() && open.header("bartizan-request").is_some());
    let refused = listen().await;
    assert_eq!(refused.status, 429);
    let seconds: u64 = refused.header("retry-after").expect("a time").parse().expect("seconds");
    let answer = refused.json().await;
    assert!(said(&answer).contains("limits.waiting_per_principal"), "{answer}");
    assert!(said(&answer).contains(&format!("in {seconds} s")), "{answer}");
    drop(open);
    gateway.end().await;
}

/// The code that each decision on `operation` would have been refused with, were limits enforced.
fn observed<'a>(records: &'a [Entry], operation: &str) -> Vec<(&'a str, &'a str)> {
    let wanted = |entry: &&Entry| entry.phase == "decision" && entry.operation == operation;
    let decisions = records.iter().filter(wanted);
    decisions.map(|entry| (&*entry.disposition, &*entry.refusal)).collect()
}

#[tokio::test]
async fn limits_that_observe_count_lists_and_tasks_and_refuse_none() {
    let limits = "calls_per_tool = { per_minute = 1, burst = 1 }\n[doors]\nlimits = \"observe\"";
    let (gateway, _fixture) = limited(limits).await;
    let able = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    let client = gateway.client(Era::Modern).able(able);
    let started = client.call("f__slow_compute", json!({"seconds": 0.01})).await;
    let task = json!({"taskId": started["result"]["taskId"]});
    for _ in 0..2 {
        assert!(!client.names("tools/list").await.is_empty());
        client.result("tasks/get", task.clone()).await;
    }
    let records = gateway.end().await;
    for operation in ["tools/list", "tasks/get"] {
        let seen = observed(&records, operation);
        assert_eq!(seen, [("allowed", ""), ("observed", "limited")], "{operation}");
    }
}

#[tokio::test]
async fn a_list_is_refused_where_one_server_enforces() {
    let fixture = Fixture::start(&[]).await;
    let url = fixture.url();
    let text = format!(
        "[limits]\ncalls_per_tool = {{ per_minute = 1, burst = 1 }}\n\
         [upstreams.f]\n{url}\n[upstreams.g]\n{url}\nmode = \"observe\"\n"
    );
    let gateway = Gateway::start(&text).await;
    let list = async |client: Client, run: &str| {
        let client = client.run(run);
        client.result("tools/list", json!({})).await;
        client.ask("tools/list", json!({})).await
    };
    let refused = list(gateway.client(Era::Modern), "one").await;
    assert_eq!(refused["error"]["data"]["code"], "limited", "{refused}");
    let passed = list(gateway.client(Era::Modern).at("g"), "two").await;
    assert!(passed.get("result").is_some(), "{passed}");
    gateway.end().await;
}

#[tokio::test]
async fn without_a_waiting_seat_a_call_still_waits_where_limits_observe() {
    for (doors, expected) in
        [("", "limited"), ("[doors]\nlimits = \"observe\"", "approval_pending")]
    {
        let limits = format!("waiting_per_principal = 0\n{doors}\n[approvals.wait]\nstream_s = 0");
        let fixture = Fixture::start(&[]).await;
        let url = fixture.url();
        let text = format!("[limits]\n{limits}\n[upstreams.f]\n{url}\nhold = true\n");
        let gateway = Gateway::start(&text).await;
        let client = gateway.modern().await;
        assert_eq!(code(&echo(&client).await), expected);
        if expected == "approval_pending" {
            let row = gateway.held(1).await.remove(0);
            gateway.approve(row["id"].as_str().expect("an id")).await;
            assert_eq!(texts(&echo(&client).await), ["a"]);
            assert!(observed(&gateway.records(), "tools/call").contains(&("observed", "limited")));
        }
        gateway.end().await;
    }
}

#[tokio::test]
async fn ordinary_use_meets_no_limit() {
    let (gateway, fixture) = limited("").await;
    for era in Era::BOTH {
        let client = gateway.client(era).ready().await;
        for _ in 0..300 {
            assert_eq!(texts(&echo(&client).await), ["a"]);
        }
    }
    assert_eq!(fixture.started().await, 600);
    gateway.end().await;
}
