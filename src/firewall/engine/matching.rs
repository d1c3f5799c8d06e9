//! Verifies rules in one view: the automaton finds literals, and only their owners are asked, in a
//! window around each.

use std::ops::Range;
use std::sync::Arc;

use super::super::finding::{Confidence, Finding, View};
use super::super::ruleset::{Compiled, Side};
use super::super::unicode;
use super::super::verdict::Action;
use super::{Incomplete, Locate, Scan};

/// How far to each side of a literal a rule is verified at first, in bytes.
const WINDOW_BYTES: usize = 1024;
/// How far a match that reaches the end of its window is followed, in bytes.
const FOLLOW_BYTES_MAX: usize = 64 * 1024;

impl Scan<'_> {
    /// Reads one view to its end.
    pub(super) fn view(
        &mut self,
        view: View,
        text: &str,
        locate: Locate<'_>,
    ) -> Result<(), Incomplete> {
        self.budget.spend_bytes(text.len())?;
        let ruleset = self.ruleset;
        let side = ruleset.side(self.surface.direction());
        let mut reading = Reading { view, text, locate };
        let mut open: Vec<Range<usize>> = Vec::new();
        side.prefilter.scan(text, |index, hit| {
            let Some((rule, action)) = ruleset.reading(index, self.surface, view) else {
                return Ok(());
            };
            if open.is_empty() {
                open.resize(ruleset.len(), 0..0);
            }
            let Some(slot) = open.get_mut(index) else { return Ok(()) };
            match merge(slot, window(rule, &hit, text.len())) {
                Some(closed) => self.verify(rule, action, closed, &mut reading),
                None => Ok(()),
            }
        })?;
        let rest = open.into_iter().enumerate().filter(|(_, window)| !window.is_empty());
        let whole = side.literal_free.iter().map(|index| (*index, 0..text.len()));
        for (index, window) in rest.chain(whole) {
            if let Some((rule, action)) = ruleset.reading(index, self.surface, view) {
                self.verify(rule, action, window, &mut reading)?;
            }
        }
        self.signals(side, &reading)
    }

    /// Asks the rules that look at characters and have no pattern.
    fn signals(&mut self, side: &Side, reading: &Reading<'_>) -> Result<(), Incomplete> {
        if side.signals.is_empty() || reading.text.is_ascii() {
            return Ok(());
        }
        let ruleset = self.ruleset;
        for index in &side.signals {
            let found = ruleset.reading(*index, self.surface, reading.view);
            let Some((rule, action)) = found else { continue };
            for span in unicode::find(rule.signals(), reading.text) {
                if let Some(confidence) = rule.judge(reading.text, &span) {
                    let span = (reading.locate)(&span);
                    self.record(rule, (action, confidence), reading.view, span)?;
                }
            }
        }
        Ok(())
    }

    /// Records every match of the rule that begins in the window.
    fn verify(
        &mut self,
        rule: &Compiled,
        action: Action,
        window: Range<usize>,
        reading: &mut Reading<'_>,
    ) -> Result<(), Incomplete> {
        let text = reading.text;
        let mut start = text.floor_char_boundary(window.start);
        let end = text.ceil_char_boundary(window.end);
        while start < end {
            let Some(whole) = find(rule, text, start..end) else { return Ok(()) };
            start = whole.end.max(text.ceil_char_boundary(start + 1));
            if let Some((span, confidence)) = accepted(rule, text, whole) {
                let span = (reading.locate)(&span);
                self.record(rule, (action, confidence), reading.view, span)?;
            }
        }
        Ok(())
    }

    /// Adds a finding, or widens the one of an earlier view that it overlaps.
    fn record(
        &mut self,
        rule: &Compiled,
        (action, confidence): (Action, Confidence),
        view: View,
        span: Range<usize>,
    ) -> Result<(), Incomplete> {
        let touches = |found: &&mut Finding| {
            Arc::ptr_eq(&found.rule, &rule.id)
                && found.span.start < span.end
                && span.start < found.span.end
        };
        if let Some(found) = self.findings.iter_mut().skip(self.first).find(touches) {
            found.span = found.span.start.min(span.start)..found.span.end.max(span.end);
            found.confidence = found.confidence.max(confidence);
            return Ok(());
        }
        self.budget.spend_finding()?;
        self.findings.push(Finding {
            rule: Arc::clone(&rule.id),
            title: Arc::clone(&rule.title),
            severity: rule.severity,
            confidence,
            action,
            view,
            span,
        });
        Ok(())
    }
}

struct Reading<'a> {
    view: View,
    text: &'a str,
    locate: Locate<'a>,
}

/// The range in which a match that contains the literal at `hit` can lie.
fn window(rule: &Compiled, hit: &Range<usize>, text_bytes: usize) -> Range<usize> {
    let (before, after) = match &rule.pattern.required {
        Some(required) => (required.before, required.after),
        None => (WINDOW_BYTES, WINDOW_BYTES),
    };
    let end = hit.start.saturating_add(after.min(WINDOW_BYTES)).max(hit.end);
    hit.start.saturating_sub(before.min(WINDOW_BYTES))..end.min(text_bytes)
}

/// Widens the open window, or opens the next one and gives the closed one back.
fn merge(open: &mut Range<usize>, next: Range<usize>) -> Option<Range<usize>> {
    if open.start >= open.end {
        *open = next;
        return None;
    }
    if next.start <= open.end {
        *open = open.start.min(next.start)..open.end.max(next.end);
        return None;
    }
    Some(std::mem::replace(open, next))
}

/// The first match in the range. One that reaches its end is followed further, so that no window
/// cuts a secret in two or makes a boundary of its own.
fn find(rule: &Compiled, text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let mut end = range.end;
    let mut step = WINDOW_BYTES;
    loop {
        let found = rule.pattern.regex().find_at(text.get(..end)?, range.start)?.range();
        if found.end < end || end == text.len() || step > FOLLOW_BYTES_MAX {
            return Some(found);
        }
        end = text.ceil_char_boundary(end.saturating_add(step));
        step *= 2;
    }
}

/// The part of the match that is the finding and how sure it is, if it passes the rule's checks.
fn accepted(
    rule: &Compiled,
    text: &str,
    whole: Range<usize>,
) -> Option<(Range<usize>, Confidence)> {
    let span = match rule.capture {
        0 => whole,
        group => {
            let captures = rule.pattern.regex().captures_at(text.get(..whole.end)?, whole.start)?;
            captures.get(group).map_or(whole, |found| found.range())
        }
    };
    let confidence = rule.judge(text, &span)?;
    Some((span, confidence))
}
