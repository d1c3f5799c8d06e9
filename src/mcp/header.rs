//! Header values that mirror the body (SEP-2243): encoding, decoding, comparing.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Json, Object};

pub const VERSION: &str = "mcp-protocol-version";
pub const METHOD: &str = "mcp-method";
pub const NAME: &str = "mcp-name";
pub const SESSION: &str = "mcp-session-id";
pub const PARAM_PREFIX: &str = "mcp-param-";

const SENTINEL_START: &str = "=?base64?";
const SENTINEL_END: &str = "?=";

/// The header form of `value`: itself if it is plain, else the base64 sentinel.
pub fn encode(value: &str) -> String {
    let plain = value.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && value.trim() == value
        && !(value.starts_with(SENTINEL_START) && value.ends_with(SENTINEL_END));
    if plain {
        return value.to_owned();
    }
    format!("{SENTINEL_START}{}{SENTINEL_END}", STANDARD.encode(value))
}

/// Undoes [`encode`]. `None` if the value is no visible ASCII or its base64 is broken.
pub fn decode(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    if !text.bytes().all(|byte| (0x20..0x7f).contains(&byte) || byte == b'\t') {
        return None;
    }
    let inner = text.strip_prefix(SENTINEL_START).and_then(|rest| rest.strip_suffix(SENTINEL_END));
    match inner {
        None => Some(text.to_owned()),
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
    }
}

/// The text by which an argument is mirrored; only strings, booleans and safe integers are.
pub fn mirrored(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

/// Whether a decoded header value says what the argument says; numbers compare as numbers.
pub fn agrees(header: &str, value: &Json) -> bool {
    match value {
        Json::Number(number) => {
            header == number.as_str()
                || header.parse::<f64>().is_ok_and(|stated| stated == number.as_f64())
        }
        _ => mirrored(value).is_some_and(|text| text == header),
    }
}

/// An argument that must travel in a header too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MirroredParam {
    /// `mcp-param-…`, lower case.
    pub header: String,
    /// The chain of `properties` keys that leads to the argument.
    pub path: Vec<String>,
}

impl MirroredParam {
    /// The argument this mirrors, if it is there and not null.
    pub fn argument<'a>(&self, arguments: &'a Object) -> Option<&'a Json> {
        let (first, rest) = self.path.split_first()?;
        let value = rest.iter().try_fold(arguments.get(first)?, |value, key| value.get(key))?;
        (*value != Json::Null).then_some(value)
    }
}

/// The `x-mcp-header` marks of an input schema.
///
/// # Errors
/// Says which rule a mark breaks; such a tool must not be offered (SPEC streamable-http).
pub fn mirrored_params(schema: &Json) -> Result<Vec<MirroredParam>, &'static str> {
    let mut found = Vec::new();
    collect(schema, &mut Vec::new(), true, &mut found)?;
    for (index, param) in found.iter().enumerate() {
        if found.iter().skip(index + 1).any(|other| other.header == param.header) {
            return Err("two `x-mcp-header` marks name the same header");
        }
    }
    Ok(found)
}

/// `pure` holds while the path consists of `properties` keys alone.
fn collect(
    schema: &Json,
    path: &mut Vec<String>,
    pure: bool,
    found: &mut Vec<MirroredParam>,
) -> Result<(), &'static str> {
    match schema {
        Json::Array(items) => {
            return items.iter().try_for_each(|item| collect(item, path, false, found));
        }
        Json::Object(object) => {
            if let Some(mark) = object.get("x-mcp-header") {
                found.push(marked(mark, object, path, pure)?);
            }
            for (key, value) in object.iter() {
                match (key, value) {
                    ("properties", Json::Object(properties)) => {
                        for (name, property) in properties.iter() {
                            path.push(name.to_owned());
                            collect(property, path, pure, found)?;
                            path.pop();
                        }
                    }
                    ("const" | "default" | "enum" | "examples", _) => {}
                    _ => collect(value, path, false, found)?,
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn marked(
    mark: &Json,
    schema: &Object,
    path: &[String],
    pure: bool,
) -> Result<MirroredParam, &'static str> {
    let name = mark.as_str().filter(|name| is_token(name));
    let name = name.ok_or("an `x-mcp-header` mark must be a header token")?;
    if !pure || path.is_empty() {
        return Err("an `x-mcp-header` mark must sit on a chain of `properties`");
    }
    if !matches!(schema.str("type"), Some("string" | "integer" | "boolean")) {
        return Err("only strings, integers and booleans may carry `x-mcp-header`");
    }
    let header = format!("{PARAM_PREFIX}{}", name.to_ascii_lowercase());
    Ok(MirroredParam { header, path: path.to_vec() })
}

/// A token of RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{agrees, decode, encode, mirrored_params};
    use crate::mcp::json::{Limits, parse};

    proptest! {
        #[test]
        fn any_text_survives_a_header(text in "\\PC{0,40}|[ -~]{0,40}|=\\?base64\\?.{0,9}\\?=") {
            let header = encode(&text);
            prop_assert!(header.is_ascii());
            prop_assert_eq!(decode(header.as_bytes()), Some(text));
        }
    }

    #[test]
    fn broken_values_are_refused() {
        assert_eq!(decode(b"=?base64?%%?="), None);
        assert_eq!(decode(b"=?base64?/w==?="), None);
        assert_eq!(decode("é".as_bytes()), None);
        assert_eq!(decode(b"  padded "), Some("padded".to_owned()));
    }

    #[test]
    fn integers_compare_as_numbers() {
        let value = parse(b"42", &Limits::default()).expect("json");
        assert!(agrees("42.0", &value));
        assert!(!agrees("43", &value));
    }

    #[test]
    fn marks_off_a_chain_of_properties_are_refused() {
        let read = |text: &str| {
            mirrored_params(&parse(text.as_bytes(), &Limits::default()).expect("json"))
        };
        let good = r#"{"type":"object","properties":{"r":{"type":"object","properties":
            {"id":{"type":"string","x-mcp-header":"Region"}}}}}"#;
        assert_eq!(read(good).expect("good")[0].path, ["r", "id"]);
        for bad in [
            r#"{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#,
            r#"{"properties":{"a":{"type":"string","x-mcp-header":"A B"}}}"#,
            r#"{"properties":{"a":{"type":"string","x-mcp-header":""}}}"#,
            r#"{"properties":{"a":{"items":{"type":"string","x-mcp-header":"A"}}}}"#,
            r#"{"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}"#,
            r#"{"properties":{"a":{"type":"string","x-mcp-header":"A"},
                "b":{"type":"string","x-mcp-header":"a"}}}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
