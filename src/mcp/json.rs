//! JSON as the corridor carries it: parsed once by a strict parser, kept as sent, written again.
//!
//! What a typed view or a float would lose stays: key order, number literals, unknown fields.
//! What two parsers could read in two ways (duplicate keys, lone surrogates, bad UTF-8) is refused.

mod canonical;
mod object;
mod parse;
mod write;

#[cfg(test)]
mod tests;

pub use object::Object;
pub use parse::{Limits, ParseError, parse};

/// One JSON value. Numbers keep the literal that was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Json>),
    Object(Object),
}

/// A number's literal, exactly as received: `1.0`, `1e400` and 30-digit integers survive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Number(Box<str>);

impl Number {
    /// The literal.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value as an integer, if the literal is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The nearest double; infinite for literals beyond its range.
    pub fn as_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string().into())
    }
}

impl Json {
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The member `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.as_object()?.get(key)
    }

    /// Walks `path` through nested objects.
    pub fn at(&self, path: &[&str]) -> Option<&Json> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// Calls `visit` on every string and every object key, depth first.
    pub fn visit_strings(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Self::String(text) => visit(text),
            Self::Array(items) => items.iter().for_each(|item| item.visit_strings(visit)),
            Self::Object(object) => {
                for (key, value) in object.iter() {
                    visit(key);
                    value.visit_strings(visit);
                }
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }

    /// Calls `visit` on every string value (not keys) so that it may be rewritten in place.
    pub fn visit_strings_mut(&mut self, visit: &mut dyn FnMut(&mut String)) {
        match self {
            Self::String(text) => visit(text),
            Self::Array(items) => items.iter_mut().for_each(|item| item.visit_strings_mut(visit)),
            Self::Object(object) => {
                object.values_mut().for_each(|value| value.visit_strings_mut(visit));
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }

    /// A `serde_json` view for validators and policies. Integers beyond 64 bits become doubles,
    /// so it is never what is forwarded.
    pub fn to_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => number_value(number),
            Self::String(text) => Value::String(text.clone()),
            Self::Array(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Self::Object(object) => object.to_value(),
        }
    }

    /// A tree from a `serde_json` value of our own making.
    pub fn from_value(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(Number(number.to_string().into())),
            Value::String(text) => Self::String(text),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from_value).collect()),
            Value::Object(map) => {
                Self::Object(map.into_iter().map(|(key, item)| (key, item.into())).collect())
            }
        }
    }
}

fn number_value(number: &Number) -> serde_json::Value {
    let literal = number.as_str();
    if let Ok(value) = literal.parse::<u64>() {
        return value.into();
    }
    if let Ok(value) = literal.parse::<i64>() {
        return value.into();
    }
    // A double that is not finite has no JSON number; a validator then sees the largest one.
    let double = number.as_f64();
    let finite = if double.is_finite() { double } else { f64::MAX.copysign(double) };
    serde_json::Number::from_f64(finite).map_or(serde_json::Value::Null, Into::into)
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self::from_value(value)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Self::Array(items)
    }
}
