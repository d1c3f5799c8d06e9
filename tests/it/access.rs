//! What callers may do, as policies in a folder say.

use serde_json::{Value, json};

use crate::support::{Era, Fixture, Gateway, gateway, record::decisions, said, texts};

/// A gateway before one fixture, with `policy` as its only policy.
async fn with_policy(top: &str, policy: &str) -> (Gateway, Fixture) {
    let fixture = Fixture::start(&[]).await;
    let folder = gateway::folder();
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::write(folder.path().join("policies/one.cedar"), policy).expect("written");
    let text = format!(
        "{top}\n[access]\npolicies = \"policies\"\n[approvals.wait]\nstream_s = 0\n[upstreams.f]\n{}\n\
         [upstreams.f.tools.add]\nrisk = \"low\"\n[upstreams.f.tools.blob]\nclasses = [\"exec\"]\n",
        fixture.url()
    );
    (Gateway::start_in(folder, &text, true).await, fixture)
}

fn code(answer: &Value) -> &str {
    answer["result"]["_meta"]["dev.bartizan/refusal"]["code"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn nothing_is_allowed_that_no_policy_permits() {
    let (gateway, fixture) = with_policy("", "// Nothing.\n").await;
    for era in Era::BOTH {
        let client = gateway.client(era).ready().await;
        for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
            assert!(client.names(method).await.is_empty(), "{method}");
        }
        assert!(said(&client.call("f__echo", json!({"text": "a"})).await).contains("Unknown tool"));
        for (method, params) in [
            ("resources/read", json!({"uri": "test://static-text"})),
            ("prompts/get", json!({"name": "f__test_simple_prompt"})),
        ] {
            assert!(client.ask(method, params).await.get("error").is_some(), "{method}");
        }
    }
    assert_eq!(fixture.started().await, 0);
    let records = gateway.end().await;
    assert!(decisions(&records, "f__echo").iter().all(|entry| entry.disposition == "blocked"));
}

#[tokio::test]
async fn lists_show_what_may_be_called_and_nothing_else() {
    let policy = "permit (principal, action, resource) when { resource.risk == Risk::\"low\" };\n\
        permit (principal, action, resource == Prompt::\"f/test_simple_prompt\");\n\
        permit (principal, action, resource == Resource::\"f/test://static-text\");\n";
    let (gateway, _fixture) = with_policy("", policy).await;
    for era in Era::BOTH {
        let client = gateway.client(era).ready().await;
        assert_eq!(client.names("tools/list").await, ["f__add"]);
        assert_eq!(client.names("prompts/list").await, ["f__test_simple_prompt"]);
        assert_eq!(client.names("resources/list").await, ["test://static-text"]);
        assert!(client.names("resources/templates/list").await.is_empty());
        let read = client.ask("resources/read", json!({"uri": "test://template/1/data"})).await;
        assert!(read.get("error").is_some(), "a template is no way round: {read}");
        let read = client.ask("resources/read", json!({"uri": "test://static-text"})).await;
        assert!(read.get("result").is_some(), "{read}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn arguments_decide_and_a_missing_one_is_a_refusal() {
    let policy = "permit (principal, action == Action::\"list\", resource);\n\
        permit (principal, action == Action::\"call\", resource == Tool::\"f/echo\")\n\
        when { context.arguments.text like \"ok*\" };\n\
        permit (principal, action == Action::\"call\", resource == Tool::\"f/add\")\n\
        when { context.arguments.a < 10 };\n";
    let (gateway, fixture) = with_policy("", policy).await;
    let client = gateway.modern().await;
    assert_eq!(texts(&client.call("f__echo", json!({"text": "ok then"})).await), ["ok then"]);
    for (tool, arguments) in [
        ("f__echo", json!({"text": "no"})),
        ("f__echo", json!({})),
        ("f__echo", json!({"text": ["ok"]})),
        ("f__add", json!({"a": 10, "b": 1})),
        ("f__add", json!({"a": 9.5, "b": 1})),
    ] {
        let answer = client.call(tool, arguments.clone()).await;
        assert_eq!(code(&answer), "forbidden", "{tool} {arguments}: {answer}");
    }
    assert_eq!(
        client.call("f__add", json!({"a": 9, "b": 1})).await["result"]["isError"],
        Value::Null
    );
    assert_eq!(fixture.started().await, 2);
    let records = gateway.end().await;
    let allowed = decisions(&records, "f__echo");
    let allowed = allowed.iter().find(|entry| entry.disposition == "allowed").expect("one");
    assert!(
        allowed.payload["unmapped"]["bartizan"]["policies"].is_array(),
        "{:?}",
        allowed.payload
    );
}

#[tokio::test]
async fn a_policy_may_ask_for_a_person() {
    let policy = "permit (principal, action, resource);\n\
        @id(\"exec\")\n@hold(\"it runs code\")\n\
        forbid (principal, action == Action::\"call\", resource) when { resource.classes.contains(\"exec\") };\n";
    let (gateway, fixture) = with_policy("", policy).await;
    let client = gateway.modern().await;
    let answer = client.call("f__blob", json!({"bytes": 3})).await;
    assert_eq!(code(&answer), "approval_pending", "{answer}");
    let row = gateway.held(1).await.remove(0);
    assert!(row["reasons"].to_string().contains("it runs code"), "{row}");
    assert_eq!(fixture.started().await, 0);
    gateway.approve(row["id"].as_str().expect("an id")).await;
    assert_eq!(texts(&client.call("f__blob", json!({"bytes": 3})).await), ["xxx"]);
    gateway.end().await;
}

#[tokio::test]
async fn policies_know_runs_apart() {
    let policy = "permit (principal, action, resource)\n\
        when { context has run && context.run == \"trusted\" };\n";
    let (gateway, fixture) = with_policy("", policy).await;
    let call = async |run: &str| {
        gateway.client(Era::Modern).run(run).call("f__echo", json!({"text": "a"})).await
    };
    assert_eq!(texts(&call("trusted").await), ["a"]);
    assert!(said(&call("other").await).contains("Unknown tool"));
    assert_eq!(fixture.started().await, 1);
    gateway.end().await;
}

#[tokio::test]
async fn observe_records_what_it_would_refuse_and_refuses_nothing() {
    let (gateway, fixture) = with_policy("mode = \"observe\"", "// Nothing.\n").await;
    assert!(gateway.readyz().await["notices"].to_string().contains("observe"), "it says so");
    let metrics = gateway.wire.get("/metrics").await.text().await;
    assert!(metrics.contains("bartizan_observing 1"), "{metrics}");
    let client = gateway.modern().await;
    assert!(client.names("tools/list").await.contains(&"f__echo".to_owned()));
    assert_eq!(texts(&client.call("f__echo", json!({"text": "a"})).await), ["a"]);
    assert_eq!(fixture.started().await, 1);
    let records = gateway.end().await;
    let entry = decisions(&records, "f__echo")[0].clone();
    assert_eq!((entry.disposition.as_str(), entry.refusal.as_str()), ("observed", "unknown"));
    assert_eq!(entry.payload["unmapped"]["bartizan"]["mode"], "observe");
}

#[tokio::test]
async fn one_door_may_observe_while_the_others_enforce() {
    let (gateway, fixture) = with_policy("[doors]\naccess = \"observe\"", "// Nothing.\n").await;
    let client = gateway.modern().await;
    assert_eq!(texts(&client.call("f__echo", json!({"text": "a"})).await), ["a"]);
    let answer = client.call("f__echo", json!({"text": 7})).await;
    assert_eq!(code(&answer), "invalid_arguments", "the schema door enforces: {answer}");
    assert_eq!(fixture.started().await, 1);
    gateway.end().await;
}
