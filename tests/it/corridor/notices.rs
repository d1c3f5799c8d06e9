//! What comes without being the answer: progress, log messages, list changes, updates; and
//! cancelling.

use serde_json::{Value, json};

use super::{Far, each_pair};
use crate::support::{Client, Era, Fixture, Gateway, eventually, texts};

fn of<'a>(messages: &'a [Value], method: &str) -> Vec<&'a Value> {
    let wanted = |message: &&Value| message["method"] == method;
    messages.iter().filter(wanted).map(|message| &message["params"]).collect()
}

#[tokio::test]
async fn progress_reaches_a_caller_that_asked_for_it() {
    each_pair("", async |client, far| {
        let client = client.with_progress(json!("token-7"));
        let reply = client.begin("f__test_tool_with_progress", json!({})).await;
        let (answer, before) = reply.finish().await;
        assert_eq!(texts(&answer), ["done"], "{far:?}");
        let steps = of(&before, "notifications/progress");
        let counts: Vec<&Value> = steps.iter().map(|step| &step["progress"]).collect();
        assert_eq!(counts, [0, 50, 100], "{far:?}: {before:?}");
        assert!(steps.iter().all(|step| step["progressToken"] == "token-7"), "{far:?}");
    })
    .await;
}

#[tokio::test]
async fn log_messages_reach_a_caller_that_asked_for_them() {
    for far in Far::ALL {
        let (gateway, _fixture) = far.start("").await;
        for era in Era::BOTH {
            let client = gateway.client(era).with_logs("info").ready().await;
            let (_, before) =
                client.begin("f__test_tool_with_logging", json!({})).await.finish().await;
            assert_eq!(
                of(&before, "notifications/message").len(),
                3,
                "{far:?}/{era:?}: {before:?}"
            );
            let quiet = gateway.client(era).with_logs("error").ready().await;
            let (_, before) =
                quiet.begin("f__test_tool_with_logging", json!({})).await.finish().await;
            assert!(before.is_empty(), "{far:?}/{era:?}: {before:?}");
        }
        gateway.end().await;
    }
}

/// Waits until the fixture's journal counts a cancelled call.
async fn cancelled(fixture: &Fixture, count: u64) {
    eventually("the upstream learns that the call was cancelled", async || {
        (fixture.counts().await.cancelled == count).then_some(())
    })
    .await;
}

async fn running(fixture: &Fixture, count: u64) {
    eventually("the call reached the upstream", async || {
        (fixture.started().await == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_modern_caller_cancels_by_closing_its_stream() {
    for flags in [["--modern-only", "--hostile"], ["--legacy-only", "--hostile"]] {
        let fixture = Fixture::start(&flags).await;
        let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
        let client = gateway.modern().await;
        let calling =
            tokio::spawn(async move { client.begin("f__hang", json!({})).await.finish().await });
        running(&fixture, 1).await;
        calling.abort();
        cancelled(&fixture, 1).await;
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_legacy_caller_cancels_by_notification() {
    for flags in [["--modern-only", "--hostile"], ["--legacy-only", "--hostile"]] {
        let fixture = Fixture::start(&flags).await;
        let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
        let client = std::sync::Arc::new(gateway.legacy().await);
        let caller = std::sync::Arc::clone(&client);
        let params = json!({"name": "f__hang", "arguments": {}});
        let calling = tokio::spawn(async move {
            caller.request_as(77, "tools/call", params).await.finish().await
        });
        running(&fixture, 1).await;
        let status = client.notify("notifications/cancelled", json!({"requestId": 77})).await;
        assert_eq!(status, 202);
        cancelled(&fixture, 1).await;
        let (answer, _) = calling.await.expect("an answer");
        assert!(answer.to_string().contains("cancelled"), "{answer}");
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_stdio_server_is_told_that_a_call_was_cancelled() {
    let folder = crate::support::gateway::folder();
    for (era, speaks) in [(Era::Modern, "--modern-only"), (Era::Legacy, "--legacy-only")] {
        let told = folder.path().join(format!("{speaks}.txt"));
        let program = crate::support::fixture::program();
        let script = format!(
            "exec {} --stdio --hostile --journal {speaks} 2>{}",
            program.display(),
            told.display()
        );
        let text = format!("[upstreams.s]\ncommand = [\"sh\", \"-c\", {script:?}]\n");
        let gateway = Gateway::start(&text).await;
        let client = std::sync::Arc::new(gateway.client(era).with_logs("info").ready().await);
        // It floods, so that the call is known to run before it is taken back.
        let params = json!({"name": "s__endless_sse", "arguments": {}});
        let mut reply = client.request_as(41, "tools/call", params).await;
        reply.message().await.expect("it runs");
        match era {
            Era::Modern => drop(reply),
            Era::Legacy => {
                client.notify("notifications/cancelled", json!({"requestId": 41})).await;
            }
        }
        eventually("the server notes it", async || {
            std::fs::read_to_string(&told)
                .is_ok_and(|text| text.contains("cancelled"))
                .then_some(())
        })
        .await;
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_legacy_stream_that_closes_cancels_nothing() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let client = std::sync::Arc::new(gateway.legacy().await);
    let caller = std::sync::Arc::clone(&client);
    let params = json!({"name": "f__sleep", "arguments": {"ms": 100}});
    let calling = tokio::spawn(async move {
        drop(caller.request_as(5, "tools/call", params).await.finish().await)
    });
    running(&fixture, 1).await;
    calling.abort();
    eventually("the call runs to its end", async || {
        (fixture.counts().await.finished == 1).then_some(())
    })
    .await;
    // Its id is free again once it ended.
    eventually("the id can be used again", async || {
        let params = json!({"name": "f__echo", "arguments": {"text": "again"}});
        let answer = client.request_as(5, "tools/call", params).await.answer().await;
        (texts(&answer) == ["again"]).then_some(())
    })
    .await;
    gateway.end().await;
}

/// Opens what this era hears of changes on.
async fn listening(client: &Client) -> crate::support::wire::Reply {
    match client.era {
        Era::Legacy => client.stream().await,
        Era::Modern => {
            let wanted = json!({"toolsListChanged": true, "promptsListChanged": true,
                "resourceSubscriptions": ["test://watched-resource"]});
            let mut reply =
                client.request("subscriptions/listen", json!({"notifications": wanted})).await;
            let first = reply.message().await.expect("an acknowledgement");
            assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
            assert_eq!(first["params"]["notifications"], wanted);
            reply
        }
    }
}

async fn hears(reply: &mut crate::support::wire::Reply, method: &str) -> Value {
    loop {
        let message = reply.message().await.expect("the stream stays open");
        if message["method"] == method {
            return message["params"].clone();
        }
    }
}

#[tokio::test]
async fn list_changes_reach_every_era() {
    for flags in [["--modern-only"], ["--legacy-only"]] {
        let fixture = Fixture::start(&flags).await;
        let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
        for era in Era::BOTH {
            let client = gateway.client(era).ready().await;
            let mut stream = listening(&client).await;
            let before = client.names("tools/list").await;
            // The gateway's own subscription may be a step behind at first.
            client.call("f__test_trigger_tool_change", json!({})).await;
            let params = hears(&mut stream, "notifications/tools/list_changed").await;
            if era == Era::Modern {
                assert!(params["_meta"]["io.modelcontextprotocol/subscriptionId"].is_number());
            }
            let after = client.names("tools/list").await;
            let has = |names: &[String]| names.contains(&"f__test_dynamic_tool".to_owned());
            assert_ne!(has(&before), has(&after), "{flags:?}/{era:?}");
            client.call("f__test_trigger_prompt_change", json!({})).await;
            hears(&mut stream, "notifications/prompts/list_changed").await;
        }
        gateway.end().await;
    }
}

#[tokio::test]
async fn updates_reach_those_who_subscribed() {
    for flags in [["--modern-only"], ["--legacy-only"]] {
        let fixture = Fixture::start(&flags).await;
        let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
        for era in Era::BOTH {
            let client = gateway.client(era).ready().await;
            let mut stream = listening(&client).await;
            let uri = json!({"uri": "test://watched-resource"});
            if era == Era::Legacy {
                client.result("resources/subscribe", uri.clone()).await;
            }
            // A modern upstream learns of the wish on a stream that is opened anew; until it is
            // there an update is lost, so it is triggered again.
            let heard = async { hears(&mut stream, "notifications/resources/updated").await };
            let triggering = async {
                loop {
                    client.call("f__test_trigger_resource_update", json!({})).await;
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            };
            let params = tokio::select! {
                params = heard => params,
                () = triggering => unreachable!("it triggers for ever"),
            };
            assert_eq!(params["uri"], "test://watched-resource", "{flags:?}/{era:?}");
            if era == Era::Legacy {
                client.result("resources/unsubscribe", uri).await;
            }
        }
        gateway.end().await;
    }
}
