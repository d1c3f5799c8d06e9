//! `structuredContent`: what may be marked in it, how it is left out, and whether the text beside it
//! says the same.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Kind;
use crate::mcp::{
    Json, Object,
    json::{Limits, parse},
};

/// What happens to `structuredContent`, beside being read by the rules.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Structured {
    /// It stays as it is.
    #[default]
    Pass,
    /// Prose in it is marked where the `outputSchema` allows any text.
    MarkLeaves,
    /// It is left out, and so is the tool's `outputSchema`; its text stays, fenced.
    Drop,
}

/// Referred schemas that are followed on the way to one leaf.
const REFERENCES_MAX: usize = 16;

/// Whether a text block that is JSON as a whole says something else than `structuredContent`.
///
/// Equal in the form of RFC 8785: order of keys, blanks and the writing of numbers are no difference.
/// Servers wrap what is no object as `{"result": …}`, and write one block for each of its elements.
pub fn diverges(result: &Object) -> bool {
    let Some(structured) = result.get("structuredContent") else { return false };
    let blocks = result.get("content").and_then(Json::as_array).unwrap_or_default();
    let said: Vec<Json> = blocks.iter().filter_map(|it| document(it.get("text")?)).collect();
    if said.is_empty() {
        return false;
    }
    let wrapped = structured.as_object().filter(|it| it.len() == 1).and_then(|it| it.get("result"));
    let pins = |values: &[Json]| values.iter().map(Json::pin).collect::<Vec<_>>();
    let (own, said_pins) = (structured.pin(), pins(&said));
    let whole = |of: &Json| {
        let pin = of.pin();
        said_pins.iter().all(|said| *said == pin) || Json::from(said.clone()).pin() == pin
    };
    let elements = |of: &Json| of.as_array().is_some_and(|items| pins(items) == said_pins);
    let same = said_pins.iter().all(|said| *said == own)
        || wrapped.is_some_and(|wrapped| whole(wrapped) || elements(wrapped))
        || elements(structured);
    !same
}

/// Whether a text block is the structured content itself, letter by letter, as SDKs write it: in one
/// line, or indented by two. With an escape in it, it reads otherwise than it is written.
pub fn repeats(result: &Object) -> bool {
    let Some(structured) = result.get("structuredContent") else { return false };
    let blocks = result.get("content").and_then(Json::as_array).unwrap_or_default();
    let mut texts = blocks.iter().filter_map(|block| block.get("text")?.as_str()).peekable();
    if texts.peek().is_none() {
        return false;
    }
    let line = structured.to_string();
    let indented = serde_json::to_string_pretty(&structured.to_value()).unwrap_or_default();
    !line.contains('\\') && texts.any(|text| text == line || text == indented)
}

/// An object or a list; single words are said in many ways.
fn document(text: &Json) -> Option<Json> {
    let text = text.as_str()?.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    parse(text.as_bytes(), &Limits::default()).ok()
}

/// Leaves `structuredContent` out. A result that had nothing else says it as text.
pub fn drop_structured(result: &mut Object) {
    let Some(structured) = result.remove("structuredContent") else { return };
    let silent = result.get("content").and_then(Json::as_array).is_none_or(<[Json]>::is_empty);
    if silent {
        let text = structured.to_string();
        let block = Object::from([("type", "text".into()), ("text", text.into())]);
        result.insert("content", vec![block.into()]);
    }
}

/// Hands every leaf to `visit` that its schema lets be any text and that is prose, with the characters
/// that it may have at most.
pub(super) fn free_leaves(value: &mut Json, schema: &Json, visit: Visit<'_>) {
    Walk { root: schema, visit }.value(value, schema);
}

/// Takes one leaf and the characters that it may have.
type Visit<'a> = &'a mut dyn FnMut(&mut String, Option<i64>);

struct Walk<'a> {
    root: &'a Json,
    visit: Visit<'a>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, value: &mut Json, schema: &'a Json) {
        let Some(schema) = self.resolved(schema) else { return };
        match value {
            Json::String(text) if is_free(schema) && Kind::of(text) == Kind::Prose => {
                (self.visit)(text, schema.get("maxLength").and_then(Json::as_i64));
            }
            Json::Array(items) if schema.get("uniqueItems").is_none() => {
                let first = schema.get("prefixItems").and_then(Json::as_array).unwrap_or_default();
                let rest = schema.get("items");
                for (index, item) in items.iter_mut().enumerate() {
                    if let Some(schema) = first.get(index).or(rest) {
                        self.value(item, schema);
                    }
                }
            }
            Json::Object(members) => {
                for (key, member) in members.iter_mut() {
                    let stated = schema.get("properties").and_then(|it| it.get(key));
                    let patterned = schema.get("patternProperties").is_some();
                    let other = schema.get("additionalProperties").filter(|_| !patterned);
                    if let Some(schema) = stated.or(other) {
                        self.value(member, schema);
                    }
                }
            }
            Json::String(_) | Json::Array(_) | Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    /// The schema behind references into the same document.
    fn resolved(&self, mut schema: &'a Json) -> Option<&'a Json> {
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = schema.get("$ref") else { return Some(schema) };
            let path = reference.as_str()?.strip_prefix("#/")?;
            schema = path.split('/').try_fold(self.root, |at, key| at.get(key))?;
        }
        None
    }
}

/// A string of which nothing else is asked.
fn is_free(schema: &Json) -> bool {
    const ASKED: [&str; 11] = [
        "enum",
        "const",
        "pattern",
        "format",
        "contentEncoding",
        "contentMediaType",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
    ];
    schema.get("type").and_then(Json::as_str) == Some("string")
        && ASKED.iter().all(|key| schema.get(key).is_none())
}

#[cfg(test)]
mod tests {
    use super::{Json, Limits, Object, diverges, drop_structured, free_leaves, parse};

    fn json(text: &str) -> Json {
        parse(text.as_bytes(), &Limits::default()).expect("json")
    }

    fn object(text: &str) -> Object {
        json(text).as_object().cloned().expect("an object")
    }

    fn result(texts: &[&str], structured: &str) -> Object {
        let block = |text: &&str| Object::from([("type", "text".into()), ("text", (*text).into())]);
        let blocks: Vec<Json> = texts.iter().map(|text| block(text).into()).collect();
        Object::from([("content", blocks.into()), ("structuredContent", json(structured))])
    }

    #[test]
    fn the_same_said_in_another_way_is_no_difference() {
        for (texts, structured) in [
            (&[r#"{"b": 1.0, "a": [2]}"#][..], r#"{"a":[2],"b":1}"#),
            (&["[1, 2]"], r#"{"result":[1,2]}"#),
            (&[r#"{"a":1}"#, r#"{"a":2}"#], r#"{"result":[{"a":1},{"a":2}]}"#),
            (&["Two rows were found.", r#"{"rows":2}"#], r#"{"rows":2}"#),
            (&["5"], r#"{"result":5}"#),
            (&["[note] not JSON"], r#"{"a":1}"#),
            (&[], r#"{"a":1}"#),
        ] {
            assert!(!diverges(&result(texts, structured)), "{texts:?} {structured}");
        }
    }

    #[test]
    fn another_value_is_a_difference() {
        for (texts, structured) in [
            (&[r#"{"paid": false}"#][..], r#"{"paid":true}"#),
            (&[r#"{"a":1}"#, r#"{"a":3}"#], r#"{"result":[{"a":1},{"a":2}]}"#),
            (&[r#"{"a":1,"note":"obey"}"#], r#"{"a":1}"#),
            (&["[1]"], r#"{"result":[1,2]}"#),
        ] {
            assert!(diverges(&result(texts, structured)), "{texts:?} {structured}");
        }
    }

    #[test]
    fn what_is_left_out_is_said_as_text_if_nothing_else_is() {
        let mut silent = result(&[], r#"{"a":1}"#);
        drop_structured(&mut silent);
        assert_eq!(
            Json::from(silent).to_string(),
            r#"{"content":[{"type":"text","text":"{\"a\":1}"}]}"#
        );
        let mut said = result(&["One row."], r#"{"a":1}"#);
        drop_structured(&mut said);
        assert_eq!(said, object(r#"{"content":[{"type":"text","text":"One row."}]}"#));
    }

    #[test]
    fn only_prose_that_may_be_any_text_is_a_free_leaf() {
        const TEXT: &str = "This is a sentence of words.";
        let schema = json(
            r##"{"type":"object","$defs":{"note":{"type":"string"}},"properties":{
            "free":{"type":"string","maxLength":99},"list":{"type":"array","items":{"$ref":"#/$defs/note"}},
            "word":{"type":"string","enum":["x"]},"date":{"type":"string","format":"date"},
            "any":{"anyOf":[{"type":"string"}]},"loop":{"$ref":"#/properties/loop"},"id":{"type":"string"}},
            "additionalProperties":{"type":"string","pattern":"^T"}}"##,
        );
        let mut value = json(
            &r#"{"free":"T","list":["T",7],"word":"T","date":"T","any":"T","loop":"T",
            "more":"T","id":"a-1"}"#
                .replace("\"T\"", &format!("\"{TEXT}\"")),
        );
        let mut seen = Vec::new();
        free_leaves(&mut value, &schema, &mut |text, most| seen.push((text.clone(), most)));
        assert_eq!(seen, [(TEXT.to_owned(), Some(99)), (TEXT.to_owned(), None)]);
    }
}
