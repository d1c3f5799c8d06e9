//! The decoder's law: it never panics, what it takes it writes back unchanged, and no other
//! parser reads the written form, or the received one, differently.

use bartizan::mcp::{
    Json, Message,
    json::{Limits, ParseError, parse},
};
use serde_json::Value;

const LIMITS: Limits = Limits { bytes_max: 1 << 20, depth_max: 64, values_max: 100_000 };

pub(crate) fn holds(data: &[u8]) {
    match parse(data, &LIMITS) {
        Ok(value) => taken(data, &value),
        Err(error) => refused(data, &error),
    }
    if let Ok(message) = Message::parse(data, &LIMITS) {
        let written = message.to_bytes();
        let again = Message::parse(&written, &LIMITS).expect("a written message is a message");
        assert_eq!(again, message, "a message changed on its way");
    }
}

fn taken(received: &[u8], value: &Json) {
    let written = value.to_bytes();
    let again = parse(&written, &LIMITS).expect("a written value is a value");
    assert_eq!(&again, value, "a value changed on its way");
    assert_eq!(again.digest(), value.digest(), "one value, two digests");
    for text in [received, &written] {
        match serde_json::from_slice::<Value>(text) {
            Ok(theirs) => assert!(same(value, &theirs), "two parsers read two values"),
            Err(error) => assert!(beyond_doubles(&error), "only the gateway reads this: {error}"),
        }
    }
}

/// What the gateway calls no JSON at all, nobody else may take for JSON.
fn refused(received: &[u8], error: &ParseError) {
    if matches!(error, ParseError::Syntax { .. } | ParseError::NotUtf8 { .. }) {
        assert!(serde_json::from_slice::<Value>(received).is_err(), "valid JSON refused: {error}");
    }
}

/// The gateway keeps literals such as `1e400`; `serde_json` has no number for them.
fn beyond_doubles(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

fn same(ours: &Json, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(one), Value::Bool(two)) => one == two,
        (Json::String(one), Value::String(two)) => one == two,
        (Json::Number(one), Value::Number(two)) => {
            two.as_f64().is_some_and(|two| nearly(one.as_f64(), two))
        }
        (Json::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Json::Object(one), Value::Object(two)) => {
            one.len() == two.len()
                && one
                    .iter()
                    .zip(two)
                    .all(|((key, one), (name, two))| key == name && same(one, two))
        }
        _ => false,
    }
}

/// `serde_json` may err by the last digit of a double.
fn nearly(one: f64, two: f64) -> bool {
    one == two || (one - two).abs() <= one.abs() * 4.0 * f64::EPSILON + f64::MIN_POSITIVE
}
