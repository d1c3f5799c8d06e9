//! `bartizan why REF`: what happened to one request, for people. Agents never see this.

use std::process::ExitCode;

use serde_json::Value;

use super::{ConfigArgument, Ran, harmless, say, say_json};
use crate::{
    audit::{Filter, Order, Records, facts},
    firewall::Ruleset,
    flow::FlowRules,
};

/// Say why something was refused, held or withheld.
#[derive(Debug, clap::Args)]
pub(super) struct Why {
    #[command(flatten)]
    config: ConfigArgument,
    /// The reference that the agent was given, such as req_…
    reference: String,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Why) -> Ran {
    let folder = super::audit_dir(&command.config)?;
    let filter = Filter { request: Some(command.reference.clone()), ..Filter::default() };
    let mut records = Vec::new();
    for record in Records::open(&folder, Order::NewestFirst, filter)? {
        records.push(record?.payload);
        let first = records.last().is_some_and(|it| facts(it)["phase"] == "decision");
        if first {
            // A request's decision is its first record: nothing older belongs to it.
            break;
        }
    }
    if records.is_empty() {
        anyhow::bail!("no record of `{}`", command.reference);
    }
    records.reverse();
    if command.json {
        say_json(&Value::Array(records));
        return Ok(ExitCode::SUCCESS);
    }
    records.iter().for_each(|record| explain(record, &command.config));
    Ok(ExitCode::SUCCESS)
}

fn explain(payload: &Value, config: &ConfigArgument) {
    let facts = facts(payload);
    let fact = |key: &str| facts[key].as_str().map(harmless);
    say(format_args!("{}", fact("phase").unwrap_or_default()));
    for key in [
        "method",
        "upstream",
        "target",
        "agent",
        "disposition",
        "refusal",
        "mode",
        "outcome",
        "reasons",
        "approval",
    ] {
        if let Some(value) = fact(key) {
            say(format_args!("  {key:12} {value}"));
        }
    }
    if let Some(mend) = facts["refusal"].as_str().and_then(mend) {
        say(format_args!("  next         {}", config.command(mend)));
    }
    let list = |key: &str| facts[key].as_array().cloned().unwrap_or_default();
    for policy in list("policies").iter().filter_map(Value::as_str) {
        say(format_args!("  policy       {}", harmless(policy)));
    }
    let rules = list("rules");
    if rules.is_empty() {
        return;
    }
    let known = Ruleset::compile_in_force(&Ruleset::shipped_sources(), Ruleset::LEVEL_MAX).ok();
    let flow = FlowRules::shipped().ok();
    for id in rules.iter().filter_map(Value::as_str) {
        let rule = known.as_ref().and_then(|set| set.rule(id));
        let of_flow = flow.as_ref().and_then(|rules| rules.told(id));
        let of_flow = of_flow.map(|rule| rule.message).unwrap_or_default();
        let message = rule.map_or(of_flow.as_str(), |rule| rule.message.as_str());
        say(format_args!("  rule         {}  {message}", harmless(id)));
    }
}

/// The command that leads on from a refusal of this code, where one does.
fn mend(code: &str) -> Option<&'static str> {
    Some(match code {
        "unknown" | "forbidden" => "access explain --as AGENT --tool SERVER/TOOL",
        "quarantined" => "pins diff",
        "approval_pending" => "approvals list",
        "approval_denied" | "approval_expired" => "approvals list --all",
        "upstream" => "upstreams list",
        "unrecorded" => "audit verify",
        _ => return None,
    })
}
