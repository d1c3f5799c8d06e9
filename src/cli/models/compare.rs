//! `bartizan models compare`: two packs over the same labelled texts.

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use serde_json::json;

use crate::{
    cli::{Ran, rules::sources, say, say_json},
    eval::{Detector, Evaluation, Judged, Report, case},
    firewall::{Ruleset, Surface},
    inspect::Profile,
    scan::{Detectors, Scanner},
};

#[derive(Debug, clap::Args)]
pub(super) struct Compare {
    /// The one pack
    a: PathBuf,
    /// The other
    b: PathBuf,
    /// Labelled texts, as for `bartizan eval`
    #[arg(long, value_name = "FILE")]
    texts: PathBuf,
    /// ONNX Runtime's library [default: where `bartizan setup` puts it]
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(compare: &Compare) -> Ran {
    let at = || compare.texts.display().to_string();
    let cases = case::read(fs::File::open(&compare.texts).with_context(at)?).with_context(at)?;
    let mut reports = Vec::new();
    for folder in [&compare.a, &compare.b] {
        let (model, pack, _) = super::load(Some(folder), compare.library.as_deref())?;
        let thresholds = model.manifest().thresholds(Surface::ToolResult);
        // The packs are asked here, and no rule.
        let rules = Ruleset::compile_in_force(&[], Ruleset::LEVEL);
        let rules = rules.map_err(|faults| sources::faulty(&faults))?;
        let scanner = Scanner::new(Arc::new(rules), Profile::Balanced, Detectors::default());
        let (model, surface) = (Some(model), Surface::ToolResult);
        let mut evaluation = Evaluation { scanner, model, surface };
        let judged = cases.iter().map(|case| evaluation.judge(case.clone()));
        let judged: Vec<Judged> = judged.collect::<Result<_, _>>()?;
        reports.push((pack.title(), Report::new(&judged, Some(thresholds))));
    }
    if compare.json {
        let rows = reports.iter().map(|(title, report)| json!({ "pack": title, "report": report }));
        say_json(&rows.collect());
        return Ok(ExitCode::SUCCESS);
    }
    let name = Detector::Classifier.name();
    for (title, report) in &reports {
        let Some(figures) = report.overall.get(name) else { continue };
        let recall: Vec<String> =
            figures.recall.iter().map(|(rate, share)| format!("{share:.3} at {rate}")).collect();
        let latency = report.latency.get(name).map_or(0, |it| it.p50_us);
        let auc = figures.auc.unwrap_or(f64::NAN);
        let recall = recall.join(", ");
        say(format_args!("{title}: auc {auc:.4}, recall {recall}, {latency} us a text"));
    }
    if let [(_, one), (_, other)] = reports.as_slice() {
        say(
            "\n| set | caught by the one | by the other | false alarms of the one | of the other |",
        );
        say("|---|---:|---:|---:|---:|");
        for (set, group) in &one.groups {
            let pair = (group.detectors.get(name), other.groups.get(set));
            let (Some(a), Some(other)) = pair else { continue };
            let Some(b) = other.detectors.get(name) else { continue };
            say(format_args!(
                "| {set} | {} of {} | {} | {} of {} | {} |",
                a.caught, group.attacks, b.caught, a.false_alarms, group.honest, b.false_alarms
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
