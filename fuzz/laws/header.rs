//! The header encoding's law: any text survives, as visible ASCII; any bytes are read or refused.

use bartizan::mcp::header::{decode, encode};

pub(crate) fn holds(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        survives(text);
    }
    if let Some(text) = decode(data) {
        survives(&text);
    }
}

fn survives(text: &str) {
    let header = encode(text);
    assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "no header value: {header:?}");
    assert_eq!(decode(header.as_bytes()).as_deref(), Some(text), "a text changed in a header");
}
