//! Lists, calls, resources, prompts and completions.

use serde_json::{Value, json};

use super::each_pair;
use crate::support::{Era, Fixture, Gateway, said, texts};

#[tokio::test]
async fn every_pair_of_eras_lists_and_calls() {
    each_pair("", async |client, far| {
        let names = client.names("tools/list").await;
        assert!(names.contains(&"f__echo".to_owned()), "{far:?}: {names:?}");
        assert!(names.iter().all(|name| name.starts_with("f__")), "{far:?}: {names:?}");
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(names, sorted, "the order is always the same");
        let answer = client.call("f__echo", json!({"text": "hello"})).await;
        assert_eq!(texts(&answer), ["hello"], "{far:?}");
        let answer = client.call("f__add", json!({"a": 1, "b": 2})).await;
        assert_eq!(answer["result"]["structuredContent"], json!({"sum": 3.0}), "{far:?}");
        let answer = client.call("f__test_error_handling", json!({})).await;
        assert_eq!(answer["result"]["isError"], true, "{far:?}");
    })
    .await;
}

#[tokio::test]
async fn every_pair_of_eras_reads_gets_and_completes() {
    each_pair("", async |client, far| {
        let uris = client.names("resources/list").await;
        assert!(uris.contains(&"test://static-text".to_owned()), "{far:?}: {uris:?}");
        let read = client.result("resources/read", json!({"uri": "test://static-text"})).await;
        let contents = read["contents"].as_array().expect("contents");
        let text = "This is the content of the static text resource.";
        assert!(contents.iter().any(|content| content["text"] == text), "{far:?}: {read}");
        let templates = client.names("resources/templates/list").await;
        assert_eq!(templates, ["test://template/{id}/data"], "{far:?}");
        let read = client.result("resources/read", json!({"uri": "test://template/7/data"})).await;
        assert!(read.to_string().contains("Data for ID: 7"), "{far:?}: {read}");

        let prompts = client.names("prompts/list").await;
        assert!(prompts.contains(&"f__test_prompt_with_arguments".to_owned()), "{far:?}");
        let arguments = json!({"arg1": "one", "arg2": "two"});
        let params = json!({"name": "f__test_prompt_with_arguments", "arguments": arguments});
        let prompt = client.result("prompts/get", params).await;
        let text = &prompt["messages"][0]["content"]["text"];
        assert_eq!(text, "Prompt with arguments: arg1='one', arg2='two'", "{far:?}");

        let reference = json!({"type": "ref/prompt", "name": "f__test_prompt_with_arguments"});
        let params = json!({"ref": reference, "argument": {"name": "arg1", "value": "par"}});
        let completed = client.result("completion/complete", params).await;
        let words = json!(["paris", "park", "party"]);
        assert_eq!(completed["completion"]["values"], words, "{far:?}");
        let reference = json!({"type": "ref/resource", "uri": "test://template/{id}/data"});
        let params = json!({"ref": reference, "argument": {"name": "id", "value": "tes"}});
        let completed = client.result("completion/complete", params).await;
        assert_eq!(completed["completion"]["values"], json!(["test", "testing"]), "{far:?}");
    })
    .await;
}

#[tokio::test]
async fn results_are_in_the_callers_era() {
    each_pair("", async |client, far| {
        let list = client.result("tools/list", json!({})).await;
        let call = client.call("f__echo", json!({"text": "hello"})).await;
        match client.era {
            Era::Modern => {
                assert_eq!(list["resultType"], "complete", "{far:?}");
                assert_eq!((&list["ttlMs"], &list["cacheScope"]), (&json!(0), &json!("private")));
                assert_eq!(call["result"]["resultType"], "complete", "{far:?}");
                let server = "io.modelcontextprotocol/serverInfo";
                assert_eq!(call["result"]["_meta"][server]["name"], "bartizan", "{far:?}");
            }
            Era::Legacy => {
                for key in ["resultType", "ttlMs", "cacheScope"] {
                    assert!(list.get(key).is_none(), "{far:?}: {key}");
                    assert!(call["result"].get(key).is_none(), "{far:?}: {key}");
                }
            }
        }
    })
    .await;
}

/// Takes the caller's own words and the request's names out of an answer.
fn anonymous(mut answer: Value, name: &str) -> String {
    answer["id"] = Value::Null;
    if let Some(data) = answer["error"]["data"].as_object_mut() {
        assert!(data.remove("dev.bartizan/request").is_some());
    }
    answer.to_string().replace(name, "NAME")
}

#[tokio::test]
async fn an_unknown_tool_and_a_forbidden_one_are_answered_alike() {
    let fixture = Fixture::start(&[]).await;
    let folder = crate::support::gateway::folder();
    let policies = folder.path().join("policies");
    std::fs::create_dir(&policies).expect("a folder");
    let policy = "permit (principal, action, resource) when { resource.name != \"add\" \
        && resource.name != \"test://static-text\" && resource.name != \"test_simple_prompt\" };";
    std::fs::write(policies.join("one.cedar"), policy).expect("written");
    let url = fixture.url();
    let text = format!("[access]\npolicies = \"policies\"\n[upstreams.f]\n{url}\n");
    let gateway = Gateway::start_in(folder, &text, true).await;
    for era in Era::BOTH {
        let client = gateway.client(era).ready().await;
        let names = client.names("tools/list").await;
        assert!(!names.contains(&"f__add".to_owned()) && names.contains(&"f__echo".to_owned()));
        let forbidden = client.call("f__add", json!({"a": 1, "b": 2})).await;
        let unknown = client.call("f__xyz", json!({"a": 1, "b": 2})).await;
        assert!(said(&forbidden).contains("Unknown tool: f__add"), "{forbidden}");
        assert_eq!(anonymous(forbidden, "f__add"), anonymous(unknown, "f__xyz"));

        let pairs = [
            ("resources/read", "uri", "test://static-text", "test://nothing-at-all"),
            ("prompts/get", "name", "f__test_simple_prompt", "f__no_such_prompt"),
        ];
        for (method, key, forbidden, unknown) in pairs {
            let one = client.ask(method, json!({key: forbidden})).await;
            let two = client.ask(method, json!({key: unknown})).await;
            assert!(one.get("error").is_some(), "{one}");
            assert_eq!(anonymous(one, forbidden), anonymous(two, unknown), "{method}");
        }
        for (kind, key, forbidden, unknown) in [
            ("ref/prompt", "name", "f__test_simple_prompt", "f__no_such_prompt"),
            ("ref/resource", "uri", "test://static-text", "test://nothing-at-all"),
        ] {
            let complete = async |name: &str| {
                let argument = json!({"name": "arg1", "value": "p"});
                let params = json!({"ref": {"type": kind, key: name}, "argument": argument});
                let answer = client.ask("completion/complete", params).await;
                assert!(answer.get("error").is_some(), "{answer}");
                anonymous(answer, name)
            };
            assert_eq!(complete(forbidden).await, complete(unknown).await, "{kind}");
        }
    }
    assert_eq!(fixture.started().await, 0, "nothing was sent");
    gateway.end().await;
}

#[tokio::test]
async fn an_endpoint_of_its_own_keeps_the_servers_own_names() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    for era in Era::BOTH {
        let client = gateway.client(era).at("f").ready().await;
        assert!(client.names("tools/list").await.contains(&"echo".to_owned()));
        let answer = client.call("echo", json!({"text": "own"})).await;
        assert_eq!(texts(&answer), ["own"]);
        let answer = client.call("f__echo", json!({"text": "own"})).await;
        assert!(said(&answer).contains("Unknown tool"), "{answer}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn plain_naming_keeps_the_names_of_a_single_upstream() {
    let fixture = Fixture::start(&[]).await;
    let text = format!("naming = \"plain\"\n[upstreams.f]\n{}\n", fixture.url());
    let gateway = Gateway::start(&text).await;
    let client = gateway.modern().await;
    assert!(client.names("tools/list").await.contains(&"echo".to_owned()));
    assert_eq!(texts(&client.call("echo", json!({"text": "plain"})).await), ["plain"]);
    gateway.end().await;
}

#[tokio::test]
async fn mirrored_headers_are_made_anew_for_the_upstream() {
    let fixture = Fixture::start(&["--modern-only"]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let client = gateway
        .client(Era::Modern)
        .header("mcp-param-region", "eu")
        .header("authorization", "Bearer the-callers-own")
        .header("cookie", "a=b");
    let answer = client.call("f__test_x_mcp_header", json!({"region": "eu"})).await;
    assert!(said(&answer).contains("eu"), "{answer}");
    let sent = fixture.requests("tools/call").await;
    let headers = &sent[0]["headers"];
    assert_eq!(headers["mcp-name"], "test_x_mcp_header", "after renaming: {headers}");
    assert_eq!(
        (&headers["mcp-method"], &headers["mcp-param-region"]),
        (&json!("tools/call"), &json!("eu"))
    );
    assert!(headers.get("authorization").is_none(), "no token passes through: {headers}");
    assert!(headers.get("cookie").is_none(), "{headers}");
    gateway.end().await;
}

#[tokio::test]
async fn pages_of_the_upstream_are_fetched_to_the_end() {
    let fixture = Fixture::start(&["--page-size", "7"]).await;
    let all = Fixture::start(&[]).await;
    let upstreams = format!("[upstreams.f]\n{}\n[upstreams.g]\n{}\n", fixture.url(), all.url());
    let gateway = Gateway::start(&upstreams).await;
    let client = gateway.modern().await;
    let names = client.names("tools/list").await;
    let of = |prefix: &str| names.iter().filter(|name| name.starts_with(prefix)).count();
    assert!(of("g__") > 30, "{names:?}");
    assert_eq!(of("f__"), of("g__"), "every page was fetched");
    gateway.end().await;
}
