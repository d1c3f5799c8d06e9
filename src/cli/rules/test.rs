//! `bartizan rules test`

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Ran, captured, sources};
use crate::{
    cli::{ConfigArgument, findings::since::age, say, say_json},
    firewall::{Ruleset, diagnostic::Diagnostic},
    flow,
};

/// The engine that decides in service runs them, in every reading that a text has.
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// Rule files, or folders of them [default: the shipped rules]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run the rules over the content that the gateway captured instead
    #[arg(long)]
    captured: bool,
    /// With `--captured`: only what is not older, such as `12h` or `7d`
    #[arg(long, value_name = "AGE", default_value = "7d", value_parser = age)]
    since: Duration,
    #[command(flatten)]
    config: ConfigArgument,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Test) -> Ran {
    let (sources, flow) = sources::given(&command.paths)?;
    if command.captured {
        return captured::run(&sources, &command.config, command.since, command.json);
    }
    let began = Instant::now();
    let compiled = Ruleset::compile(&sources);
    let flow = flow::review(&flow, None);
    let took = began.elapsed();
    let mut faults = compiled.as_ref().err().cloned().unwrap_or_default();
    faults.extend(flow.faults.into_iter().filter(Diagnostic::is_error));
    let (rules, must, must_not) = compiled.as_ref().map_or((0, 0, 0), counts);
    let [found, passed] = flow.traces;
    let milliseconds = took.as_secs_f64() * 1000.0;
    if command.json {
        say_json(&json!({
            "rules": rules,
            "match": must,
            "no_match": must_not,
            "flow_rules": flow.rules,
            "traces": flow.traces,
            "milliseconds": milliseconds,
            "faults": faults,
        }));
    } else {
        for fault in &faults {
            say(fault.render());
        }
        match faults.len() {
            0 => {
                let of_flow = match flow.rules {
                    0 => String::new(),
                    rules => {
                        format!("; {rules} flow rules: {found} traces found, {passed} passed over")
                    }
                };
                say(format_args!(
                    "{rules} rules: {must} examples found, {must_not} passed over{of_flow}, in \
                     {milliseconds:.0} ms"
                ));
            }
            count => say(format_args!("{count} faults, in {milliseconds:.0} ms")),
        }
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Rules, examples that must be found, and examples that must not.
fn counts(rules: &Ruleset) -> (usize, usize, usize) {
    let examples = || rules.rules().map(|rule| &rule.examples);
    let must = examples().map(|it| it.matching.len()).sum();
    let must_not = examples().map(|it| it.no_match.len()).sum();
    (rules.rules().len(), must, must_not)
}
