//! What was measured, and the medians over the runs.

use serde_json::{Value, json};

use crate::{
    generator::{Tally, count},
    process::Usage,
    request::Era,
    target::DIRECT,
};

/// One place in the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) payload: usize,
    pub(crate) concurrency: usize,
    pub(crate) era: Era,
    pub(crate) target: String,
}

/// The figures of one place in one run, or of several runs by their medians.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    /// Calls a second.
    pub(crate) rate: f64,
    /// `rate` over the yardstick's in the same run.
    pub(crate) ratio: Option<f64>,
    /// Milliseconds.
    pub(crate) p50: f64,
    /// `p50` less the yardstick's in the same run.
    pub(crate) added: Option<f64>,
    /// Milliseconds.
    pub(crate) p99: f64,
    /// Calls that were sent again because a connection broke before it answered.
    pub(crate) sent_again: f64,
    /// Microseconds of processor time per call: gateway, server, generator.
    pub(crate) cpu: [f64; 3],
    /// MiB resident after the load: gateway, server.
    pub(crate) resident: [f64; 2],
}

/// One run's result for one place.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) run: usize,
    pub(crate) place: Place,
    pub(crate) figures: Result<Figures, String>,
}

impl Figures {
    /// From a tally whose usage is the gateway's and the server's.
    pub(crate) fn new(tally: &Tally) -> Self {
        let spent = |(before, after): &(Usage, Usage)| after.cpu.saturating_sub(before.cpu);
        let party = |index: usize| tally.usage.get(index);
        let cpu = |index| party(index).map_or(0.0, |usage| tally.per_call(spent(usage)));
        let resident = |index| party(index).map_or(0.0, |usage| mebibytes(usage.1.resident));
        Self {
            rate: tally.rate(),
            p50: tally.p50.as_secs_f64() * 1e3,
            p99: tally.p99.as_secs_f64() * 1e3,
            cpu: [cpu(0), cpu(1), tally.per_call(tally.generator)],
            resident: [resident(0), resident(1)],
            sent_again: count(tally.sent_again),
            ratio: None,
            added: None,
        }
    }

    pub(crate) fn to_json(self) -> Value {
        json!({
            "calls_per_second": self.rate, "ratio_to_direct": self.ratio,
            "p50_ms": self.p50, "p50_added_ms": self.added, "p99_ms": self.p99, "sent_again": self.sent_again,
            "gateway_cpu_us": self.cpu[0], "server_cpu_us": self.cpu[1],
            "generator_cpu_us": self.cpu[2],
            "gateway_resident_mib": self.resident[0], "server_resident_mib": self.resident[1]
        })
    }
}

/// Sets every record's ratio and added latency from the yardstick of the same run. A yardstick that does not speak
/// the caller's era is called in the legacy one.
pub(crate) fn compare(records: &mut [Record]) {
    let direct: Vec<Record> =
        records.iter().filter(|record| record.place.target == DIRECT).cloned().collect();
    for record in records {
        let Ok(figures) = &mut record.figures else { continue };
        let yardstick = |era: Era| {
            let place = Place { era, target: DIRECT.to_owned(), ..record.place.clone() };
            let same = direct.iter().find(|one| one.run == record.run && one.place == place)?;
            same.figures.as_ref().ok()
        };
        if let Some(same) = yardstick(record.place.era).or_else(|| yardstick(Era::Legacy)) {
            figures.ratio = Some(figures.rate / same.rate);
            figures.added = Some(figures.p50 - same.p50);
        }
    }
}

/// The medians of each place over all runs, and what went wrong in it, in the order measured.
pub(crate) fn summarise(records: &[Record]) -> Vec<(Place, Result<Figures, String>)> {
    let mut places: Vec<&Place> = Vec::new();
    for record in records {
        if !places.contains(&&record.place) {
            places.push(&record.place);
        }
    }
    let summary = |place: &Place| {
        let here = records.iter().filter(|record| record.place == *place);
        let all: Result<Vec<Figures>, String> = here.map(|record| record.figures.clone()).collect();
        (place.clone(), all.map(|all| medians(&all)))
    };
    places.into_iter().map(summary).collect()
}

/// The median of each figure.
pub(crate) fn medians(all: &[Figures]) -> Figures {
    let of = |get: &dyn Fn(&Figures) -> f64| median(all.iter().map(get).collect());
    let maybe = |get: &dyn Fn(&Figures) -> Option<f64>| {
        let values: Option<Vec<f64>> = all.iter().map(get).collect();
        values.map(median)
    };
    Figures {
        rate: of(&|one| one.rate),
        ratio: maybe(&|one| one.ratio),
        p50: of(&|one| one.p50),
        added: maybe(&|one| one.added),
        p99: of(&|one| one.p99),
        sent_again: of(&|one| one.sent_again),
        cpu: std::array::from_fn(|index| of(&|one| one.cpu[index])),
        resident: std::array::from_fn(|index| of(&|one| one.resident[index])),
    }
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (None, _) => f64::NAN,
        (Some(&value), 1) => value,
        (Some(&value), _) => f64::midpoint(values[middle - 1], value),
    }
}

/// Kibibytes as mebibytes.
pub(crate) fn mebibytes(kibibytes: u64) -> f64 {
    f64::from(u32::try_from(kibibytes).unwrap_or(u32::MAX)) / 1024.0
}
