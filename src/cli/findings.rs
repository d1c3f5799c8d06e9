//! `bartizan findings`

use std::{collections::BTreeMap, process::ExitCode};

use serde_json::{Value, json};

use super::{ConfigArgument, Ran, harmless, say, say_json};
use crate::audit::{Filter, Order, Records, facts, is_finding};

/// What was found, refused, held or withheld, and what would have been where a door only observes.
#[derive(Debug, clap::Args)]
pub(super) struct Findings {
    #[command(flatten)]
    config: ConfigArgument,
    /// How many of the newest records to look at
    #[arg(long, default_value_t = 10_000)]
    records: usize,
    /// Counts per rule or refusal, tool and agent instead of single records
    #[arg(long)]
    report: bool,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Findings) -> Ran {
    let folder = super::audit_dir(&command.config)?;
    let records = Records::open(&folder, Order::NewestFirst, Filter::default())?;
    let mut found = Vec::new();
    for record in records.take(command.records) {
        let payload = record?.payload;
        if is_finding(&payload) {
            found.push(facts(&payload));
        }
    }
    if command.report {
        return report(&found, command.json);
    }
    if command.json {
        say_json(&Value::Array(found));
    } else {
        for one in &found {
            let field = |key: &str| harmless(one[key].as_str().unwrap_or("-"));
            let rules: Vec<&str> =
                one["rules"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            say(format_args!(
                "{}  {:9} {:18} {}/{}  {}",
                field("reference"),
                field("disposition"),
                field("refusal"),
                field("upstream"),
                field("target"),
                rules.join(" ")
            ));
        }
        say(format_args!("\n{} findings. `bartizan why REFERENCE` explains one.", found.len()));
    }
    Ok(ExitCode::SUCCESS)
}

fn report(found: &[Value], as_json: bool) -> Ran {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for one in found {
        let tool = format!(
            "{}/{}",
            one["upstream"].as_str().unwrap_or("-"),
            one["target"].as_str().unwrap_or("-")
        );
        let rules = one["rules"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let refusal = one["refusal"].as_str();
        for what in rules.chain(refusal) {
            *counts.entry((what.to_owned(), tool.clone())).or_default() += 1;
        }
    }
    if as_json {
        let rows: Vec<Value> = counts
            .iter()
            .map(|((what, tool), count)| json!({"what": what, "tool": tool, "count": count}))
            .collect();
        say_json(&Value::Array(rows));
    } else {
        for ((what, tool), count) in &counts {
            say(format_args!("{count:6}  {what:32}  {}", harmless(tool)));
        }
    }
    Ok(ExitCode::SUCCESS)
}
