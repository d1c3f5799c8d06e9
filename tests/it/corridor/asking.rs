//! A server that asks its client something: elicitation, sampling, roots; and tasks.

use serde_json::{Value, json};

use super::{Far, each_pair};
use crate::support::{Client, Era, Fixture, Gateway, eventually, said, texts};

fn answer(method: &str, _params: &Value) -> Value {
    match method {
        "elicitation/create" => json!({"action": "accept", "content": {
            "name": "Ada", "username": "ada", "email": "ada@example.com",
            "ok": true, "confirm": true, "context": "tea",
        }}),
        "sampling/createMessage" => {
            json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": "Paris"}})
        }
        _ => json!({"roots": [{"uri": "file:///work", "name": "work"}]}),
    }
}

async fn interview(client: &Client, tool: &str, arguments: Value) -> (Value, Vec<String>) {
    let params = json!({"name": tool, "arguments": arguments});
    client.interview("tools/call", params, &answer).await
}

#[tokio::test]
async fn every_pair_of_eras_elicits_samples_and_asks_for_roots() {
    each_pair("", async |client, far| {
        let message = json!({"message": "Who are you?"});
        let (ended, asked) = interview(&client, "f__test_elicitation", message).await;
        assert_eq!(asked, ["elicitation/create"], "{far:?}");
        assert!(said(&ended).contains("\"ada\""), "{far:?}: {ended}");

        let (ended, asked) =
            interview(&client, "f__test_sampling", json!({"prompt": "capital?"})).await;
        assert_eq!(asked, ["sampling/createMessage"], "{far:?}");
        assert_eq!(texts(&ended), ["LLM response: Paris"], "{far:?}");

        let (ended, asked) =
            interview(&client, "f__test_input_required_result_list_roots", json!({})).await;
        assert_eq!(asked, ["roots/list"], "{far:?}");
        assert!(said(&ended).contains("file:///work"), "{far:?}: {ended}");
    })
    .await;
}

/// What was asked within a call, and what was heard, stands in the record beside the call itself.
#[tokio::test]
async fn each_question_and_each_answer_leaves_a_record_of_its_own() {
    for far in Far::ALL {
        let (gateway, _fixture) = far.start("").await;
        for era in Era::BOTH {
            let client = gateway.client(era).able(json!({"elicitation": {}})).ready().await;
            let before = gateway.records().len();
            let (_, asked) =
                interview(&client, "f__test_elicitation", json!({"message": "Who?"})).await;
            assert_eq!(asked.len(), 1, "{far:?}/{era:?}");
            let records = gateway.records().split_off(before);
            let of =
                |entry: &&crate::support::record::Entry| entry.operation == "elicitation/create";
            let noted: Vec<_> = records.iter().filter(of).collect();
            let [question, heard] = noted.as_slice() else { panic!("two of them: {noted:?}") };
            assert_eq!((&*question.disposition, &*heard.outcome), ("allowed", "ok"), "{noted:?}");
            let call = records.iter().find(|entry| entry.phase == "outcome").expect("it ended");
            for entry in [question, heard] {
                assert_eq!(entry.request, call.request, "they belong to the call");
                assert_eq!(entry.target, "f__test_elicitation");
                assert!(!entry.payload.to_string().contains("ada@example.com"), "{entry:?}");
            }
            let mut ids: Vec<_> =
                records.iter().map(|entry| entry.payload["metadata"]["uid"].clone()).collect();
            ids.sort_by_key(ToString::to_string);
            let drawn = ids.len();
            ids.dedup();
            assert_eq!(ids.len(), drawn, "no two records share an id: {ids:?}");
        }
    }
}

#[tokio::test]
async fn several_questions_and_several_rounds_reach_the_caller() {
    each_pair("", async |client, far| {
        let tool = "f__test_input_required_result_multiple_inputs";
        let (ended, mut asked) = interview(&client, tool, json!({})).await;
        asked.sort();
        assert_eq!(asked, ["elicitation/create", "roots/list", "sampling/createMessage"]);
        assert!(said(&ended).contains("Ada") && said(&ended).contains("Paris"), "{far:?}: {ended}");

        let tool = "f__test_input_required_result_multi_round";
        let params = json!({"name": tool, "arguments": {}});
        let (ended, asked) = client
            .interview("tools/call", params, &|_, params| {
                let first = params["message"].as_str().expect("a text").contains("Step 1");
                let content = if first { json!({"name": "Ada"}) } else { json!({"color": "red"}) };
                json!({"action": "accept", "content": content})
            })
            .await;
        assert_eq!(asked.len(), 2, "{far:?}");
        assert_eq!(texts(&ended), ["Ada likes red"], "{far:?}");
    })
    .await;
}

#[tokio::test]
async fn a_prompt_may_ask_too() {
    each_pair("", async |client, far| {
        let params = json!({"name": "f__test_input_required_result_prompt"});
        let (ended, asked) = client.interview("prompts/get", params, &answer).await;
        assert_eq!(asked, ["elicitation/create"], "{far:?}");
        assert!(ended.to_string().contains("Use this context: tea"), "{far:?}: {ended}");
    })
    .await;
}

#[tokio::test]
async fn a_client_is_never_asked_what_it_did_not_offer() {
    for far in Far::ALL {
        let (gateway, _fixture) = far.start("").await;
        for era in Era::BOTH {
            let client = gateway.client(era).able(json!({})).ready().await;
            let params = json!({"name": "f__test_elicitation", "arguments": {"message": "?"}});
            let (ended, asked) = client.interview("tools/call", params, &answer).await;
            assert!(asked.is_empty(), "{far:?}/{era:?}: {asked:?}");
            let failed = ended.get("error").is_some() || ended["result"]["isError"] == true;
            assert!(failed, "{far:?}/{era:?}: {ended}");
        }
        gateway.end().await;
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_form_never_reaches_the_server() {
    each_pair("", async |client, far| {
        let params = json!({"name": "f__test_elicitation", "arguments": {"message": "?"}});
        let (ended, _) = client
            .interview(
                "tools/call",
                params,
                &|_, _| json!({"action": "accept", "content": {"username": 7}}),
            )
            .await;
        assert!(!said(&ended).contains("User response: action=accept"), "{far:?}: {ended}");
    })
    .await;
}

#[tokio::test]
async fn the_state_of_a_question_works_once_and_for_its_caller_alone() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let client = gateway.client(Era::Modern).run("one");
    let other = gateway.client(Era::Modern).run("two");
    let params = json!({"name": "f__test_elicitation", "arguments": {"message": "?"}});
    let asked = client.ask("tools/call", params.clone()).await;
    let key = asked["result"]["inputRequests"].as_object().expect("questions").keys().next();
    let mut retry = params.clone();
    retry["requestState"] = asked["result"]["requestState"].clone();
    retry["inputResponses"] =
        json!({key.expect("a key"): answer("elicitation/create", &Value::Null)});

    let foreign = other.ask("tools/call", retry.clone()).await;
    assert_eq!(foreign["error"]["code"], -32602, "another's state: {foreign}");
    let mut changed = retry.clone();
    changed["arguments"]["message"] = json!("something else");
    let changed = client.ask("tools/call", changed).await;
    assert_eq!(changed["error"]["code"], -32602, "other arguments: {changed}");
    let mut forged = retry.clone();
    forged["requestState"] = json!("AAAA");
    assert_eq!(client.ask("tools/call", forged).await["error"]["code"], -32602);

    let good = client.ask("tools/call", retry.clone()).await;
    assert!(said(&good).contains("ada"), "{good}");
    let again = client.ask("tools/call", retry).await;
    assert_eq!(again["error"]["code"], -32602, "used: {again}");
    gateway.end().await;
}

const TASKS: &str = "io.modelcontextprotocol/tasks";

fn with_tasks(client: Client) -> Client {
    client.able(json!({"elicitation": {}, "extensions": {TASKS: {}}}))
}

async fn finished(client: &Client, task: &str) -> Value {
    eventually("the task ends", async || {
        let state = client.result("tasks/get", json!({"taskId": task})).await;
        (state["status"] == "completed" || state["status"] == "failed").then_some(state)
    })
    .await
}

#[tokio::test]
async fn a_task_runs_under_a_name_of_the_gateways_own() {
    let fixture = Fixture::start(&["--modern-only"]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let client = with_tasks(gateway.client(Era::Modern).run("one"));
    let started = client.call("f__slow_compute", json!({"seconds": 0.05, "label": "sum"})).await;
    assert_eq!(started["result"]["resultType"], "task", "{started}");
    let task = started["result"]["taskId"].as_str().expect("a task").to_owned();
    let ended = finished(&client, &task).await;
    assert_eq!(ended["taskId"], task.as_str());
    assert!(ended["result"].to_string().contains("sum: computed"), "{ended}");
    let sent = fixture.requests("tasks/get").await;
    assert!(!sent[0]["body"].as_str().expect("a body").contains(&task), "our name stays here");

    let other = with_tasks(gateway.client(Era::Modern).run("two"));
    let foreign = other.ask("tasks/get", json!({"taskId": task})).await;
    let unknown = other.ask("tasks/get", json!({"taskId": "nothing"})).await;
    let told = |answer: &Value| {
        let mut error = answer["error"].clone();
        error["data"].as_object_mut().and_then(|data| data.remove("dev.bartizan/request"));
        error
    };
    assert_eq!(told(&foreign), told(&unknown), "another's task is no task");
    let bare = gateway.client(Era::Modern).run("one");
    let refused = bare.ask("tasks/get", json!({"taskId": task})).await;
    assert_eq!(refused["error"]["code"], -32021, "the extension was not declared: {refused}");
    gateway.end().await;
}

#[tokio::test]
async fn a_task_asks_and_is_answered() {
    let fixture = Fixture::start(&["--modern-only"]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let client = with_tasks(gateway.client(Era::Modern));
    let started = client.call("f__confirm_delete", json!({"filename": "a.txt"})).await;
    let task = started["result"]["taskId"].as_str().expect("a task").to_owned();
    let asked = eventually("the task asks", async || {
        let state = client.result("tasks/get", json!({"taskId": task})).await;
        (state["status"] == "input_required").then_some(state)
    })
    .await;
    let key = asked["inputRequests"].as_object().and_then(|all| all.keys().next());
    let responses =
        json!({key.expect("a question"): {"action": "accept", "content": {"confirm": true}}});
    client.result("tasks/update", json!({"taskId": task, "inputResponses": responses})).await;
    let ended = finished(&client, &task).await;
    assert!(ended["result"].to_string().contains("a.txt: deleted"), "{ended}");
    gateway.end().await;
}
