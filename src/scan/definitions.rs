//! Every text of a `tools/list` result that a model would read: names, titles, descriptions, the
//! strings and keys inside schemas, annotations, and whatever else a server put there.

use serde_json::Value;

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The tool's name and the JSON pointer inside it, such as `add /inputSchema/title`.
    pub place: String,
    pub text: String,
}

/// A file that is no list of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no array `tools`: give what `tools/list` answers, its `result`, or the array alone"
)]
pub struct NoTools;

/// The texts of a list of tools: an answer to `tools/list`, its `result`, or the array alone.
///
/// # Errors
/// There is no list.
pub fn texts(value: &Value) -> Result<Vec<Text>, NoTools> {
    let tools = [value.pointer("/result/tools"), value.get("tools"), Some(value)];
    let tools = tools.into_iter().flatten().find_map(Value::as_array).ok_or(NoTools)?;
    let mut found = Vec::new();
    for (number, tool) in tools.iter().enumerate() {
        let name = tool.get("name").and_then(Value::as_str);
        let name = name.map_or_else(|| format!("tool {number}"), str::to_owned);
        walk(&format!("{name} "), tool, &mut found);
    }
    Ok(found)
}

fn walk(place: &str, value: &Value, found: &mut Vec<Text>) {
    match value {
        Value::String(text) => {
            found.push(Text { place: place.to_owned(), text: text.clone() });
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(&format!("{place}/{number}"), item, found);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                let inner = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                found.push(Text { place: format!("{inner} (key)"), text: key.clone() });
                walk(&inner, value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
