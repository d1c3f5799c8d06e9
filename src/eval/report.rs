//! What an evaluation found, in figures.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use serde::Serialize;

use super::{Detector, Judged, RATES, curve, groups, near};
use crate::classifier::pack::Thresholds;

/// All figures.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub texts: usize,
    pub attacks: usize,
    /// The pack's thresholds for the surface, if there is a classifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// By detector: against all honest texts of the file.
    pub overall: BTreeMap<&'static str, Figures>,
    /// By set, and by family of a set.
    pub groups: BTreeMap<String, Group>,
    pub latency: BTreeMap<&'static str, Latency>,
}

/// What one detector does over all texts.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// The share of attacks found at each share of false alarms.
    pub recall: BTreeMap<String, f64>,
}

/// One set or family.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    pub attacks: usize,
    pub honest: usize,
    pub detectors: BTreeMap<&'static str, Caught>,
}

/// What one detector does in a group.
#[derive(Clone, Debug, Serialize)]
pub struct Caught {
    /// Against the honest texts of the group, or else of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// The share of attacks found at each share of false alarms over the file.
    pub recall: BTreeMap<String, f64>,
    /// At the pack's own threshold `hold`, set on other texts.
    pub caught: usize,
    pub false_alarms: usize,
    /// Of near-duplicates: one for a template, however often it was filled in.
    pub false_alarm_families: usize,
}

/// Times of one detector over a text.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    pub p50_us: u64,
    pub p99_us: u64,
}

impl Report {
    pub fn new(judged: &[Judged], thresholds: Option<Thresholds>) -> Self {
        let all: Vec<&Judged> = judged.iter().collect();
        let honest: Vec<&Judged> = all.iter().copied().filter(|one| !one.case.attack).collect();
        let detectors: Vec<Detector> =
            Detector::ALL.into_iter().filter(|it| curve(*it, &all).is_some()).collect();
        let overall = detectors.iter().map(|it| (it.name(), figures(*it, &all, &all))).collect();
        let hold = thresholds.map_or(f32::INFINITY, |it| it.hold);
        let group = |members: &Vec<&Judged>| {
            let own = members.iter().any(|one| !one.case.attack);
            let against: Vec<&Judged> = match own {
                true => members.clone(),
                false => members.iter().chain(&honest).copied().collect(),
            };
            let caught = |it: &Detector| (it.name(), caught(*it, members, &against, &all, hold));
            Group {
                attacks: members.iter().filter(|one| one.case.attack).count(),
                honest: members.iter().filter(|one| !one.case.attack).count(),
                detectors: detectors.iter().map(caught).collect(),
            }
        };
        let groups = groups(judged).iter().map(|(name, of)| (name.clone(), group(of))).collect();
        let mut latency = BTreeMap::from([("patterns", times(judged, |one| one.patterns_took))]);
        if detectors.contains(&Detector::Classifier) {
            latency.insert("classifier", times(judged, |one| one.classifier_took));
        }
        let attacks = all.len() - honest.len();
        Self { texts: all.len(), attacks, thresholds, overall, groups, latency }
    }

    /// A table in Markdown, which is also fit to be read as it is.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let mut line = |args: std::fmt::Arguments<'_>| {
            writeln!(text, "{args}").expect("a String takes all that is written");
        };
        line(format_args!("{} texts, {} of them attacks", self.texts, self.attacks));
        if let Some(Thresholds { flag, hold, block }) = self.thresholds {
            line(format_args!("thresholds: flag {flag}, hold {hold}, block {block}"));
        }
        line(format_args!("\n| detector | AUC | recall at 0.1 % | 0.5 % | 1 % | 3 % |"));
        line(format_args!("|---|---:|---:|---:|---:|---:|"));
        for (name, Figures { auc, recall }) in &self.overall {
            let recall: Vec<String> = recall.values().map(|share| percent(*share)).collect();
            line(format_args!("| {name} | {} | {} |", decimals(*auc), recall.join(" | ")));
        }
        line(format_args!(
            "\n| set | texts | detector | AUC | recall at 0.5 % | at 1 % | caught at `hold` | honest texts caught | in families |"
        ));
        line(format_args!("|---|---:|---|---:|---:|---:|---:|---:|---:|"));
        for (name, group) in &self.groups {
            for (detector, caught) in &group.detectors {
                let recall =
                    |rate: &str| caught.recall.get(rate).map_or("".into(), |it| percent(*it));
                line(format_args!(
                    "| {name} | {} | {detector} | {} | {} | {} | {} | {} | {} |",
                    group.attacks + group.honest,
                    decimals(caught.auc),
                    recall("0.005"),
                    recall("0.01"),
                    share(caught.caught, group.attacks),
                    share(caught.false_alarms, group.honest),
                    caught.false_alarm_families,
                ));
            }
        }
        for (name, Latency { p50_us, p99_us }) in &self.latency {
            line(format_args!("\n{name}: {p50_us} us a text at the median, {p99_us} us at p99"));
        }
        text
    }
}

fn figures(detector: Detector, of: &[&Judged], all: &[&Judged]) -> Figures {
    let (of, all) = (curve(detector, of), curve(detector, all));
    let recall = RATES.iter().filter_map(|rate| {
        let threshold = all.as_ref()?.threshold(*rate);
        Some((rate.to_string(), of.as_ref()?.recall_above(threshold)?))
    });
    Figures { auc: of.as_ref().and_then(super::Curve::auc), recall: recall.collect() }
}

fn caught(
    detector: Detector,
    members: &[&Judged],
    against: &[&Judged],
    all: &[&Judged],
    hold: f32,
) -> Caught {
    let Figures { auc, recall } = figures(detector, against, all);
    let found = |attack: bool| {
        let of = members.iter().filter(move |one| one.case.attack == attack);
        of.filter(move |one| detector.catches(one, hold))
    };
    Caught {
        auc,
        recall,
        caught: found(true).count(),
        false_alarms: found(false).count(),
        false_alarm_families: near::families(found(false).map(|one| one.case.text.as_str())),
    }
}

fn times(judged: &[Judged], of: impl Fn(&Judged) -> Duration) -> Latency {
    let mut times: Vec<u64> =
        judged.iter().map(|one| u64::try_from(of(one).as_micros()).unwrap_or(u64::MAX)).collect();
    times.sort_unstable();
    let at =
        |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    Latency { p50_us: at(50).copied().unwrap_or(0), p99_us: at(99).copied().unwrap_or(0) }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn share(count: usize, of: usize) -> String {
    if of == 0 {
        return String::new();
    }
    format!("{count} of {of} ({})", percent(count as f64 / of as f64))
}

fn decimals(figure: Option<f64>) -> String {
    figure.map_or_else(String::new, |figure| format!("{figure:.4}"))
}
