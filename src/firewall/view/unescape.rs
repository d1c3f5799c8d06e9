//! Undoes backslash escapes, as JSON strings, program sources and logs have them.
//!
//! A run of backslashes counts as one, so that a string inside a string inside a string reads
//! like the innermost one. A backslash that escapes nothing stays.

use super::Mapped;

/// The reading with escapes undone, or `None` if there is none to undo.
pub(in crate::firewall) fn unescape(text: &str) -> Option<Mapped> {
    let bytes = text.as_bytes();
    let mut mapped = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(is_backslash)) {
        let start = at + found;
        let run = bytes.iter().skip(start).take_while(|byte| is_backslash(byte)).count();
        at = start + run;
        let Some((c, length)) = escape(bytes, at) else { continue };
        let mapped = mapped.get_or_insert_with(|| Mapped::with_capacity(text.len()));
        mapped.copy(text.get(copied..start).unwrap_or_default(), copied);
        at += length;
        copied = at;
        mapped.edit(c, start..at);
    }
    let mut mapped = mapped?;
    mapped.copy(text.get(copied..).unwrap_or_default(), copied);
    Some(mapped)
}

fn is_backslash(byte: &u8) -> bool {
    *byte == b'\\'
}

/// The character that the escape after the backslashes stands for, and the escape's length.
fn escape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let simple = |c| Some((c, 1));
    match bytes.get(at)? {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        quote @ (b'"' | b'\'' | b'/' | b'`') => simple(char::from(*quote)),
        b'x' => Some((char::from_u32(hex(bytes, at + 1, 2)?)?, 3)),
        b'u' => unicode(bytes, at + 1).map(|(c, length)| (c, length + 1)),
        _ => None,
    }
}

/// Four hex digits, a surrogate pair of two such escapes, or `{…}` with up to six, after `\u`.
fn unicode(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    if bytes.get(at) == Some(&b'{') {
        let digits = bytes.iter().skip(at + 1).take(6).take_while(|b| b.is_ascii_hexdigit());
        let count = digits.count();
        let closed = bytes.get(at + 1 + count) == Some(&b'}');
        let value = hex(bytes, at + 1, count).filter(|_| closed && count > 0)?;
        return Some((char::from_u32(value)?, count + 2));
    }
    let first = hex(bytes, at, 4)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 4));
    }
    let run = bytes.iter().skip(at + 4).take_while(|byte| is_backslash(byte)).count();
    let low = at + 4 + run;
    if run == 0 || bytes.get(low) != Some(&b'u') {
        return None;
    }
    let second = hex(bytes, low + 1, 4)?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(units).next()?.ok()?;
    Some((c, low + 5 - at))
}

fn hex(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    let digits = bytes.get(at..at.checked_add(count)?)?;
    digits
        .iter()
        .try_fold(0, |value, byte| char::from(*byte).to_digit(16).map(|digit| value * 16 + digit))
}
