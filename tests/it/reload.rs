//! A changed configuration takes effect without dropping a call; a bad one changes nothing.

use std::sync::Arc;

use bartizan::app::AdminRequest;
use serde_json::json;

use crate::support::{Era, Fixture, Gateway, eventually, everything, gateway, texts};

fn config(fixture: &Fixture, more: &str) -> String {
    format!("{more}\n[upstreams.f]\n{}\n", fixture.url())
}

#[tokio::test]
async fn a_running_call_outlives_a_reload() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&config(&fixture, "")).await;
    let client = Arc::new(gateway.modern().await);
    let caller = Arc::clone(&client);
    let running = tokio::spawn(async move { caller.call("f__sleep", json!({"ms": 400})).await });
    eventually("the call runs", async || (fixture.started().await == 1).then_some(())).await;
    let limits = "[limits]\ncalls_per_principal = { per_minute = 1, burst = 2 }";
    gateway.write_config(&config(&fixture, limits));
    gateway.admin(&AdminRequest::Reload).await.expect("a good configuration");
    assert_eq!(texts(&running.await.expect("an answer")), ["slept 400 ms"]);
    for expected in [true, true, false] {
        let answer = client.call("f__echo", json!({"text": "a"})).await;
        assert_eq!(texts(&answer) == ["a"], expected, "the new limit is in force: {answer}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_changed_file_is_noticed_without_a_word() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&config(&fixture, "")).await;
    let client = gateway.modern().await;
    assert_eq!(texts(&client.call("f__echo", json!({"text": "a"})).await), ["a"]);
    gateway.write_config(&format!(
        "{}\n[upstreams.s]\n{}\n",
        config(&fixture, ""),
        everything(&[])
    ));
    eventually("the new server is there", async || {
        client.names("tools/list").await.contains(&"s__echo".to_owned()).then_some(())
    })
    .await;
    assert_eq!(texts(&client.call("s__echo", json!({"text": "b"})).await), ["b"]);
    gateway.write_config(&config(&fixture, ""));
    eventually("it goes again", async || {
        (!client.names("tools/list").await.contains(&"s__echo".to_owned())).then_some(())
    })
    .await;
    assert_eq!(texts(&client.call("f__echo", json!({"text": "a"})).await), ["a"]);
    gateway.end().await;
}

#[tokio::test]
async fn a_changed_upstream_is_started_anew_under_its_name() {
    let (one, two) = (Fixture::start(&[]).await, Fixture::start(&[]).await);
    let gateway = Gateway::start(&config(&one, "")).await;
    let client = gateway.modern().await;
    assert_eq!(texts(&client.call("f__echo", json!({"text": "a"})).await), ["a"]);
    for (next, count) in [(&two, 1), (&one, 2), (&two, 2), (&one, 3)] {
        gateway.write_config(&config(next, ""));
        gateway.admin(&AdminRequest::Reload).await.expect("a good configuration");
        // Another address is another server, which a person must take each time.
        gateway.accept_server("f").await;
        eventually("calls go to the new one", async || {
            let answer = client.call("f__echo", json!({"text": "b"})).await;
            (texts(&answer) == ["b"]).then_some(())
        })
        .await;
        assert_eq!(next.started().await, count);
    }
    gateway.end().await;
}

#[tokio::test]
async fn policies_rules_and_settings_are_taken_over() {
    let fixture = Fixture::start(&[]).await;
    let folder = gateway::folder();
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    let allow = "permit (principal, action, resource);";
    std::fs::write(folder.path().join("policies/one.cedar"), allow).expect("written");
    let top = "[access]\npolicies = \"policies\"\n[firewall]\nrules = \"rules\"\n\
        [approvals.wait]\nstream_s = 0";
    let gateway = Gateway::start_in(folder, &config(&fixture, top), true).await;
    let client = gateway.modern().await;
    let reload = async || gateway.admin(&AdminRequest::Reload).await;
    let note = json!({"text": "about project zanzibar"});
    assert_eq!(texts(&client.call("f__echo", note.clone()).await), ["about project zanzibar"]);

    gateway.write("rules/own.toml", crate::firewall::OWN_RULES);
    reload().await.expect("good rules");
    let answer = client.call("f__echo", note).await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");

    let deny = "permit (principal, action, resource) when { resource.name != \"add\" };";
    gateway.write("policies/one.cedar", deny);
    reload().await.expect("good policies");
    assert!(!client.names("tools/list").await.contains(&"f__add".to_owned()));

    let held = format!("{}[upstreams.f.tools.echo]\nhold = true\n", config(&fixture, top));
    gateway.write_config(&held);
    reload().await.expect("a good configuration");
    let answer = client.call("f__echo", json!({"text": "wait"})).await;
    assert!(answer.to_string().contains("approval_pending"), "{answer}");
    gateway.end().await;
}

#[tokio::test]
async fn a_broken_file_leaves_the_last_good_one_in_force() {
    let fixture = Fixture::start(&[]).await;
    let folder = gateway::folder();
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    let policy = "permit (principal, action, resource) when { resource.name != \"add\" };";
    std::fs::write(folder.path().join("policies/one.cedar"), policy).expect("written");
    std::fs::write(folder.path().join("rules/own.toml"), crate::firewall::OWN_RULES)
        .expect("written");
    let top = "[access]\npolicies = \"policies\"\n[firewall]\nrules = \"rules\"";
    let good = config(&fixture, top);
    let gateway = Gateway::start_in(folder, &good, true).await;
    let client = gateway.client(Era::Modern);
    let holds = async || {
        let names = client.names("tools/list").await;
        assert!(names.contains(&"f__echo".to_owned()) && !names.contains(&"f__add".to_owned()));
        let answer = client.call("f__echo", json!({"text": "project zanzibar"})).await;
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert_eq!(texts(&client.call("f__echo", json!({"text": "a"})).await), ["a"]);
    };
    let breaks = [
        ("bartizan.toml", "[upstreams.f]\ncommand = [", "bartizan.toml"),
        ("bartizan.toml", "[upstreams.f]\nurl = \"ftp://x\"\n", "url"),
        ("policies/one.cedar", "permit (principal, action, resource", "one.cedar"),
        ("rules/own.toml", "schema = 1\n[[rule]]\nid = 7\n", "own.toml"),
    ];
    for (file, text, named) in breaks {
        let path = gateway.folder.path().join(file);
        let before = std::fs::read_to_string(&path).expect("it was there");
        std::fs::write(&path, text).expect("written");
        let error = gateway.admin(&AdminRequest::Reload).await.expect_err("it is broken");
        assert!(error.contains(named), "{file}: {error}");
        holds().await;
        std::fs::write(&path, before).expect("written");
    }
    std::fs::remove_file(gateway.config_path()).expect("removed");
    gateway.admin(&AdminRequest::Reload).await.expect_err("the file is gone");
    holds().await;
    gateway.end().await;
}

#[tokio::test]
async fn an_ended_upstream_leaves_no_process() {
    let fixture = Fixture::start(&[]).await;
    let with = format!("{}\n[upstreams.s]\n{}\n", config(&fixture, ""), everything(&[]));
    let gateway = Gateway::start(&with).await;
    let ours = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("--stdio")
    };
    // Other tests of this process have children too: those that are there now and go are ours.
    let before: Vec<u32> =
        crate::support::children_of(std::process::id()).into_iter().filter(ours).collect();
    assert!(!before.is_empty());
    gateway.write_config(&config(&fixture, ""));
    gateway.admin(&AdminRequest::Reload).await.expect("a good configuration");
    eventually("a child ends", async || {
        before.iter().any(|pid| !crate::support::lives(*pid)).then_some(())
    })
    .await;
    gateway.end().await;
}
