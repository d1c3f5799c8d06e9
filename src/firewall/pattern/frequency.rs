//! Guesses how often a literal occurs in honest texts, to choose the rarest of several.

/// Words of English, code and markup that are far more common than their letters say.
const COMMON: [&str; 51] = [
    "the", "and", "you", "your", "for", "from", "that", "this", "with", "not", "are", "was",
    "must", "should", "when", "user", "type", "name", "file", "function", "return", "error",
    "value", "string", "data", "key", "url", "http", "https", "end", "add", "set", "get", "use",
    "call", "number", "message", "other", "content", "result", "read", "new", "host", "open",
    "show", "load", "output", "note", "://", "http://", "https://",
];

/// The share of positions at which a common word starts.
const COMMON_SHARE: f64 = 5e-4;

/// A rough share of positions in English and code at which a literal starts. Bytes of all but
/// common words are taken for independent, which is enough to compare literals.
pub(super) fn frequency(literal: &[u8]) -> f64 {
    let text = literal.trim_ascii();
    match COMMON.iter().any(|common| common.as_bytes() == text) {
        true => COMMON_SHARE,
        false => literal.iter().map(|byte| share(*byte)).product(),
    }
}

fn share(byte: u8) -> f64 {
    match byte {
        b' ' | b'e' => 0.12,
        b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 0.07,
        b'h' | b'l' | b'd' | b'c' | b'u' | b'm' | b'p' => 0.03,
        b'a'..=b'z' | b'\n' => 0.015,
        b'0'..=b'9' | b'.' | b',' | b'-' | b'/' | b'_' | b'"' | b'=' | b'(' | b')' => 0.01,
        b'!'..=b'~' => 0.004,
        _ => 0.02,
    }
}
