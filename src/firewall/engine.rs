//! Reads a text with a ruleset, in every view that it has.
//!
//! Linear in the text, and bounded by a [`Budget`] of bytes, findings and, where the caller sets a
//! deadline, time. No clock is asked without one.

use std::ops::Range;
use std::time::Instant;

use super::Locate;
use super::finding::{Finding, Surface, View};
use super::ruleset::Ruleset;
use super::view::read;

mod matching;
mod measure;
pub(super) mod memory;
mod scratch;
#[cfg(test)]
mod tests;

/// What may still be spent on one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    view_bytes: usize,
    findings: usize,
    deadline: Option<Instant>,
}

impl Budget {
    /// Findings of one message by default.
    pub const FINDINGS: usize = 256;
    /// Bytes that are always allowed for views, so that short texts may be read in several ways.
    pub const VIEW_BYTES_MIN: usize = 256 * 1024;
    /// Bytes of views beside the message itself by default, as a multiple of it.
    pub const VIEWS: usize = 4;

    /// A budget of so many bytes in all views together, and so many findings.
    pub fn new(view_bytes: usize, findings: usize) -> Self {
        Self { view_bytes, findings, deadline: None }
    }

    /// The same budget up to a point in time.
    #[must_use]
    pub fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// The default budget of a message of so many bytes.
    pub fn for_message(bytes: usize) -> Self {
        let view_bytes = bytes.saturating_mul(1 + Self::VIEWS).max(Self::VIEW_BYTES_MIN);
        Self::new(view_bytes, Self::FINDINGS)
    }

    /// Takes what one view costs.
    fn spend_bytes(&mut self, bytes: usize) -> Result<(), Incomplete> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Incomplete::Time);
        }
        self.view_bytes = self.view_bytes.checked_sub(bytes).ok_or(Incomplete::ViewBytes)?;
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
    /// Encodings or escapes lie inside each other deeper than they are undone.
    #[error("the text is encoded more often than may be undone")]
    Depth,
    /// Packed data expands to more than is read.
    #[error("packed data in the text expands to more than may be scanned")]
    Expansion,
    /// The caller's deadline has passed.
    #[error("the text takes longer than may be spent on it")]
    Time,
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
        let unseen = read(text, &mut |view, text, locate| scan.view(view, text, locate));
        raise(findings.get_mut(first..).unwrap_or_default(), unseen?);
        Ok(())
    }
}

/// Makes findings worse that a person who reads the text would not see.
fn raise(findings: &mut [Finding], mut unseen: Vec<Range<usize>>) {
    unseen.sort_unstable_by_key(|range| range.start);
    unseen.dedup_by(|next, last| {
        let joins = next.start <= last.end;
        last.end = if joins { last.end.max(next.end) } else { last.end };
        joins
    });
    for finding in findings {
        let after = unseen.partition_point(|range| range.start <= finding.span.start);
        let around = after.checked_sub(1).and_then(|last| unseen.get(last));
        if around.is_some_and(|range| finding.span.end <= range.end) && !finding.view.conceals() {
            finding.view = View::Hidden;
        }
        if finding.view.conceals() {
            finding.severity = finding.severity.raised();
        }
    }
}

struct Scan<'a> {
    ruleset: &'a Ruleset,
    surface: Surface,
    budget: &'a mut Budget,
    findings: &'a mut Vec<Finding>,
    /// The first finding of this text.
    first: usize,
}
