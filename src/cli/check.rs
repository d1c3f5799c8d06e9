//! `bartizan check`

use std::process::ExitCode;

use super::{ConfigArgument, Ran, block_on, say};
use crate::{
    access::{Policies, run_cases},
    app::{self, Options, Purpose},
    config::{Config, ConfigError, file::Naming},
    identity::jwks::{Jwks, Source},
};

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
    app::candidate(&config)?;
    let firewall = app::rules::firewall(&config)?;
    let flow = app::rules::flow(&config)?;
    let mut wrong = 0;
    for error in upstreams(&config).chain(keys(&config)?) {
        say(error);
        wrong += 1;
    }
    warnings(&config).for_each(say);
    let (cases, failed) = tables(&config, &policies);
    let counted = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    say(format_args!(
        "{}: {}, {} ({}), {}, {} ({}), {}",
        config.path.display(),
        counted(config.file.upstreams.len(), "upstream", "upstreams"),
        counted(policies.count(), "policy", "policies"),
        short(policies.digest()),
        counted(cases, "case", "cases"),
        counted(firewall.rules.rules().len(), "rule", "rules"),
        short(firewall.rules.digest()),
        counted(flow.count(), "flow rule", "flow rules")
    ));
    Ok(if wrong + failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Why what is stated would not do what it looks like.
fn warnings(config: &Config) -> impl Iterator<Item = ConfigError> {
    let upstreams = &config.file.upstreams;
    let unreachable = upstreams.iter().filter(|(_, upstream)| !upstream.is_reachable());
    let waiting = unreachable.map(|(name, _)| {
        let what = "note: neither `command` nor `url`: only `bartizan wrap` can bring this server";
        config.wrong(&["upstreams", name], what)
    });
    let plain = config.file.naming == Naming::Plain && upstreams.len() > 1;
    let clash = plain.then(|| {
        let what = "note: `plain` says nothing here: with several upstreams `/mcp` names tools \
            `SERVER__TOOL`, and only `/mcp/SERVER` has plain names";
        config.wrong(&["naming"], what)
    });
    waiting.chain(clash)
}

/// Upstreams that a start would refuse. One without an address waits for `wrap` to bring it.
fn upstreams(config: &Config) -> impl Iterator<Item = ConfigError> {
    let stated = config.file.upstreams.iter().filter(|(_, upstream)| upstream.is_reachable());
    stated.filter_map(|(name, _)| config.upstream_settings(name).err())
}

/// A key set in a file that holds no keys. One at an address is fetched by `serve` alone.
fn keys(config: &Config) -> anyhow::Result<Option<ConfigError>> {
    let jwt = config.file.identity.jwt.as_ref();
    let Some(jwt) = jwt.filter(|jwt| matches!(jwt.jwks, Source::File(_))) else {
        return Ok(None);
    };
    let opened = block_on(async { Jwks::open(&jwt.jwks, jwt.jwks_limits).await.map(drop) })?;
    let place = |error| config.wrong(&["identity", "jwt", "jwks", "file"], format!("{error}"));
    Ok(opened.err().map(place))
}

/// Runs the decision tables beside the policies: how many cases there are, and how many failed.
fn tables(config: &Config, policies: &Policies) -> (usize, usize) {
    let Some(folder) = &config.file.access.policies else { return (0, 0) };
    let results = run_cases(&config.resolve(folder), policies);
    let failed = results.iter().filter(|result| !result.passed());
    (results.len(), failed.inspect(|result| say(result)).count())
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}
