//! `bartizan rules lint`

use std::{path::PathBuf, process::ExitCode};

use serde_json::{Value, json};

use super::{Ran, sources};
use crate::{
    cli::{harmless, say, say_json},
    firewall::{Ruleset, Source, diagnostic::Diagnostic},
};

#[derive(Debug, clap::Args)]
pub(super) struct Lint {
    /// Rule files, or folders of them [default: the shipped rules]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Lint) -> Ran {
    let sources = sources::given(&command.paths)?;
    let compiled = Ruleset::compile(&sources);
    let faults = compiled.as_ref().err().map(Vec::as_slice).unwrap_or_default();
    if command.json {
        say_json(&Value::Array(faults.iter().map(as_json).collect()));
    } else {
        for fault in faults {
            say(pretty(fault, &sources));
        }
        let files = sources.len();
        match &compiled {
            Ok(rules) => {
                say(format_args!("{files} files, {} rules, no faults", rules.rules().len()))
            }
            Err(faults) => say(format_args!("{files} files, {} faults", faults.len())),
        }
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The fault, the line that it is about, and the mend.
pub(super) fn pretty(fault: &Diagnostic, sources: &[Source]) -> String {
    let source = sources.iter().find(|source| *source.name == *fault.file);
    let line = source.and_then(|it| it.text.lines().nth(fault.line.saturating_sub(1)));
    let number = fault.line;
    let mut text = format!("error[{}]: {}\n", fault.code.name(), harmless(&fault.message));
    text.push_str(&format!("  --> {}:{number}\n", harmless(&fault.file)));
    if let Some(line) = line {
        let shown: String = line.chars().take(LINE_CHARS_MAX).collect();
        text.push_str(&format!("{number:5} | {}\n", harmless(&shown)));
    }
    if let Some(mend) = &fault.mend {
        text.push_str(&format!("      = {mend}\n"));
    }
    text
}

/// Characters of a rule file's line that are shown.
const LINE_CHARS_MAX: usize = 160;

pub(super) fn as_json(fault: &Diagnostic) -> Value {
    json!({
        "code": fault.code.name(),
        "file": &*fault.file,
        "line": fault.line,
        "message": fault.message,
        "mend": fault.mend,
    })
}
