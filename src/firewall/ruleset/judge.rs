//! Decides about one match: what it must satisfy itself, and what stands around it.

use std::ops::Range;

use super::Compiled;
use crate::firewall::finding::{Confidence, View};
use crate::firewall::pattern::{Pattern, Text};
use crate::firewall::rule::{Effect, Near, On, Unless};
use crate::firewall::unicode::{self, Signal};
use crate::firewall::validate::{Validate, entropy};

/// How far from a finding the patterns of `all` may match, in bytes to either side.
const ALL_WITHIN_BYTES: usize = 1024;
/// How far from a finding the other matches lie that `min_count` counts, in bytes to either side.
/// Counting over a whole text would cost its length for every match.
const COUNT_WITHIN_BYTES: usize = 4096;

/// [`Unless`] with its pattern compiled.
#[derive(Clone, Debug)]
pub(super) struct Excuse {
    pub(super) written: Unless,
    pub(super) pattern: Option<Pattern>,
}

impl Compiled {
    /// How sure the rule is of what it matched at `span` of a text, or `None` if that is no
    /// finding after all. Reads at most some kilobytes around it.
    pub(in crate::firewall) fn judge(
        &self,
        text: Text<'_>,
        span: &Range<usize>,
    ) -> Option<Confidence> {
        let captured = text.text.get(span.clone())?;
        let holds = self.accepts(captured)
            && self.all.iter().all(|pattern| matches(pattern, text, span, ALL_WITHIN_BYTES))
            && self.is_counted(text, span);
        if !holds {
            return None;
        }
        let mut confidence = self.confidence;
        if let Some(near) = self.near.as_deref().filter(|near| stands_near(near, text.text, span)) {
            confidence = (0..near.boost).fold(confidence, |confidence, _| raised(confidence));
        }
        match self.unless.as_deref().filter(|unless| unless.applies(text.text, span)) {
            None => Some(confidence),
            Some(excuse) => match excuse.written.effect() {
                Effect::Drop => None,
                Effect::Lower => Some(lowered(confidence)),
            },
        }
    }

    /// Whether the rule runs in this reading of a text. What is checked character by character is not
    /// looked for where digits were read as letters, unless the rule says so.
    pub(in crate::firewall) fn reads(&self, view: View) -> bool {
        let exact =
            self.entropy > 0.0 || self.validate != Validate::None || !self.except.is_empty();
        match &self.rule.views {
            Some(views) => views.get_ref().contains(&view),
            None => !(exact && view == View::Squash),
        }
    }

    /// The signals that it looks for instead of a pattern.
    pub(in crate::firewall) fn signals(&self) -> &[Signal] {
        self.rule.unicode.as_ref().map_or(&[], |signals| signals.get_ref())
    }

    /// Whether what was captured passes check digit, entropy and placeholders.
    fn accepts(&self, captured: &str) -> bool {
        self.validate.accepts(captured)
            && (self.entropy <= 0.0 || entropy(captured) >= self.entropy)
            && (self.except.is_empty() || {
                let captured = captured.to_ascii_lowercase();
                !self.except.iter().any(|placeholder| captured.contains(placeholder))
            })
    }

    /// Whether enough others lie around.
    fn is_counted(&self, text: Text<'_>, span: &Range<usize>) -> bool {
        let wanted = self.min_count;
        if wanted <= 1 {
            return true;
        }
        let around = widened(text.text, span, COUNT_WITHIN_BYTES);
        if !self.signals().is_empty() {
            let part = text.text.get(around).unwrap_or_default();
            return unicode::find(self.signals(), part).len() >= wanted;
        }
        let (mut at, mut count) = (around.start, 0);
        while let Some(whole) = self.pattern.find(text, at..around.end) {
            let part = text.text.get(self.captured(text, whole.clone()));
            count += usize::from(part.is_some_and(|part| self.accepts(part)));
            if count >= wanted {
                return true;
            }
            at = text.text.ceil_char_boundary(whole.end.max(at + 1));
            if at >= around.end {
                break;
            }
        }
        false
    }

    /// The part of a match that is the finding.
    pub(in crate::firewall) fn captured(
        &self,
        text: Text<'_>,
        whole: Range<usize>,
    ) -> Range<usize> {
        match self.capture {
            0 => whole,
            group => self.pattern.group(text, whole.clone(), group).unwrap_or(whole),
        }
    }
}

impl Excuse {
    fn applies(&self, text: &str, span: &Range<usize>) -> bool {
        let Unless { words, within, on, .. } = &self.written;
        match on {
            On::Span => {
                let captured = text.get(span.clone()).unwrap_or_default();
                has_word(captured, words)
                    || self.pattern.as_ref().is_some_and(|it| is_in(it, captured))
            }
            On::Around => {
                let (before, after) = beside(text, span, *within);
                let excuses = |part: &str| {
                    has_word(part, words) || self.pattern.as_ref().is_some_and(|it| is_in(it, part))
                };
                excuses(before) || excuses(after)
            }
        }
    }
}

fn stands_near(near: &Near, text: &str, span: &Range<usize>) -> bool {
    let (before, after) = beside(text, span, near.within);
    has_word(before, &near.words) || has_word(after, &near.words)
}

fn matches(pattern: &Pattern, text: Text<'_>, span: &Range<usize>, within: usize) -> bool {
    pattern.find(text, widened(text.text, span, within)).is_some()
}

fn is_in(pattern: &Pattern, text: &str) -> bool {
    pattern.find(Text::new(text), 0..text.len()).is_some()
}

/// The span and so many bytes to either side, moved outward to characters.
fn widened(text: &str, span: &Range<usize>, within: usize) -> Range<usize> {
    text.floor_char_boundary(span.start.saturating_sub(within))
        ..text.ceil_char_boundary(span.end.saturating_add(within))
}

/// What stands before and after the span.
fn beside<'a>(text: &'a str, span: &Range<usize>, within: usize) -> (&'a str, &'a str) {
    let around = widened(text, span, within);
    let before = text.get(around.start..span.start).unwrap_or_default();
    (before, text.get(span.end..around.end).unwrap_or_default())
}

/// Whether one of the words, all in lower case, stands in the text for itself.
fn has_word(text: &str, words: &[String]) -> bool {
    if words.is_empty() {
        return false;
    }
    let lower = text.to_lowercase();
    words.iter().any(|word| {
        lower.match_indices(word.as_str()).any(|(at, word)| {
            let (before, after) = (lower.get(..at), lower.get(at + word.len()..));
            let joins = |one: Option<char>, other: Option<char>| {
                let glues = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
                glues(one) && glues(other)
            };
            !joins(before.and_then(|it| it.chars().next_back()), word.chars().next())
                && !joins(word.chars().next_back(), after.and_then(|it| it.chars().next()))
        })
    })
}

fn raised(confidence: Confidence) -> Confidence {
    match confidence {
        Confidence::Low => Confidence::Medium,
        Confidence::Medium | Confidence::High => Confidence::High,
    }
}

fn lowered(confidence: Confidence) -> Confidence {
    match confidence {
        Confidence::High => Confidence::Medium,
        Confidence::Medium | Confidence::Low => Confidence::Low,
    }
}
