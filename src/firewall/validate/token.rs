//! Checks that issuers build into their tokens.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// Characters of the checksum at the end of a token.
const CHECKSUM_CHARS: usize = 6;

/// The checksum of GitHub's and npm's tokens
/// (<https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>).
pub(super) fn crc32_base62(text: &str) -> bool {
    let body = text.rsplit_once('_').map_or(text, |(_, body)| body);
    let at = body.len().saturating_sub(CHECKSUM_CHARS);
    match body.split_at_checked(at) {
        Some((random, checksum)) if !random.is_empty() => {
            checksum.as_bytes() == checksum_of(random.as_bytes())
        }
        _ => false,
    }
}

/// The six characters that belong to the random part of a token.
pub(in crate::firewall) fn checksum_of(random: &[u8]) -> [u8; CHECKSUM_CHARS] {
    const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32(random);
    let mut checksum = [b'0'; CHECKSUM_CHARS];
    for place in checksum.iter_mut().rev() {
        if let Some(character) = BASE62.get(rest as usize % BASE62.len()) {
            *place = *character;
        }
        rest /= 62;
    }
    checksum
}

/// CRC-32 as in ISO 3309 and RFC 1952 (section 8), bit by bit: tokens are short and rare.
fn crc32(bytes: &[u8]) -> u32 {
    let shift = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    let feed = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| shift(crc));
    !bytes.iter().fold(!0, feed)
}

/// RFC 7515, section 3.1: the header is a JSON object with `alg`.
pub(super) fn json_web_token(text: &str) -> bool {
    let header = text.split('.').next().unwrap_or_default();
    object(header).is_some_and(|header| header.get("alg").is_some_and(Value::is_string))
}

/// A JSON object in either alphabet of RFC 4648, padded or not.
pub(super) fn base64_json(text: &str) -> bool {
    object(text).is_some()
}

fn object(text: &str) -> Option<serde_json::Map<String, Value>> {
    let text = text.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?;
    serde_json::from_slice(&bytes).ok()
}
