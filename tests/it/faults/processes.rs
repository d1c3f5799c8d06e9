//! The gateway's own process: told to stop, killed, out of disk; and its children.

use std::{sync::Arc, time::Duration};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{
    Client, Era, Fixture, children_of, eventually, everything, lives, process::Process, record,
    texts,
};

fn upstreams(fixture: &Fixture) -> String {
    format!("[upstreams.f]\n{}\n[upstreams.s]\n{}\n", fixture.url(), everything(&["--hostile"]))
}

/// One call, as an impatient client sees it: answered, or cleanly turned away.
async fn attempt(client: &Client, n: u64) -> Result<Value, String> {
    let arguments = json!({"ms": 30 + n % 40});
    let params = client.dressed(json!({"name": "f__sleep", "arguments": arguments}));
    let headers = client.headers_for("tools/call", &params);
    let id = client.fresh_id();
    let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
    let sent = client.wire.try_send("POST", "/mcp", &headers, body.to_string()).await;
    let mut reply = sent.map_err(|error| error.to_string())?;
    match reply.message().await {
        Some(answer) => Ok(answer),
        None => Err("the answer broke off".to_owned()),
    }
}

#[tokio::test]
async fn a_gateway_told_to_stop_answers_what_runs() {
    let fixture = Fixture::start(&[]).await;
    let mut gateway = Process::serve(&upstreams(&fixture)).await;
    let children = children_of(gateway.pid);
    assert!(!children.is_empty(), "the stdio server is a child");
    let client = Arc::new(gateway.modern().await);
    let calls: Vec<_> = (0..64)
        .map(|n| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { attempt(&client, n * 10).await })
        })
        .collect();
    eventually("the calls run", async || (fixture.started().await > 20).then_some(())).await;
    gateway.signal(Signal::TERM);
    let (mut answered, mut turned_away) = (0_u64, 0);
    for call in calls {
        match call.await.expect("it ends") {
            Ok(answer) => {
                assert!(answer.get("result").is_some(), "{answer}");
                answered += 1;
            }
            // Not one answer may break off: a call is answered, or its connection never was.
            Err(error) => {
                assert!(!error.contains("broke off"), "{error}");
                turned_away += 1;
            }
        }
    }
    assert!(gateway.ended().await.success(), "{}", gateway.log());
    let counts = fixture.counts().await;
    assert_eq!(
        counts.started, answered,
        "each executed call was answered ({turned_away} turned away)"
    );
    eventually("no child is left", async || children.iter().all(|pid| !lives(*pid)).then_some(()))
        .await;
    record::assert_whole(&gateway.state().join("audit"));
    record::assert_settled(&gateway.records());
}

/// Told to stop while callers go on and on: what was sent is on the record, decision and outcome, and
/// what a caller was answered had been sent.
#[tokio::test]
async fn a_gateway_told_to_stop_under_load_loses_no_record() {
    let fixture = Fixture::start(&[]).await;
    let mut gateway = Process::serve(&upstreams(&fixture)).await;
    let client = Arc::new(gateway.modern().await);
    let callers: Vec<_> = (0..16)
        .map(|n| {
            let client = Arc::clone(&client);
            tokio::spawn(async move {
                let mut answered = 0_u64;
                loop {
                    match attempt(&client, n).await {
                        Ok(answer) if answer.get("result").is_some() => answered += 1,
                        Ok(refused) => panic!("{refused}"),
                        Err(error) => {
                            assert!(!error.contains("broke off"), "{error}");
                            return answered;
                        }
                    }
                }
            })
        })
        .collect();
    eventually("it is busy", async || (fixture.started().await > 100).then_some(())).await;
    gateway.signal(Signal::TERM);
    let mut answered = 0;
    for caller in callers {
        answered += caller.await.expect("each is answered or turned away");
    }
    assert!(gateway.ended().await.success(), "{}", gateway.log());
    let started = fixture.started().await;
    assert_eq!(started, answered, "each call that was sent was answered");
    record::assert_whole(&gateway.state().join("audit"));
    let records = gateway.records();
    record::assert_settled(&records);
    let decisions = record::decisions(&records, "f__sleep");
    let sent = decisions.iter().filter(|entry| entry.disposition == "allowed").count() as u64;
    assert_eq!(sent, started, "each call that was sent is on the record");
}

#[tokio::test]
async fn a_killed_gateway_loses_no_record_and_no_child_stays() {
    let fixture = Fixture::start(&[]).await;
    let mut gateway = Process::serve(&upstreams(&fixture)).await;
    let children = children_of(gateway.pid);
    let client = Arc::new(gateway.modern().await);
    let calls: Vec<_> = (0..8)
        .map(|n| {
            let client = Arc::clone(&client);
            tokio::spawn(async move {
                let mut done = 0;
                while attempt(&client, n).await.is_ok() {
                    done += 1;
                }
                done
            })
        })
        .collect();
    eventually("calls are under way", async || (fixture.started().await > 30).then_some(())).await;
    gateway.signal(Signal::KILL);
    let mut answered = 0_u64;
    for call in calls {
        answered += call.await.expect("it ends");
    }
    assert!(!gateway.ended().await.success());
    let started = fixture.started().await;
    assert!(started >= answered);
    let folder = gateway.state().join("audit");
    let report = bartizan::audit::verify(&folder).expect("readable");
    assert_eq!(report.first_bad, None, "{report}");
    let records = gateway.records();
    let decided = record::decisions(&records, "f__sleep").len() as u64;
    assert!(decided >= started, "{started} calls ran and {decided} decisions are on the record");
    eventually("no child is left", async || children.iter().all(|pid| !lives(*pid)).then_some(()))
        .await;

    // The next start goes on where the record ends.
    let Process { folder, .. } = gateway;
    let mut again = Process::spawn(folder, &[]).await;
    let client = again.modern().await;
    assert_eq!(texts(&client.call("f__echo", json!({"text": "again"})).await), ["again"]);
    again.signal(Signal::TERM);
    again.ended().await;
    record::assert_whole(&again.state().join("audit"));
}

#[tokio::test]
async fn a_child_that_ignores_its_end_is_ended() {
    let script = format!(
        "trap '' TERM; sleep 1000 & {} --stdio; wait",
        crate::support::fixture::program().display()
    );
    let text = format!("[upstreams.s]\ncommand = [\"sh\", \"-c\", {script:?}]\n");
    let mut gateway = Process::serve(&text).await;
    let client = gateway.modern().await;
    assert_eq!(texts(&client.call("s__echo", json!({"text": "a"})).await), ["a"]);
    let shell = children_of(gateway.pid);
    let mut family = shell.clone();
    family.extend(shell.iter().flat_map(|pid| children_of(*pid)));
    assert!(family.len() >= 3, "a shell, a sleeper and the server: {family:?}");
    gateway.signal(Signal::TERM);
    assert!(gateway.ended().await.success());
    eventually("the whole family is gone", async || {
        family.iter().all(|pid| !lives(*pid)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_room_for_its_record_a_call_is_refused_and_nothing_is_sent() {
    let fixture = Fixture::start(&[]).await;
    // Files may grow to so many blocks of 512 bytes, as on a disk that is nearly full; SIGXFSZ
    // would end the process where a full disk answers with an error.
    // The same call again and again is what this test is made of.
    let text = format!("[flow.limits]\nrepeats = 0\n{}", upstreams(&fixture));
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 600; exec \"$@\"", "sh"];
    let mut gateway = Process::serve_by(&text, &limited).await;
    let client = gateway.modern().await;
    let mut ran = 0_u64;
    let refused = loop {
        let answer = client.call("f__echo", json!({"text": "x"})).await;
        // The last record that fits may be a decision: that call ran, and its answer is withheld.
        if texts(&answer) == ["x"] || answer.to_string().contains("cannot record its outcome") {
            ran += 1;
            assert!(ran < 5000, "the disk never fills");
            continue;
        }
        break answer;
    };
    assert!(ran > 0, "there was room at first");
    assert!(refused.to_string().contains("cannot write its record"), "{refused}");
    let name = refused["result"]["_meta"]["dev.bartizan/request"].as_str().expect("a name");
    assert!(gateway.log().contains(name), "the log tells of it by name: {}", gateway.log());
    let before = fixture.started().await;
    for _ in 0..5 {
        let answer = client.call("f__echo", json!({"text": "x"})).await;
        assert!(answer.to_string().contains("record"), "{answer}");
    }
    let legacy = Client::new(gateway.wire, Era::Legacy);
    // Its record is shorter and may still find room, but not for long.
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}});
    eventually("no record, no answer", async || {
        legacy.ask("initialize", params.clone()).await.get("error").map(drop)
    })
    .await;
    assert_eq!(fixture.started().await, before, "nothing was sent");
    assert_eq!(gateway.wire.get("/healthz").await.status, 200, "it lives on");
    gateway.signal(Signal::TERM);
    tokio::time::timeout(Duration::from_secs(20), gateway.ended()).await.expect("it ends");
    let report = bartizan::audit::verify(&gateway.state().join("audit")).expect("readable");
    assert_eq!(report.first_bad, None, "{report}");
}
