//! `bartizan replay`: what other rules would have made of what calls really carried.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{ConfigArgument, Ran, findings::since::age, harmless, rules::sources, say, say_json};
use crate::{
    app,
    capture::{Clip, Tapes},
    config::Config,
    firewall::{Disposition, Source, rule::Origin},
    ids::now_ms,
    inspect::{Firewall, Inspection, Mode},
    mcp::Json,
};

/// Say what other rules would have made of the content that was captured.
#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    #[command(flatten)]
    config: ConfigArgument,
    /// A rule file or a folder of them; each takes the place of the one in force that is called so
    #[arg(long, value_name = "PATH", required = true)]
    rules: Vec<PathBuf>,
    /// Without the rules in force
    #[arg(long)]
    only: bool,
    /// Only what is not older, such as `12h` or `7d`
    #[arg(long, value_name = "AGE", default_value = "7d", value_parser = age)]
    since: Duration,
    #[arg(long)]
    json: bool,
}

/// What changes, the rule that it is about, and the tool.
type Key = (String, String, String);

/// Messages that change in one way.
#[derive(Debug, Default)]
struct Row {
    count: u64,
    references: Vec<String>,
}

/// Requests that are named for one change.
const REFERENCES_MAX: usize = 5;

pub(super) fn run(command: &Replay) -> Ran {
    let config = command.config.load()?;
    let live = app::rules::sources_in_force(&config)?;
    let given = sources::read(&command.rules)?;
    let candidate = if command.only { given } else { replaced(&live, given) };
    // What a door that observes would do is the question here.
    let enforce = |firewall: Firewall| Firewall { mode: Mode::Enforce, ..firewall };
    let live = enforce(app::rules::firewall_of(&config, &live)?);
    let candidate = enforce(app::rules::firewall_of(&config, &candidate)?);
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    let (mut messages, mut changed) = (0_u64, 0_u64);
    for clip in tapes(&config, command.since)? {
        let clip = clip?;
        messages += 1;
        let (before, after) = (inspect(&live, &clip), inspect(&candidate, &clip));
        changed += u64::from(before.disposition != after.disposition);
        compare(&clip, &before, &after, &mut rows);
    }
    if command.json {
        let rows: Vec<Value> = rows.iter().map(as_json).collect();
        say_json(&json!({"messages": messages, "verdicts_changed": changed, "changes": rows}));
        return Ok(ExitCode::SUCCESS);
    }
    for ((change, rule, tool), row) in &rows {
        let (rule, tool) = (harmless(rule), harmless(tool));
        let references = row.references.join(" ");
        say(format_args!("{:6}  {change:15}  {rule:36}  {tool}  {references}", row.count));
    }
    say(format_args!("{messages} messages, {changed} verdicts would change"));
    Ok(ExitCode::SUCCESS)
}

/// The files in force, those given in the place of their namesakes.
fn replaced(live: &[Source], given: Vec<Source>) -> Vec<Source> {
    let name = |source: &Source| Path::new(&source.name).file_name().map(ToOwned::to_owned);
    let taken: Vec<_> = given.iter().map(name).collect();
    let kept = live.iter().filter(|source| !taken.contains(&name(source))).cloned();
    kept.chain(given).collect()
}

/// What was captured since then.
pub(super) fn tapes(config: &Config, since: Duration) -> anyhow::Result<Tapes> {
    let oldest = now_ms() - i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2);
    let tapes = Tapes::since(&config.data_dir(), oldest)?;
    tapes.context("nothing was captured; write `content = true` into `[capture]`")
}

/// Where a clip's texts come from, for rules with a scope.
pub(super) fn origin(clip: &Clip) -> Origin<'_> {
    Origin { server: Some(&clip.upstream), tool: Some(&clip.tool), trust: None }
}

fn inspect(firewall: &Firewall, clip: &Clip) -> Inspection {
    let mut content = Json::Object(clip.content.clone());
    firewall.inspect_from(origin(clip), "", clip.surface, &mut content)
}

fn compare(clip: &Clip, before: &Inspection, after: &Inspection, rows: &mut BTreeMap<Key, Row>) {
    let tool = format!("{}/{}", clip.upstream, clip.tool);
    let mut add = |change: String, rule: &str| {
        let row = rows.entry((change, rule.to_owned(), tool.clone())).or_default();
        row.count += 1;
        if row.references.len() < REFERENCES_MAX {
            row.references.push(clip.reference.clone());
        }
    };
    after.rules.difference(&before.rules).for_each(|rule| add("new finding".to_owned(), rule));
    before.rules.difference(&after.rules).for_each(|rule| add("no finding".to_owned(), rule));
    if before.disposition != after.disposition {
        let change = format!("{} → {}", word(before.disposition), word(after.disposition));
        // Which rule it is due to stands beside it, in the findings that are new or gone.
        add(change, "verdict");
    }
}

fn word(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Allow => "allow",
        Disposition::Hold => "hold",
        Disposition::Block => "block",
    }
}

fn as_json(((change, rule, tool), row): (&Key, &Row)) -> Value {
    json!({
        "change": change,
        "rule": rule,
        "tool": tool,
        "count": row.count,
        "references": row.references,
    })
}

#[cfg(test)]
mod tests {
    use super::replaced;
    use crate::firewall::Source;

    #[test]
    fn a_candidate_takes_the_place_of_its_namesake() {
        let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
        let live = [source("core/a.toml", "old"), source("core/b.toml", "old")];
        let all = replaced(&live, vec![source("/new/a.toml", "new"), source("c.toml", "new")]);
        let told: Vec<_> = all.iter().map(|it| (&*it.name, &*it.text)).collect();
        assert_eq!(told, [("core/b.toml", "old"), ("/new/a.toml", "new"), ("c.toml", "new")]);
    }
}
