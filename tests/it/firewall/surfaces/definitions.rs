//! What a server says of its tools, prompts and resources, and of itself.

use serde_json::{Value, json};

use super::{BLOCKED, Guard, HARMLESS, Rows, before};
use crate::support::{
    Era,
    raw::{Raw, tool},
};

/// A tool whose schema has `member` somewhere.
fn schema(member: &Value) -> Value {
    json!({"type": "object", "properties": {"a": member}})
}

/// Tools, by the row of the page; each has the word in another place.
fn tools(word: &str) -> Vec<(&'static str, Value)> {
    let with = |key: &str, value: Value| {
        let mut tool = tool("t");
        tool[key] = value;
        tool
    };
    vec![
        ("definition.tool-name", with("name", json!(word))),
        ("definition.tool-title", with("title", json!(word))),
        ("definition.tool-description", with("description", json!(word))),
        ("definition.tool-annotation", with("annotations", json!({"title": word}))),
        (
            "definition.tool-icon",
            with("icons", json!([{"src": format!("https://a.example/{word}")}])),
        ),
        ("definition.tool-meta", with("_meta", json!({"example.com/a": word}))),
        ("definition.tool-unknown-member", with("extra", json!({"deep": [word]}))),
        (
            "definition.schema-property",
            with("inputSchema", json!({"type": "object", "properties": {word: {}}})),
        ),
        ("definition.schema-title", with("inputSchema", schema(&json!({"title": word})))),
        (
            "definition.schema-description",
            with("inputSchema", schema(&json!({"description": word}))),
        ),
        ("definition.schema-enum", with("inputSchema", schema(&json!({"enum": [word]})))),
        ("definition.schema-const", with("inputSchema", schema(&json!({"const": word})))),
        ("definition.schema-default", with("inputSchema", schema(&json!({"default": word})))),
        ("definition.schema-examples", with("inputSchema", schema(&json!({"examples": [word]})))),
        ("definition.schema-pattern", with("inputSchema", schema(&json!({"pattern": word})))),
        ("definition.schema-comment", with("inputSchema", schema(&json!({"$comment": word})))),
        (
            "definition.schema-defs",
            with("inputSchema", json!({"type": "object", "$defs": {"d": {"description": word}}})),
        ),
        ("definition.output-schema", with("outputSchema", schema(&json!({"description": word})))),
    ]
}

/// Entries of other lists, by the row of the page: the list's method and member, and the entry.
fn entries(word: &str) -> Vec<(&'static str, &'static str, &'static str, Value)> {
    const PROMPTS: (&str, &str) = ("prompts/list", "prompts");
    const RESOURCES: (&str, &str) = ("resources/list", "resources");
    const TEMPLATES: (&str, &str) = ("resources/templates/list", "resourceTemplates");
    let prompt = |key: &str, value: Value| {
        let mut prompt = json!({"name": "p"});
        prompt[key] = value;
        prompt
    };
    let argument = |key: &str| {
        let mut argument = json!({"name": "a"});
        argument[key] = json!(word);
        prompt("arguments", json!([argument]))
    };
    let resource = |key: &str, value: String| {
        let mut resource = json!({"name": "n", "uri": "a://c"});
        resource[key] = json!(value);
        resource
    };
    let template = |key: &str, value: String| {
        let mut template = json!({"name": "n", "uriTemplate": "a://d/{x}"});
        template[key] = json!(value);
        template
    };
    let own = || word.to_owned();
    let rows = [
        ("definition.prompt-name", PROMPTS, prompt("name", json!(word))),
        ("definition.prompt-title", PROMPTS, prompt("title", json!(word))),
        ("definition.prompt-description", PROMPTS, prompt("description", json!(word))),
        ("definition.prompt-argument-name", PROMPTS, argument("name")),
        ("definition.prompt-argument-description", PROMPTS, argument("description")),
        ("definition.resource-name", RESOURCES, resource("name", own())),
        ("definition.resource-title", RESOURCES, resource("title", own())),
        ("definition.resource-description", RESOURCES, resource("description", own())),
        ("definition.resource-uri", RESOURCES, resource("uri", format!("a://{word}"))),
        ("definition.resource-mime-type", RESOURCES, resource("mimeType", format!("text/{word}"))),
        ("definition.template-name", TEMPLATES, template("name", own())),
        ("definition.template-description", TEMPLATES, template("description", own())),
        (
            "definition.template-uri",
            TEMPLATES,
            template("uriTemplate", format!("a://{word}/{{x}}")),
        ),
    ];
    rows.map(|(row, (method, member), entry)| (row, method, member, entry)).into()
}

#[tokio::test]
async fn definitions_and_instructions_are_read_whole() {
    for guard in Guard::BOTH {
        let mut rows = Rows::of("definition.", guard);
        for word in [BLOCKED, HARMLESS] {
            let mut lists = Lists::default();
            for (row, definition) in tools(word) {
                lists.add(row, "tools/list", "tools", definition);
            }
            for (row, method, member, entry) in entries(word) {
                lists.add(row, method, member, entry);
            }
            let raw = Raw::start(lists.of("tools")).await;
            for member in ["prompts", "resources", "resourceTemplates"] {
                raw.script.lists.lock().insert(member, lists.of(member));
            }
            *raw.script.instructions.lock() = Some(format!("Use it for a {word}."));
            let gateway = before(guard, &raw).await;
            let client = gateway.client(Era::Modern);
            for (row, method, member, _) in &lists.items {
                let listed = client.result(method, json!({})).await;
                let marked = |item: &&Value| item["_meta"][MARK] == *row;
                let seen = listed[*member].as_array().and_then(|items| items.iter().find(marked));
                rows.judge(row, word, &seen.map(Value::to_string).unwrap_or_default());
            }
            let told = client.result("server/discover", json!({})).await.to_string();
            rows.judge("definition.instructions", word, &told);
            gateway.end().await;
        }
        rows.end();
    }
}

/// Tells the entries of one list apart, whatever else a case changes in them.
const MARK: &str = "example.com/row";

/// What a server lists: row, method, the list's member, entry.
#[derive(Default)]
struct Lists {
    items: Vec<(&'static str, &'static str, &'static str, Value)>,
}

impl Lists {
    fn add(
        &mut self,
        row: &'static str,
        method: &'static str,
        member: &'static str,
        mut item: Value,
    ) {
        item["_meta"][MARK] = json!(row);
        for key in ["name", "uri", "uriTemplate"] {
            // Entries of one name would be one; those whose name is the case keep it.
            if let Some(text) = item[key].as_str().filter(|text| text.len() <= PLAIN_BYTES) {
                item[key] = json!(format!("{text}{}", self.items.len()));
            }
        }
        self.items.push((row, method, member, item));
    }

    fn of(&self, member: &str) -> Vec<Value> {
        let of = self.items.iter().filter(|(_, _, list, _)| *list == member);
        of.map(|(.., item)| item.clone()).collect()
    }
}

/// Names and addresses without the word are no longer than this.
const PLAIN_BYTES: usize = 9;
