//! What Markdown holds and a person does not see: link titles, texts in the place of images, link
//! definitions, comments made of them.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::markup::Markup;

/// The longest label or address that is read, in bytes.
const PART_BYTES_MAX: usize = 1024;

/// Adds what is hidden; the visible reading is left as it is.
pub(super) fn markdown(text: &str, markup: &mut Markup) {
    let bytes = text.as_bytes();
    let images = LazyCell::new(|| images(text));
    for at in memchr_iter(b']', bytes) {
        match bytes.get(at + 1) {
            Some(b'(') => link(text, at, markup),
            Some(b':') => definition(text, at, &images, markup),
            _ => {}
        }
    }
}

/// `[label](address "title")` and `![label](address)`, of which the first bracket closes at `close`.
fn link(text: &str, close: usize, markup: &mut Markup) {
    if let Some(open) = opening(text, close)
        && is_image(text, open)
    {
        markup.hide(text, open + 1..close);
    }
    let start = close + 2;
    let limit = text.floor_char_boundary(start.saturating_add(PART_BYTES_MAX));
    let line = text.get(start..limit).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let Some(end) = memchr(b')', line.as_bytes()) else { return };
    if let Some(title) = line.get(..end).and_then(quoted) {
        markup.hide(text, start + title.start..start + title.end);
    }
}

/// `[label]: address "title"` at the start of a line. One whose label an image names reads as that
/// image, address and all.
fn definition(text: &str, close: usize, images: &BTreeSet<String>, markup: &mut Markup) {
    let Some(open) = opening(text, close) else { return };
    let before = text.as_bytes().get(..open).unwrap_or_default();
    let above = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t' | b'>'));
    if above.is_some_and(|byte| *byte != b'\n') {
        return;
    }
    let start = close + 2;
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let content = start..start + line.len();
    let label = text.get(open + 1..close).unwrap_or_default();
    if images.contains(&label.to_ascii_lowercase()) {
        address(text, content.clone(), markup);
    }
    markup.hide(text, content);
}

/// Adds `![](address)` for the address at the start of a definition.
fn address(text: &str, content: Range<usize>, markup: &mut Markup) {
    let Some(line) = text.get(content.clone()) else { return };
    let trimmed = line.trim_start().trim_start_matches('<');
    let start = content.end - trimmed.len();
    let length = trimmed.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(trimmed.len());
    if let Some(address) = trimmed.get(..length).filter(|address| !address.is_empty()) {
        let raw = start..start + length;
        markup.hidden.part(raw.clone());
        markup.hidden.edit_text("![](", raw.clone());
        markup.hidden.copy(address, start);
        markup.hidden.edit_text(")", raw);
    }
}

/// The labels in `![…][label]` and `![label]`, in lower case.
fn images(text: &str) -> BTreeSet<String> {
    let bytes = text.as_bytes();
    let marks = memchr_iter(b'!', bytes).filter(|at| bytes.get(at + 1) == Some(&b'['));
    let labels = marks.filter_map(|at| {
        let limit = text.floor_char_boundary((at + 2).saturating_add(PART_BYTES_MAX));
        let (alternative, after) = text.get(at + 2..limit)?.split_once(']')?;
        let named = after.strip_prefix('[').and_then(|after| after.split_once(']'));
        let label = named.map(|(label, _)| label).filter(|label| !label.is_empty());
        Some(label.unwrap_or(alternative).to_ascii_lowercase())
    });
    labels.collect()
}

/// Where the bracket opens that closes at `close`.
fn opening(text: &str, close: usize) -> Option<usize> {
    let start = text.floor_char_boundary(close.saturating_sub(PART_BYTES_MAX));
    text.get(start..close)?.rfind('[').map(|found| start + found)
}

fn is_image(text: &str, open: usize) -> bool {
    open.checked_sub(1).is_some_and(|before| text.as_bytes().get(before) == Some(&b'!'))
}

/// What stands in quotes at the end.
fn quoted(inside: &str) -> Option<Range<usize>> {
    let end = inside.trim_end().len().checked_sub(1)?;
    let quote = inside.as_bytes().get(end).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let start = memchr(*quote, inside.as_bytes())? + 1;
    (start < end).then_some(start..end)
}
