//! `bartizan scan`: texts against the rules, without a gateway. Ends with 0 if nothing was found,
//! with 1 if something was, with 2 if something could not be read.

mod input;
mod print;
mod sarif;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use super::{Ran, rules::sources};
use crate::{
    firewall::{Ruleset, Surface},
    inspect::Profile,
    scan::{Detectors, Scanner, surface},
};

use self::{
    input::Input,
    print::{Form, Printer},
};

/// Read texts with the rules: standard input or files, without a gateway.
///
/// Ends with 0 if nothing was found, with 1 if something was, with 2 if something could not be read.
#[derive(Debug, clap::Args)]
pub(super) struct Scan {
    /// Files to read [default: standard input]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Each line is a text, `{"id": …, "text": "…"}`, and gets a line in answer
    #[arg(long, conflicts_with_all = ["tools", "client", "json"])]
    jsonl: bool,
    /// Where the texts would stand in a message
    #[arg(long, default_value = "tool_result", value_parser = surface)]
    surface: Surface,
    /// Only these rules, by id or by what stands before a dot, such as `secret,injection`
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    detectors: Vec<String>,
    /// A rule file or a folder of them, beside the shipped rules
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// A model pack that scores each text too
    #[arg(long, value_name = "FOLDER")]
    model: Option<PathBuf>,
    /// ONNX Runtime's library [default: where `bartizan setup` puts it]
    #[arg(long, value_name = "FILE", requires = "model")]
    library: Option<PathBuf>,
    /// How findings become actions: `transparent`, `balanced` or `strict`
    #[arg(long, default_value = "balanced", value_parser = profile)]
    profile: Profile,
    /// The texts of what a server answers to `tools/list`
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["client", "surface", "files"])]
    tools: Vec<PathBuf>,
    /// The servers that an MCP client's file would start or call
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["surface", "files"])]
    client: Vec<PathBuf>,
    /// One JSON array
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// SARIF 2.1.0, for code scanning
    #[arg(long)]
    sarif: bool,
}

fn profile(name: &str) -> Result<Profile, String> {
    serde_json::from_value(name.into())
        .map_err(|_| "write `transparent`, `balanced` or `strict`".to_owned())
}

pub(super) fn run(command: &Scan) -> Ran {
    let mut files = match command.profile {
        Profile::Transparent | Profile::Balanced => Ruleset::core_sources(),
        Profile::Strict => Ruleset::shipped_sources(),
    };
    files.extend(sources::read(&command.rules)?);
    let level = match command.profile {
        Profile::Transparent | Profile::Balanced => Ruleset::LEVEL,
        Profile::Strict => Ruleset::LEVEL_MAX,
    };
    let rules =
        Ruleset::compile_in_force(&files, level).map_err(|faults| sources::faulty(&faults))?;
    let rules = Arc::new(rules);
    let detectors = Detectors::named(&command.detectors, &rules)?;
    let mut scanner = Scanner::new(rules, command.profile, detectors);
    if let Some(folder) = &command.model {
        scanner =
            scanner.with_model(super::models::load(Some(folder), command.library.as_deref())?.0);
    }
    let form = match (command.sarif, command.json, command.jsonl) {
        (true, ..) => Form::Sarif,
        (_, true, _) => Form::Json,
        (_, _, true) => Form::Lines,
        _ => Form::People,
    };
    let mut printer = Printer::begin(form, scanner.rules())?;
    let mut input = Input { scanner: &scanner, surface: command.surface, printer: &mut printer };
    for path in &command.tools {
        input.tools(path)?;
    }
    for path in &command.client {
        input.client(path)?;
    }
    match (command.tools.is_empty() && command.client.is_empty(), command.jsonl) {
        (true, true) => input.lines(&command.files)?,
        (true, false) => input.texts(&command.files)?,
        (false, _) => {}
    }
    printer.end().map(ExitCode::from)
}
