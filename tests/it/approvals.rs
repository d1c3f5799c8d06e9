//! Calls that wait for a person: they run exactly once, or never.

mod signed;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Client, Era, Fixture, Gateway, eventually, record::decisions, said, texts};

/// A gateway whose `f__echo` and `f__sleep` wait for a person, `stream_s` on the open stream.
async fn holding(stream_s: u32, expires_s: u32, flags: &[&str]) -> (Gateway, Fixture) {
    let fixture = Fixture::start(flags).await;
    let text = format!(
        "[approvals.wait]\nstream_s = {stream_s}\nstream_with_progress_s = 60\n\
         expires_s = {expires_s}\n[upstreams.f]\n{}\n\
         [upstreams.f.tools.echo]\nhold = true\n[upstreams.f.tools.sleep]\nhold = true\n",
        fixture.url()
    );
    (Gateway::start(&text).await, fixture)
}

fn hello() -> Value {
    json!({"text": "hello"})
}

fn refusal(answer: &Value) -> &str {
    answer["result"]["_meta"]["dev.bartizan/refusal"]["code"].as_str().unwrap_or("none")
}

/// Calls and expects the ticket; its approval's name.
async fn ticket(gateway: &Gateway, client: &Client, open: usize) -> String {
    let answer = client.call("f__echo", hello()).await;
    assert_eq!(refusal(&answer), "approval_pending", "{answer}");
    assert!(said(&answer).contains("Not executed yet"), "{answer}");
    let rows = gateway.held(open).await;
    let id = rows.last().expect("a row")["id"].as_str().expect("an id").to_owned();
    assert!(said(&answer).contains(&id), "the ticket names the request: {answer}");
    id
}

#[tokio::test]
async fn an_approved_call_runs_once_when_it_is_made_again() {
    let (gateway, fixture) = holding(1, 600, &[]).await;
    for (count, era) in [(1, Era::Modern), (2, Era::Legacy)] {
        let client = gateway.client(era).run(&format!("run-{count}")).ready().await;
        let id = ticket(&gateway, &client, 1).await;
        assert_eq!(fixture.started().await, count - 1, "nothing ran yet");
        gateway.approve(&id).await;
        assert_eq!(texts(&client.call("f__echo", hello()).await), ["hello"]);
        assert_eq!(fixture.started().await, count);
        let row = gateway.approval(&id).await;
        assert_eq!((&row["state"], &row["outcome"]), (&json!("consumed"), &json!("executed")));
        assert_eq!(row["proven"], false, "friction only, and it says so");
        // The same call once more is a new question.
        let again = client.call("f__echo", hello()).await;
        assert_eq!(refusal(&again), "approval_pending");
        assert_eq!(fixture.started().await, count);
        let open = gateway.held(1).await;
        assert_ne!(open[0]["id"], id.as_str());
        gateway.decide(open[0]["id"].as_str().expect("an id"), false).await.expect("denied");
    }
    let records = gateway.end().await;
    let told = decisions(&records, "f__echo");
    assert!(told.iter().any(|entry| entry.disposition == "held"));
    let used = told.iter().find(|entry| entry.disposition == "allowed").expect("it ran");
    assert!(used.payload["unmapped"]["bartizan"]["approval"].is_string(), "{:?}", used.payload);
}

#[tokio::test]
async fn an_approval_while_the_caller_waits_answers_the_same_call() {
    let (gateway, fixture) = holding(60, 600, &[]).await;
    for (count, era) in [(1, Era::Modern), (2, Era::Legacy)] {
        let client = gateway.client(era).ready().await;
        let calling = tokio::spawn(async move { client.call("f__echo", hello()).await });
        let id = gateway.waiting().await;
        assert_eq!(fixture.started().await, count - 1);
        gateway.approve(&id).await;
        assert_eq!(texts(&calling.await.expect("an answer")), ["hello"]);
        assert_eq!(fixture.started().await, count);
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_waiting_caller_that_wants_progress_is_told_that_it_waits() {
    let (gateway, _fixture) = holding(60, 600, &[]).await;
    let client = gateway.client(Era::Modern).with_progress(json!("p"));
    let mut reply = client.begin("f__echo", hello()).await;
    let told = reply.message().await.expect("a message before the answer");
    assert_eq!(told["params"]["progressToken"], "p", "{told}");
    gateway.approve(&gateway.waiting().await).await;
    let (answer, _) = reply.finish().await;
    assert_eq!(texts(&answer), ["hello"]);
    gateway.end().await;
}

#[tokio::test]
async fn two_retries_at_once_run_once() {
    let (gateway, fixture) = holding(1, 600, &[]).await;
    let client = Arc::new(gateway.modern().await);
    let id = ticket(&gateway, &client, 1).await;
    gateway.approve(&id).await;
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.call("f__echo", hello()).await })
        })
        .collect();
    let mut ran = 0;
    for call in calls {
        let answer = call.await.expect("an answer");
        match texts(&answer).as_slice() {
            ["hello"] => ran += 1,
            _ => assert!(refusal(&answer).starts_with("approval_"), "{answer}"),
        }
    }
    assert_eq!(ran, 1);
    assert_eq!(fixture.started().await, 1);
    gateway.end().await;
}

#[tokio::test]
async fn first_calls_at_once_are_one_question() {
    let (gateway, fixture) = holding(60, 600, &[]).await;
    let client = Arc::new(gateway.modern().await);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.call("f__echo", hello()).await })
        })
        .collect();
    let row = eventually("all eight wait", async || {
        let rows = gateway.held(1).await;
        (rows[0]["callers_waiting"] == 8).then(|| rows[0].clone())
    })
    .await;
    gateway.approve(row["id"].as_str().expect("an id")).await;
    let mut ran = 0;
    for call in calls {
        ran += usize::from(texts(&call.await.expect("an answer")) == ["hello"]);
    }
    assert_eq!((ran, fixture.started().await), (1, 1));
    gateway.end().await;
}

#[tokio::test]
async fn a_denied_call_never_runs_and_says_why() {
    let (gateway, fixture) = holding(60, 600, &[]).await;
    let client = Arc::new(gateway.modern().await);
    let caller = Arc::clone(&client);
    let calling = tokio::spawn(async move { caller.call("f__echo", hello()).await });
    let id = gateway.waiting().await;
    gateway.decide(&id, false).await.expect("it waits");
    let answer = calling.await.expect("an answer");
    assert_eq!(refusal(&answer), "approval_denied", "{answer}");
    assert!(said(&answer).contains("because"), "the reason reaches the agent: {answer}");
    let again = client.call("f__echo", hello()).await;
    assert_eq!(refusal(&again), "approval_denied", "asking again asks nobody: {again}");
    assert!(gateway.decide(&id, true).await.is_err(), "a no stays a no");
    assert_eq!(fixture.started().await, 0);
    gateway.end().await;
}

#[tokio::test]
async fn what_nobody_decides_expires() {
    let (gateway, fixture) = holding(60, 1, &[]).await;
    let client = gateway.modern().await;
    let answer = client.call("f__echo", hello()).await;
    assert_eq!(refusal(&answer), "approval_expired", "{answer}");
    assert_eq!(fixture.started().await, 0);
    gateway.end().await;
}

#[tokio::test]
async fn an_approval_is_for_its_caller_and_its_arguments_alone() {
    let (gateway, fixture) = holding(0, 600, &[]).await;
    let one = gateway.client(Era::Modern).run("one");
    let two = gateway.client(Era::Modern).run("two");
    let id = ticket(&gateway, &one, 1).await;
    gateway.approve(&id).await;
    let foreign = two.call("f__echo", hello()).await;
    assert_eq!(refusal(&foreign), "approval_pending", "another run asks for itself");
    let other = one.call("f__echo", json!({"text": "hello!"})).await;
    assert_eq!(refusal(&other), "approval_pending", "other arguments are another question");
    let named = gateway.client(Era::Modern).run("one").named("another");
    assert_eq!(refusal(&named.call("f__echo", hello()).await), "approval_pending");
    assert_eq!(fixture.started().await, 0);
    // None of that used the approval up.
    assert_eq!(texts(&one.call("f__echo", hello()).await), ["hello"]);
    assert_eq!(fixture.started().await, 1);
    gateway.end().await;
}

#[tokio::test]
async fn what_was_approved_is_what_runs_to_the_byte() {
    let (gateway, fixture) = holding(0, 600, &[]).await;
    let client = gateway.modern().await;
    let arguments = json!({"text": "a\u{e9}\u{1f600}", "z": 1, "a": [1.50, {"k": null}]});
    client.call("f__echo", arguments.clone()).await;
    let row = &gateway.held(1).await[0];
    gateway.approve(row["id"].as_str().expect("an id")).await;
    // The same call with its members in another order is the same call; the stored one runs.
    let reordered = json!({"a": [1.50, {"k": null}], "z": 1, "text": "a\u{e9}\u{1f600}"});
    let answer = client.call("f__echo", reordered).await;
    assert_eq!(texts(&answer), ["a\u{e9}\u{1f600}"], "{answer}");
    let sent = fixture.requests("tools/call").await;
    let body = sent[0]["body"].as_str().expect("a body");
    let stored = row["arguments"].as_str().expect("arguments");
    assert!(body.contains(stored), "{body} does not hold {stored}");
    gateway.end().await;
}

async fn definition_is_quarantined(client: &Client) {
    client.call("f__change_definition", json!({})).await;
    eventually("the change is noticed", async || {
        let names = client.names("tools/list").await;
        (!names.contains(&"f__echo".to_owned())).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_changed_definition_voids_an_approval() {
    let (gateway, fixture) = holding(0, 600, &["--hostile"]).await;
    let client = gateway.modern().await;
    let id = ticket(&gateway, &client, 1).await;
    gateway.approve(&id).await;
    definition_is_quarantined(&client).await;
    let ran = fixture.started().await;
    let answer = client.call("f__echo", hello()).await;
    assert_eq!(refusal(&answer), "quarantined", "{answer}");
    assert_eq!(fixture.started().await, ran);
    gateway.end().await;
}

#[tokio::test]
async fn a_definition_that_changes_while_its_call_waits_voids_the_approval() {
    let (gateway, fixture) = holding(60, 600, &["--hostile"]).await;
    let client = Arc::new(gateway.modern().await);
    let caller = Arc::clone(&client);
    let calling = tokio::spawn(async move { caller.call("f__echo", hello()).await });
    let id = gateway.waiting().await;
    definition_is_quarantined(&client).await;
    let ran = fixture.started().await;
    gateway.approve(&id).await;
    let answer = calling.await.expect("an answer");
    assert_ne!(texts(&answer), ["hello"], "it must not run: {answer}");
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    assert_eq!(fixture.started().await, ran, "another definition was approved");
    gateway.end().await;
}

#[tokio::test]
async fn a_policy_that_forbids_meanwhile_wins_over_the_approval() {
    let fixture = Fixture::start(&[]).await;
    let folder = crate::support::gateway::folder();
    let policies = folder.path().join("policies");
    std::fs::create_dir(&policies).expect("a folder");
    let allow = "permit (principal, action, resource);";
    std::fs::write(policies.join("one.cedar"), allow).expect("written");
    let text = format!(
        "[access]\npolicies = \"policies\"\n[approvals.wait]\nstream_s = 60\n[upstreams.f]\n{}\n\
         [upstreams.f.tools.echo]\nhold = true\n",
        fixture.url()
    );
    let gateway = Gateway::start_in(folder, &text, true).await;
    let client = gateway.modern().await;
    let calling = tokio::spawn(async move { client.call("f__echo", hello()).await });
    let id = gateway.waiting().await;
    let forbid = "forbid (principal, action == Action::\"call\", resource) when { resource.name == \"echo\" };";
    gateway.write("policies/two.cedar", forbid);
    gateway.app.as_ref().expect("it runs").reload().await.expect("good policies");
    gateway.approve(&id).await;
    let answer = calling.await.expect("an answer");
    assert_ne!(texts(&answer), ["hello"], "{answer}");
    assert_eq!(fixture.started().await, 0);
    gateway.end().await;
}

#[tokio::test]
async fn an_explicit_cancel_ends_the_approval() {
    let (gateway, fixture) = holding(60, 600, &[]).await;
    let client = Arc::new(gateway.legacy().await);
    let caller = Arc::clone(&client);
    let params = json!({"name": "f__echo", "arguments": hello()});
    let calling =
        tokio::spawn(
            async move { caller.request_as(31, "tools/call", params).await.answer().await },
        );
    let id = gateway.waiting().await;
    client.notify("notifications/cancelled", json!({"requestId": 31})).await;
    let answer = calling.await.expect("an answer");
    assert_eq!(refusal(&answer), "cancelled", "{answer}");
    assert_eq!(gateway.approval(&id).await["state"], "cancelled");
    assert!(gateway.decide(&id, true).await.is_err());
    assert_eq!(fixture.started().await, 0);
    gateway.end().await;
}

#[tokio::test]
async fn a_stream_that_closes_leaves_the_question_open_and_never_runs_it() {
    let (gateway, fixture) = holding(60, 600, &[]).await;
    for (count, era) in [(1, Era::Modern), (2, Era::Legacy)] {
        let client = Arc::new(gateway.client(era).ready().await);
        let caller = Arc::clone(&client);
        let calling = tokio::spawn(async move { caller.call("f__echo", hello()).await });
        let id = gateway.waiting().await;
        calling.abort();
        eventually("the caller is gone", async || {
            (gateway.approval(&id).await["callers_waiting"] == 0).then_some(())
        })
        .await;
        gateway.approve(&id).await;
        assert_eq!(gateway.approval(&id).await["state"], "approved", "it waits for its caller");
        assert_eq!(fixture.started().await, count - 1, "nobody is there to run it for");
        assert_eq!(texts(&client.call("f__echo", hello()).await), ["hello"]);
        assert_eq!(fixture.started().await, count);
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_restart_keeps_what_waits() {
    let (gateway, fixture) = holding(0, 600, &[]).await;
    let client = gateway.client(Era::Modern).run("one");
    let id = ticket(&gateway, &client, 1).await;
    let approved = json!({"text": "approved before"});
    client.call("f__echo", approved.clone()).await;
    let second = gateway.held(2).await[1]["id"].as_str().expect("an id").to_owned();
    gateway.approve(&second).await;

    let gateway = gateway.restart().await;
    let client = gateway.client(Era::Modern).run("one");
    assert_eq!(texts(&client.call("f__echo", approved).await), ["approved before"]);
    assert_eq!(gateway.held(1).await[0]["id"], id.as_str());
    gateway.approve(&id).await;
    assert_eq!(texts(&client.call("f__echo", hello()).await), ["hello"]);
    assert_eq!(fixture.started().await, 2);
    gateway.end().await;
}

#[tokio::test]
async fn those_who_wait_never_starve_those_who_run() {
    let fixture = Fixture::start(&[]).await;
    let text = format!(
        "[limits]\nexecuting_per_principal = 2\nwaiting_per_principal = 3\n[upstreams.f]\n{}\n\
         [upstreams.f.tools.echo]\nhold = true\n",
        fixture.url()
    );
    let gateway = Gateway::start(&text).await;
    let client = Arc::new(gateway.modern().await);
    let mut calls = Vec::new();
    for n in 0..3 {
        let client = Arc::clone(&client);
        let text = json!({"text": format!("number {n}")});
        calls.push(tokio::spawn(async move { client.call("f__echo", text).await }));
    }
    gateway.held(3).await;
    let more = client.call("f__echo", json!({"text": "number 4"})).await;
    assert_eq!(refusal(&more), "limited", "{more}");
    assert!(said(&more).contains("limits.waiting_per_principal"), "{more}");
    let ran = client.call("f__add", json!({"a": 1, "b": 1})).await;
    assert_eq!(ran["result"]["structuredContent"]["sum"], 2.0, "{ran}");
    for row in gateway.held(3).await {
        gateway.approve(row["id"].as_str().expect("an id")).await;
    }
    let mut ran = 0;
    for call in calls {
        let answer = call.await.expect("an answer");
        ran += usize::from(said(&answer).starts_with("number"));
    }
    assert!(ran >= 2, "an approved call finds a seat again");
    gateway.end().await;
}

#[tokio::test]
async fn a_card_says_what_the_tool_can_do_and_what_differs_from_the_last_call_that_ran() {
    let fixture = Fixture::start(&[]).await;
    for risk in ["high", "critical"] {
        let text = format!(
            "[approvals.wait]\nstream_s = 0\n[upstreams.f]\n{}\n[upstreams.f.tools.echo]\n\
             hold = true\nclasses = [\"money\"]\nrisk = \"{risk}\"\n",
            fixture.url()
        );
        let gateway = Gateway::start(&text).await;
        let client = gateway.client(Era::Modern);
        client.call("f__echo", json!({"text": "to Ann"})).await;
        let id = gateway.held(1).await[0]["id"].as_str().expect("an id").to_owned();
        let (_, card) = gateway.command(&["approvals", "show", &id]).await;
        for part in ["can        money", "undo       no", "before     no call", " UTC"] {
            assert!(card.contains(part), "{part} is missing: {card}");
        }
        gateway.command(&["approvals", "approve", &id, "--as", "ada"]).await;
        client.call("f__echo", json!({"text": "to Ann"})).await;
        let long = format!("to Bob {}", "x".repeat(3000));
        client.call("f__echo", json!({"text": long})).await;
        let id = gateway.held(1).await[0]["id"].as_str().expect("an id").to_owned();
        let (_, card) = gateway.command(&["approvals", "show", &id]).await;
        assert!(card.contains("ada let one run") && card.contains("to Ann"), "{card}");
        let unfolds = card.contains(&format!("approvals show {id} --whole"));
        assert_eq!(unfolds, risk == "high", "a critical call is shown whole: {card}");
        assert_eq!(card.contains("bytes more"), unfolds, "{card}");
        let (_, card) = gateway.command(&["approvals", "show", &id, "--whole"]).await;
        assert!(card.contains(&"x".repeat(3000)), "{card}");
        gateway.end().await;
    }
}

#[tokio::test]
async fn what_a_person_is_shown_cannot_hide_anything() {
    // The firewall refuses terminal sequences in arguments; a card must bear them all the same.
    let fixture = Fixture::start(&[]).await;
    let text = format!(
        "[doors]\nfirewall = \"observe\"\n[approvals.wait]\nstream_s = 0\n[upstreams.f]\n{}\n\
         [upstreams.f.tools.echo]\nhold = true\n",
        fixture.url()
    );
    let gateway = Gateway::start(&text).await;
    let client = gateway.client(Era::Modern).named("it\u{202e}evil");
    let text = "safe\u{1b}[2K\u{1b}[1Arm -rf /\u{200b}\u{202e}txt.exe [ok](javascript:alert(1))\r";
    client.call("f__echo", json!({"text": text})).await;
    let id = gateway.held(1).await[0]["id"].as_str().expect("an id").to_owned();
    let (shown, card) = gateway.command(&["approvals", "show", &id]).await;
    assert!(shown && card.contains("rm -rf /"), "{card}");
    let next = format!("approvals deny {id} --reason TEXT -c {}", gateway.config_path().display());
    assert!(card.starts_with("If you do nothing") && card.contains(&next), "{card}");
    let hides = |c: char| (c.is_control() && c != '\n') || "\u{200b}\u{202e}".contains(c);
    assert!(!card.contains(hides), "{card:?}");
    assert!(card.contains("f/echo") && card.contains("asked by"), "{card}");
    gateway.command(&["approvals", "deny", &id]).await;
    let (_, card) = gateway.command(&["approvals", "show", &id]).await;
    assert!(card.starts_with("Denied: it did not run"), "{card}");
    assert!(!card.contains("approvals approve") && !card.contains("a retry"), "{card}");
    gateway.end().await;
}
