//! The targets of this project, judged on the medians of the gateway's places.

use serde_json::{Value, json};

use crate::{
    record::{Figures, Place},
    terminal,
};

/// The generator may spend so many microseconds of processor time on a call; above it, the place is void.
const GENERATOR_LIMIT: f64 = 40.0;
/// Payloads up to here are judged; with larger ones copying alone is above the generator's limit.
const JUDGED_PAYLOAD: usize = 10_240;

/// One target, met or missed.
#[derive(Debug)]
pub(crate) struct Verdict {
    place: Place,
    /// What is asked.
    asked: String,
    measured: f64,
    limit: f64,
    /// Whether the figure must not be below the limit (else not above).
    floor: bool,
    generator: f64,
}

impl Verdict {
    fn outcome(&self) -> &'static str {
        let met =
            if self.floor { self.measured >= self.limit } else { self.measured <= self.limit };
        match (self.generator > GENERATOR_LIMIT, met) {
            (true, _) => "void",
            (false, true) => "met",
            (false, false) => "missed",
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "target": self.place.target, "era": self.place.era.name(), "asked": self.asked,
            "measured": self.measured, "limit": self.limit, "outcome": self.outcome()
        })
    }
}

/// Judges every place of the gateway that a target speaks about.
pub(crate) fn judge(summary: &[(Place, Result<Figures, String>)]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (place, figures) in summary {
        if !place.target.starts_with("bartizan") || place.payload > JUDGED_PAYLOAD {
            continue;
        }
        let Ok(figures) = figures else { continue };
        let mut add = |asked: &str, measured: Option<f64>, limit: f64, floor: bool| {
            let Some(measured) = measured else { return };
            let (place, asked, generator) = (place.clone(), asked.to_owned(), figures.cpu[2]);
            verdicts.push(Verdict { place, asked, measured, limit, floor, generator });
        };
        match (place.payload, place.concurrency) {
            (200, 1) => add("ms added to p50, 200 B, 1 at once", figures.added, 0.2, false),
            (10_240, 1) => add("ms added to p50, 10 KB, 1 at once", figures.added, 0.5, false),
            (200, 32) => {
                let floor = if place.target.contains("stdio") { 2.0 } else { 0.95 };
                add("of direct's rate, 200 B, 32 at once", figures.ratio, floor, true);
                add("µs of gateway CPU, 200 B, 32 at once", Some(figures.cpu[0]), 75.0, false);
            }
            _ => {}
        }
    }
    verdicts
}

/// Prints one line per verdict.
pub(crate) fn print(verdicts: &[Verdict]) {
    if verdicts.is_empty() {
        terminal::line("\nno verdict: no place of the gateway that a target speaks about");
        return;
    }
    terminal::line("\nverdicts");
    for verdict in verdicts {
        let Verdict { place, asked, measured, limit, generator, .. } = verdict;
        let word = if verdict.floor { "at least" } else { "at most" };
        let gap = match verdict.outcome() {
            "missed" => format!("missed by {:.3}", (measured - limit).abs()),
            "void" => format!("void: the generator took {generator:.1} µs a call"),
            outcome => outcome.to_owned(),
        };
        terminal::line(format!(
            "  {} {}: {measured:.3} {asked}, {word} {limit}: {gap}",
            place.target,
            place.era.name()
        ));
    }
}
