//! The line of a fault, drawn so that whatever stands in the file does no harm to a terminal.

use super::super::sanitize::character::is_invisible;

/// The most characters of a line that are drawn.
const CHARACTERS_MAX: usize = 100;
/// The characters of a long line that are drawn before the place.
const CHARACTERS_BEFORE: usize = 40;

/// A line and how many of its characters the fault spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    text: Box<str>,
    width: usize,
}

impl Excerpt {
    pub(super) fn new(text: String, width: usize) -> Self {
        Self { text: text.into_boxed_str(), width }
    }

    /// The line and the carets below it. A long line is cut to what lies around the column.
    pub(super) fn drawn(&self, column: usize) -> (String, String) {
        let total = self.text.chars().count();
        let before = column.saturating_sub(1);
        let skip =
            if total <= CHARACTERS_MAX { 0 } else { before.saturating_sub(CHARACTERS_BEFORE) };
        let shown = self.text.chars().skip(skip).take(CHARACTERS_MAX).map(plain);
        let (cut_front, cut_back) = (skip > 0, total > skip + CHARACTERS_MAX);
        let front = if cut_front { "…" } else { "" };
        let back = if cut_back { "…" } else { "" };
        let text = format!("{front}{}{back}", shown.collect::<String>());
        let indent = before - skip.min(before) + usize::from(cut_front);
        let room = (CHARACTERS_MAX + usize::from(cut_front)).saturating_sub(indent);
        let carets = "^".repeat(self.width.clamp(1, room.max(1)));
        (text, format!("{}{carets}", " ".repeat(indent)))
    }
}

/// Every character that acts or hides replaced by one that does neither and is as wide.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(plain).collect()
}

fn plain(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() || is_invisible(c) => '\u{FFFD}',
        c => c,
    }
}
