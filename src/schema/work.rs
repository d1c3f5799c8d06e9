//! Bounds the work that one value causes: how often its parts are looked at, times how much there is
//! of it. A schema that is cheap on one value may be endless on a million, or on a deep one.

use std::collections::HashMap;

use serde_json::Value;

use super::document::{Document, Groups, IN_PLACE_MAX, elements, members};
use crate::mcp::Json;

/// Depths for which the visits are computed; deeper values fit no schema.
const DEPTHS: usize = 64;
/// Steps of recursion; a schema that needs more is without a bound.
const FRAMES_MAX: usize = 1_000;
/// Bytes of a text that cost as much as one value, and the cost of one byte where a pattern reads it.
const TEXT_BYTES: u64 = 16;
const PATTERN_STEPS: u64 = 16;
/// Values of an `enum` that are compared in one step.
const ENUM_VALUES: u64 = 16;

/// How often one part of a value may be looked at, by the value's depth, and what a look costs.
#[derive(Debug)]
pub(super) struct Work {
    visits: Box<[u64; DEPTHS + 1]>,
    look: Look,
}

/// The costliest keywords of a schema, wherever they stand.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    /// Names that are looked up in an object.
    names: u64,
    /// Values that anything is compared with.
    listed: u64,
    /// Whether texts are read by patterns.
    patterns: bool,
}

/// How much there is of a value.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    values: u64,
    objects: u64,
    text_bytes: u64,
    depth: usize,
}

impl Work {
    /// For a schema that [`super::cost`] let pass.
    pub(super) fn of(schema: &Json) -> Self {
        let mut bound = Bound {
            document: Document(schema),
            here: HashMap::new(),
            inner: HashMap::new(),
            frames: 0,
        };
        let mut look = Look::default();
        look.widen(schema);
        let mut visits = Box::new([0; DEPTHS + 1]);
        if Document(schema).refers() {
            visits.iter_mut().enumerate().for_each(|(depth, it)| *it = bound.visits(schema, depth));
        } else {
            // Without references there is one schema to each depth, and the deepest is the most.
            visits.fill(bound.visits(schema, DEPTHS));
        }
        Self { visits, look }
    }

    /// Steps that checking `value` may take at most.
    pub(super) fn on(&self, value: &Value) -> u64 {
        let mut extent = Extent::default();
        extent.widen(value, 0);
        let Look { names, listed, patterns } = self.look;
        let text = if patterns {
            extent.text_bytes.saturating_mul(PATTERN_STEPS)
        } else {
            extent.text_bytes / TEXT_BYTES
        };
        let look = extent
            .values
            .saturating_add(extent.values.saturating_mul(listed) / ENUM_VALUES)
            .saturating_add(extent.objects.saturating_mul(names))
            .saturating_add(text);
        let visits = self.visits.get(extent.depth).copied().unwrap_or(u64::MAX);
        visits.saturating_mul(look)
    }
}

impl Extent {
    fn widen(&mut self, value: &Value, depth: usize) {
        self.depth = self.depth.max(depth);
        self.values += 1;
        match value {
            Value::String(text) => self.text_bytes += text.len() as u64,
            Value::Array(items) => items.iter().for_each(|item| self.widen(item, depth + 1)),
            Value::Object(object) => {
                self.objects += 1;
                for (name, member) in object {
                    self.text_bytes += name.len() as u64;
                    self.widen(member, depth + 1);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl Look {
    fn widen(&mut self, schema: &Json) {
        match schema {
            Json::Array(items) => items.iter().for_each(|item| self.widen(item)),
            Json::Object(object) => {
                let length = |key: &str| match object.get(key) {
                    Some(Json::Array(items)) => items.len() as u64,
                    Some(Json::Object(members)) => members.len() as u64,
                    _ => 0,
                };
                let names = ["required", "properties", "patternProperties", "dependentRequired"];
                self.names = self.names.max(names.map(length).iter().sum());
                self.listed = self.listed.max(length("enum"));
                self.patterns |= object.get("pattern").is_some() || length("patternProperties") > 0;
                object.iter().for_each(|(_, part)| self.widen(part));
            }
            _ => {}
        }
    }
}

struct Bound<'a> {
    document: Document<'a>,
    /// Looks at one value itself, by address of the schema.
    here: HashMap<*const Json, u64>,
    /// Looks at one value below, through arrays and through objects: a value is not both.
    inner: HashMap<(*const Json, usize), (u64, u64)>,
    frames: usize,
}

impl<'a> Bound<'a> {
    fn visits(&mut self, schema: &'a Json, depth: usize) -> u64 {
        let (through_arrays, through_objects) = self.below(schema, depth);
        self.itself(schema, 0).max(through_arrays).max(through_objects)
    }

    fn itself(&mut self, schema: &'a Json, in_place: usize) -> u64 {
        let Json::Object(object) = schema else { return 1 };
        let key = std::ptr::from_ref(schema);
        if let Some(known) = self.here.get(&key) {
            return *known;
        }
        // Whoever comes by here again went in a circle.
        self.here.insert(key, u64::MAX);
        if in_place > IN_PLACE_MAX {
            return u64::MAX;
        }
        let mut total: u64 = 1;
        for part in self.document.same_value(object) {
            total = total.saturating_add(self.itself(part, in_place + 1));
        }
        self.here.insert(key, total);
        total
    }

    fn below(&mut self, schema: &'a Json, depth: usize) -> (u64, u64) {
        const ENDLESS: (u64, u64) = (u64::MAX, u64::MAX);
        let Json::Object(object) = schema else { return (0, 0) };
        if depth == 0 {
            return (0, 0);
        }
        let key = (std::ptr::from_ref(schema), depth);
        if let Some(known) = self.inner.get(&key) {
            return *known;
        }
        self.inner.insert(key, ENDLESS);
        if self.frames > FRAMES_MAX {
            return ENDLESS;
        }
        self.frames += 1;
        let mut total = (
            self.of_groups(elements(object), depth - 1),
            self.of_groups(members(object), depth - 1),
        );
        for part in self.document.same_value(object) {
            let (arrays, objects) = self.below(part, depth);
            total = (total.0.saturating_add(arrays), total.1.saturating_add(objects));
        }
        self.frames -= 1;
        self.inner.insert(key, total);
        total
    }

    /// Groups add up; of one group, only its costliest part looks at a given value.
    fn of_groups(&mut self, groups: Groups<'a>, depth: usize) -> u64 {
        let mut total: u64 = 0;
        for group in groups {
            let most = group.into_iter().map(|part| self.visits(part, depth)).max();
            total = total.saturating_add(most.unwrap_or(0));
        }
        total
    }
}
