//! Tool servers that die, hang, flood or lie.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::support::{
    Client, Era, Fixture, Gateway, PATIENCE, eventually, everything, kilobytes, process::Process,
    said, texts,
};

/// `h` misbehaves over HTTP, `s` over stdio, and `good` is what must not notice.
async fn start(top: &str, more: &str) -> (Gateway, Fixture, Fixture) {
    let hostile = Fixture::start(&["--hostile"]).await;
    let good = Fixture::start(&[]).await;
    let text = format!(
        "{top}\n[flow.limits]\nrepeats = 0\n[upstreams.h]\n{}\n{more}\n[upstreams.s]\n{}\n{more}\n[upstreams.good]\n{}\n",
        hostile.url(),
        everything(&["--hostile"]),
        good.url()
    );
    (Gateway::start(&text).await, hostile, good)
}

/// A call to another server, which must be answered at once.
async fn unharmed(client: &Client) {
    let call = client.call("good__echo", json!({"text": "on"}));
    let answer = tokio::time::timeout(PATIENCE / 2, call).await.expect("others are not held up");
    assert_eq!(texts(&answer), ["on"]);
}

fn failed(answer: &serde_json::Value) -> bool {
    answer["result"]["isError"] == true || answer.get("error").is_some()
}

#[tokio::test]
async fn a_server_killed_mid_call_ends_the_call_and_comes_back() {
    let (gateway, mut hostile, _good) = start("", "").await;
    let client = Arc::new(gateway.modern().await);
    let caller = Arc::clone(&client);
    let calling = tokio::spawn(async move { caller.call("h__hang", json!({})).await });
    eventually("the call runs", async || (hostile.started().await == 1).then_some(())).await;
    hostile.kill().await;
    let answer = calling.await.expect("an answer");
    assert!(failed(&answer) && said(&answer).contains("not known"), "{answer}");
    let answer = client.call("s__crash", json!({})).await;
    assert!(failed(&answer) && said(&answer).contains("not known"), "{answer}");
    unharmed(&client).await;
    eventually("the child is started again", async || {
        (texts(&client.call("s__echo", json!({"text": "back"})).await) == ["back"]).then_some(())
    })
    .await;
    let records = gateway.end().await;
    let unknown = records.iter().filter(|entry| entry.outcome == "unknown").count();
    assert!(unknown >= 2, "a call that nobody knows the end of says so");
}

#[tokio::test]
async fn a_hanging_server_is_given_up_on_and_told() {
    let (gateway, hostile, _good) = start("", "call_timeout_s = 1").await;
    let client = Arc::new(gateway.modern().await);
    for tool in ["h__hang", "s__hang"] {
        let caller = Arc::clone(&client);
        let calling = tokio::spawn(async move { caller.call(tool, json!({})).await });
        unharmed(&client).await;
        let answer = calling.await.expect("an answer");
        assert!(failed(&answer) && said(&answer).contains("not known"), "{answer}");
    }
    // Even the headers of this one never come.
    let answer = client.call("h__hang", json!({"buffered": true})).await;
    assert!(failed(&answer), "{answer}");
    eventually("the server learns that nobody waits", async || {
        (hostile.counts().await.cancelled == 2).then_some(())
    })
    .await;
    gateway.end().await;
}

#[tokio::test]
async fn progress_keeps_a_slow_call_alive() {
    let (gateway, _hostile, _good) = start("", "call_timeout_s = 1").await;
    let client = gateway.client(Era::Modern).with_progress(json!("p")).with_logs("info");
    let (answer, before) =
        client.begin("good__test_tool_with_progress", json!({})).await.finish().await;
    assert_eq!(texts(&answer), ["done"]);
    assert_eq!(before.len(), 3);
    gateway.end().await;
}

#[tokio::test]
async fn garbage_and_wrong_ids_end_their_own_call_alone() {
    let (gateway, _hostile, _good) = start("", "call_timeout_s = 1").await;
    let client = gateway.modern().await;
    for tool in [
        "h__garbage",
        "h__wrong_id",
        "h__duplicate_keys",
        "s__garbage",
        "s__wrong_id",
        "s__duplicate_keys",
    ] {
        let answer = client.call(tool, json!({})).await;
        assert!(failed(&answer), "{tool}: {answer}");
        for bad in ["Gateway", "not yours", "evil", "safe"] {
            assert!(!texts(&answer).iter().any(|text| text.contains(bad)), "{tool}: {answer}");
        }
        unharmed(&client).await;
    }
    for server in ["h", "s"] {
        let answer = client.call(&format!("{server}__echo"), json!({"text": "still"})).await;
        assert_eq!(texts(&answer), ["still"], "{server} serves on");
    }
    gateway.end().await;
}

/// How much more memory the gateway may have had at its worst, for three answers of two hundred megabytes.
const HUGE_KB_MAX: u64 = 24 << 10;

#[tokio::test]
async fn two_hundred_megabytes_are_cut_off_at_the_limit_and_never_held() {
    let hostile = Fixture::start(&["--hostile"]).await;
    let good = Fixture::start(&[]).await;
    let gateway = Process::serve(&format!(
        "[limits]\nmessage_bytes_max = 1048576\n[flow.limits]\nrepeats = 0\n[upstreams.h]\n{}\n[upstreams.s]\n{}\n[upstreams.good]\n{}\n",
        hostile.url(),
        everything(&["--hostile"]),
        good.url()
    ))
    .await;
    let client = Arc::new(gateway.modern().await);
    unharmed(&client).await;
    let before = kilobytes(gateway.pid, "VmHWM");
    for (tool, streamed, why) in [
        ("h__huge", false, "length limit exceeded"),
        ("h__huge", true, "longer than the limit of 1048576 bytes"),
        ("s__huge", false, "closed the connection"),
    ] {
        let caller = Arc::clone(&client);
        let arguments = json!({"mb": 200, "streamed": streamed});
        let calling = tokio::spawn(async move { caller.call(tool, arguments).await });
        while !calling.is_finished() {
            unharmed(&client).await;
        }
        let answer = calling.await.expect("an answer");
        assert!(answer.to_string().len() < 4096);
        assert!(failed(&answer) && said(&answer).contains(why), "{tool}: {answer}");
    }
    let log = gateway.log();
    assert!(log.contains("sent a line beyond `message_bytes_max` and is stopped"), "{log}");
    let grown = kilobytes(gateway.pid, "VmHWM") - before;
    assert!(grown < HUGE_KB_MAX, "the gateway grew by {grown} kB");
    eventually("both serve on", async || {
        let h = client.call("h__echo", json!({"text": "h"})).await;
        let s = client.call("s__echo", json!({"text": "s"})).await;
        (texts(&h) == ["h"] && texts(&s) == ["s"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_notifications_drowns_nobody() {
    let (gateway, hostile, _good) = start("", "call_timeout_s = 1").await;
    let client = gateway.client(Era::Modern).with_logs("info");
    for tool in ["h__endless_sse", "s__endless_sse"] {
        let mut reply = client.begin(tool, json!({})).await;
        for _ in 0..20 {
            let message = reply.message().await.expect("it floods");
            if message["method"] != "notifications/message" {
                break;
            }
        }
        unharmed(&client).await;
        drop(reply);
    }
    eventually("the flood stops with its reader", async || {
        (hostile.counts().await.cancelled == 1).then_some(())
    })
    .await;
    gateway.end().await;
}

#[tokio::test]
async fn a_caller_that_does_not_read_stops_nobody() {
    let (gateway, _hostile, _good) = start("", "call_timeout_s = 2").await;
    let client = gateway.client(Era::Modern).with_logs("info");
    let mut unread = Vec::new();
    for _ in 0..4 {
        unread.push(client.begin("h__endless_sse", json!({})).await);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    unharmed(&client).await;
    drop(unread);
    gateway.end().await;
}
