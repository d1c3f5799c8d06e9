//! `bartizan rules status`

use std::process::ExitCode;

use serde_json::Value;

use super::Ran;
use crate::{
    app::AdminRequest,
    cli::{
        ConfigArgument,
        admin::{ask, text},
        data_dir, harmless, say, say_json,
    },
    firewall::stage::Stage,
};

#[derive(Debug, clap::Args)]
pub(super) struct Status {
    #[command(flatten)]
    config: ConfigArgument,
    /// One rule, with what keeps it from acting
    id: Option<String>,
    /// Only rules at this stage
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    stage: Option<Stage>,
    /// Only rules that do not act everywhere
    #[arg(long, conflicts_with = "stage")]
    watched: bool,
    #[arg(long)]
    json: bool,
}

/// The stage of a name.
pub(super) fn stage(name: &str) -> Result<Stage, String> {
    let names: Vec<&str> = Stage::ALL.into_iter().map(Stage::name).collect();
    Stage::named(name).ok_or_else(|| format!("write one of {}", names.join(", ")))
}

pub(super) fn run(command: &Status) -> Ran {
    let folder = data_dir(&command.config)?;
    let request = AdminRequest::RuleStages { rule: command.id.clone() };
    let mut answer = ask(&folder, &request)?;
    if let Value::Array(rows) = &mut answer {
        rows.retain(|row| command.wants(text(row, "stage")));
    }
    let rows = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    match (command.json, &command.id, rows) {
        (true, ..) => say_json(&answer),
        (false, Some(_), [row]) => card(row),
        _ => list(rows),
    }
    Ok(ExitCode::SUCCESS)
}

impl Status {
    fn wants(&self, name: &str) -> bool {
        let acts = Stage::named(name).is_some_and(|stage| stage >= Stage::Enforce);
        self.stage.is_none_or(|stage| stage.name() == name) && !(self.watched && acts)
    }
}

fn list(rows: &[Value]) {
    for row in rows {
        say(format_args!(
            "{:40} {:14} read {:8} found {:6}  {}",
            harmless(text(row, "id")),
            standing(row),
            row["evaluations"],
            row["hits"],
            harmless(text(row, "origin"))
        ));
    }
    say(format_args!("{} rules", rows.len()));
}

/// The stage, with a canary's share and the time that is left.
fn standing(row: &Value) -> String {
    let mut words = text(row, "stage").to_owned();
    if words == "canary" {
        words.push_str(&format!(" {} %", row["percent"]));
    }
    if let Some(until) = row["until"].as_i64() {
        let minutes = (until - crate::ids::now_ms()).max(0) / 60_000;
        words.push_str(&format!(" {minutes} min"));
    }
    words
}

fn card(row: &Value) {
    let shown = |key: &str| harmless(text(row, key));
    say(format_args!("{} v{}  {}\n", shown("id"), row["version"], shown("title")));
    say(format_args!("stage       {}", standing(row)));
    say(format_args!("origin      {}", shown("origin")));
    if !text(row, "by").is_empty() {
        say(format_args!("placed by   {}: {}", shown("by"), shown("reason")));
    }
    say(format_args!("messages    {} read, {} found", row["evaluations"], row["hits"]));
    say(format_args!(
        "in all      acted {}, recorded {}, excluded {}, overridden {}",
        row["acted"], row["shadow"], row["excluded"], row["overridden"]
    ));
    say(format_args!("labels      {} true, {} false", row["labelled_true"], row["labelled_false"]));
    for unmet in row["unmet"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        say(format_args!("may not act {unmet}"));
    }
    say(format_args!("digest      {}", shown("digest")));
}
