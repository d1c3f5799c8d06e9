//! `bartizan eval`: how well patterns and the classifier do on labelled texts.

use std::{
    fs,
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;

use super::{Ran, models, rules::sources, say, say_json};
use crate::{
    eval::{Evaluation, Report, case, plot},
    firewall::{Ruleset, Surface},
    inspect::Profile,
    scan::{Detectors, Scanner, surface},
};

/// Say how well patterns and the classifier tell attacks from honest texts.
///
/// Each line of the file is `{"id": …, "text": "…", "label": 0 or 1, "set": "…", "sub": "…"}`; 1 means
/// that the text asks an agent for something. Texts are read one after the other on one thread.
#[derive(Debug, clap::Args)]
pub(super) struct Eval {
    /// Labelled texts, one JSON object a line; may be gzipped
    file: PathBuf,
    /// The classifier's model pack [default: the shipped one]
    #[arg(long, value_name = "FOLDER", conflicts_with = "patterns_only")]
    model: Option<PathBuf>,
    /// ONNX Runtime's library [default: where `bartizan setup` puts it]
    #[arg(long, value_name = "FILE", conflicts_with = "patterns_only")]
    library: Option<PathBuf>,
    /// Without the classifier
    #[arg(long)]
    patterns_only: bool,
    /// Where the texts would stand in a message
    #[arg(long, default_value = "tool_result", value_parser = surface)]
    surface: Surface,
    /// A rule file or a folder of them, beside the shipped rules
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Write the curves as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write what each text scored, a line of JSON each
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Eval) -> Ran {
    let at = || command.file.display().to_string();
    let cases = case::read(fs::File::open(&command.file).with_context(at)?).with_context(at)?;
    let mut files = Ruleset::core_sources();
    files.extend(sources::read(&command.rules)?);
    let rules = Ruleset::compile_in_force(&files, Ruleset::LEVEL);
    let rules = Arc::new(rules.map_err(|faults| sources::faulty(&faults))?);
    let model = match command.patterns_only {
        true => None,
        false => Some(models::load(command.model.as_deref(), command.library.as_deref())?.0),
    };
    let thresholds = model.as_ref().map(|model| model.manifest().thresholds(command.surface));
    let scanner = Scanner::new(rules, Profile::Balanced, Detectors::default());
    let mut evaluation = Evaluation { scanner, model, surface: command.surface };
    let (total, mut judged) = (cases.len(), Vec::with_capacity(cases.len()));
    for (number, case) in cases.into_iter().enumerate() {
        let id = case.id.clone();
        judged.push(evaluation.judge(case).with_context(|| format!("the text `{id}`"))?);
        progress(number + 1, total);
    }
    if let Some(path) = &command.scores {
        let lines: String = judged.iter().map(line).collect();
        fs::write(path, lines).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &command.svg {
        fs::write(path, plot::svg(&judged)).with_context(|| path.display().to_string())?;
    }
    let report = Report::new(&judged, thresholds);
    match command.json {
        true => say_json(&serde_json::to_value(&report)?),
        false => say(report.table()),
    }
    Ok(ExitCode::SUCCESS)
}

fn line(judged: &crate::eval::Judged) -> String {
    let case = &judged.case;
    let line = serde_json::json!({
        "id": case.id,
        "set": case.set,
        "sub": case.sub,
        "label": u8::from(case.attack),
        "stopped": judged.stopped,
        "weight": judged.weight,
        "score": judged.score,
    });
    format!("{line}\n")
}

/// For whoever waits at a terminal.
fn progress(done: usize, total: usize) {
    const EVERY: usize = 50;
    let mut told = std::io::stderr();
    if told.is_terminal() && (done.is_multiple_of(EVERY) || done == total) {
        let end = if done == total { "\n" } else { "" };
        // Nobody reads it any more: that is no reason to stop.
        write!(told, "\r{done} of {total} texts{end}").ok();
    }
}
