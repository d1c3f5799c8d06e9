//! JSON arguments as a Cedar record, within bounds.
//!
//! Strings and booleans stay what they are, integers of 64 bits become longs, every other number
//! its text, arrays become sets, and a null is absent. Arguments beyond the bounds are an error,
//! never a shorter record: a `forbid` that asks `has` must not be dodged by padding.

use cedar_policy::RestrictedExpression;
use serde_json::{Map, Value};

/// Why arguments cannot be shown to a policy.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum ValueError {
    #[error("the arguments nest deeper than {0} levels")]
    TooDeep(usize),
    #[error("the arguments hold more than {0} values")]
    TooMany(usize),
    #[error("the arguments are not a JSON object")]
    NotAnObject,
    #[error("the arguments do not form a record")]
    NotARecord,
}

/// The record of the arguments; none are an empty record.
pub(super) fn record(
    arguments: Option<&Value>,
    depth: usize,
    members: usize,
) -> Result<RestrictedExpression, ValueError> {
    let mut reader = Reader { depth, members, left: members };
    match arguments {
        None | Some(Value::Null) => reader.record(&Map::new(), depth),
        Some(Value::Object(map)) => reader.record(map, depth),
        Some(_) => Err(ValueError::NotAnObject),
    }
}

struct Reader {
    depth: usize,
    members: usize,
    left: usize,
}

impl Reader {
    fn value(&mut self, value: &Value, below: usize) -> Result<RestrictedExpression, ValueError> {
        self.left = self.left.checked_sub(1).ok_or(ValueError::TooMany(self.members))?;
        match value {
            Value::Null => Err(ValueError::NotARecord),
            Value::Bool(truth) => Ok(RestrictedExpression::new_bool(*truth)),
            Value::Number(number) => Ok(match number.as_i64() {
                Some(long) => RestrictedExpression::new_long(long),
                None => RestrictedExpression::new_string(number.to_string()),
            }),
            Value::String(text) => Ok(RestrictedExpression::new_string(text.clone())),
            Value::Array(items) => self.set(items, below),
            Value::Object(map) => self.record(map, below),
        }
    }

    fn set(&mut self, items: &[Value], below: usize) -> Result<RestrictedExpression, ValueError> {
        let below = below.checked_sub(1).ok_or(ValueError::TooDeep(self.depth))?;
        let present = items.iter().filter(|item| !item.is_null());
        let values = present.map(|item| self.value(item, below)).collect::<Result<Vec<_>, _>>()?;
        Ok(RestrictedExpression::new_set(values))
    }

    fn record(
        &mut self,
        map: &Map<String, Value>,
        below: usize,
    ) -> Result<RestrictedExpression, ValueError> {
        let below = below.checked_sub(1).ok_or(ValueError::TooDeep(self.depth))?;
        let mut fields = Vec::with_capacity(map.len().min(self.left));
        for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
            fields.push((name.clone(), self.value(value, below)?));
        }
        RestrictedExpression::new_record(fields).map_err(|_| ValueError::NotARecord)
    }
}
