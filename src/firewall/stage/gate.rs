//! What must be known of a rule before it may act.

use std::fmt;

/// What is asked for before a watched rule acts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// Milliseconds that it was watched.
    pub watched_ms: i64,
    /// Messages that it read.
    pub evaluations: u64,
    /// The share of its labelled findings that were real, from 0 to 1.
    pub precision: f64,
    /// Findings that a person must have labelled, or all if there are fewer.
    pub labels: u64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { watched_ms: 7 * 24 * 3600 * 1000, evaluations: 10_000, precision: 0.95, labels: 10 }
    }
}

/// What is known of a rule since it is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Milliseconds that it was watched.
    pub watched_ms: i64,
    /// Messages that it read.
    pub evaluations: u64,
    /// Messages that it found something in.
    pub hits: u64,
    /// Findings that people called real.
    pub real: u64,
    /// Findings that people called false.
    pub false_alarms: u64,
}

/// Why a rule may not act yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unmet {
    /// Milliseconds that are missing.
    Time(i64),
    /// Messages that are missing.
    Evaluations(u64),
    /// Labels that are missing.
    Labels(u64),
    /// The precision, from 0 to 1.
    Precision(f64),
}

impl fmt::Display for Unmet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOUR_MS: i64 = 3_600_000;
        match self {
            Self::Time(ms) => write!(formatter, "it must be watched {} h longer", ms / HOUR_MS + 1),
            Self::Evaluations(count) => write!(formatter, "it must read {count} messages more"),
            Self::Labels(count) => {
                write!(formatter, "{count} of its findings must still be labelled")
            }
            Self::Precision(share) => {
                write!(formatter, "only {:.0} % of its labelled findings were real", share * 100.0)
            }
        }
    }
}

impl Gate {
    /// What keeps a rule of which this is known from acting. A rule that found nothing has nothing
    /// to label.
    pub fn unmet(&self, evidence: &Evidence) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        if evidence.watched_ms < self.watched_ms {
            unmet.push(Unmet::Time(self.watched_ms - evidence.watched_ms));
        }
        if evidence.evaluations < self.evaluations {
            unmet.push(Unmet::Evaluations(self.evaluations - evidence.evaluations));
        }
        let labelled = evidence.real + evidence.false_alarms;
        let wanted = self.labels.min(evidence.hits);
        if labelled < wanted {
            unmet.push(Unmet::Labels(wanted - labelled));
        } else if labelled > 0 {
            let share = precision(evidence.real, labelled);
            if share < self.precision {
                unmet.push(Unmet::Precision(share));
            }
        }
        unmet
    }
}

#[expect(clippy::cast_precision_loss, reason = "labels are counted by people")]
fn precision(real: u64, labelled: u64) -> f64 {
    real as f64 / labelled as f64
}
