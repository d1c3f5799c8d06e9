//! How well patterns and the classifier tell orders to agents from honest texts: over labelled texts,
//! per set and family, each alone and both together.

pub mod case;
pub mod curve;
pub mod near;
pub mod plot;
pub mod report;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{
    classifier::{Fault, Model},
    firewall::Surface,
    scan::Scanner,
};

pub use case::Case;
pub use report::Report;

use curve::Curve;

/// The shares of honest texts that may be found by mistake, at which recall is told.
pub const RATES: [f64; 4] = [0.001, 0.005, 0.01, 0.03];

/// A case, and what each detector said.
#[derive(Clone, Debug)]
pub struct Judged {
    pub case: Case,
    /// The patterns would stop the text or take something out of it.
    pub stopped: bool,
    /// What the patterns' findings weigh together.
    pub weight: f64,
    /// The highest score of a window, if there is a classifier.
    pub score: Option<f32>,
    pub patterns_took: Duration,
    pub classifier_took: Duration,
}

/// Reads texts with both detectors, one after the other on one thread, so that times mean something.
#[derive(Debug)]
pub struct Evaluation {
    pub scanner: Scanner,
    pub model: Option<Model>,
    pub surface: Surface,
}

impl Evaluation {
    /// # Errors
    /// The classifier could not score the text.
    pub fn judge(&mut self, case: Case) -> Result<Judged, Fault> {
        let start = Instant::now();
        let report = self.scanner.scan(self.surface, &case.text);
        let patterns_took = start.elapsed();
        let start = Instant::now();
        let scored = self.model.as_mut().map(|model| model.score(&case.text)).transpose()?;
        let classifier_took = start.elapsed();
        let highest = |parts: Vec<crate::classifier::Scored>| {
            parts.into_iter().map(|part| part.score).fold(0.0, f32::max)
        };
        Ok(Judged {
            case,
            stopped: report.stops(),
            weight: report.score,
            score: scored.map(highest),
            patterns_took,
            classifier_took,
        })
    }
}

/// A way to judge a text by a number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Detector {
    Patterns,
    Classifier,
    /// What patterns stop is found for sure; the rest by the classifier's score.
    Both,
}

impl Detector {
    pub const ALL: [Self; 3] = [Self::Patterns, Self::Classifier, Self::Both];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Patterns => "patterns",
            Self::Classifier => "classifier",
            Self::Both => "both",
        }
    }

    /// Higher is worse. `None` where there is no classifier.
    fn value(self, judged: &Judged) -> Option<f64> {
        let certain = if judged.stopped { 1_000.0 } else { 0.0 };
        match self {
            Self::Patterns => Some(certain + judged.weight),
            Self::Classifier => judged.score.map(f64::from),
            Self::Both => judged.score.map(|score| certain + f64::from(score)),
        }
    }

    /// Whether the text would not pass at the classifier's threshold `least`.
    fn catches(self, judged: &Judged, least: f32) -> bool {
        let scored = judged.score.is_some_and(|score| score >= least);
        match self {
            Self::Patterns => judged.stopped,
            Self::Classifier => scored,
            Self::Both => judged.stopped || scored,
        }
    }
}

/// Groups of judged texts: each set, and each family in it.
fn groups(judged: &[Judged]) -> BTreeMap<String, Vec<&Judged>> {
    let mut groups: BTreeMap<String, Vec<&Judged>> = BTreeMap::new();
    for one in judged {
        let Case { set, sub, .. } = &one.case;
        groups.entry(set.clone()).or_default().push(one);
        if !sub.is_empty() {
            groups.entry(format!("{set} / {sub}")).or_default().push(one);
        }
    }
    groups
}

/// The curve of one detector over attacks against honest texts.
fn curve(detector: Detector, judged: &[&Judged]) -> Option<Curve> {
    let of = |attack: bool| -> Option<Vec<f64>> {
        let these = judged.iter().filter(|one| one.case.attack == attack);
        these.map(|one| detector.value(one)).collect()
    };
    Some(Curve::new(of(true)?, of(false)?))
}
