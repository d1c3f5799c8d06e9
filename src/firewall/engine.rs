//! Reads a text with a ruleset: finds literals, then verifies only the rules that own them, in a
//! window around each.
//!
//! Linear in the text, and bounded by a [`Budget`] of bytes and findings; no clock is asked.

use std::ops::Range;
use std::sync::Arc;

use super::finding::{Finding, Surface, View};
use super::ruleset::{Compiled, Ruleset};
use super::sanitize::is_plain;
use super::verdict::Action;
use super::view::{decode_tags, normalize, unescape};

/// How far to each side of a literal a rule is verified at first, in bytes.
const WINDOW_BYTES: usize = 1024;
/// How far a match that reaches the end of its window is followed, in bytes.
const FOLLOW_BYTES_MAX: usize = 64 * 1024;

/// What may still be spent on one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    view_bytes: usize,
    findings: usize,
}

impl Budget {
    /// Findings of one message by default.
    pub const FINDINGS: usize = 256;
    /// Bytes that are always allowed for views, so that short texts may be read in several ways.
    pub const VIEW_BYTES_MIN: usize = 256 * 1024;
    /// Bytes of views by default, as a multiple of the message.
    pub const VIEWS: usize = 4;

    /// A budget of so many bytes in all views together, and so many findings.
    pub fn new(view_bytes: usize, findings: usize) -> Self {
        Self { view_bytes, findings }
    }

    /// The default budget of a message of so many bytes.
    pub fn for_message(bytes: usize) -> Self {
        let view_bytes = bytes.saturating_mul(Self::VIEWS).max(Self::VIEW_BYTES_MIN);
        Self::new(view_bytes, Self::FINDINGS)
    }

    /// Whether a view of so many bytes fits in what is left.
    fn check(self, bytes: usize) -> Result<(), Incomplete> {
        if bytes > self.view_bytes { Err(Incomplete::ViewBytes) } else { Ok(()) }
    }

    fn spend_bytes(&mut self, bytes: usize) -> Result<(), Incomplete> {
        self.check(bytes)?;
        self.view_bytes -= bytes;
        Ok(())
    }

    fn spend_finding(&mut self) -> Result<(), Incomplete> {
        self.findings = self.findings.checked_sub(1).ok_or(Incomplete::Findings)?;
        Ok(())
    }
}

/// Why a text was not read to its end. It must then not be let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Incomplete {
    /// The views together are larger than the budget.
    #[error("the text is longer than may be scanned")]
    ViewBytes,
    /// More was found than the budget allows.
    #[error("more was found than may be recorded")]
    Findings,
}

impl Ruleset {
    /// Reads one text of a message and appends what it finds.
    ///
    /// # Errors
    /// [`Incomplete`] when the budget runs out; the findings until then are kept.
    pub fn scan(
        &self,
        surface: Surface,
        text: &str,
        budget: &mut Budget,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Incomplete> {
        let first = findings.len();
        let mut scan = Scan { ruleset: self, surface, budget, findings, first };
        scan.view(View::Raw, text, &Range::clone)?;
        let unescaped = unescape(text);
        if let Some(unescaped) = &unescaped {
            scan.view(View::Unescaped, unescaped.text(), &|range| unescaped.locate(range))?;
        }
        scan.disguised(text, &Range::clone)?;
        match &unescaped {
            Some(inner) => scan.disguised(inner.text(), &|range| inner.locate(range)),
            None => Ok(()),
        }
    }
}

/// Leads from a range of a view to the range of the raw text.
type Locate<'a> = &'a dyn Fn(&Range<usize>) -> Range<usize>;

struct Scan<'a> {
    ruleset: &'a Ruleset,
    surface: Surface,
    budget: &'a mut Budget,
    findings: &'a mut Vec<Finding>,
    /// The first finding of this text.
    first: usize,
}

impl Scan<'_> {
    /// Reads what is disguised in a text that is more than printable ASCII.
    fn disguised(&mut self, text: &str, locate: Locate<'_>) -> Result<(), Incomplete> {
        if is_plain(text) {
            return Ok(());
        }
        self.budget.check(text.len())?;
        let normal = normalize(text);
        if normal.text() != text {
            self.view(View::Normal, normal.text(), &|range| locate(&normal.locate(range)))?;
        }
        match decode_tags(text) {
            Some(tags) => self.view(View::Tags, tags.text(), &|range| locate(&tags.locate(range))),
            None => Ok(()),
        }
    }

    fn view(&mut self, view: View, text: &str, locate: Locate<'_>) -> Result<(), Incomplete> {
        self.budget.spend_bytes(text.len())?;
        let ruleset = self.ruleset;
        let side = ruleset.side(self.surface.direction());
        let mut reading = Reading { view, text, locate };
        let mut open: Vec<Range<usize>> = Vec::new();
        side.prefilter.scan(text, |index, hit| {
            let Some((rule, action)) = ruleset.on(index, self.surface) else { return Ok(()) };
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
            if let Some((rule, action)) = ruleset.on(index, self.surface) {
                self.verify(rule, action, window, &mut reading)?;
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
            if let Some(span) = accepted(rule, text, whole) {
                self.record(rule, action, reading.view, (reading.locate)(&span))?;
            }
        }
        Ok(())
    }

    /// Adds a finding, or widens the one of an earlier view that it overlaps.
    fn record(
        &mut self,
        rule: &Compiled,
        action: Action,
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
            return Ok(());
        }
        self.budget.spend_finding()?;
        self.findings.push(Finding {
            rule: Arc::clone(&rule.id),
            title: Arc::clone(&rule.title),
            severity: rule.severity,
            confidence: rule.confidence,
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

/// The part of the match that is the finding, if it passes the rule's checks.
fn accepted(rule: &Compiled, text: &str, whole: Range<usize>) -> Option<Range<usize>> {
    let span = match rule.capture {
        0 => whole,
        group => {
            let captures = rule.pattern.regex().captures_at(text.get(..whole.end)?, whole.start)?;
            captures.get(group).map_or(whole, |found| found.range())
        }
    };
    rule.accepts(text.get(span.clone())?).then_some(span)
}
