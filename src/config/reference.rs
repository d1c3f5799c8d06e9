//! The reference page of the configuration, made from its types: what is written there is what is
//! read here.

use serde_json::Value;

use super::File;

#[cfg(test)]
mod tests;

/// The JSON Schema of the configuration, for editors.
pub fn schema() -> Value {
    schemars::schema_for!(File).to_value()
}

/// The reference page, in Markdown.
pub fn page() -> String {
    let schema = schema();
    let mut page = Page { definitions: &schema["$defs"], sections: Vec::new() };
    page.section(
        "",
        &Table { heading: String::new(), description: "", schema: &schema, defaults: &Value::Null },
    );
    let mut text = HEAD.to_owned();
    for section in &page.sections {
        text.push_str(section);
    }
    text
}

const HEAD: &str =
    "<!-- Made by `bartizan config reference`; change the doc comments in src/ instead. -->

# Configuration

One TOML file, by default `~/.config/bartizan/bartizan.toml`, else the one that `--config` names.
Every key has a default, so an empty file is valid. A key that is not listed here is refused.
Paths start at the file's own folder. A secret never stands in the file: where one belongs, write
`{ file = \"/path\" }` or `{ env = \"NAME\" }`. `bartizan check` says what is wrong with a file, and
`bartizan config schema` prints its JSON Schema for editors.
";

struct Page<'a> {
    definitions: &'a Value,
    sections: Vec<String>,
}

/// A key that is a table of its own.
struct Table<'a> {
    heading: String,
    description: &'a str,
    schema: &'a Value,
    /// What its keys are if the table is left out.
    defaults: &'a Value,
}

impl<'a> Page<'a> {
    /// Writes one table of keys, then the tables below it.
    fn section(&mut self, path: &str, table: &Table<'a>) {
        let Table { description, schema, defaults, .. } = table;
        let place = self.sections.len();
        self.sections.push(String::new());
        let (mut rows, mut below) = (String::new(), Vec::new());
        for (key, value) in schema["properties"].as_object().into_iter().flatten() {
            match self.table(path, key, value) {
                Some(table) => below.push(table),
                None => rows.push_str(&self.row(key, value, &defaults[key])),
            }
        }
        let mut text = match path {
            "" => "\n## Top level\n".to_owned(),
            path if path.ends_with("[]") => format!("\n## `[[{}]]`\n", path.trim_end_matches("[]")),
            path => format!("\n## `[{path}]`\n"),
        };
        if !description.is_empty() {
            text.push_str(&format!("\n{}\n", joined(description)));
        }
        if !rows.is_empty() {
            text.push_str("\n| key | type | default | meaning |\n|---|---|---|---|\n");
            text.push_str(&rows);
        }
        if let Some(slot) = self.sections.get_mut(place) {
            *slot = text;
        }
        for table in below {
            self.section(&table.heading, &table);
        }
    }

    /// The table that a key opens, if it opens one.
    fn table(&self, path: &str, key: &str, value: &'a Value) -> Option<Table<'a>> {
        let under = |suffix: &str| match path {
            "" => format!("{key}{suffix}"),
            path => format!("{path}.{key}{suffix}"),
        };
        let schema = self.resolved(value);
        let (heading, schema) = if schema["properties"].is_object() {
            (under(""), schema)
        } else if let Some(each) = self.each(schema, "additionalProperties") {
            (under(&format!(".{}", singular(key))), each)
        } else if let Some(each) = self.each(schema, "items") {
            (under("[]"), each)
        } else {
            return None;
        };
        let own = value["description"].as_str();
        let description = own.or_else(|| schema["description"].as_str()).unwrap_or("");
        Some(Table { heading, description, schema, defaults: &value["default"] })
    }

    /// The schema of the elements of a list or map, if they are tables.
    fn each(&self, schema: &'a Value, key: &str) -> Option<&'a Value> {
        let each = self.resolved(schema.get(key)?);
        each["properties"].is_object().then_some(each)
    }

    fn row(&self, key: &str, value: &'a Value, above: &Value) -> String {
        let schema = self.resolved(value);
        let own = value["description"].as_str();
        let meaning = own.or_else(|| schema["description"].as_str()).unwrap_or("");
        let default = match (value.get("default"), above) {
            (None | Some(Value::Null), Value::Null) => String::new(),
            (None | Some(Value::Null), default) | (Some(default), _) => format!("`{default}`"),
        };
        let kind = cell(&self.kind(value));
        format!("| `{key}` | {kind} | {} | {} |\n", cell(&default), cell(meaning))
    }

    /// The schema behind references, and beside a `null` that only says "may be left out".
    fn resolved(&self, value: &'a Value) -> &'a Value {
        if let Some(name) = value["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/")) {
            return self.resolved(&self.definitions[name]);
        }
        let choices = value["anyOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        match choices {
            [one, null] if null["type"] == "null" => self.resolved(one),
            _ => value,
        }
    }

    /// A type in a few words.
    fn kind(&self, value: &'a Value) -> String {
        let schema = self.resolved(value);
        let consts: Vec<String> = ["enum", "oneOf"]
            .iter()
            .flat_map(|key| schema[*key].as_array().into_iter().flatten())
            .flat_map(|it| match it.get("const").or_else(|| it.get("enum")) {
                Some(Value::Array(items)) => items.clone(),
                Some(one) => vec![one.clone()],
                None => vec![it.clone()],
            })
            .filter_map(|it| it.as_str().map(|it| format!("`\"{it}\"`")))
            .collect();
        if !consts.is_empty() {
            return consts.join(", ");
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let keys = choices.iter().filter_map(|it| it["properties"].as_object()?.keys().next());
            let keys: Vec<String> = keys.map(|key| format!("`{{ {key} = … }}`")).collect();
            return keys.join(" or ");
        }
        if schema["anyOf"].is_array() {
            return "text, or where a secret lies".to_owned();
        }
        match word(schema) {
            "array" => format!("list of {}", self.kind(&schema["items"])),
            "object" if schema["additionalProperties"].is_object() => {
                format!("table of {}", self.kind(&schema["additionalProperties"]))
            }
            "string" => "text".to_owned(),
            "integer" => "whole number".to_owned(),
            "object" => "table".to_owned(),
            other => other.to_owned(),
        }
    }
}

/// The one type of a schema beside `null`.
fn word(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(one) => one,
        Value::Array(many) => {
            many.iter().filter_map(Value::as_str).find(|it| *it != "null").unwrap_or("any")
        }
        _ => "any",
    }
}

/// What stands for a name in a heading.
fn singular(key: &str) -> &'static str {
    match key {
        "upstreams" => "NAME",
        "tools" => "TOOL",
        _ => "KEY",
    }
}

/// One line, with nothing that would end a table's cell.
fn cell(text: &str) -> String {
    joined(text).replace('|', "\\|")
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Keys of the schema's tables that have no words of their own.
#[cfg(test)]
fn undocumented(schema: &Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let definitions = schema["$defs"].as_object().unwrap_or(&empty);
    let named = definitions.iter().map(|(name, value)| (name.as_str(), value));
    let mut missing = Vec::new();
    for (name, value) in named.chain([("top", schema)]) {
        for (key, property) in value["properties"].as_object().into_iter().flatten() {
            let behind = property["$ref"].as_str().and_then(|it| it.rsplit('/').next());
            let described = property["description"].is_string()
                || behind.is_some_and(|it| definitions[it]["description"].is_string());
            if !described {
                missing.push(format!("{name}.{key}"));
            }
        }
    }
    missing
}
