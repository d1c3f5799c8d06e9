//! Undoes escapes: backslashes, as JSON strings, program sources and logs have them; references of
//! HTML; percent signs of URLs.
//!
//! Escapes of one kind inside each other are undone at once, so that a string inside a string inside
//! a string reads like the innermost one. What escapes nothing stays.

use memchr::memchr3;

use super::Mapped;
use super::octets::{character, hexadecimal};

/// The reading with escapes undone, or `None` if there is none to undo.
pub(super) fn unescape(text: &str) -> Option<Mapped> {
    let bytes = text.as_bytes();
    let mut mapped = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = memchr3(b'\\', b'&', b'%', bytes.get(at..).unwrap_or_default()) {
        let start = at + found;
        let escape = match bytes.get(start) {
            Some(b'\\') => backslash(bytes, start),
            Some(b'&') => reference(text, start),
            _ => character(start, |at| percent(bytes, at)),
        };
        let Some((c, end)) = escape else {
            at = start + run(bytes, start);
            continue;
        };
        let mapped = mapped.get_or_insert_with(|| Mapped::with_capacity(text.len()));
        mapped.copy(text.get(copied..start).unwrap_or_default(), copied);
        mapped.edit(c, start..end);
        (at, copied) = (end, end);
    }
    let mut mapped = mapped?;
    mapped.copy(text.get(copied..).unwrap_or_default(), copied);
    Some(mapped)
}

/// How many backslashes, or other signs, stand in a row.
fn run(bytes: &[u8], at: usize) -> usize {
    let first = bytes.get(at);
    match first {
        Some(b'\\') => bytes.iter().skip(at).take_while(|byte| Some(*byte) == first).count(),
        _ => 1,
    }
}

/// The character that the escape after the backslashes stands for, and where it ends.
fn backslash(bytes: &[u8], start: usize) -> Option<(char, usize)> {
    let at = start + run(bytes, start);
    let simple = |c| Some((c, at + 1));
    match bytes.get(at)? {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        quote @ (b'"' | b'\'' | b'/' | b'`') => simple(char::from(*quote)),
        b'x' => Some((char::from_u32(hex(bytes, at + 1, 2)?)?, at + 3)),
        b'u' => unicode(bytes, at + 1).map(|(c, length)| (c, at + 1 + length)),
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
    let low = at + 4;
    if bytes.get(low) != Some(&b'\\') {
        return None;
    }
    let low = low + run(bytes, low);
    if bytes.get(low) != Some(&b'u') {
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

/// The byte that `%XX` stands for, or `%25XX` and so on to any depth, and the length.
fn percent(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    if bytes.get(at) != Some(&b'%') {
        return None;
    }
    let digits = |at: usize| bytes.get(at..at + 2).and_then(hexadecimal);
    let mut from = at + 1;
    while bytes.get(from..from + 2) == Some(b"25") && digits(from + 2).is_some() {
        from += 2;
    }
    Some((digits(from)?, from + 2 - at))
}

/// The character that `&name;`, `&#N;` or `&amp;name;` and so on to any depth stands for, and where
/// it ends.
fn reference(text: &str, start: usize) -> Option<(char, usize)> {
    const AMPERSAND: &str = "amp;";
    let mut at = start + 1;
    loop {
        let rest = text.get(at..)?;
        match rest.strip_prefix(AMPERSAND) {
            Some(inner) if body(inner).is_some() => at += AMPERSAND.len(),
            _ => return body(rest).map(|(c, length)| (c, at + length)),
        }
    }
}

/// What stands behind the `&` of a reference.
fn body(rest: &str) -> Option<(char, usize)> {
    const NAME_BYTES_MAX: usize = 16;
    let head = rest.get(..rest.floor_char_boundary(NAME_BYTES_MAX))?;
    if let Some(number) = head.strip_prefix('#') {
        let (prefix, radix, digits) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (2, 16, digits),
            None => (1, 10, number),
        };
        let count = digits.chars().take_while(|c| c.is_digit(radix)).count();
        let value = u32::from_str_radix(digits.get(..count)?, radix).ok()?;
        let closed = usize::from(digits.as_bytes().get(count) == Some(&b';'));
        return Some((char::from_u32(value)?, prefix + count + closed));
    }
    let (name, _) = head.split_once(';')?;
    let place = NAMES.binary_search_by_key(&name, |(name, _)| *name).ok()?;
    NAMES.get(place).map(|(_, c)| (*c, name.len() + 1))
}

/// Named references (HTML, section 13.5) of ASCII signs and of characters that are not seen.
const NAMES: &[(&str, char)] = &[
    ("NewLine", '\n'),
    ("Tab", '\t'),
    ("ZeroWidthSpace", '\u{200B}'),
    ("amp", '&'),
    ("apos", '\''),
    ("ast", '*'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("dollar", '$'),
    ("equals", '='),
    ("excl", '!'),
    ("grave", '`'),
    ("gt", '>'),
    ("lbrack", '['),
    ("lcub", '{'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lsqb", '['),
    ("lt", '<'),
    ("nbsp", '\u{A0}'),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrack", ']'),
    ("rcub", '}'),
    ("rpar", ')'),
    ("rsqb", ']'),
    ("semi", ';'),
    ("shy", '\u{AD}'),
    ("sol", '/'),
    ("verbar", '|'),
    ("vert", '|'),
    ("zwj", '\u{200D}'),
    ("zwnj", '\u{200C}'),
];

#[cfg(test)]
mod tests {
    use super::NAMES;

    #[test]
    fn the_names_are_sorted() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
