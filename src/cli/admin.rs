//! Asking the running gateway.

use serde_json::Value;

pub(super) use crate::app::ask;

/// A member as text, empty if it is not there.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}
