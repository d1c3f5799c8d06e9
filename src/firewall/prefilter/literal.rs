//! A literal, the four of its bytes that are looked for, and the comparison around them.

use std::ops::Range;

use super::gram::{BYTES, Beside, Place, SHORT_BYTES, gram, short_gram};
use crate::firewall::pattern::{cases, folded, frequency_of_gram, is_space, solid};

/// Cases that four bytes may have in all.
const CASES_MAX: usize = 128;

/// A literal in the form that all its cases share, in a text with others. A blank stands for any white
/// space, of which there is some.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    start: u32,
    /// Where its owners start.
    owners: u32,
    owners_count: u16,
    bytes: u16,
    /// Where the bytes that are looked for start in it.
    offset: u16,
    ascii: bool,
}

impl Literal {
    /// A literal at a range of `texts` and its owners; `None` if they are more than it can count.
    pub(super) fn new(
        texts: &str,
        text: Range<usize>,
        offset: usize,
        owners: Range<usize>,
    ) -> Option<Self> {
        Some(Self {
            start: text.start.try_into().ok()?,
            owners: owners.start.try_into().ok()?,
            owners_count: owners.len().try_into().ok()?,
            bytes: text.len().try_into().ok()?,
            offset: offset.try_into().ok()?,
            ascii: texts.get(text)?.is_ascii(),
        })
    }

    /// Where its owners are.
    pub(super) fn owners(&self) -> Range<usize> {
        let start = self.owners as usize;
        start..start + usize::from(self.owners_count)
    }

    /// The range of the literal, if the text has it around its rarest bytes at `at`.
    #[inline]
    pub(super) fn around(&self, texts: &str, text: &str, at: usize) -> Option<Range<usize>> {
        let start = self.start as usize;
        let literal = texts.get(start..start + usize::from(self.bytes))?;
        let offset = usize::from(self.offset);
        if self.ascii {
            let (head, tail) = literal.as_bytes().split_at_checked(offset)?;
            let (before, after) = text.as_bytes().split_at_checked(at)?;
            let (head, before) = (head.iter().rev(), before.iter().rev());
            let end = at + taken(tail.iter().copied(), after.iter().copied(), false)?;
            let back = taken(head.copied(), before.copied(), tail.starts_with(b" "))?;
            return Some(at - back..end);
        }
        let (head, tail) = literal.split_at_checked(offset)?;
        let (before, after) = text.split_at_checked(at)?;
        let end = at + taken(tail.chars(), after.chars(), false)?;
        let back = taken(head.chars().rev(), before.chars().rev(), tail.starts_with(' '))?;
        Some(at - back..end)
    }
}

/// The rarest bytes of a literal, by which it is looked for.
pub(super) struct Anchor {
    /// Where they start.
    pub(super) offset: usize,
    /// How many they are.
    bytes: usize,
    /// Their grams, one for each case.
    grams: Vec<u32>,
}

impl Anchor {
    /// Of a literal; `None` if no three of its bytes stand together.
    pub(super) fn of(text: &str) -> Option<Self> {
        let places = text.char_indices().filter_map(|(offset, _)| {
            let window = solid(text, offset)?;
            let grams = grams(text.get(offset..)?, window.len())?;
            Some((frequency_of_gram(window), Self { offset, bytes: window.len(), grams }))
        });
        places.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, anchor)| anchor)
    }

    /// Where the literal is looked for; `literal` is its index.
    pub(super) fn places(self, literal: u32, text: &str) -> impl Iterator<Item = Place> {
        let beside = self.beside(text);
        self.grams.into_iter().map(move |gram| Place { gram, literal, beside })
    }

    /// What the literal has beside its anchor. Beside a blank there may be more blanks, and letters
    /// beyond ASCII have cases.
    fn beside(&self, text: &str) -> Beside {
        let all = text.as_bytes();
        let is_known = |byte: &u8| text.is_ascii() && *byte != b' ';
        let byte = |place: Option<usize>| all.get(place?).copied();
        let (first, last) = (self.offset, self.offset + self.bytes - 1);
        let inner = |place: Option<usize>| byte(place).filter(is_known).and(place);
        let before = inner(Some(first)).and_then(|place| place.checked_sub(1));
        let before_that = inner(before).and_then(|place| place.checked_sub(1));
        let after = inner(Some(last)).map(|place| place + 1);
        let after_that = inner(after).map(|place| place + 1);
        Beside::of([before_that, before, after, after_that].map(byte))
    }
}

/// What literals are compared by: bytes of ASCII, or characters.
trait Unit: Copy {
    fn is_blank(self) -> bool;
    /// Whether it has the form that a literal wants, which is not blank.
    fn has_form(self, form: Self) -> bool;
    fn bytes(self) -> usize;
}

impl Unit for u8 {
    #[inline]
    fn is_blank(self) -> bool {
        is_space(self)
    }

    #[inline]
    fn has_form(self, form: Self) -> bool {
        self.to_ascii_lowercase() == form
    }

    #[inline]
    fn bytes(self) -> usize {
        1
    }
}

impl Unit for char {
    fn is_blank(self) -> bool {
        u8::try_from(self).is_ok_and(is_space)
    }

    fn has_form(self, form: Self) -> bool {
        folded(self) == form
    }

    fn bytes(self) -> usize {
        self.len_utf8()
    }
}

/// How many bytes of a text the units of a literal take, if they come next there. After a blank, or
/// where one came before, any further blanks are taken, but none behind the last.
#[inline]
fn taken<U: Unit>(
    literal: impl Iterator<Item = U>,
    mut text: impl Iterator<Item = U>,
    mut blank: bool,
) -> Option<usize> {
    let mut bytes = 0;
    for wanted in literal {
        let mut found = text.next()?;
        while blank && found.is_blank() {
            bytes += found.bytes();
            found = text.next()?;
        }
        blank = wanted.is_blank();
        if !(if blank { found.is_blank() } else { found.has_form(wanted) }) {
            return None;
        }
        bytes += found.bytes();
    }
    Some(bytes)
}

/// The grams of the first three or four bytes of a text in each of their cases.
fn grams(text: &str, count: usize) -> Option<Vec<u32>> {
    // What follows three bytes may be more of the white space that they end with.
    let text = if count == SHORT_BYTES { text.get(..count)? } else { text };
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
