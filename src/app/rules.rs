//! The rules in force: the core ruleset, what the configuration adds, and the bundle that was taken
//! last.

pub(super) mod keep;
pub(super) mod stages;

use std::{path::Path, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::{
    bundle::{Bundle, BundleError, Kept, PublicKey, pull},
    config::{
        Config,
        file::{BundleFile, RecordSurvives},
    },
    firewall::{
        Ruleset, Source,
        breaker::Breaker,
        exclusion::{Exclusions, Fault},
    },
    flow::{self, FlowRules, Trusted, UnknownFlowRule},
    inspect::{Firewall, Lifecycle, Profile},
};

/// Seconds between looks for a new bundle.
const LOOK_EVERY_S: u32 = 3600;

/// The core ruleset, the configuration's own rules, and the bundle in force, compiled.
pub(crate) fn firewall(config: &Config) -> anyhow::Result<Firewall> {
    firewall_of(config, &sources_in_force(config)?)
}

/// The files of the rules in force.
pub(crate) fn sources_in_force(config: &Config) -> anyhow::Result<Vec<Source>> {
    let kept = match &config.file.firewall.bundle {
        Some(stated) => {
            let place = |error| config.wrong(&["firewall", "bundle"], format!("{error}"));
            Kept::under(&config.data_dir()).load(&keys(config, stated)?).map_err(place)?
        }
        None => None,
    };
    sources(config, kept.as_ref())
}

/// A firewall of other rules that acts as the configuration says.
pub(crate) fn firewall_of(config: &Config, sources: &[Source]) -> anyhow::Result<Firewall> {
    let rules = compile(config, sources)?;
    let mode = config.file.mode.unwrap_or(config.file.doors.firewall);
    let thresholds = config.file.firewall.thresholds;
    let (exclusions, warnings) = exclusions(config, Some(&rules))?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let breaker = Arc::new(Breaker::new(config.file.firewall.breaker));
    let lifecycle = Arc::new(Lifecycle { exclusions, breaker, ..Lifecycle::default() });
    let profile = config.file.profile;
    Ok(Firewall { rules, profile, mode, thresholds, lifecycle, classifier: None })
}

/// What the configuration's exclusions say now, and what is doubtful in them.
///
/// # Errors
/// A document cannot be used.
pub(crate) fn exclusions(
    config: &Config,
    rules: Option<&Ruleset>,
) -> anyhow::Result<(Exclusions, Vec<Fault>)> {
    let sources = match &config.file.firewall.exclusions {
        Some(folder) => read_folder(&config.resolve(folder), "firewall.exclusions")?,
        None => Vec::new(),
    };
    Exclusions::read(&sources, rules, crate::ids::now_ms()).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the exclusions cannot be used:\n{}", lines.join("\n"))
    })
}

fn sources(config: &Config, bundle: Option<&Bundle>) -> anyhow::Result<Vec<Source>> {
    let replaces = bundle.is_some_and(|bundle| bundle.manifest.replaces_core);
    let mut sources = if replaces { Vec::new() } else { Ruleset::core_sources() };
    if config.file.profile == Profile::Strict && !replaces {
        sources.extend(Ruleset::strict_sources());
    }
    sources.extend(bundle.map(Bundle::sources).unwrap_or_default());
    if let Some(folder) = &config.file.firewall.rules {
        sources.extend(read_rules(&config.resolve(folder))?);
    }
    Ok(sources)
}

/// Rules that were compiled last. A reload that leaves the rules alone compiles nothing.
static COMPILED: Mutex<Vec<Arc<Ruleset>>> = Mutex::new(Vec::new());
/// How many sets are remembered: what is in force, a candidate, and those before.
const COMPILED_MAX: usize = 4;

fn compile(config: &Config, sources: &[Source]) -> anyhow::Result<Arc<Ruleset>> {
    let level = level(config)?;
    let digest = Ruleset::digest_of(sources, level);
    let mut compiled = COMPILED.lock();
    if let Some(known) = compiled.iter().find(|known| known.digest() == digest) {
        return Ok(Arc::clone(known));
    }
    let rules = Ruleset::compile_in_force(sources, level).map_err(|diagnostics| {
        let lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the rules cannot be used:\n{}", lines.join("\n"))
    })?;
    let rules = Arc::new(rules);
    compiled.truncate(COMPILED_MAX - 1);
    compiled.insert(0, Arc::clone(&rules));
    Ok(rules)
}

/// The flow rules in force: the shipped ones, what the configuration adds, and what it changes.
pub(crate) fn flow(config: &Config) -> anyhow::Result<FlowRules> {
    let stated = &config.file.flow;
    let mut sources = flow::shipped();
    if let Some(folder) = &stated.rules {
        sources.extend(read_rules(&config.resolve(folder))?);
    }
    let trusted = Trusted::new(&stated.trusted_destinations)
        .map_err(|what| config.wrong(&["flow", "trusted_destinations"], what))?;
    let rules = FlowRules::new(&sources, trusted, stated.limits).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the flow rules cannot be used:\n{}", lines.join("\n"))
    })?;
    let unknown = |error: UnknownFlowRule| {
        let what = format!("{error}; `rulesets/flow` and your own files have them");
        config.wrong(&["flow", "actions", &error.0], what)
    };
    let mut rules = rules.with(&stated.actions).map_err(unknown)?;
    rules.mode = config.file.mode.unwrap_or(stated.mode);
    rules.synced = matches!(config.file.audit.durability, Some(RecordSurvives::Power));
    Ok(rules)
}

/// Rules up to this level run.
fn level(config: &Config) -> anyhow::Result<u8> {
    let stated = &config.file.firewall;
    for (key, value) in [("level", stated.level), ("blocking_level", stated.blocking_level)] {
        if value.is_some_and(|level| !(1..=Ruleset::LEVEL_MAX).contains(&level)) {
            let what = format!("levels go from 1 to {}", Ruleset::LEVEL_MAX);
            return Err(config.wrong(&["firewall", key], what).into());
        }
    }
    Ok(stated.level.unwrap_or(match config.file.profile {
        Profile::Transparent | Profile::Balanced => Ruleset::LEVEL,
        Profile::Strict => Ruleset::LEVEL_MAX,
    }))
}

/// Every rule file of a folder.
pub(crate) fn read_rules(folder: &Path) -> anyhow::Result<Vec<Source>> {
    read_folder(folder, "rules")
}

fn read_folder(folder: &Path, key: &str) -> anyhow::Result<Vec<Source>> {
    let unreadable = || format!("cannot read `{key}` {}", folder.display());
    let entries = std::fs::read_dir(folder).with_context(unreadable)?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|kind| kind == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.display().to_string();
        let bytes = std::fs::read(&path).with_context(|| name.clone())?;
        Source::from_bytes(name, bytes).map_err(|fault| anyhow::anyhow!("{fault}"))
    };
    paths.into_iter().map(read).collect()
}

fn keys(config: &Config, stated: &BundleFile) -> anyhow::Result<Vec<PublicKey>> {
    let wrong = |what: String| config.wrong(&["firewall", "bundle", "keys"], what);
    if stated.keys.is_empty() {
        return Err(wrong("name at least one key; `bartizan bundle key` makes one".into()).into());
    }
    let key = |text: &String| {
        PublicKey::parse(text).map_err(|error| wrong(format!("`{text}`: {error}")).into())
    };
    stated.keys.iter().map(key).collect()
}

/// Looks for a newer bundle and takes it. `None` if none is configured.
///
/// # Errors
/// Nothing that is offered can be taken; what was in force stays.
pub(crate) async fn pull(config: &Config) -> anyhow::Result<Option<Bundle>> {
    let Some(stated) = &config.file.firewall.bundle else { return Ok(None) };
    let keys = keys(config, stated)?;
    let from = match pull::From::parse(&stated.from) {
        pull::From::Folder(folder) => pull::From::Folder(config.resolve(&folder)),
        address @ pull::From::Address(_) => address,
    };
    let kept = Kept::under(&config.data_dir());
    let mut taken = None;
    let mut refused = None;
    for bytes in from.offered().await? {
        let proven = |bundle: &Bundle| {
            let proven = sources(config, Some(bundle)).and_then(|it| compile(config, &it));
            proven.map(drop).map_err(|error| BundleError::Rules(format!("{error:#}")))
        };
        match kept.take(&bytes, &keys, crate::ids::now_ms(), proven) {
            Ok(bundle) => taken = Some(bundle),
            // Of several in a folder the older ones are always refused.
            Err(error) => refused = Some(error),
        }
    }
    match (taken, refused) {
        (None, Some(error)) => Err(error.into()),
        (taken, _) => Ok(taken),
    }
}

/// As [`pull`], for a start and for the background: says what came of it and goes on.
pub(super) async fn pull_and_say(config: &Config) {
    match pull(config).await {
        Ok(None) => {}
        Ok(Some(bundle)) => {
            let (name, sequence) = (&bundle.manifest.name, bundle.manifest.sequence);
            tracing::info!(bundle = %name, sequence, "This bundle of rules is in force.");
        }
        Err(error) => tracing::error!(
            error = format!("{error:#}"),
            "No new bundle of rules could be taken; the last good rules stay in force."
        ),
    }
}

/// Looks for new bundles until `stop`. A reload follows when the kept file changes.
pub(super) async fn follow(parts: Arc<Parts>, stop: CancellationToken) {
    loop {
        let config = parts.config.load_full();
        let stated = config.file.firewall.bundle.as_ref().and_then(|it| it.every_s);
        let pause = Duration::from_secs(u64::from(stated.unwrap_or(LOOK_EVERY_S).max(1)));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => pull_and_say(&parts.config.load_full()).await,
        }
    }
}
