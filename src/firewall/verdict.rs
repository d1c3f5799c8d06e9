//! What the firewall decides about one message: the strictest answer of all that was found.
//!
//! A verdict only ever grows stricter. Carrying it out is left to the doors.

use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine::Incomplete;
use super::finding::{Direction, Finding};
use super::score::{Score, Thresholds};

#[cfg(test)]
mod tests;

/// What a rule asks for, from the mildest to the strictest. The name is the one on the wire.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Label it and let it pass.
    Flag,
    /// Replace the span by a mark that names the rule.
    Redact,
    /// Remove the span.
    Strip,
    /// Ask a person before the call is made.
    Hold,
    /// Refuse the call, withhold the text.
    Block,
    /// Withhold the text and what it came from, until a person releases it.
    Quarantine,
}

impl Action {
    /// The name in rule files and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Redact => "redact",
            Self::Strip => "strip",
            Self::Hold => "hold",
            Self::Block => "block",
            Self::Quarantine => "quarantine",
        }
    }

    fn disposition(self) -> Disposition {
        match self {
            Self::Flag | Self::Redact | Self::Strip => Disposition::Allow,
            Self::Hold => Disposition::Hold,
            Self::Block | Self::Quarantine => Disposition::Block,
        }
    }
}

/// Whether the message goes on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// It goes on, with its edits.
    #[default]
    Allow,
    /// It waits for a person.
    Hold,
    /// It doesn't.
    Block,
}

/// How an edit changes its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EditKind {
    /// Replaced by a mark.
    Redact,
    /// Removed.
    Strip,
}

/// A change to the raw text that the verdict asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    start: usize,
    end: usize,
    kind: EditKind,
    label: Arc<str>,
}

impl Edit {
    /// The range of UTF-8 bytes in the raw text.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// How the span changes.
    pub fn kind(&self) -> EditKind {
        self.kind
    }

    /// The id of the rule that asks for it.
    pub fn label(&self) -> &Arc<str> {
        &self.label
    }

    fn of(finding: &Finding) -> Option<Self> {
        let kind = match finding.action {
            Action::Redact => EditKind::Redact,
            Action::Strip => EditKind::Strip,
            Action::Flag | Action::Hold | Action::Block | Action::Quarantine => return None,
        };
        let Range { start, end } = finding.span;
        Some(Self { start, end, kind, label: Arc::clone(&finding.rule) })
    }
}

/// The answer about one text, or about all texts of one message after [`Verdict::merge`].
///
/// Edits are ranges in one raw text: merge verdicts of different texts only for their disposition,
/// and apply the edits of each text before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    disposition: Disposition,
    edits: Vec<Edit>,
    findings: Vec<Finding>,
    score: Score,
    incomplete: Option<Incomplete>,
}

impl Verdict {
    /// The verdict over the findings of one scan.
    pub fn of(findings: impl IntoIterator<Item = Finding>, scan: Result<(), Incomplete>) -> Self {
        let mut verdict = Self::default();
        for finding in findings {
            verdict.add(finding);
        }
        if let Err(incomplete) = scan {
            verdict.withhold(incomplete);
        }
        verdict
    }

    /// Adds a finding; the verdict stays as strict as it was or becomes stricter.
    pub fn add(&mut self, finding: Finding) {
        self.disposition = self.disposition.max(finding.action.disposition());
        self.edits.extend(Edit::of(&finding));
        self.score.add(&finding);
        self.findings.push(finding);
        self.settle();
    }

    /// Records that the scan ended early. What was not read to its end is not let through.
    pub fn withhold(&mut self, incomplete: Incomplete) {
        self.disposition = Disposition::Block;
        self.incomplete.get_or_insert(incomplete);
    }

    /// Joins another verdict: the stricter disposition, the union of edits and findings.
    pub fn merge(&mut self, other: Self) {
        self.disposition = self.disposition.max(other.disposition);
        self.incomplete = self.incomplete.or(other.incomplete);
        self.edits.extend(other.edits);
        self.findings.extend(other.findings);
        self.score.merge(&other.score);
        self.settle();
    }

    /// Lets the score count: at the threshold of the direction, the disposition is `answer` at
    /// least. What was found is in the verdict whether it blocks or not.
    pub fn weigh(&mut self, thresholds: Thresholds, direction: Direction, answer: Disposition) {
        if thresholds.reached(direction, &self.score) {
            self.disposition = self.disposition.max(answer);
        }
    }

    /// The score over all that was found, with its parts.
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// Whether the message goes on.
    pub fn disposition(&self) -> Disposition {
        self.disposition
    }

    /// The edits, sorted by place, each once. They may overlap.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// What was found, in the order of the scans.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Why the scan ended early, if it did.
    pub fn incomplete(&self) -> Option<Incomplete> {
        self.incomplete
    }

    /// Whether what the text came from should be withheld too.
    pub fn quarantines(&self) -> bool {
        self.findings.iter().any(|finding| finding.action == Action::Quarantine)
    }

    /// The strictest action for the wire; `None` stands for `allow`.
    pub fn action(&self) -> Option<Action> {
        let found = self.findings.iter().map(|finding| finding.action).max();
        found.max(self.incomplete.map(|_| Action::Block))
    }

    fn settle(&mut self) {
        self.edits.sort_unstable();
        self.edits.dedup();
    }
}
