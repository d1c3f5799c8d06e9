//! `bartizan rules coverage`

use std::{collections::BTreeMap, process::ExitCode};

use serde_json::{Value, json};

use super::{
    Ran,
    sources::Chosen,
    taxonomy::{TAXONOMIES, Taxonomy},
};
use crate::{
    cli::{harmless, say, say_json},
    firewall::Ruleset,
};

#[derive(Debug, clap::Args)]
pub(super) struct Coverage {
    #[command(flatten)]
    chosen: Chosen,
    /// Only entries without a rule
    #[arg(long)]
    holes: bool,
    #[arg(long)]
    json: bool,
}

/// An entry of a taxonomy and the rules that name it.
struct Row<'a> {
    id: &'a str,
    title: &'a str,
    rules: Vec<&'a str>,
}

pub(super) fn run(command: &Coverage) -> Ran {
    let rules = command.chosen.compile(Ruleset::LEVEL_MAX)?;
    let mut tags: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in rules.rules() {
        for tag in &rule.tags {
            tags.entry(tag.as_str()).or_default().push(rule.id.get_ref());
        }
    }
    let count = rules.rules().len();
    let taxonomies: Vec<(&Taxonomy, Vec<Row<'_>>)> =
        TAXONOMIES.iter().map(|taxonomy| (taxonomy, rows(taxonomy, &tags))).collect();
    if command.json {
        let all: Vec<Value> = taxonomies
            .iter()
            .map(|(taxonomy, rows)| as_json(taxonomy, rows, command.holes))
            .collect();
        say_json(&json!({"rules": count, "taxonomies": all}));
        return Ok(ExitCode::SUCCESS);
    }
    for (taxonomy, rows) in &taxonomies {
        let covered = rows.iter().filter(|row| !row.rules.is_empty()).count();
        say(format_args!("{}: {covered} of {} entries", taxonomy.title, rows.len()));
        for row in rows.iter().filter(|row| !command.holes || row.rules.is_empty()) {
            let mark = if row.rules.is_empty() { "  none" } else { "" };
            let rules = row.rules.len();
            say(format_args!("  {:14} {rules:4}  {}{mark}", harmless(row.id), row.title));
        }
    }
    say(format_args!("{count} rules"));
    Ok(ExitCode::SUCCESS)
}

/// The entries that are known, then those that rules name besides. A rule that names a technique's
/// part counts for the technique too.
fn rows<'a>(taxonomy: &Taxonomy, tags: &BTreeMap<&'a str, Vec<&'a str>>) -> Vec<Row<'a>> {
    let mut named: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (tag, rules) in tags {
        if let Some(id) = tag.strip_prefix(taxonomy.prefix) {
            named.insert(id, rules.clone());
        }
    }
    let mut rows = Vec::new();
    for (id, title) in taxonomy.entries {
        let mut rules = named.remove(id).unwrap_or_default();
        let parts = named
            .iter()
            .filter(|(part, _)| part.strip_prefix(id).is_some_and(|rest| rest.starts_with('.')));
        rules.extend(parts.flat_map(|(_, rules)| rules.iter().copied()));
        rules.sort_unstable();
        rules.dedup();
        rows.push(Row { id, title, rules });
    }
    rows.extend(named.into_iter().map(|(id, rules)| Row { id, title: "", rules }));
    rows
}

fn as_json(taxonomy: &Taxonomy, rows: &[Row<'_>], holes: bool) -> Value {
    let shown = rows.iter().filter(|row| !holes || row.rules.is_empty());
    let entries: Vec<Value> =
        shown.map(|row| json!({"id": row.id, "title": row.title, "rules": row.rules})).collect();
    let covered = rows.iter().filter(|row| !row.rules.is_empty()).count();
    json!({"title": taxonomy.title, "covered": covered, "of": rows.len(), "entries": entries})
}
