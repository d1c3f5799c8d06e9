//! Bounds the work a schema can cause before it is compiled. Applicators on the same value
//! (`allOf`, `$ref` …) multiply; a schema that doubles at each step would never finish.

use std::collections::HashMap;

use super::{
    SchemaError,
    document::{Document, elements, is_reference, members},
};
use crate::mcp::Json;

/// Depth of nested values up to which the bound is computed; [`super::work`] bounds what deeper
/// values cost, when there is one.
const DEPTH: usize = 12;
/// References in a row on one value: more is a cycle that consumes nothing.
const IN_PLACE_MAX: usize = 256;

/// Refuses schemas that are too large, too costly, or refer outside themselves.
pub(super) fn check(schema: &Json, nodes_max: usize, cost_max: u64) -> Result<(), SchemaError> {
    let mut count = Count { document: Document(schema), nodes: 0, nodes_max };
    count.part(schema, true)?;
    let mut bound = Bound { document: Document(schema), cost_max, known: HashMap::new() };
    if bound.cost(schema, DEPTH, 0) > cost_max { Err(SchemaError::TooCostly) } else { Ok(()) }
}

struct Count<'a> {
    document: Document<'a>,
    nodes: usize,
    nodes_max: usize,
}

impl Count<'_> {
    /// Counts, and sees to it that every reference leads where the bound follows it.
    fn part(&mut self, schema: &Json, root: bool) -> Result<(), SchemaError> {
        self.nodes += 1;
        if self.nodes > self.nodes_max {
            return Err(SchemaError::TooLarge);
        }
        match schema {
            Json::Array(items) => items.iter().try_for_each(|item| self.part(item, false)),
            Json::Object(object) => {
                // Below another `$id`, references begin there (JSON Schema 2020-12, section 8.2.1).
                if !root && object.str("$id").is_some() {
                    return Err(SchemaError::Embedded);
                }
                for (key, value) in object.iter() {
                    if let (true, Some(target)) = (is_reference(key), value.as_str()) {
                        self.reference(target)?;
                    }
                }
                object.iter().try_for_each(|(_, value)| self.part(value, false))
            }
            _ => Ok(()),
        }
    }

    fn reference(&self, target: &str) -> Result<(), SchemaError> {
        let shown = || target.chars().take(200).collect();
        if !target.starts_with('#') {
            return Err(SchemaError::External(shown()));
        }
        let found = self.document.resolve(target);
        found.map(drop).ok_or_else(|| SchemaError::Unresolved(shown()))
    }
}

struct Bound<'a> {
    document: Document<'a>,
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
        for part in self.document.same_value(object) {
            total = total.saturating_add(self.cost(part, depth, in_place + 1));
            if total > self.cost_max {
                break;
            }
        }
        if depth > 0 {
            for part in elements(object).into_iter().chain(members(object)).flatten() {
                total = total.saturating_add(self.cost(part, depth - 1, 0));
            }
        }
        self.known.insert(key, total);
        total
    }
}
