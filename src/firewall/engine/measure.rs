//! What a benchmark asks of the engine beside a scan.

use super::super::finding::{Direction, Finding, Surface, View};
use super::super::ruleset::Ruleset;
use super::{Budget, Incomplete, Scan};

impl Ruleset {
    /// Reads one text as received, in no other view: to measure what the others cost.
    ///
    /// # Errors
    /// As [`Ruleset::scan`].
    pub fn scan_raw(
        &self,
        surface: Surface,
        text: &str,
        budget: &mut Budget,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Incomplete> {
        let first = findings.len();
        let mut scan = Scan { ruleset: self, surface, budget, findings, first };
        scan.view(View::Raw, text, &std::ops::Range::clone)
    }

    /// How many literals are looked for in both directions, and the bytes that their filters take.
    pub fn filter_size(&self) -> (usize, usize) {
        let filters =
            [Direction::Inbound, Direction::Outbound].map(|way| &self.side(way).prefilter);
        let sum = |size: fn(&super::super::prefilter::Prefilter) -> usize| {
            filters.into_iter().map(size).sum()
        };
        (sum(|filter| filter.len()), sum(|filter| filter.memory_bytes()))
    }
}
