//! The results as JSON, for scripts and for a record of what was measured where.

use std::{fs, path::Path};

use anyhow::Context;
use serde_json::{Value, json};

use crate::{
    arguments::Setting,
    calibration::Calibration,
    record::{Figures, Place, Record},
    verdict::Verdict,
};

/// Writes everything that was measured.
pub(crate) fn write(
    file: &Path,
    setting: &Setting,
    calibrations: &[Calibration],
    records: &[Record],
    summary: &[(Place, Result<Figures, String>)],
    verdicts: &[Verdict],
) -> anyhow::Result<()> {
    let runs = records.iter().map(|record| {
        let mut value = entry(&record.place, &record.figures);
        value["run"] = json!(record.run);
        value
    });
    let report = json!({
        "machine": machine(),
        "upstream": setting.upstream,
        "seconds": setting.seconds,
        "runs": setting.runs,
        "calibration": calibrations.iter().map(|one| one.to_json()).collect::<Vec<_>>(),
        "medians": summary.iter().map(|(place, figures)| entry(place, figures)).collect::<Vec<_>>(),
        "verdicts": verdicts.iter().map(Verdict::to_json).collect::<Vec<_>>(),
        "places": runs.collect::<Vec<_>>()
    });
    let text = serde_json::to_string_pretty(&report)?;
    fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
}

fn entry(place: &Place, figures: &Result<Figures, String>) -> Value {
    let mut value = match figures {
        Ok(figures) => figures.to_json(),
        Err(error) => json!({"error": error}),
    };
    value["target"] = json!(place.target);
    value["era"] = json!(place.era.name());
    value["concurrency"] = json!(place.concurrency);
    value["payload"] = json!(place.payload);
    value
}

/// The processor's name, the number of CPUs, and the load of the last minute.
pub(crate) fn machine() -> Value {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    json!({
        "processor": model.map(|(_, name)| name),
        "cpus": std::thread::available_parallelism().map_or(0, |count| count.get()),
        "load_1m": load.split(' ').next()
    })
}
