//! A literal, the four of its bytes that are looked for, and the comparison around them.

use std::ops::Range;

use super::gram::{BYTES, gram, short_gram};
use crate::firewall::pattern::{cases, folded, spelled};

/// Bytes of a literal below which three of them are looked for.
const SHORT_BYTES: usize = BYTES - 1;
/// Cases that four bytes may have in all.
const CASES_MAX: usize = 128;

/// A literal in the form that all its cases share.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    text: Box<str>,
    /// Where the bytes that are looked for start.
    offset: usize,
    /// Their grams, one for each case.
    grams: Box<[u32]>,
}

impl Literal {
    /// A literal; `None` if it has fewer than three bytes.
    pub(super) fn new(text: &str) -> Option<Self> {
        let places = text.char_indices().filter_map(|(offset, _)| {
            let grams = grams(text.get(offset..)?)?;
            let bytes = text.as_bytes().get(offset..)?;
            let rarity = spelled(bytes.get(..BYTES).unwrap_or(bytes));
            Some((offset, grams, rarity))
        });
        let rarest = places.min_by(|one, other| one.2.total_cmp(&other.2));
        let (offset, grams, _) = rarest?;
        Some(Self { text: text.into(), offset, grams: grams.into() })
    }

    pub(super) fn grams(&self) -> &[u32] {
        &self.grams
    }

    /// The range of the literal, if the text has it around its rarest bytes at `at`.
    #[inline]
    pub(super) fn around(&self, text: &str, at: usize) -> Option<Range<usize>> {
        if !self.text.is_ascii() {
            return self.around_cases(text, at);
        }
        let start = at.checked_sub(self.offset)?;
        let range = start..start.checked_add(self.text.len())?;
        let found = text.as_bytes().get(range.clone())?;
        found.eq_ignore_ascii_case(self.text.as_bytes()).then_some(range)
    }

    /// The same for a literal with characters whose cases may differ in length.
    fn around_cases(&self, text: &str, at: usize) -> Option<Range<usize>> {
        let (head, tail) = self.text.split_at_checked(self.offset)?;
        let (before, after) = text.split_at_checked(at)?;
        let mut start = at;
        let mut earlier = before.chars().rev();
        for wanted in head.chars().rev() {
            let found = earlier.next().filter(|c| folded(*c) == wanted)?;
            start -= found.len_utf8();
        }
        let mut end = at;
        let mut later = after.chars();
        for wanted in tail.chars() {
            let found = later.next().filter(|c| folded(*c) == wanted)?;
            end += found.len_utf8();
        }
        Some(start..end)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.text.len() + size_of_val(&*self.grams)
    }
}

/// The grams of the first bytes of a text in each of their cases; `None` if it is too short.
fn grams(text: &str) -> Option<Vec<u32>> {
    if text.len() == SHORT_BYTES && text.is_ascii() {
        return text.as_bytes().first_chunk().map(|bytes| vec![short_gram(*bytes)]);
    }
    let mut starts = vec![Vec::new()];
    for c in text.chars() {
        if starts.iter().all(|start| start.len() >= BYTES) {
            break;
        }
        let cases = cases(c);
        let longer = |start: &Vec<u8>| {
            let start = start.clone();
            let append =
                move |case: &char| [&start, case.encode_utf8(&mut [0; 4]).as_bytes()].concat();
            cases.iter().map(append).collect::<Vec<_>>()
        };
        starts = starts.iter().flat_map(longer).collect();
        if starts.len() > CASES_MAX {
            return None;
        }
    }
    let first = |start: Vec<u8>| match start.as_slice() {
        [a, b, c] => Some(short_gram([*a, *b, *c])),
        bytes => bytes.first_chunk().map(|bytes| gram(*bytes)),
    };
    let mut grams: Vec<u32> = starts.into_iter().map(first).collect::<Option<_>>()?;
    grams.sort_unstable();
    grams.dedup();
    Some(grams)
}
