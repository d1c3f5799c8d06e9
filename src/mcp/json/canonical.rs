//! Canonical forms, for digests only; what runs is never taken from here.

use aws_lc_rs::digest;

use super::{Json, Number, Object, write::write_string};

/// How a canonical form writes numbers.
#[derive(Clone, Copy)]
enum Numbers {
    /// The literal as sent: two different literals never share a digest.
    Literal,
    /// The double, as ECMAScript prints it (RFC 8785 §3.2.2.3).
    Double,
}

impl Json {
    /// The form that calls are bound to: keys sorted and strings written as in RFC 8785, numbers
    /// as their literals, so that no two big integers can share a digest.
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        write(self, Numbers::Literal, &mut out);
        out
    }

    /// SHA-256 of [`Json::canonical`], in hex.
    pub fn digest(&self) -> String {
        hex_sha256(&self.canonical())
    }

    /// SHA-256 over the RFC 8785 form, in hex: what a tool definition is pinned by. Re-ordered
    /// keys and `1.0` for `1` are no change.
    pub fn pin(&self) -> String {
        let mut out = Vec::with_capacity(1024);
        write(self, Numbers::Double, &mut out);
        hex_sha256(&out)
    }
}

/// SHA-256 of `bytes` in lower-case hex.
fn hex_sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        use std::fmt::Write as _;
        write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
        hex
    })
}

impl Object {
    /// As [`Json::canonical`].
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        write_object(self, Numbers::Literal, &mut out);
        out
    }

    /// As [`Json::digest`].
    pub fn digest(&self) -> String {
        hex_sha256(&self.canonical())
    }
}

fn write_object(object: &Object, numbers: Numbers, out: &mut Vec<u8>) {
    let mut members: Vec<(&str, &Json)> = object.iter().collect();
    // RFC 8785 sorts by UTF-16 code units, which differs from bytes beyond the BMP.
    members.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    out.push(b'{');
    for (index, (key, member)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(key, out);
        out.push(b':');
        write(member, numbers, out);
    }
    out.push(b'}');
}

fn write(value: &Json, numbers: Numbers, out: &mut Vec<u8>) {
    match value {
        Json::Object(object) => write_object(object, numbers, out),
        Json::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, numbers, out);
            }
            out.push(b']');
        }
        Json::Number(number) => match numbers {
            Numbers::Literal => out.extend_from_slice(number.as_str().as_bytes()),
            Numbers::Double => out.extend_from_slice(ecmascript(number).as_bytes()),
        },
        Json::Null | Json::Bool(_) | Json::String(_) => value.write(out),
    }
}

/// `Number::toString` of ECMA-262 §6.1.6.1.20; literals beyond a double keep their text.
fn ecmascript(number: &Number) -> String {
    let double = number.as_f64();
    if !double.is_finite() {
        return number.as_str().to_owned();
    }
    if double == 0.0 {
        return "0".to_owned();
    }
    let magnitude = double.abs();
    if (1e-6..1e21).contains(&magnitude) {
        return format!("{double}");
    }
    let text = format!("{double:e}");
    if magnitude >= 1.0 { text.replacen('e', "e+", 1) } else { text }
}
