//! What the findings of one message weigh together.
//!
//! One weak sign means little and several mean more. A rule counts once, however often it matched:
//! a long text is not worse than a short one. The score labels and, where the profile says so,
//! refuses; it never allows anything.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Confidence, Direction, Finding, Severity};
use super::verdict::Action;

#[cfg(test)]
mod tests;

/// The weight of a message, in tenths of a point, with what each rule adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Sorted by rule, each once.
    parts: Vec<Part>,
}

/// What one rule adds to a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The rule's id.
    pub rule: Arc<str>,
    /// Its weight in tenths of a point.
    pub tenths: u32,
    /// Its weight where nothing took the text away, in tenths of a point: what was redacted or
    /// stripped can do no more harm.
    pub open_tenths: u32,
}

/// The scores at which a message counts as suspicious, in tenths of a point.
///
/// The points and the thresholds follow the anomaly scoring of the OWASP Core Rule Set, where 5
/// and 4 stand for the two directions: one critical finding that hardly ever errs is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Of what goes to a server, in tenths of a point.
    pub inbound_tenths: u32,
    /// Of what comes back, in tenths of a point.
    pub outbound_tenths: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { inbound_tenths: 40, outbound_tenths: 50 }
    }
}

impl Thresholds {
    /// Whether a message of the direction reaches its threshold by what nothing took away.
    pub fn reached(self, direction: Direction, score: &Score) -> bool {
        let threshold = match direction {
            Direction::Inbound => self.inbound_tenths,
            Direction::Outbound => self.outbound_tenths,
        };
        score.open_tenths() >= threshold.max(1)
    }
}

impl Score {
    /// The score of so many findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut score = Self::default();
        for finding in findings {
            score.add(finding);
        }
        score
    }

    /// Counts a finding. A rule that was counted before adds nothing, unless it weighs more now.
    pub fn add(&mut self, finding: &Finding) {
        let tenths = weight_tenths(finding.severity, finding.confidence);
        let is_edited = matches!(finding.action, Action::Redact | Action::Strip);
        let open_tenths = if is_edited { 0 } else { tenths };
        self.count(Part { rule: Arc::clone(&finding.rule), tenths, open_tenths });
    }

    /// Adds the rules of another text of the same message.
    pub fn merge(&mut self, other: &Self) {
        for part in &other.parts {
            self.count(part.clone());
        }
    }

    /// The weight of all that was found, in tenths of a point.
    pub fn tenths(&self) -> u32 {
        self.parts.iter().map(|part| part.tenths).fold(0, u32::saturating_add)
    }

    /// The weight of what nothing took away, in tenths of a point.
    pub fn open_tenths(&self) -> u32 {
        self.parts.iter().map(|part| part.open_tenths).fold(0, u32::saturating_add)
    }

    /// What each rule adds, sorted by rule.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn count(&mut self, part: Part) {
        match self.parts.binary_search_by(|it| it.rule.cmp(&part.rule)) {
            Ok(at) => {
                if let Some(counted) = self.parts.get_mut(at) {
                    counted.tenths = counted.tenths.max(part.tenths);
                    counted.open_tenths = counted.open_tenths.max(part.open_tenths);
                }
            }
            Err(at) => self.parts.insert(at, part),
        }
    }
}

/// Points of the severity (5, 4, 3, 2, 0) times the confidence (1, 0.6, 0.3), in tenths.
pub fn weight_tenths(severity: Severity, confidence: Confidence) -> u32 {
    let points = match severity {
        Severity::Critical => 5,
        Severity::High => 4,
        Severity::Medium => 3,
        Severity::Low => 2,
        Severity::Info => 0,
    };
    let tenths = match confidence {
        Confidence::High => 10,
        Confidence::Medium => 6,
        Confidence::Low => 3,
    };
    points * tenths
}
