//! `bartizan check`

use std::process::ExitCode;

use super::{ConfigArgument, Ran, say};
use crate::app::{self, Options, Purpose};

/// Check a configuration, its policies with their decision tables, and its rules.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigArgument,
}

pub(super) fn run(command: &Check) -> Ran {
    let config = command.config.load()?;
    let options = Options { purpose: Purpose::Serve, development: false };
    let policies = app::policies(&config, options)?;
    let firewall = app::firewall(&config)?;
    let mut wrong = 0;
    for name in config.file.upstreams.keys() {
        if let Err(what) = config.upstream_settings(name) {
            say(format_args!("{}: upstream `{name}`: {what}", config.path.display()));
            wrong += 1;
        }
    }
    say(format_args!(
        "{}: {} upstreams, {} policies ({}), {} rules ({})",
        config.path.display(),
        config.file.upstreams.len(),
        policies.count(),
        short(policies.digest()),
        firewall.rules.rules().len(),
        short(firewall.rules.digest())
    ));
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}
