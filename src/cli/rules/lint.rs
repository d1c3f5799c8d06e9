//! `bartizan rules lint`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use super::{Ran, sources};
use crate::{
    cli::{say, say_json},
    firewall::{
        Ruleset,
        diagnostic::Diagnostic,
        ruleset::lint::{against, lint},
    },
    flow,
};

#[derive(Debug, clap::Args)]
pub(super) struct Lint {
    /// Rule files, or folders of them [default: the shipped rules]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// An older state of the same rules: changed ones must rise in version; repeatable
    #[arg(long, value_name = "PATH")]
    base: Vec<PathBuf>,
    /// Warnings fail too
    #[arg(long)]
    strict: bool,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Lint) -> Ran {
    let (sources, flow) = sources::given(&command.paths)?;
    let (base, flow_base) = sources::split(sources::read(&command.base)?);
    let mut faults = lint(&sources);
    if !base.is_empty() && !faults.iter().any(Diagnostic::is_error) {
        let compile = |sources: &[_]| Ruleset::compile(sources).map_err(|faults| faults.len());
        let base = compile(&base)
            .map_err(|count| anyhow::anyhow!("{count} faults"))
            .context("the base does not compile")?;
        let new = compile(&sources).map_err(|count| anyhow::anyhow!("{count} faults"))?;
        faults.extend(against(&base, &new));
    }
    let flow_base = (!flow_base.is_empty()).then_some(&*flow_base);
    faults.extend(flow::review(&flow, flow_base).faults);
    let errors = faults.iter().filter(|fault| fault.is_error()).count();
    if command.json {
        say_json(&serde_json::to_value(&faults)?);
    } else {
        for fault in &faults {
            say(fault.render());
        }
        let warnings = faults.len() - errors;
        say(format_args!(
            "{} files, {errors} errors, {warnings} warnings",
            sources.len() + flow.len()
        ));
    }
    let failed = errors > 0 || (command.strict && !faults.is_empty());
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
