//! Every text that a model or a server reads is scanned. `docs/surfaces.md` lists them; a row of it
//! without a case here, or a case without a row, fails.
//!
//! Each case stands twice: a word that a rule blocks, or that the classifier finds, never reaches the
//! other side, and a harmless one does, which shows that the place is one that texts pass through.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{
    Client, Era, Gateway,
    onnx::classifier,
    raw::{Raw, text_result, tool},
};

mod definitions;

const PAGE: &str = include_str!("../../../docs/surfaces.md");
const RULES: &str = include_str!("canary.toml");
/// A rule blocks this word wherever it stands, and the tests' model knows it.
const BLOCKED: &str = "canarybird";
/// No rule knows this one.
const HARMLESS: &str = "songbirdie";

/// What stands in the way of the word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Guard {
    Rule,
    Classifier,
}

impl Guard {
    const BOTH: [Self; 2] = [Self::Rule, Self::Classifier];

    /// Rules read all rows. The classifier leaves some out, which `docs/known-gaps.md` says.
    fn reads(self, row: &str) -> bool {
        self == Self::Rule || !["argument.meta", "argument.beside"].contains(&row)
    }
}

/// Every part of a message that can be scored.
const SCORED: &str = "surfaces = [\"tool_arguments\", \"tool_result\", \"tool_definition\", \
    \"prompt_arguments\", \"prompt\", \"resource\", \"instructions\", \"error\", \"elicitation\", \
    \"sampling\", \"completion\", \"input_response\"]";

/// Results of calls, by the row of the page.
fn results(word: &str) -> Vec<(&'static str, Value)> {
    let block = |block: Value| json!({"content": [block]});
    let text = |text: &str| json!({"type": "text", "text": text});
    vec![
        ("result.text", block(text(word))),
        ("result.error", json!({"isError": true, "content": [text(word)]})),
        (
            "result.structured-value",
            json!({"content": [], "structuredContent": {"a": [{"b": word}]}}),
        ),
        (
            "result.structured-key",
            json!({"content": [], "structuredContent": {format!("a {word} key"): 1}}),
        ),
        (
            "result.resource-text",
            block(json!({"type": "resource", "resource": {"uri": "a://b", "text": word}})),
        ),
        (
            "result.resource-uri",
            block(
                json!({"type": "resource", "resource": {"uri": format!("a://{word}"), "text": "t"}}),
            ),
        ),
        (
            "result.link-uri",
            block(json!({"type": "resource_link", "uri": format!("a://{word}"), "name": "n"})),
        ),
        ("result.link-name", block(json!({"type": "resource_link", "uri": "a://b", "name": word}))),
        (
            "result.link-title",
            block(json!({"type": "resource_link", "uri": "a://b", "name": "n", "title": word})),
        ),
        (
            "result.link-description",
            block(
                json!({"type": "resource_link", "uri": "a://b", "name": "n", "description": word}),
            ),
        ),
        (
            "result.mime-type",
            block(
                json!({"type": "image", "data": "iVBORw0KGgo=", "mimeType": format!("image/{word}")}),
            ),
        ),
        (
            "result.block-meta",
            json!({"content": [{"type": "text", "text": "t", "_meta": {"example.com/a": word}}]}),
        ),
        ("result.meta", json!({"content": [], "_meta": {"example.com/a": word}})),
        ("result.unknown-member", json!({"content": [], "extra": {"deep": [word]}})),
    ]
}

#[tokio::test]
async fn results_are_read_wherever_text_may_stand() {
    for guard in Guard::BOTH {
        let mut rows = Rows::of("result.", guard);
        let (gateway, raw) = guarded(guard, vec![tool("t")]).await;
        let client = gateway.client(Era::Modern);
        for word in [BLOCKED, HARMLESS] {
            for (row, mut result) in results(word) {
                result["resultType"] = json!("complete");
                raw.returns(&result.to_string());
                let seen = client.call("r__t", json!({})).await.to_string();
                rows.judge(row, word, &seen);
            }
        }
        rows.end();
        gateway.end().await;
    }
}

#[tokio::test]
async fn errors_are_read_with_their_data() {
    for guard in Guard::BOTH {
        let mut rows = Rows::of("error.", guard);
        let (gateway, raw) = guarded(guard, vec![tool("t")]).await;
        let client = gateway.client(Era::Modern);
        for word in [BLOCKED, HARMLESS] {
            for (row, error) in [
                ("error.message", json!({"code": -32000, "message": word})),
                ("error.data", json!({"code": -32000, "message": "m", "data": {"deep": [word]}})),
            ] {
                let answer = json!({"jsonrpc": "2.0", "id": "$ID", "error": error}).to_string();
                raw.answers(answer.replace("\"$ID\"", "$ID").into_bytes());
                let seen = client.ask("resources/read", json!({"uri": "a://b"})).await.to_string();
                rows.judge(row, word, &seen);
            }
        }
        rows.end();
        gateway.end().await;
    }
}

#[tokio::test]
async fn prompts_resources_and_completions_are_read() {
    for guard in Guard::BOTH {
        let mut rows = Rows::of("answer.", guard);
        let (gateway, raw) = guarded(guard, vec![tool("t")]).await;
        let client = gateway.client(Era::Modern);
        let message = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
        let text = |text: &str| json!({"type": "text", "text": text});
        let embedded =
            |text: &str| json!({"type": "resource", "resource": {"uri": "a://b", "text": text}});
        let prompt = ("prompts/get", json!({"name": "r__p"}));
        let resource = ("resources/read", json!({"uri": "a://b"}));
        let reference = json!({"ref": {"type": "ref/prompt", "name": "r__p"},
        "argument": {"name": "a", "value": "x"}});
        let completion = ("completion/complete", reference);
        for word in [BLOCKED, HARMLESS] {
            for (row, (method, params), mut result) in [
                ("answer.prompt-text", &prompt, message(text(word))),
                ("answer.prompt-resource", &prompt, message(embedded(word))),
                (
                    "answer.prompt-description",
                    &prompt,
                    json!({"messages": [], "description": word}),
                ),
                (
                    "answer.resource-text",
                    &resource,
                    json!({"contents": [{"uri": "a://b", "text": word}], "ttlMs": 0, "cacheScope": "private"}),
                ),
                (
                    "answer.resource-uri",
                    &resource,
                    json!({"contents": [{"uri": format!("a://{word}"), "text": "t"}], "ttlMs": 0,
                    "cacheScope": "private"}),
                ),
                ("answer.completion", &completion, json!({"completion": {"values": [word]}})),
            ] {
                result["resultType"] = json!("complete");
                raw.returns(&result.to_string());
                let seen = client.ask(method, params.clone()).await.to_string();
                rows.judge(row, word, &seen);
            }
        }
        rows.end();
        gateway.end().await;
    }
}

#[tokio::test]
async fn questions_of_servers_and_their_answers_are_read() {
    for guard in Guard::BOTH {
        let mut rows = Rows::of("question.", guard);
        let (gateway, raw) = guarded(guard, vec![tool("t")]).await;
        let able = json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}});
        let client = gateway.client(Era::Modern).able(able);
        let form = |message: &str, name: &str, about: &str| {
            json!({"mode": "form", "message": message, "requestedSchema": {"type": "object",
            "properties": {name: {"type": "string", "description": about}}}})
        };
        let message =
            |text: &str| json!([{"role": "user", "content": {"type": "text", "text": text}}]);
        let (elicit, sample) = ("elicitation/create", "sampling/createMessage");
        for word in [BLOCKED, HARMLESS] {
            for (row, method, params) in [
                ("question.form-message", elicit, form(word, "a", "b")),
                ("question.form-field", elicit, form("m", &format!("a {word}"), "b")),
                ("question.form-schema", elicit, form("m", "a", word)),
                (
                    "question.url",
                    elicit,
                    json!({"mode": "url", "message": "m", "elicitationId": "e",
                    "url": format!("https://a.example/{word}")}),
                ),
                (
                    "question.sampling-text",
                    sample,
                    json!({"messages": message(word), "maxTokens": 9}),
                ),
                (
                    "question.sampling-system",
                    sample,
                    json!({"messages": message("m"), "systemPrompt": word, "maxTokens": 9}),
                ),
            ] {
                raw.returns(&asks(method, &params).to_string());
                let asked = client.call("r__t", json!({})).await;
                rows.judge(row, word, &asked.to_string());
                answered(&client, &raw, &asked, &json!({"action": "decline"})).await;
            }
            for (row, method, params, answer) in [
                (
                    "question.form-answer",
                    elicit,
                    form("m", "a", "b"),
                    json!({"action": "accept", "content": {"a": word}}),
                ),
                (
                    "question.sampling-answer",
                    sample,
                    json!({"messages": message("m"), "maxTokens": 9}),
                    json!({"role": "assistant", "content": {"type": "text", "text": word}, "model": "m"}),
                ),
            ] {
                raw.returns(&asks(method, &params).to_string());
                let asked = client.call("r__t", json!({})).await;
                raw.script.calls.lock().clear();
                answered(&client, &raw, &asked, &answer).await;
                rows.judge(row, word, &json!(*raw.script.calls.lock()).to_string());
            }
        }
        rows.end();
        gateway.end().await;
    }
}

#[tokio::test]
async fn notifications_are_read_before_they_are_passed_on() {
    let mut rows = Rows::of("notification.", Guard::Rule);
    let (gateway, raw) = guarded(Guard::Rule, vec![tool("t")]).await;
    let client = gateway.client(Era::Modern).with_progress(json!("p")).with_logs("debug");
    *raw.script.content_type.lock() = Some("text/event-stream");
    let done =
        json!({"jsonrpc": "2.0", "id": "$ID", "result": {"content": [], "resultType": "complete"}});
    for word in [BLOCKED, HARMLESS] {
        for (row, method, params) in [
            (
                "notification.progress",
                "notifications/progress",
                json!({"progressToken": "$TOKEN", "progress": 1, "message": word}),
            ),
            (
                "notification.log",
                "notifications/message",
                json!({"level": "error", "logger": "l", "data": {"deep": [word]}}),
            ),
        ] {
            let notice = json!({"jsonrpc": "2.0", "method": method, "params": params});
            let events = format!("data: {notice}\n\ndata: {done}\n\n").replace("\"$ID\"", "$ID");
            raw.answers(events.into_bytes());
            let reply = client.begin("r__t", json!({})).await;
            let (_, told) = reply.finish().await;
            rows.judge(row, word, &json!(told).to_string());
        }
    }
    rows.end();
    gateway.end().await;
}

#[tokio::test]
async fn what_a_client_sends_is_read_before_a_server_gets_it() {
    for guard in Guard::BOTH {
        let mut rows = Rows::of("argument.", guard);
        let (gateway, raw) = guarded(guard, vec![tool("t")]).await;
        let client = gateway.client(Era::Modern);
        for word in [BLOCKED, HARMLESS] {
            for (row, method, params) in [
                (
                    "argument.value",
                    "tools/call",
                    json!({"name": "r__t", "arguments": {"a": [{"b": word}]}}),
                ),
                (
                    "argument.key",
                    "tools/call",
                    json!({"name": "r__t", "arguments": {format!("a {word} key"): 1}}),
                ),
                (
                    "argument.meta",
                    "tools/call",
                    json!({"name": "r__t", "arguments": {}, "_meta": {"example.com/a": word}}),
                ),
                (
                    "argument.beside",
                    "tools/call",
                    json!({"name": "r__t", "arguments": {}, "extra": {"deep": [word]}}),
                ),
                (
                    "argument.prompt",
                    "prompts/get",
                    json!({"name": "r__p", "arguments": {"a": word}}),
                ),
                (
                    "argument.completion",
                    "completion/complete",
                    json!({"ref": {"type": "ref/prompt", "name": "r__p"},
                    "argument": {"name": "a", "value": word}}),
                ),
            ] {
                raw.script.calls.lock().clear();
                client.ask(method, params).await;
                rows.judge(row, word, &json!(*raw.script.calls.lock()).to_string());
            }
        }
        rows.end();
        gateway.end().await;
    }
}

#[test]
fn the_page_lists_what_is_tested_and_nothing_else() {
    const GROUPS: [&str; 7] =
        ["answer.", "argument.", "definition.", "error.", "notification.", "question.", "result."];
    for row in page() {
        assert!(GROUPS.iter().any(|group| row.starts_with(group)), "`{row}` is in no group");
    }
}

/// Answers what was asked, so that the call ends.
async fn answered(client: &Client, raw: &Raw, asked: &Value, answer: &Value) {
    let state = &asked["result"]["requestState"];
    if state.is_null() {
        return;
    }
    raw.returns(&text_result("ok"));
    let again = json!({"name": "r__t", "arguments": {}, "requestState": state,
        "inputResponses": {"q": answer}});
    client.ask("tools/call", again).await;
}

fn asks(method: &str, params: &Value) -> Value {
    let requests = json!({"q": {"method": method, "params": params}});
    json!({"resultType": "input_required", "inputRequests": requests, "requestState": "s"})
}

/// A gateway in front of a raw server that has a prompt and a resource too, with the rule on top.
async fn guarded(guard: Guard, tools: Vec<Value>) -> (Gateway, Raw) {
    let raw = Raw::start(tools).await;
    let lists = [
        ("prompts", json!({"name": "p", "arguments": [{"name": "a"}]})),
        ("resources", json!({"name": "b", "uri": "a://b"})),
    ];
    *raw.script.lists.lock() = lists.map(|(list, item)| (list, vec![item])).into();
    (before(guard, &raw).await, raw)
}

/// The same in front of a server that stands already.
async fn before(guard: Guard, raw: &Raw) -> Gateway {
    let folder = crate::support::gateway::folder();
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    let guard = match guard {
        Guard::Rule => {
            std::fs::write(folder.path().join("rules/canary.toml"), RULES).expect("written");
            "[firewall]\nrules = \"rules\"\n".to_owned()
        }
        Guard::Classifier => classifier(SCORED).await + "[approvals.wait]\nstream_s = 1\n",
    };
    let text = format!("{guard}[upstreams.r]\n{}\n", raw.url);
    Gateway::start_in(folder, &text, true).await
}

fn page() -> BTreeSet<&'static str> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(row, _)| row).collect()
}

/// The rows of one group, and what became of them.
struct Rows {
    guard: Guard,
    open: BTreeSet<&'static str>,
    wrong: BTreeMap<String, String>,
}

impl Rows {
    fn of(group: &str, guard: Guard) -> Self {
        let open = page().into_iter().filter(|row| row.starts_with(group)).collect();
        Self { guard, open, wrong: BTreeMap::new() }
    }

    /// The blocked word must not have arrived, the harmless one must.
    fn judge(&mut self, row: &'static str, word: &str, seen: &str) {
        let tested = self.open.remove(row) || word == HARMLESS;
        if !tested {
            self.wrong.insert(row.to_owned(), "stands on no page".to_owned());
        } else if seen.contains(word) == (word == BLOCKED && self.guard.reads(row)) {
            let start: String = seen.chars().take(400).collect();
            self.wrong.insert(format!("{row} with {word}"), start);
        }
    }

    fn end(self) {
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
        assert!(self.open.is_empty(), "not tested: {:?}", self.open);
    }
}
