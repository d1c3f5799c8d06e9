//! Readings of a text other than as received, each with a map back to the raw bytes.
//!
//! Detection reads views; the raw text is never altered for it. A view is made only when a cheap look
//! at the text says that it can differ. Which rules run in which view is [`super::engine`]'s.

use std::ops::Range;

mod alphabet;
mod decode;
mod element;
mod fold;
mod markdown;
mod markup;
mod normal;
mod octets;
mod quoted;
mod reader;
mod squash;
mod style;
mod tags;
mod unescape;

#[cfg(test)]
mod tests;

pub(super) use fold::fold;
pub(super) use normal::normalize;
pub(super) use reader::read;

/// A reading of a text and where its bytes come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mapped {
    text: String,
    segments: Vec<Segment>,
}

/// A run of the view: bytes copied one to one, or an edit that stands for a whole raw range.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    view_start: usize,
    raw: Range<usize>,
    copied: bool,
}

impl Mapped {
    fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), segments: Vec::new() }
    }

    /// The reading.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Appends `text`, which stands in the raw text at `raw_start` as it is.
    fn copy(&mut self, text: &str, raw_start: usize) {
        if text.is_empty() {
            return;
        }
        let raw = raw_start..raw_start + text.len();
        match self.segments.last_mut() {
            Some(last) if last.copied && last.raw.end == raw_start => last.raw.end = raw.end,
            _ => self.segments.push(Segment { view_start: self.text.len(), raw, copied: true }),
        }
        self.text.push_str(text);
    }

    /// Appends `c`, which stands for the raw range.
    fn edit(&mut self, c: char, raw: Range<usize>) {
        self.segments.push(Segment { view_start: self.text.len(), raw, copied: false });
        self.text.push(c);
    }

    /// Appends `text`, all of which stands for the whole raw range.
    fn edit_text(&mut self, text: &str, raw: Range<usize>) {
        if !text.is_empty() {
            self.segments.push(Segment { view_start: self.text.len(), raw, copied: false });
            self.text.push_str(text);
        }
    }

    /// Ends what stands before, so that no word and no sentence goes on behind it.
    fn part(&mut self, raw: Range<usize>) {
        if !self.text.is_empty() {
            self.edit_text("\n.\n", raw);
        }
    }

    /// The raw range that a range of the view comes from, with all that lies between its ends.
    pub(crate) fn locate(&self, view: &Range<usize>) -> Range<usize> {
        let start = self.segment(view.start).map_or(0, |segment| match segment.copied {
            true => segment.raw.start + (view.start - segment.view_start),
            false => segment.raw.start,
        });
        let Some(last) = view.end.checked_sub(1).filter(|last| *last >= view.start) else {
            return start..start;
        };
        let end = self.segment(last).map_or(start, |segment| match segment.copied {
            true => segment.raw.start + (last - segment.view_start) + 1,
            false => segment.raw.end,
        });
        start..end.max(start)
    }

    fn segment(&self, at: usize) -> Option<&Segment> {
        let after = self.segments.partition_point(|segment| segment.view_start <= at);
        self.segments.get(after.checked_sub(1)?)
    }
}
