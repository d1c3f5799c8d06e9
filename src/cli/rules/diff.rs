//! `bartizan rules diff A B`

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use serde_json::{Value, json};
use toml::Table;

use super::{Ran, sources};
use crate::{
    app,
    cli::{ConfigArgument, harmless, say, say_json},
    firewall::{Ruleset, Source},
};

#[derive(Debug, clap::Args)]
pub(super) struct Diff {
    /// The old rules and the new ones: a file, a folder, or `core` for the shipped rules. With
    /// `--installed` the new ones alone
    #[arg(value_name = "PATH", num_args = 1..=2, required = true)]
    sets: Vec<PathBuf>,
    /// Compare with what the configuration has in force
    #[arg(long)]
    installed: bool,
    #[command(flatten)]
    config: ConfigArgument,
    #[arg(long)]
    json: bool,
}

/// Keys that change what people read, and not what a rule finds or does.
const WORDS: [&str; 8] =
    ["version", "title", "message", "tags", "references", "owner", "status", "false_positives"];

type Rules = BTreeMap<String, Table>;

/// A rule that is in both sets, and not the same.
struct Change<'a> {
    id: &'a str,
    from: i64,
    to: i64,
    keys: Vec<String>,
    examples_added: Vec<String>,
    examples_removed: Vec<String>,
}

impl Change<'_> {
    /// Whether it finds or does something else, under a version that did not rise.
    fn is_silent(&self) -> bool {
        let tells = |key: &String| !WORDS.contains(&key.as_str()) && key != "examples";
        self.to <= self.from && self.keys.iter().any(tells)
    }
}

pub(super) fn run(command: &Diff) -> Ran {
    let (old, new) = match (command.installed, command.sets.as_slice()) {
        (true, [new]) => (installed(&command.config)?, set(new)?),
        (false, [old, new]) => (set(old)?, set(new)?),
        (true, _) => anyhow::bail!("name the new rules alone: the old ones are those in force"),
        (false, _) => anyhow::bail!("name the old rules and the new ones, or say `--installed`"),
    };
    let added: Vec<&String> = new.keys().filter(|id| !old.contains_key(*id)).collect();
    let removed: Vec<&String> = old.keys().filter(|id| !new.contains_key(*id)).collect();
    let both = new.iter().filter_map(|(id, rule)| Some((id, old.get(id)?, rule)));
    let changed: Vec<Change<'_>> = both
        .filter(|(_, old, new)| old != new)
        .map(|(id, old, new)| change(id, old, new))
        .collect();
    if command.json {
        let changed: Vec<Value> = changed.iter().map(as_json).collect();
        say_json(&json!({"added": added, "removed": removed, "changed": changed}));
    } else {
        added.iter().for_each(|id| say(format_args!("+ {}", harmless(id))));
        removed.iter().for_each(|id| say(format_args!("- {}", harmless(id))));
        changed.iter().for_each(tell);
        let (more, less, other) = (added.len(), removed.len(), changed.len());
        say(format_args!("{more} added, {less} removed, {other} changed"));
    }
    let silent = changed.iter().any(Change::is_silent);
    Ok(if silent { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn tell(change: &Change<'_>) {
    let Change { id, from, to, keys, .. } = change;
    let warning = if change.is_silent() { "  (the version must rise)" } else { "" };
    say(format_args!("~ {} v{from} → v{to}: {}{warning}", harmless(id), keys.join(", ")));
    for example in &change.examples_added {
        say(format_args!("    + {}", harmless(example)));
    }
    for example in &change.examples_removed {
        say(format_args!("    - {}", harmless(example)));
    }
}

fn as_json(change: &Change<'_>) -> Value {
    json!({
        "id": change.id,
        "from": change.from,
        "to": change.to,
        "keys": change.keys,
        "examples_added": change.examples_added,
        "examples_removed": change.examples_removed,
        "version_must_rise": change.is_silent(),
    })
}

/// The shipped rules, and those that the configuration adds.
fn installed(config: &ConfigArgument) -> anyhow::Result<Rules> {
    let config = config.load()?;
    // Whatever the gateway would refuse is refused here too.
    app::rules::firewall(&config)?;
    let mut files = Ruleset::shipped_sources();
    if let Some(folder) = &config.file.firewall.rules {
        files.extend(sources::read(&[config.resolve(folder)])?);
    }
    rules(&files)
}

fn set(path: &Path) -> anyhow::Result<Rules> {
    let shipped = path.as_os_str() == "core" && !path.exists();
    let paths = if shipped { Vec::new() } else { vec![path.to_owned()] };
    rules(&sources::given(&paths)?.0)
}

/// The rules as tables: what this version does not know is compared too.
fn rules(files: &[Source]) -> anyhow::Result<Rules> {
    let mut rules = Rules::new();
    for file in files {
        let table: Table = file.text.parse().with_context(|| file.name.clone())?;
        let list = table.get("rule").and_then(toml::Value::as_array);
        for rule in list.into_iter().flatten().filter_map(toml::Value::as_table) {
            let id = rule.get("id").and_then(toml::Value::as_str);
            let id = id.with_context(|| format!("{}: a rule has no id", file.name))?;
            anyhow::ensure!(
                rules.insert(id.to_owned(), rule.clone()).is_none(),
                "{}: `{id}` is used twice",
                file.name
            );
        }
    }
    Ok(rules)
}

fn change<'a>(id: &'a str, old: &Table, new: &Table) -> Change<'a> {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let keys = keys.into_iter().filter(|key| old.get(*key) != new.get(*key)).cloned().collect();
    let version = |rule: &Table| rule.get("version").and_then(toml::Value::as_integer);
    let (before, after) = (examples(old), examples(new));
    Change {
        id,
        from: version(old).unwrap_or_default(),
        to: version(new).unwrap_or_default(),
        keys,
        examples_added: after.difference(&before).cloned().collect(),
        examples_removed: before.difference(&after).cloned().collect(),
    }
}

/// Each example with the kind that it is of.
fn examples(rule: &Table) -> BTreeSet<String> {
    let kinds = rule.get("examples").and_then(toml::Value::as_table);
    let of = |(kind, list): (&String, &toml::Value)| {
        let list = list.as_array().cloned().unwrap_or_default();
        let kind = kind.clone();
        list.into_iter().map(move |example| {
            let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            format!("{kind}: {text}")
        })
    };
    kinds.into_iter().flatten().flat_map(of).collect()
}
