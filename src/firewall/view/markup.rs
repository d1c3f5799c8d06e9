//! Reads HTML as a person sees it, and beside it what a person does not see.
//!
//! A scanner of tags, not a browser: no sheets, no scripts, no corrections of broken nesting. Its
//! errors change a label; the raw text is read whatever it says.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::Mapped;
use super::element::{Element, element};
use super::style::{conceals, hue};

mod tag;

use tag::{Tag, tag};

/// Two readings of a text with markup.
#[derive(Debug, Default)]
pub(super) struct Markup {
    /// Without tags and without what is hidden.
    pub(super) visible: Mapped,
    /// What is hidden, part by part.
    pub(super) hidden: Mapped,
    /// Where the hidden parts lie.
    pub(super) regions: Vec<Range<usize>>,
}

/// The readings of a text with tags or comments of HTML, or `None` if it has none.
pub(super) fn markup(text: &str) -> Option<Markup> {
    memchr(b'<', text.as_bytes())?;
    let mut scan = Scan { text, markup: Markup::default(), inside: None, found: false };
    scan.run();
    scan.found.then_some(scan.markup)
}

impl Markup {
    /// Takes what nobody sees from `text`.
    pub(super) fn hide(&mut self, text: &str, range: Range<usize>) {
        if let Some(content) = text.get(range.clone()).filter(|content| !content.trim().is_empty())
        {
            self.hidden.part(range.clone());
            self.hidden.copy(content, range.start);
            self.regions.push(range);
        }
    }
}

struct Scan<'a> {
    text: &'a str,
    markup: Markup,
    /// The hidden element that is open, and how many of its name.
    inside: Option<Inside<'a>>,
    found: bool,
}

struct Inside<'a> {
    name: &'a str,
    open: usize,
    /// Where its content begins.
    start: usize,
}

impl<'a> Scan<'a> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let (mut at, mut copied) = (0, 0);
        while let Some(found) = memchr(b'<', bytes.get(at..).unwrap_or_default()) {
            let start = at + found;
            let Some(end) = self.mark(start, &mut copied) else {
                at = start + 1;
                continue;
            };
            (at, copied) = (end, end);
        }
        self.content(copied..self.text.len());
        if let Some(inside) = self.inside.take() {
            self.markup.regions.push(inside.start..self.text.len());
        }
    }

    /// Reads the tag or comment at `start`, and says where it ends. What stands between `copied` and
    /// it is content.
    fn mark(&mut self, start: usize, copied: &mut usize) -> Option<usize> {
        let rest = self.text.get(start..)?;
        if let Some(comment) = rest.strip_prefix("<!--") {
            self.flush(copied, start);
            let length = memmem::find(comment.as_bytes(), b"-->").unwrap_or(comment.len());
            let content = start + 4..start + 4 + length;
            self.markup.hide(self.text, content.clone());
            return Some((content.end + 3).min(self.text.len()));
        }
        let tag = tag(self.text, start)?;
        let kind = element(tag.name);
        if kind.is_none() && !(tag.attributes().any(|a| is_telling(a.name)) || self.closes(&tag)) {
            return None;
        }
        self.flush(copied, start);
        self.attributes(&tag);
        self.nest(&tag, start, kind);
        if self.inside.is_none() && !matches!(kind, Some(Element::Inline) | None) {
            self.markup.visible.edit('\n', start..tag.end);
        }
        Some(match kind {
            Some(Element::Raw) if !tag.closes => self.raw_content(&tag),
            _ => tag.end,
        })
    }

    fn flush(&mut self, copied: &mut usize, until: usize) {
        self.found = true;
        self.content(*copied..until);
        *copied = until;
    }

    fn content(&mut self, range: Range<usize>) {
        let Some(content) = self.text.get(range.clone()) else { return };
        match self.inside {
            Some(_) => self.markup.hidden.copy(content, range.start),
            None => self.markup.visible.copy(content, range.start),
        }
    }

    fn closes(&self, tag: &Tag<'_>) -> bool {
        let same = |inside: &Inside<'_>| inside.name.eq_ignore_ascii_case(tag.name);
        tag.closes && self.inside.as_ref().is_some_and(same)
    }

    /// Follows hidden elements to their ends.
    fn nest(&mut self, tag: &Tag<'a>, start: usize, kind: Option<Element>) {
        if let Some(inside) = &mut self.inside {
            if !inside.name.eq_ignore_ascii_case(tag.name) {
                return;
            }
            inside.open = if tag.closes { inside.open - 1 } else { inside.open + 1 };
            if inside.open == 0 {
                self.markup.regions.push(inside.start..tag.end);
                self.inside = None;
            }
            return;
        }
        let unseen =
            kind == Some(Element::Unseen) || tag.attributes().any(|a| hides(a.name, a.value));
        if unseen && !tag.closes && !tag.empty && kind != Some(Element::Void) {
            self.markup.hidden.part(start..tag.end);
            self.inside = Some(Inside { name: tag.name, open: 1, start: tag.end });
        }
    }

    /// Content that is not markup, up to its end tag; where that begins.
    fn raw_content(&mut self, tag: &Tag<'_>) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = tag.end;
        while let Some(found) = memmem::find(bytes.get(at..).unwrap_or_default(), b"</") {
            at += found + 2;
            let name = bytes.get(at..at + tag.name.len());
            if name.is_some_and(|name| name.eq_ignore_ascii_case(tag.name.as_bytes())) {
                self.markup.hide(self.text, tag.end..at - 2);
                return at - 2;
            }
        }
        self.markup.hide(self.text, tag.end..self.text.len());
        self.text.len()
    }

    /// Texts that stand in attributes.
    fn attributes(&mut self, tag: &Tag<'_>) {
        for attribute in tag.attributes() {
            let name = attribute.name.to_ascii_lowercase();
            let telling = matches!(name.as_str(), "alt" | "title" | "placeholder" | "summary")
                || name.starts_with("aria-")
                || name.starts_with("data-")
                || name == "content" && tag.name.eq_ignore_ascii_case("meta")
                || name == "value" && tag.name.eq_ignore_ascii_case("input");
            if telling {
                self.markup.hide(self.text, attribute.range.clone());
            }
        }
    }
}

/// Whether the attribute may hide the element that has it, whatever its value.
fn is_telling(name: &str) -> bool {
    name.eq_ignore_ascii_case("style") || name.eq_ignore_ascii_case("hidden")
}

fn hides(name: &str, value: &str) -> bool {
    match name.to_ascii_lowercase().as_str() {
        "hidden" => !value.eq_ignore_ascii_case("false"),
        "style" => conceals(value),
        "color" => hue(&value.to_ascii_lowercase()) == hue("white"),
        _ => false,
    }
}
