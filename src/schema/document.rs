//! The parts of a schema, by which value they look at.

use percent_encoding::percent_decode_str;

use crate::mcp::{Json, Object};

/// A whole schema, in which references are followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a>(pub(super) &'a Json);

/// Schemas that look at values inside their parent's. Those of one group can look at the same inner
/// value; what stands in one group together is told apart by name or place.
pub(super) type Groups<'a> = Vec<Vec<&'a Json>>;

/// Members that hold one schema for elements of an array.
const ELEMENTS: [&str; 4] = ["items", "additionalItems", "contains", "unevaluatedItems"];
/// Members that hold one schema for members of an object, or for their names.
const MEMBERS: [&str; 3] = ["additionalProperties", "propertyNames", "unevaluatedProperties"];

impl<'a> Document<'a> {
    /// Schemas that look at the same value as their parent.
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
        parts
    }

    /// What a reference leads to; it is percent-encoded (RFC 6901, section 6).
    pub(super) fn resolve(self, target: &str) -> Option<&'a Json> {
        let pointer = percent_decode_str(target.strip_prefix('#')?).decode_utf8().ok()?;
        if !pointer.is_empty() && !pointer.starts_with('/') {
            // An anchor: the whole document is the careful answer.
            return Some(self.0);
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
