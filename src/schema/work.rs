//! Bounds the work that one value causes: how often its parts are looked at, times how much there is
//! of it. A schema that is cheap on one value may be endless on a million, or on a deep one.

use std::collections::HashMap;

use serde_json::Value;

use super::document::{Document, Groups, elements, members};
use crate::mcp::{Json, Object};

/// Depths for which the visits are computed; deeper ones grow on at the last rate.
const DEPTHS: usize = 24;
/// Bytes of a string that cost as much as one value.
const STRING_BYTES: u64 = 16;

/// How often one part of a value may be looked at, by the value's depth.
#[derive(Debug)]
pub(super) struct Work {
    visits: [u64; DEPTHS + 1],
}

/// How much there is of a value.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    weight: u64,
    depth: usize,
}

impl Work {
    /// For a schema whose cost is bounded already, so that no cycle is without end.
    pub(super) fn of(schema: &Json) -> Self {
        let mut bound =
            Bound { document: Document(schema), here: HashMap::new(), inner: HashMap::new() };
        Self { visits: std::array::from_fn(|depth| bound.visits(schema, depth)) }
    }

    /// Steps that checking `value` may take at most.
    pub(super) fn on(&self, value: &Value) -> u64 {
        let mut extent = Extent::default();
        measure(value, 0, &mut extent);
        self.at(extent.depth).saturating_mul(extent.weight)
    }

    fn at(&self, depth: usize) -> u64 {
        if let Some(visits) = self.visits.get(depth) {
            return *visits;
        }
        let (last, before) = (self.visits[DEPTHS], self.visits[DEPTHS - 1].max(1));
        let rate = last.div_ceil(before);
        (DEPTHS..depth).fold(last, |visits, _| visits.saturating_mul(rate))
    }
}

fn measure(value: &Value, depth: usize, extent: &mut Extent) {
    extent.depth = extent.depth.max(depth);
    extent.weight += 1;
    match value {
        Value::String(text) => extent.weight += text.len() as u64 / STRING_BYTES,
        Value::Array(items) => items.iter().for_each(|item| measure(item, depth + 1, extent)),
        Value::Object(object) => {
            object.values().for_each(|member| measure(member, depth + 1, extent));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

struct Bound<'a> {
    document: Document<'a>,
    /// Looks at one value itself, by address of the schema.
    here: HashMap<*const Json, u64>,
    /// Looks at one value below, through arrays and through objects: a value is not both.
    inner: HashMap<(*const Json, usize), (u64, u64)>,
}

impl<'a> Bound<'a> {
    fn visits(&mut self, schema: &'a Json, depth: usize) -> u64 {
        let (through_arrays, through_objects) = self.below(schema, depth);
        self.itself(schema).max(through_arrays).max(through_objects)
    }

    fn itself(&mut self, schema: &'a Json) -> u64 {
        let Json::Object(object) = schema else { return 1 };
        let key = std::ptr::from_ref(schema);
        if let Some(known) = self.here.get(&key) {
            return *known;
        }
        let mut total = own(object);
        for part in self.document.same_value(object) {
            total = total.saturating_add(self.itself(part));
        }
        self.here.insert(key, total);
        total
    }

    fn below(&mut self, schema: &'a Json, depth: usize) -> (u64, u64) {
        let Json::Object(object) = schema else { return (0, 0) };
        if depth == 0 {
            return (0, 0);
        }
        let key = (std::ptr::from_ref(schema), depth);
        if let Some(known) = self.inner.get(&key) {
            return *known;
        }
        let mut total = (
            self.of_groups(elements(object), depth - 1),
            self.of_groups(members(object), depth - 1),
        );
        for part in self.document.same_value(object) {
            let (arrays, objects) = self.below(part, depth);
            total = (total.0.saturating_add(arrays), total.1.saturating_add(objects));
        }
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

/// Steps of a schema's own keywords on one value: lists that are gone through.
fn own(object: &Object) -> u64 {
    let length = |key: &str| match object.get(key) {
        Some(Json::Array(items)) => items.len() as u64,
        Some(Json::Object(members)) => members.len() as u64,
        _ => 0,
    };
    1 + ["enum", "required", "properties", "patternProperties"].map(length).iter().sum::<u64>()
}
