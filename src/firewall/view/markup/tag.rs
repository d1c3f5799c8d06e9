//! Reads one tag with its attributes.

use std::ops::Range;

use memchr::memchr;

/// The longest tag that is read, in bytes. What is longer is text.
const TAG_BYTES_MAX: usize = 64 * 1024;
/// The most attributes of one tag that are read.
const ATTRIBUTES_MAX: usize = 64;

/// A start tag or an end tag.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    pub(super) closes: bool,
    /// Whether it ends in `/>`.
    pub(super) empty: bool,
    /// Where it ends in the text.
    pub(super) end: usize,
    attributes: Vec<Attribute<'a>>,
}

/// An attribute and where its value stands.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    pub(super) range: Range<usize>,
}

impl<'a> Tag<'a> {
    pub(super) fn attributes(&self) -> impl Iterator<Item = &Attribute<'a>> {
        self.attributes.iter()
    }
}

/// The tag that begins with the `<` at `start`.
pub(super) fn tag(text: &str, start: usize) -> Option<Tag<'_>> {
    let bytes = text.as_bytes();
    let limit = text.len().min(start.saturating_add(TAG_BYTES_MAX));
    let closes = bytes.get(start + 1) == Some(&b'/');
    let first = start + 1 + usize::from(closes);
    bytes.get(first).filter(|byte| byte.is_ascii_alphabetic())?;
    let mut at = end_of(bytes, first, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = text.get(first..at)?;
    let mut attributes = Vec::new();
    loop {
        at = end_of(bytes, at, |byte| byte.is_ascii_whitespace() || byte == b'/');
        match bytes.get(at)? {
            b'>' => break,
            // A sign that no attribute begins with: this is no tag.
            b'<' | b'=' | b',' | b';' | b'(' | b')' | b'*' | b'&' | b'|' => return None,
            _ if at >= limit || attributes.len() >= ATTRIBUTES_MAX => return None,
            _ => {}
        }
        let (attribute, end) = attribute(text, at)?;
        attributes.push(attribute);
        at = end;
    }
    let empty = bytes.get(at - 1) == Some(&b'/');
    Some(Tag { name, closes, empty, end: at + 1, attributes })
}

fn attribute(text: &str, start: usize) -> Option<(Attribute<'_>, usize)> {
    let bytes = text.as_bytes();
    let in_name = |byte: u8| !byte.is_ascii_whitespace() && !b"=>/<".contains(&byte);
    let name_end = end_of(bytes, start, in_name);
    let name = text.get(start..name_end)?;
    let at = end_of(bytes, name_end, |byte| byte.is_ascii_whitespace());
    if bytes.get(at) != Some(&b'=') {
        let nothing = name_end..name_end;
        return Some((Attribute { name, value: "", range: nothing }, name_end.max(start + 1)));
    }
    let at = end_of(bytes, at + 1, |byte| byte.is_ascii_whitespace());
    let (range, end) = match bytes.get(at)? {
        quote @ (b'"' | b'\'') => {
            let end = at + 1 + memchr(*quote, bytes.get(at + 1..)?)?;
            (at + 1..end, end + 1)
        }
        _ => {
            let end = end_of(bytes, at, |b| !b.is_ascii_whitespace() && b != b'>' && b != b'<');
            (at..end, end)
        }
    };
    Some((Attribute { name, value: text.get(range.clone())?, range }, end))
}

/// Where the run of bytes that pass ends.
fn end_of(bytes: &[u8], from: usize, pass: impl Fn(u8) -> bool) -> usize {
    from + bytes.get(from..).unwrap_or_default().iter().take_while(|byte| pass(**byte)).count()
}
