//! Decides, one character or sequence at a time, whether it stays.
//!
//! INVARIANT: a decision to keep looks only at what was kept before and at whether the next
//! character is one that always stays. So a second pass decides as the first did.

use super::Kind;
use super::ansi::sequence_len;
use super::character::{
    has_variants, is_emoji_base, is_ideograph, is_invisible, is_joining, is_mongolian, is_tag,
    is_unspaced, is_variation_selector,
};

const JOINER: char = '\u{200D}';
const BLACK_FLAG: char = '\u{1F3F4}';
const CANCEL_TAG: char = '\u{E007F}';

/// Directional marks that may stand in a row; more of them carry data, not direction.
const MARKS_IN_A_ROW_MAX: u8 = 2;

/// What was kept just before.
#[derive(Debug, Default)]
pub(super) struct Context {
    last: Option<char>,
    before_last: Option<char>,
    marks: u8,
}

/// The next character or sequence and its fate.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) bytes: usize,
    pub(super) removed: Option<Kind>,
}

impl Context {
    /// The step at byte `at`, which is a character boundary; `None` at the end of the text.
    pub(super) fn next(&mut self, text: &str, at: usize) -> Option<Step> {
        let rest = text.get(at..)?;
        let c = rest.chars().next()?;
        if matches!(c, ' '..='~' | '\t' | '\n' | '\r') {
            return Some(self.keep(c, c.len_utf8()));
        }
        if let Some(bytes) = sequence_len(rest.as_bytes()) {
            return Some(Step { bytes, removed: Some(Kind::Ansi) });
        }
        let bytes = c.len_utf8();
        if c == BLACK_FLAG
            && let Some(tags) = flag_tags_len(rest.get(bytes..).unwrap_or_default())
        {
            self.keep(c, bytes);
            return Some(self.keep(CANCEL_TAG, bytes + tags));
        }
        let next = rest.get(bytes..).and_then(|after| after.chars().next());
        match self.fault(c, next) {
            Some(kind) => Some(Step { bytes, removed: Some(kind) }),
            None => Some(self.keep(c, bytes)),
        }
    }

    fn keep(&mut self, c: char, bytes: usize) -> Step {
        self.marks = match c {
            c if is_direction_mark(c) => self.marks + 1,
            // The second pass may remove an isolate and so bring marks together.
            '\u{2066}'..='\u{2069}' => self.marks,
            _ => 0,
        };
        self.before_last = self.last.replace(c);
        Step { bytes, removed: None }
    }

    /// Why `c` goes, or `None` if it stays.
    fn fault(&self, c: char, next: Option<char>) -> Option<Kind> {
        let (stays, kind) = match c {
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => (false, Kind::Control),
            '\u{202A}'..='\u{202E}' => (false, Kind::Bidi),
            // Whether isolates are balanced is for the second pass.
            '\u{2066}'..='\u{2069}' => (true, Kind::Bidi),
            c if is_direction_mark(c) => (self.marks < MARKS_IN_A_ROW_MAX, Kind::Bidi),
            c if is_tag(c) => (false, Kind::Tag),
            c if is_variation_selector(c) => (self.takes_selector(c), Kind::Variation),
            c if is_invisible(c) => (self.takes_invisible(c, next), Kind::Invisible),
            _ => (true, Kind::Invisible),
        };
        (!stays).then_some(kind)
    }

    fn takes_selector(&self, selector: char) -> bool {
        let Some(base) = self.last else { return false };
        match selector {
            '\u{FE00}'..='\u{FE02}' => is_ideograph(base) || has_variants(base),
            '\u{FE0E}' | '\u{FE0F}' => is_emoji_base(base),
            '\u{E0100}'..='\u{E01EF}' => is_ideograph(base),
            _ => false,
        }
    }

    fn takes_invisible(&self, c: char, next: Option<char>) -> bool {
        let last = |test: fn(char) -> bool| self.last.is_some_and(test);
        let next_is = |test: fn(char) -> bool| next.is_some_and(test);
        match c {
            JOINER if self.ends_emoji() && next_is(is_emoji_base) => true,
            JOINER | '\u{200C}' => self.joins() || (self.breaks() && next_is(is_joining_letter)),
            '\u{200B}' => last(is_unspaced) && next_is(is_unspaced),
            '\u{FEFF}' => self.last.is_none(),
            '\u{34F}' => last(is_hebrew),
            '\u{115F}' => next_is(is_jamo),
            '\u{1160}' => last(is_jamo),
            '\u{17B4}' | '\u{17B5}' => last(is_khmer),
            '\u{180B}'..='\u{180F}' => last(is_mongolian),
            _ => false,
        }
    }

    /// Whether an emoji was kept last, with its presentation selector or not.
    fn ends_emoji(&self) -> bool {
        let base = match self.last {
            Some('\u{FE0F}' | CANCEL_TAG) => self.before_last,
            last => last,
        };
        base.is_some_and(is_emoji_base)
    }

    /// Whether the last kept character is a letter or mark that a joiner may follow.
    fn joins(&self) -> bool {
        self.last.is_some_and(is_joining_letter)
    }

    /// Whether a word begins here: nothing, or a space or sign of ASCII, was kept last.
    fn breaks(&self) -> bool {
        self.last.is_none_or(|c| c.is_ascii() && !c.is_ascii_alphanumeric())
    }
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{61C}')
}

fn is_joining_letter(c: char) -> bool {
    is_joining(c) && !is_invisible(c)
}

fn is_hebrew(c: char) -> bool {
    matches!(c, '\u{591}'..='\u{5F4}')
}

fn is_jamo(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115E}' | '\u{1161}'..='\u{11FF}')
}

fn is_khmer(c: char) -> bool {
    matches!(c, '\u{1780}'..='\u{17B3}')
}

/// The length in bytes of the tags that make a flag: a region of two letters, one to four letters
/// or digits of its subdivision, and the cancel tag (UTS 51). Longer ones would carry text.
fn flag_tags_len(rest: &str) -> Option<usize> {
    const SUBDIVISION: std::ops::RangeInclusive<usize> = 3..=6;
    let mut count = 0;
    for c in rest.chars() {
        count += 1;
        match c {
            CANCEL_TAG if SUBDIVISION.contains(&(count - 1)) => {
                return Some(count * CANCEL_TAG.len_utf8());
            }
            '\u{E0061}'..='\u{E007A}' if count <= 6 => {}
            '\u{E0030}'..='\u{E0039}' if (3..=6).contains(&count) => {}
            _ => return None,
        }
    }
    None
}
