//! Tasks of upstreams: what they ask, what they are answered, and what comes of them.

use serde_json::{Value, json};

use crate::support::{
    Client, Era, Fixture, Gateway, eventually,
    raw::{Raw, tool},
    record::decisions,
    said,
};

const TASKS: &str = "io.modelcontextprotocol/tasks";
const FORM: &str =
    r#"{"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}"#;

/// A caller with a task that has just begun at a scripted upstream.
struct Begun {
    gateway: Gateway,
    raw: Raw,
    client: Client,
    id: String,
}

impl Begun {
    async fn with(top: &str, tool: Value) -> Self {
        let raw = Raw::start(vec![tool]).await;
        let gateway = Gateway::start(&format!("{top}\n[upstreams.r]\n{}\n", raw.url)).await;
        let able = json!({"elicitation": {}, "extensions": {TASKS: {}}});
        let client = gateway.client(Era::Modern).able(able);
        raw.returns(&task("working", &json!({"resultType": "task"})).to_string());
        let started = client.call("r__t", json!({})).await;
        let id = started["result"]["taskId"].as_str().expect("a task").to_owned();
        Self { gateway, raw, client, id }
    }

    async fn ask(&self, method: &str, further: Value) -> Value {
        let mut params = json!({"taskId": self.id});
        for (key, value) in further.as_object().expect("members") {
            params[key] = value.clone();
        }
        self.client.ask(method, params).await
    }

    /// What the caller gets to see when the upstream says `further` of the task.
    async fn look(&self, status: &str, further: Value) -> Value {
        self.raw.returns(&task(status, &further).to_string());
        self.ask("tasks/get", json!({})).await
    }

    fn last_sent(&self) -> Value {
        self.raw.script.calls.lock().last().cloned().expect("something was sent")
    }
}

fn task(status: &str, further: &Value) -> Value {
    let mut task = json!({
        "taskId": "theirs", "status": status, "createdAt": "2026-01-01T00:00:00Z",
        "lastUpdatedAt": "2026-01-01T00:00:00Z", "resultType": "complete",
    });
    for (key, value) in further.as_object().expect("members") {
        task[key] = value.clone();
    }
    task
}

fn adding(pattern: &str) -> Value {
    let mut adding = tool("t");
    adding["outputSchema"] = json!({
        "type": "object", "properties": {"sum": {"type": "string", "pattern": pattern}},
        "required": ["sum"],
    });
    adding
}

fn ended(structured: &Value) -> Value {
    let content = json!([{"type": "text", "text": "done"}]);
    json!({"result": {"content": content, "structuredContent": structured}})
}

#[tokio::test]
async fn what_a_finished_task_carries_keeps_the_promises_of_its_tool() {
    const WITHHELD: i64 = -31008;
    let begun = Begun::with("", adding("^[0-9a-zA-Z_]+$")).await;
    let good = begun.look("completed", ended(&json!({"sum": "3"}))).await;
    assert_eq!(good["result"]["result"]["structuredContent"], json!({"sum": "3"}), "{good}");
    let header = &good["result"]["result"]["content"][0]["text"];
    assert!(header.as_str().expect("a text").starts_with("[UNTRUSTED TOOL DATA id="), "{good}");

    let mut second = ended(&json!({"sum": "3"}));
    second["result"]["tools"] = json!([tool("smuggled")]);
    // A redaction breaks the schema, so nothing of it is delivered.
    let secret = json!({"sum": "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"});
    for (what, bad) in [
        ("unfit", ended(&json!({"sum": 3}))),
        ("missing", json!({"result": {"content": []}})),
        ("a second shape", second),
        ("no object", json!({"result": [1]})),
        ("another kind of result", json!({"result": {"resultType": "task", "taskId": "x"}})),
        ("no longer fit after an edit", ended(&secret)),
    ] {
        let answer = begun.look("completed", bad).await;
        assert_eq!(answer["error"]["code"], WITHHELD, "{what}: {answer}");
    }
    let mut strange = ended(&json!({"sum": "3"}));
    strange["result"]["content"] = json!([{"type": "video", "data": "AAAA"}]);
    let shown = begun.look("completed", strange).await;
    assert!(shown["result"].is_object() && !shown.to_string().contains("video"), "{shown}");

    let error = json!({"error": {"code": -32050, "message": "no such row"}});
    let failed = begun.look("failed", error).await;
    let message = failed["result"]["error"]["message"].as_str().expect("a text");
    assert!(message.starts_with("[UNTRUSTED TOOL DATA id="), "{message}");
    assert!(message.contains("\nno such row\n"), "{message}");
    begun.gateway.end().await;
}

#[tokio::test]
async fn an_unkept_promise_passes_and_is_recorded_where_the_schema_door_observes() {
    let begun = Begun::with("[doors]\nschema = \"observe\"", adding("^[0-9]+$")).await;
    let answer = begun.look("completed", ended(&json!({"sum": 3}))).await;
    assert_eq!(answer["result"]["result"]["structuredContent"], json!({"sum": 3}), "{answer}");
    let records = begun.gateway.end().await;
    let outcome = records.iter().rfind(|entry| entry.phase == "outcome").expect("an outcome");
    assert_eq!((&*outcome.outcome, &*outcome.refusal), ("ok", "withheld"), "{outcome:?}");
}

fn question(message: &str) -> Value {
    let form: Value = serde_json::from_str(FORM).expect("json");
    let params = json!({"mode": "form", "message": message, "requestedSchema": form});
    json!({"method": "elicitation/create", "params": params})
}

#[tokio::test]
async fn what_a_task_asks_is_seen_as_it_was_screened() {
    let begun = Begun::with("", tool("t")).await;
    let secret = "postgres://app:Zq8vR2mK9xT4@10.0.0.1/prod";
    let asked = json!({
        "good": question(&format!("How\u{200b} many? {secret}")),
        "none": {"params": {"message": "I am no question, and nobody screened me"}},
    });
    let seen = begun.look("input_required", json!({"inputRequests": asked})).await;
    let requests = seen["result"]["inputRequests"].as_object().expect("questions");
    assert_eq!(requests.keys().collect::<Vec<_>>(), ["good"], "{seen}");
    let message = seen["result"]["inputRequests"]["good"]["params"]["message"].to_string();
    assert!(message.contains("How many?"), "{message}");
    assert!(!message.contains("Zq8vR2mK9xT4") && !message.contains('\u{200b}'), "{message}");

    let form: Value = json!({"type": "object", "properties": {"password": {"type": "string"}}});
    let mut phishing = question("Who are you?");
    phishing["params"]["requestedSchema"] = form;
    let long = json!({"type": "object", "properties": {"a": {"enum": ["x".repeat(20_000)]}}});
    let mut huge = question("Which?");
    huge["params"]["requestedSchema"] = long;
    let many: serde_json::Map<String, Value> =
        (0..33).map(|index| (format!("q{index}"), question("?"))).collect();
    for (what, asked) in [
        ("a secret", json!({"q": phishing})),
        ("no question of a server's", json!({"q": {"method": "shell/run", "params": {}}})),
        ("too much", json!({"q": huge})),
        ("too many", Value::Object(many)),
    ] {
        let seen = begun.look("input_required", json!({"inputRequests": asked})).await;
        assert!(seen.get("error").is_some(), "{what}: {seen}");
    }
    begun.gateway.end().await;
}

#[tokio::test]
async fn a_task_hears_only_answers_to_what_it_asked_and_that_fit() {
    let begun = Begun::with("", tool("t")).await;
    let answers = |key: &str, content: Value| json!({"inputResponses": {key: {"action": "accept", "content": content}}});
    let early = begun.ask("tasks/update", answers("q", json!({"count": 3}))).await;
    assert_eq!(early["error"]["code"], -32602, "nothing was asked: {early}");
    begun.look("input_required", json!({"inputRequests": {"q": question("How many?")}})).await;
    begun.raw.returns(r#"{"resultType": "complete"}"#);
    let before = begun.raw.called();
    for (what, wrong) in [
        ("unfit", answers("q", json!({"count": "three"}))),
        ("missing", answers("q", json!({}))),
        ("another question", answers("other", json!({"count": 3}))),
        ("no object", json!({"inputResponses": {"q": "yes"}})),
        ("no answers", json!({})),
    ] {
        let answer = begun.ask("tasks/update", wrong).await;
        assert_eq!(answer["error"]["code"], -32602, "{what}: {answer}");
    }
    assert_eq!(begun.raw.called(), before, "nothing of it was sent");

    let mut good = answers("q", json!({"count": 3}));
    good["inputResponses"]["other"] = json!({"action": "accept", "content": {"x": "smuggled"}});
    good["beside"] = json!("smuggled");
    let answer = begun.ask("tasks/update", good).await;
    assert!(answer.get("result").is_some(), "{answer}");
    let sent = begun.last_sent();
    assert_eq!(sent["params"]["taskId"], "theirs", "{sent}");
    assert_eq!(
        sent["params"]["inputResponses"],
        json!({"q": {"action": "accept", "content": {"count": 3}}}),
        "{sent}"
    );
    assert!(!sent.to_string().contains("smuggled"), "{sent}");
    begun.gateway.end().await;
}

#[tokio::test]
async fn a_task_says_nothing_when_it_begins() {
    let raw = Raw::start(vec![tool("t")]).await;
    let gateway = Gateway::start(&format!("[upstreams.r]\n{}\n", raw.url)).await;
    let client = gateway.client(Era::Modern).able(json!({"extensions": {TASKS: {}}}));
    let further = json!({
        "resultType": "task", "inputRequests": {"q": question("unscreened")},
        "result": {"tools": [tool("smuggled")]}, "error": {"code": 1, "message": "unscreened"},
    });
    raw.returns(&task("input_required", &further).to_string());
    let started = client.call("r__t", json!({})).await;
    assert_eq!(started["result"]["status"], "input_required", "{started}");
    let shown = started.to_string();
    assert!(!shown.contains("unscreened") && !shown.contains("smuggled"), "{started}");
    gateway.end().await;
}

async fn at_fixture(flags: &[&str]) -> (Gateway, Fixture, Client) {
    let fixture = Fixture::start(flags).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let able = json!({"elicitation": {}, "extensions": {TASKS: {}}});
    let client = gateway.client(Era::Modern).run("one").able(able);
    (gateway, fixture, client)
}

#[tokio::test]
async fn a_tool_that_was_kept_back_meanwhile_hears_no_answers() {
    let (gateway, fixture, client) = at_fixture(&["--modern-only", "--hostile"]).await;
    let started = client.call("f__confirm_delete", json!({"filename": "a.txt"})).await;
    let task = started["result"]["taskId"].as_str().expect("a task").to_owned();
    eventually("the task asks", async || {
        let state = client.result("tasks/get", json!({"taskId": task})).await;
        (state["status"] == "input_required").then_some(())
    })
    .await;
    client.call("f__change_definition", json!({"tool": "confirm_delete"})).await;
    eventually("the tool is kept back", async || {
        let names = client.names("tools/list").await;
        (!names.contains(&"f__confirm_delete".to_owned())).then_some(())
    })
    .await;
    let answer = json!({"action": "accept", "content": {"confirm": true}});
    let update = json!({"taskId": task, "inputResponses": {"confirm": answer}});
    let refused = client.ask("tasks/update", update).await;
    assert_eq!(refused["error"]["data"]["code"], "quarantined", "{refused}");
    assert!(fixture.requests("tasks/update").await.is_empty(), "it heard nothing");
    let cancelled = client.ask("tasks/cancel", json!({"taskId": task})).await;
    assert!(cancelled.get("result").is_some(), "it can still be ended: {cancelled}");
    gateway.end().await;
}

#[tokio::test]
async fn a_task_is_cancelled_by_its_own_caller_alone() {
    let (gateway, fixture, client) = at_fixture(&["--modern-only"]).await;
    let started = client.call("f__slow_compute", json!({"seconds": 600, "label": "sum"})).await;
    let task = json!({"taskId": started["result"]["taskId"]});
    let able = json!({"extensions": {TASKS: {}}});
    let other = gateway.client(Era::Modern).run("two").able(able);
    let foreign = other.ask("tasks/cancel", task.clone()).await;
    assert_eq!(foreign["error"]["code"], -32602, "{foreign}");
    assert!(fixture.requests("tasks/cancel").await.is_empty());
    assert_eq!(client.result("tasks/get", task.clone()).await["status"], "working");

    let answer = client.ask("tasks/cancel", task.clone()).await;
    assert!(answer.get("result").is_some(), "{answer}");
    eventually("the task is cancelled", async || {
        (client.result("tasks/get", task.clone()).await["status"] == "cancelled").then_some(())
    })
    .await;
    let records = gateway.end().await;
    let name = task["taskId"].as_str().expect("a name");
    let cancels = decisions(&records, name).into_iter();
    let cancels: Vec<_> = cancels
        .filter(|entry| entry.operation == "tasks/cancel")
        .map(|entry| &*entry.disposition)
        .collect();
    assert_eq!(cancels, ["blocked", "allowed"], "both stand in the record");
    assert!(!said(&answer).contains("error"));
}
