//! Bounds the work a schema can cause before it is compiled. Applicators on the same value
//! (`allOf`, `$ref` …) multiply; a schema that doubles at each step would never finish.

use std::collections::HashMap;

use super::{
    SchemaError,
    document::{Document, IN_PLACE_MAX, elements, is_reference, members},
};
use crate::mcp::Json;

/// Depth of nested values up to which the bound is computed; [`super::work`] bounds what deeper
/// values cost, when there is one.
const DEPTH: usize = 12;
/// Members that hold data, in which nothing is a keyword.
const DATA: [&str; 4] = ["const", "default", "enum", "examples"];

/// Refuses schemas that are too large, too costly, or refer outside themselves.
pub(super) fn check(schema: &Json, nodes_max: usize, cost_max: u64) -> Result<(), SchemaError> {
    let mut count = Count { document: Document(schema), nodes: 0, nodes_max };
    count.part(schema, true)?;
    Chain { document: Document(schema), length: HashMap::new(), steps: 0 }.all(schema)?;
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
                object.iter().try_for_each(|(key, value)| match DATA.contains(&key) {
                    true => self.data(value),
                    false => self.part(value, false),
                })
            }
            _ => Ok(()),
        }
    }

    fn data(&mut self, value: &Json) -> Result<(), SchemaError> {
        self.nodes += 1;
        if self.nodes > self.nodes_max {
            return Err(SchemaError::TooLarge);
        }
        match value {
            Json::Array(items) => items.iter().try_for_each(|item| self.data(item)),
            Json::Object(object) => object.iter().try_for_each(|(_, value)| self.data(value)),
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

/// How far one schema leads to another: whoever compiles or checks it goes down as deep, on the stack.
struct Chain<'a> {
    document: Document<'a>,
    /// The longest way down from a part that refers to others; 0 while it is being followed.
    length: HashMap<*const Json, usize>,
    steps: usize,
}

/// Parts from one to the next, through references too, without going in a circle.
const CHAIN_MAX: usize = 256;

impl<'a> Chain<'a> {
    fn all(&mut self, schema: &'a Json) -> Result<(), SchemaError> {
        if self.down(schema)? > CHAIN_MAX {
            return Err(SchemaError::TooCostly);
        }
        Ok(())
    }

    fn down(&mut self, schema: &'a Json) -> Result<usize, SchemaError> {
        let Json::Object(object) = schema else { return Ok(0) };
        let key = std::ptr::from_ref(schema);
        if let Some(known) = self.length.get(&key) {
            return Ok(*known);
        }
        self.steps += 1;
        if self.steps > CHAIN_MAX {
            return Err(SchemaError::TooCostly);
        }
        self.length.insert(key, 0);
        let mut longest = 0;
        let inner = elements(object).into_iter().chain(members(object)).flatten();
        for part in self.document.same_value(object).into_iter().chain(inner) {
            longest = longest.max(self.down(part)? + 1);
        }
        self.steps -= 1;
        self.length.insert(key, longest);
        Ok(longest)
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
