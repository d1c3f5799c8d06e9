//! The parts of a schema, by which value they look at.

use percent_encoding::percent_decode_str;

use crate::mcp::{Json, Object};

/// A whole schema, in which references are followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a>(pub(super) &'a Json);

/// References in a row on one value: more is a cycle that consumes nothing, or a stack that overflows.
pub(super) const IN_PLACE_MAX: usize = 32;
/// `unevaluated…` asks every branch beside it again, for what it looked at and whether it held.
const ASKED_AGAIN: usize = 3;

/// Schemas that look at values inside their parent's. Those of one group can look at the same inner
/// value; what stands in one group together is told apart by name or place.
pub(super) type Groups<'a> = Vec<Vec<&'a Json>>;

/// Members that hold one schema for elements of an array.
const ELEMENTS: [&str; 4] = ["items", "additionalItems", "contains", "unevaluatedItems"];
/// Members that hold one schema for members of an object, or for their names.
const MEMBERS: [&str; 3] = ["additionalProperties", "propertyNames", "unevaluatedProperties"];

impl<'a> Document<'a> {
    /// Whether any part refers to another.
    pub(super) fn refers(self) -> bool {
        fn within(part: &Json) -> bool {
            match part {
                Json::Array(items) => items.iter().any(within),
                Json::Object(object) => {
                    object.iter().any(|(key, value)| is_reference(key) || within(value))
                }
                _ => false,
            }
        }
        within(self.0)
    }

    /// Schemas that look at the same value as their parent, each as often as it is asked.
    pub(super) fn same_value(self, object: &'a Object) -> Vec<&'a Json> {
        let mut parts = Vec::new();
        for (key, value) in object.iter() {
            match (key, value) {
                ("allOf" | "anyOf" | "oneOf", Json::Array(items)) => parts.extend(items),
                ("not" | "if" | "then" | "else", part) => parts.push(part),
                ("dependentSchemas" | "dependencies", Json::Object(members)) => {
                    parts.extend(members.iter().map(|(_, part)| part));
                }
                _ if is_reference(key) => {
                    parts.extend(value.as_str().and_then(|target| self.resolve(target)));
                }
                _ => {}
            }
        }
        let asks = |key: &str| object.get(key).is_some();
        if asks("unevaluatedProperties") || asks("unevaluatedItems") {
            parts = parts.repeat(ASKED_AGAIN);
        }
        parts
    }

    /// What a reference leads to; it is percent-encoded (RFC 6901, section 6). Names (`$anchor`) are
    /// not followed, so a schema that uses them is refused.
    pub(super) fn resolve(self, target: &str) -> Option<&'a Json> {
        let pointer = percent_decode_str(target.strip_prefix('#')?).decode_utf8().ok()?;
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return None;
        }
        pointer.split('/').skip(1).try_fold(self.0, |value, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            match value {
                Json::Array(items) => items.get(step.parse::<usize>().ok()?),
                other => other.get(&step),
            }
        })
    }
}

/// Whether a member refers to another part of the schema.
pub(super) fn is_reference(key: &str) -> bool {
    matches!(key, "$ref" | "$dynamicRef" | "$recursiveRef")
}

/// Schemas for the elements of an array.
pub(super) fn elements(object: &Object) -> Groups<'_> {
    let mut groups = Vec::new();
    for (key, value) in object.iter() {
        match (key, value) {
            ("prefixItems" | "items", Json::Array(items)) => groups.push(items.iter().collect()),
            _ if ELEMENTS.contains(&key) => groups.push(vec![value]),
            _ => {}
        }
    }
    groups
}

/// Schemas for the members of an object.
pub(super) fn members(object: &Object) -> Groups<'_> {
    let mut groups = Vec::new();
    for (key, value) in object.iter() {
        match (key, value) {
            ("properties", Json::Object(named)) => {
                groups.push(named.iter().map(|(_, part)| part).collect());
            }
            // Several patterns may fit one name.
            ("patternProperties", Json::Object(named)) => {
                groups.extend(named.iter().map(|(_, part)| vec![part]));
            }
            _ if MEMBERS.contains(&key) => groups.push(vec![value]),
            _ => {}
        }
    }
    groups
}
