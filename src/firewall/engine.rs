//! Reads a text with a ruleset, in every view that it has.
//!
//! Linear in the text, and bounded by a [`Budget`] of bytes and findings; no clock is asked.

use std::ops::Range;

use super::finding::{Finding, Surface, View};
use super::ruleset::Ruleset;
use super::sanitize::is_plain;
use super::view::{decode_tags, normalize, unescape};

mod matching;
mod measure;
pub(super) mod memory;
mod scratch;

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
}
