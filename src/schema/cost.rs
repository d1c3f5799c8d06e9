//! Bounds the work a schema can cause before it is compiled. Applicators on the same value
//! (`allOf`, `$ref` …) multiply; a schema that doubles at each step would never finish.

use std::collections::HashMap;

use super::SchemaError;
use crate::mcp::{Json, Object};

/// Depth of nested values up to which the bound is computed. Deeper values grow linearly, unless
/// a schema branches into itself, and then it is past every bound at this depth already.
const DEPTH: usize = 12;
/// References in a row on one value: more is a cycle that consumes nothing.
const IN_PLACE_MAX: usize = 256;

/// Refuses schemas that are too large, too costly, or refer outside themselves.
pub(super) fn check(schema: &Json, nodes_max: usize, cost_max: u64) -> Result<(), SchemaError> {
    let mut nodes = 0;
    count(schema, &mut nodes, nodes_max)?;
    let mut bound = Bound { root: schema, cost_max, known: HashMap::new() };
    if bound.cost(schema, DEPTH, 0) > cost_max { Err(SchemaError::TooCostly) } else { Ok(()) }
}

fn count(schema: &Json, nodes: &mut usize, max: usize) -> Result<(), SchemaError> {
    *nodes += 1;
    if *nodes > max {
        return Err(SchemaError::TooLarge);
    }
    match schema {
        Json::Array(items) => items.iter().try_for_each(|item| count(item, nodes, max)),
        Json::Object(object) => {
            for key in ["$ref", "$dynamicRef"] {
                if let Some(target) = object.str(key)
                    && !target.starts_with('#')
                {
                    return Err(SchemaError::External(target.chars().take(200).collect()));
                }
            }
            object.iter().try_for_each(|(_, value)| count(value, nodes, max))
        }
        _ => Ok(()),
    }
}

struct Bound<'a> {
    root: &'a Json,
    cost_max: u64,
    /// By address of the part and depth left.
    known: HashMap<(*const Json, usize), u64>,
}

impl<'a> Bound<'a> {
    fn cost(&mut self, schema: &'a Json, depth: usize, in_place: usize) -> u64 {
        let Json::Object(object) = schema else { return 1 };
        if in_place > IN_PLACE_MAX {
            return self.cost_max.saturating_add(1);
        }
        let key = (std::ptr::from_ref(schema), depth);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut total: u64 = 1;
        for part in self.same_value(object) {
            total = total.saturating_add(self.cost(part, depth, in_place + 1));
            if total > self.cost_max {
                break;
            }
        }
        if depth > 0 {
            for part in inner_values(object) {
                total = total.saturating_add(self.cost(part, depth - 1, 0));
            }
        }
        self.known.insert(key, total);
        total
    }

    /// Schemas that look at the same value as their parent.
    fn same_value(&self, object: &'a Object) -> Vec<&'a Json> {
        let mut parts = Vec::new();
        for (key, value) in object.iter() {
            match (key, value) {
                ("allOf" | "anyOf" | "oneOf", Json::Array(items)) => parts.extend(items),
                ("not" | "if" | "then" | "else", part) => parts.push(part),
                ("dependentSchemas", Json::Object(members)) => {
                    parts.extend(members.iter().map(|(_, part)| part));
                }
                ("$ref" | "$dynamicRef", Json::String(target)) => {
                    parts.extend(self.resolve(target));
                }
                _ => {}
            }
        }
        parts
    }

    fn resolve(&self, target: &str) -> Option<&'a Json> {
        let pointer = target.strip_prefix('#')?;
        if !pointer.is_empty() && !pointer.starts_with('/') {
            // An anchor: the whole document is the careful answer.
            return Some(self.root);
        }
        pointer.split('/').skip(1).try_fold(self.root, |value, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            match value {
                Json::Array(items) => items.get(step.parse::<usize>().ok()?),
                other => other.get(&step),
            }
        })
    }
}

/// Schemas that look at values inside their parent's.
fn inner_values(object: &Object) -> Vec<&Json> {
    let mut parts = Vec::new();
    for (key, value) in object.iter() {
        match (key, value) {
            ("properties" | "patternProperties", Json::Object(members)) => {
                parts.extend(members.iter().map(|(_, part)| part));
            }
            ("prefixItems", Json::Array(items)) => parts.extend(items),
            (
                "items"
                | "additionalProperties"
                | "contains"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties",
                part,
            ) => parts.push(part),
            _ => {}
        }
    }
    parts
}
