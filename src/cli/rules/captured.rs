//! `bartizan rules test --captured`: what rules find in what calls really carried.

use std::{collections::BTreeMap, process::ExitCode, sync::Arc, time::Duration};

use serde_json::json;

use super::{Ran, sources::faulty};
use crate::{
    cli::{ConfigArgument, harmless, replay, say, say_json},
    firewall::{Ruleset, Source},
    inspect::{Firewall, Mode},
    mcp::Json,
};

/// Requests that are named for one rule.
const REFERENCES_MAX: usize = 5;

pub(super) fn run(
    sources: &[Source],
    config: &ConfigArgument,
    since: Duration,
    as_json: bool,
) -> Ran {
    let config = config.load()?;
    let rules = Ruleset::compile(sources).map_err(|faults| faulty(&faults))?;
    let (mode, thresholds) = (Mode::Observe, config.file.firewall.thresholds);
    let profile = config.file.profile;
    let lifecycle = Arc::default();
    let firewall =
        Firewall { rules: Arc::new(rules), profile, mode, thresholds, lifecycle, classifier: None };
    let mut found: BTreeMap<Arc<str>, (u64, Vec<String>)> = BTreeMap::new();
    let mut messages = 0_u64;
    for clip in replay::tapes(&config, since)? {
        let clip = clip?;
        messages += 1;
        let (origin, surface) = (replay::origin(&clip), clip.surface);
        let mut content = Json::Object(clip.content.clone());
        let inspection = firewall.inspect_from(origin, "", surface, &mut content);
        for rule in inspection.rules {
            let (count, references) = found.entry(rule).or_default();
            *count += 1;
            if references.len() < REFERENCES_MAX {
                references.push(clip.reference.clone());
            }
        }
    }
    if as_json {
        let row = |(rule, (count, references)): (&Arc<str>, &(u64, Vec<String>))| json!({"rule": **rule, "messages": count, "references": references});
        let found: Vec<_> = found.iter().map(row).collect();
        say_json(&json!({"messages": messages, "found": found}));
        return Ok(ExitCode::SUCCESS);
    }
    for (rule, (count, references)) in &found {
        say(format_args!("{count:6}  {:40}  {}", harmless(rule), references.join(" ")));
    }
    say(format_args!("{messages} messages, {} rules found something in them", found.len()));
    Ok(ExitCode::SUCCESS)
}
