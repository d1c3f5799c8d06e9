//! One text against the rules, outside any message: for the command line, and for other gateways
//! that ask over HTTP. Reads and reports; nothing is edited, held or recorded here.

pub mod definitions;
pub mod launch;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use serde::{Serialize, Serializer};

use crate::{
    classifier::Model,
    firewall::{
        Action, Budget, Finding, Ruleset, Severity, Surface,
        finding::{Confidence, View},
    },
    inspect::{FINDINGS_MAX, Profile, VIEW_BYTES_MAX, instruction},
};

/// Rules and how their findings become one action.
#[derive(Clone, Debug)]
pub struct Scanner {
    rules: Arc<Ruleset>,
    profile: Profile,
    detectors: Detectors,
    model: Option<Arc<Mutex<Model>>>,
}

/// The rules whose findings count.
#[derive(Clone, Debug, Default)]
pub struct Detectors(Option<Vec<String>>);

impl Detectors {
    /// Rules by their id (`secret.github-token`) or by what stands before a dot (`secret`).
    ///
    /// # Errors
    /// A name that no rule has.
    pub fn named(names: &[String], rules: &Ruleset) -> Result<Self, UnknownDetector> {
        let known = |name: &str| rules.rules().any(|rule| covers(name, rule.id.get_ref()));
        match names.iter().find(|name| !known(name)) {
            Some(name) => Err(UnknownDetector(name.clone())),
            None => Ok(Self((!names.is_empty()).then(|| names.to_vec()))),
        }
    }

    fn take(&self, rule: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.iter().any(|name| covers(name, rule)))
    }
}

fn covers(name: &str, rule: &str) -> bool {
    rule.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A detector that no rule is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither a rule nor the beginning of one's id; `bartizan rules list` names the rules"
)]
pub struct UnknownDetector(String);

/// What was found in one text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// The strictest action asked for; `allow` if nothing was found.
    #[serde(serialize_with = "wire")]
    pub action: Option<Action>,
    /// Severity times confidence, summed over distinct rules.
    pub score: f64,
    pub findings: Vec<Found>,
    /// Why the text was not read to its end, if it was not; it must then not be let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

/// One finding. The offsets count UTF-8 bytes of the raw text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    pub rule: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub view: View,
    pub start: usize,
    pub end: usize,
    /// What was found, where no rule says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What this finding asks for.
    #[serde(skip)]
    pub action: Action,
}

impl Report {
    /// Whether nothing was found, in a text that was read to its end.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.incomplete.is_none()
    }

    /// Whether the text would not pass as it is.
    pub fn stops(&self) -> bool {
        self.action.is_some_and(|action| action != Action::Flag) && self.word() != "allow"
    }

    /// The word on the wire.
    pub fn word(&self) -> &'static str {
        self.action.map_or("allow", Action::name)
    }

    /// Adds a finding, and what it asks for.
    pub fn add(&mut self, found: Found) {
        self.action = self.action.max(Some(found.action));
        self.findings.push(found);
        self.score = score(&self.findings);
    }
}

/// serde hands over a reference.
fn wire<S: Serializer>(action: &Option<Action>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(action.map_or("allow", Action::name))
}

impl Scanner {
    pub fn new(rules: Arc<Ruleset>, profile: Profile, detectors: Detectors) -> Self {
        Self { rules, profile, detectors, model: None }
    }

    /// Lets a model score each text too.
    pub fn with_model(self, model: Model) -> Self {
        Self { model: Some(Arc::new(Mutex::new(model))), ..self }
    }

    pub fn rules(&self) -> &Ruleset {
        &self.rules
    }

    /// Reads one text as if it stood on `surface`, with the budget of one message.
    pub fn scan(&self, surface: Surface, text: &str) -> Report {
        let mut budget = Budget::new(VIEW_BYTES_MAX, FINDINGS_MAX);
        let mut findings = Vec::new();
        let read = self.rules.scan(surface, text, &mut budget, &mut findings);
        let taken = findings.iter().filter(|finding| self.detectors.take(&finding.rule));
        let findings: Vec<Found> = taken.map(|finding| self.found(finding, surface)).collect();
        let incomplete = read.err().map(|why| why.to_string());
        let strictest = findings.iter().map(|found| found.action).max();
        let action = strictest.max(incomplete.as_ref().map(|_| Action::Block));
        let mut report = Report { action, score: score(&findings), findings, incomplete };
        if let Some(model) = &self.model {
            self.classify(&mut model.lock(), surface, text, &mut report);
        }
        report
    }

    /// Adds what the model finds, with what the gateway would make of it. A text without a score was not
    /// read to its end.
    fn classify(&self, model: &mut Model, surface: Surface, text: &str, report: &mut Report) {
        let thresholds = model.manifest().thresholds(surface);
        let scored = match model.score(text) {
            Ok(scored) => scored,
            Err(fault) => {
                report.action = report.action.max(Some(Action::Block));
                report.incomplete.get_or_insert(format!("{}: {fault}", fault.code()));
                return;
            }
        };
        for part in scored {
            let Some(level) = thresholds.level(part.score) else { continue };
            let found = self.found(&instruction(level, surface, part.span), surface);
            let message = format!("asks an AI agent for something, score {:.3}", part.score);
            report.add(Found { message: Some(message), ..found });
        }
    }

    fn found(&self, finding: &Finding, surface: Surface) -> Found {
        let action = self.effective(finding, surface);
        Found {
            rule: finding.rule.as_ref().to_owned(),
            severity: finding.severity,
            confidence: finding.confidence,
            view: finding.view,
            start: finding.span.start,
            end: finding.span.end,
            message: None,
            action,
        }
    }

    /// What the firewall door makes of a finding ([`crate::inspect`]).
    fn effective(&self, finding: &Finding, surface: Surface) -> Action {
        let asked = match (finding.action, self.profile) {
            (Action::Flag, Profile::Strict) if finding.severity >= Severity::High => Action::Block,
            (Action::Redact | Action::Strip, Profile::Transparent) => Action::Flag,
            (action, _) => action,
        };
        // Nobody can wait inside an answer: a hold there means withheld.
        let waits = surface == Surface::ToolArguments;
        if asked == Action::Hold && !waits { Action::Block } else { asked }
    }
}

/// Tenths of severity (5, 4, 3, 2, 0) times confidence (1, 0.6, 0.3), over distinct rules: one that
/// matches often says no more than one that matches once.
fn score(findings: &[Found]) -> f64 {
    let mut distinct: BTreeMap<&str, u32> = BTreeMap::new();
    for found in findings {
        let weight = match found.severity {
            Severity::Critical => 5,
            Severity::High => 4,
            Severity::Medium => 3,
            Severity::Low => 2,
            Severity::Info => 0,
        };
        let tenths = match found.confidence {
            Confidence::High => 10,
            Confidence::Medium => 6,
            Confidence::Low => 3,
        };
        let best = distinct.entry(found.rule.as_str()).or_default();
        *best = (*best).max(weight * tenths);
    }
    f64::from(distinct.values().sum::<u32>()) / 10.0
}

/// The surface of this name.
///
/// # Errors
/// The names that there are.
pub fn surface(name: &str) -> Result<Surface, String> {
    Surface::ALL.into_iter().find(|surface| surface.name() == name).ok_or_else(|| {
        let known: Vec<&str> = Surface::ALL.iter().map(|surface| surface.name()).collect();
        format!("`{name}` is no surface; there are {}", known.join(", "))
    })
}
