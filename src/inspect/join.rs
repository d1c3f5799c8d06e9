//! Reads neighbouring texts of a message as one, so that an order cut in two is found: the texts of
//! one object, consecutive blocks, the last results of a run and this one.
//!
//! Only what crosses from one text to the next counts: the rest was found, or not, where it stands.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Crossing, Walk, binary_member};
use crate::{
    firewall::{Finding, View},
    mcp::{Json, Object},
};

/// How much of a text's start and end is read together with its neighbours, in bytes. No rule that
/// orders in words can match reaches further than a few hundred.
const EDGE_BYTES: usize = 1024;
/// How much of what came before in a run is read together with what comes next, in bytes: every call
/// of the run reads it again.
pub const TAIL_BYTES_MAX: usize = EDGE_BYTES;
/// Between parts that do not stand beside each other.
const CUT: &str = "\n.\n";

/// The last [`TAIL_BYTES_MAX`] of the texts of a run, after the texts of one more result.
pub fn tail(before: &str, value: &Json) -> String {
    let mut tail = before.to_owned();
    for (_, text) in Leaves::of(value).read() {
        tail.push(' ');
        tail.push_str(last(text, TAIL_BYTES_MAX));
        tail = last(&tail, TAIL_BYTES_MAX).to_owned();
    }
    tail
}

impl Walk<'_> {
    /// Reads neighbours together, decides over what crosses between them, and returns the edits that
    /// it asks for.
    pub(super) fn join(&mut self, tail: &str, value: &Json) -> Crossing {
        let leaves = Leaves::of(value);
        let mut edits = Crossing::new();
        if !tail.is_empty() {
            let mut joined = Joined::default();
            joined.add(None, last(tail, TAIL_BYTES_MAX), 0);
            let mut rest = EDGE_BYTES;
            for (place, text) in leaves.read() {
                joined.add(Some(place), first(text, rest), 0);
                rest = rest.saturating_sub(text.len());
                if rest == 0 {
                    break;
                }
            }
            self.read(&joined, true, &mut edits);
        }
        for group in &leaves.groups {
            let texts = group.iter().filter_map(|place| Some((*place, *leaves.texts.get(*place)?)));
            self.read(&Joined::of(texts), false, &mut edits);
        }
        edits
    }

    /// Decides over what crosses, and with a tail only over what begins in it.
    fn read(&mut self, joined: &Joined, from_tail: bool, edits: &mut Crossing) {
        let rules = &self.firewall.rules;
        let mut found = Vec::new();
        if rules.scan(self.surface, &joined.text, &mut self.joins, &mut found).is_err() {
            self.cut_short();
        }
        for finding in found {
            let parts = joined.parts(&finding.span);
            let tail = parts.iter().any(|(place, _)| place.is_none());
            let crosses =
                parts.len() > 1 && (tail || !from_tail) && joined.has_letters(&finding.span);
            if !crosses {
                continue;
            }
            self.findings.push(Finding { view: View::Join, ..finding });
            self.admit(&joined.text);
            for edit in self.decide() {
                for (place, range) in &parts {
                    if let Some(place) = place {
                        let rule = std::sync::Arc::clone(&edit.rule);
                        edits.entry(*place).or_default().push((range.clone(), rule));
                    }
                }
            }
        }
    }
}

/// The texts of a message in the order of the walk, and which of them stand beside each other.
#[derive(Default)]
struct Leaves<'a> {
    texts: Vec<&'a str>,
    groups: Vec<Vec<usize>>,
    /// Places of texts that no reader takes for one: kinds of blocks, encoded bytes.
    silent: BTreeSet<usize>,
}

impl<'a> Leaves<'a> {
    fn of(value: &'a Json) -> Self {
        let mut leaves = Self::default();
        leaves.collect(value);
        leaves
    }

    /// The texts that a reader sees, one after the other.
    fn read(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let seen = self.texts.iter().copied().enumerate();
        seen.filter(|(place, _)| !self.silent.contains(place))
    }

    /// Adds the texts of a value, and returns the place of the one that a reader takes it for.
    fn collect(&mut self, value: &'a Json) -> Option<usize> {
        match value {
            Json::String(text) => {
                self.texts.push(text);
                Some(self.texts.len() - 1)
            }
            Json::Array(items) => {
                let group = items.iter().filter_map(|item| self.collect(item)).collect();
                self.group(group);
                None
            }
            Json::Object(object) => self.members(object),
            Json::Null | Json::Bool(_) | Json::Number(_) => None,
        }
    }

    fn members(&mut self, object: &'a Object) -> Option<usize> {
        let binary = binary_member(object);
        let (mut group, mut text) = (Vec::new(), None);
        for (key, value) in object.iter() {
            let before = self.texts.len();
            let place = self.collect(value);
            if key == "_meta" {
                // For programs; no reader sees it between two halves.
                self.silent.extend(before..self.texts.len());
            }
            let Some(place) = place else { continue };
            if matches!(key, "text" | "resource") {
                text = Some(place);
            }
            match value {
                Json::String(_) if is_kind(key, value) || Some(key) == binary => {
                    self.silent.insert(place);
                }
                Json::String(_) => group.push(place),
                _ => {}
            }
        }
        self.group(group);
        text
    }

    fn group(&mut self, group: Vec<usize>) {
        if group.len() > 1 {
            self.groups.push(group);
        }
    }
}

/// Whether a member only names the kind of a content block or of an answer.
pub(super) fn is_kind(key: &str, value: &Json) -> bool {
    const KINDS: [&str; 5] = ["text", "image", "audio", "resource", "resource_link"];
    const ANSWERS: [&str; 3] = ["complete", "input_required", "task"];
    let kinds: &[&str] = match key {
        "type" => &KINDS,
        "resultType" => &ANSWERS,
        _ => return false,
    };
    value.as_str().is_some_and(|kind| kinds.contains(&kind))
}

/// Parts of texts one after the other.
#[derive(Default)]
struct Joined {
    text: String,
    parts: Vec<Part>,
}

struct Part {
    /// The text's place in the walk; `None` for what came before the message.
    place: Option<usize>,
    /// Where the part stands in the joined text.
    range: Range<usize>,
    /// Where it begins in its own text.
    start: usize,
}

impl Joined {
    fn of<'a>(texts: impl Iterator<Item = (usize, &'a str)>) -> Self {
        let mut joined = Self::default();
        for (place, text) in texts {
            if text.len() <= 2 * EDGE_BYTES {
                joined.add(Some(place), text, 0);
                continue;
            }
            joined.add(Some(place), first(text, EDGE_BYTES), 0);
            joined.text.push_str(CUT);
            let end = last(text, EDGE_BYTES);
            joined.add(Some(place), end, text.len() - end.len());
        }
        joined
    }

    fn add(&mut self, place: Option<usize>, text: &str, start: usize) {
        if !(self.text.is_empty() || self.text.ends_with(CUT)) {
            self.text.push(' ');
        }
        let from = self.text.len();
        self.text.push_str(text);
        self.parts.push(Part { place, range: from..self.text.len(), start });
    }

    /// The ranges of single texts that a range of the joined text covers.
    fn parts(&self, span: &Range<usize>) -> Vec<(Option<usize>, Range<usize>)> {
        let after = self.parts.partition_point(|part| part.range.end <= span.start);
        let touched = self.parts.iter().skip(after).take_while(|part| part.range.start < span.end);
        let covered = touched.map(|part| {
            let from = span.start.max(part.range.start) - part.range.start;
            let to = span.end.min(part.range.end) - part.range.start;
            (part.place, part.start + from..part.start + to)
        });
        covered.filter(|(_, range)| !range.is_empty()).collect()
    }

    /// Neighbouring numbers are no number: columns of a table would pass for cards.
    fn has_letters(&self, span: &Range<usize>) -> bool {
        self.text.get(span.clone()).is_some_and(|text| text.contains(char::is_alphabetic))
    }
}

fn first(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}

fn last(text: &str, bytes: usize) -> &str {
    text.get(text.ceil_char_boundary(text.len().saturating_sub(bytes))..).unwrap_or_default()
}
