//! `bartizan rules list`

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Ran, sources::Chosen};
use crate::{
    cli::{harmless, say, say_json},
    firewall::{Ruleset, rule::Rule},
};

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    chosen: Chosen,
    /// Only rules whose id begins so, such as `secret`
    #[arg(long, value_name = "PREFIX", default_value = "")]
    topic: String,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &List) -> Ran {
    let rules = command.chosen.compile(Ruleset::LEVEL_MAX)?;
    let wanted = rules.rules().filter(|rule| rule.id.get_ref().starts_with(&command.topic));
    if command.json {
        say_json(&Value::Array(wanted.map(described).collect()));
        return Ok(ExitCode::SUCCESS);
    }
    let mut count = 0;
    for rule in wanted {
        count += 1;
        say(format_args!(
            "{:40} v{:<3} level {} {:9} {:10} {}",
            rule.id.get_ref(),
            rule.version,
            rule.level.get_ref(),
            word(&json!(rule.severity)),
            rule.action.name(),
            harmless(&rule.title)
        ));
    }
    say(format_args!("{count} rules"));
    Ok(ExitCode::SUCCESS)
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn described(rule: &Rule) -> Value {
    let surfaces: Vec<&str> = rule.surfaces.get_ref().iter().map(|it| it.name()).collect();
    json!({
        "id": rule.id.get_ref(),
        "version": rule.version,
        "title": rule.title,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "level": rule.level.get_ref(),
        "surfaces": surfaces,
        "action": rule.action,
        "action_on": rule.action_on,
        "tags": rule.tags,
        "references": rule.references,
        "message": rule.message,
    })
}
