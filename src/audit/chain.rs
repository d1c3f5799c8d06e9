//! The hash chain: how a record is sealed, and how a line is taken apart again.
//!
//! One line is one record. There is exactly one way to write it, so no byte can change unnoticed:
//!
//! ```text
//! {"seal":{"v":1,"seq":N,"prev":"HEX","sha256":"HEX"},"payload":{...}}
//! ```
//!
//! `seq` counts from 1 through all segments. `prev` is the `sha256` of the record before, or for the
//! first record SHA-256 of `bartizan audit genesis v1`. `sha256` is SHA-256 of `bartizan audit record v1`,
//! one zero byte, `seq` as eight bytes (big-endian), the 32 bytes of `prev`, and the payload's bytes
//! exactly as they stand in the line. Hexadecimal is lower-case, and there is no white space outside
//! the payload. The payload stands apart from its seal, so that it can be checked without parsing it.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};

use super::json;

#[cfg(test)]
mod tests;

const GENESIS_DOMAIN: &[u8] = b"bartizan audit genesis v1";
const RECORD_DOMAIN: &[u8] = b"bartizan audit record v1\0";

const BEFORE_VERSION: &[u8] = b"{\"seal\":{\"v\":";
const BEFORE_SEQUENCE: &[u8] = b"1,\"seq\":";
const BEFORE_PREVIOUS: &[u8] = b",\"prev\":\"";
const BEFORE_DIGEST: &[u8] = b"\",\"sha256\":\"";
const BEFORE_PAYLOAD: &[u8] = b"\"},\"payload\":";

/// Bytes of a line that are not payload, with the longest `seq` and the line break.
pub(super) const SEAL_BYTES_MAX: usize = 224;

/// A record's place in the journal. The first one has 1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize)]
pub struct Sequence(pub u64);

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A SHA-256 digest, shown in lower-case hexadecimal.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// What the first record has as its predecessor.
    pub fn genesis() -> Self {
        Self::of(digest(&SHA256, GENESIS_DOMAIN).as_ref())
    }

    fn of(bytes: &[u8]) -> Self {
        Self(bytes.try_into().expect("SHA-256 has 32 bytes"))
    }

    fn from_hex(hex: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_chunks::<2>().0) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        (hex.len() == 64).then_some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// A line that no journal wrote. The text says which part is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(&'static str);

/// What binds one record to its place and to the record before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seal {
    /// Where the record stands.
    pub sequence: Sequence,
    /// Digest of the record before.
    pub previous: Digest,
    /// Digest over all of the above and the payload.
    pub digest: Digest,
}

impl Seal {
    /// Seals `payload` as the record that follows `previous`.
    pub fn over(sequence: Sequence, previous: Digest, payload: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(RECORD_DOMAIN);
        context.update(&sequence.0.to_be_bytes());
        context.update(&previous.0);
        context.update(payload);
        Self { sequence, previous, digest: Digest::of(context.finish().as_ref()) }
    }

    /// Whether the digest is that of `payload` at this place. Says nothing about the record before.
    pub fn holds(&self, payload: &[u8]) -> bool {
        *self == Self::over(self.sequence, self.previous, payload)
    }

    /// Adds the whole line, line break included, to `out`.
    pub fn write_line(&self, payload: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(BEFORE_VERSION);
        out.extend_from_slice(BEFORE_SEQUENCE);
        json::push_decimal(out, self.sequence.0);
        out.extend_from_slice(BEFORE_PREVIOUS);
        json::push_hex(out, &self.previous.0);
        out.extend_from_slice(BEFORE_DIGEST);
        json::push_hex(out, &self.digest.0);
        out.extend_from_slice(BEFORE_PAYLOAD);
        out.extend_from_slice(payload);
        out.extend_from_slice(b"}\n");
    }

    /// Takes a line apart, without its line break, and gives back the payload's exact bytes.
    ///
    /// # Errors
    ///
    /// If the line differs in anything from what [`Seal::write_line`] writes. Whether the digest is
    /// right is for [`Seal::holds`] to say, and whether the payload is JSON for whoever parses it.
    pub fn parse(line: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let rest = after(line, BEFORE_VERSION, "it does not begin with a seal")?;
        let rest = after(rest, BEFORE_SEQUENCE, "its seal has an unknown version")?;
        let (sequence, rest) = decimal(rest)?;
        let rest = after(rest, BEFORE_PREVIOUS, "its seal has no `prev` after `seq`")?;
        let (previous, rest) = hex(rest, "its `prev` is not a SHA-256 digest")?;
        let rest = after(rest, BEFORE_DIGEST, "its seal has no `sha256` after `prev`")?;
        let (digest, rest) = hex(rest, "its `sha256` is not a SHA-256 digest")?;
        let rest = after(rest, BEFORE_PAYLOAD, "it has no payload after its seal")?;
        let payload = rest.strip_suffix(b"}").filter(|payload| is_one_object(payload));
        let payload = payload.ok_or(Malformed("its payload is not one JSON object"))?;
        Ok((Self { sequence: Sequence(sequence), previous, digest }, payload))
    }
}

/// Whether bytes can stand as a payload: the outline of one JSON object, in UTF-8, on one line.
pub(super) fn is_one_object(payload: &[u8]) -> bool {
    matches!(payload, [b'{', .., b'}'])
        && !payload.contains(&b'\n')
        && std::str::from_utf8(payload).is_ok()
}

fn after<'l>(line: &'l [u8], part: &[u8], otherwise: &'static str) -> Result<&'l [u8], Malformed> {
    line.strip_prefix(part).ok_or(Malformed(otherwise))
}

fn hex<'l>(line: &'l [u8], otherwise: &'static str) -> Result<(Digest, &'l [u8]), Malformed> {
    let (digits, rest) = line.split_at_checked(64).ok_or(Malformed(otherwise))?;
    Ok((Digest::from_hex(digits).ok_or(Malformed(otherwise))?, rest))
}

fn decimal(line: &[u8]) -> Result<(u64, &[u8]), Malformed> {
    let length = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = line.split_at(length);
    // One number, one spelling: a leading zero would leave two lines with the same digest.
    let number = match digits {
        [b'0', ..] => None,
        _ => std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()),
    };
    Ok((number.ok_or(Malformed("its `seq` is not a number from 1"))?, rest))
}
