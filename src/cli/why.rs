//! `bartizan why REF`: what happened to one request, for people. Agents never see this: the record,
//! the store and the key are files of the gateway's own user.

mod content;

use std::process::ExitCode;

use serde_json::Value;

use super::{ConfigArgument, Ran, admin::text, harmless, kept, say, say_json};
use crate::{
    app,
    audit::{Records, facts},
    firewall::{Ruleset, score::weight_tenths},
    flow::FlowRules,
};

/// Say why something was refused, held or withheld.
#[derive(Debug, clap::Args)]
pub(super) struct Why {
    #[command(flatten)]
    config: ConfigArgument,
    /// The reference that the agent was given, such as req_…
    reference: String,
    /// The records alone, as they were written
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Why) -> Ran {
    let config = command.config.load()?;
    let folder = app::audit_folder(&config);
    // Both take half a second, and whoever asks waits.
    let (found, firewall) = std::thread::scope(|scope| {
        // Rules that do not compile are no reason not to say what happened.
        let rules = (!command.json).then(|| scope.spawn(|| app::rules::firewall(&config).ok()));
        let found = Records::of_request(&folder, &command.reference);
        (found, rules.and_then(|rules| rules.join().ok()).flatten())
    });
    let mut records: Vec<Value> = found?.into_iter().map(|record| record.payload).collect();
    if records.is_empty() {
        anyhow::bail!("no record of `{}`", command.reference);
    }
    records.reverse();
    if command.json {
        say_json(&Value::Array(records));
        return Ok(ExitCode::SUCCESS);
    }
    let known = firewall.as_ref().map(|firewall| &*firewall.rules);
    let flow = app::rules::flow(&config).ok();
    let known = Known { rules: known, flow: flow.as_ref() };
    records.iter().for_each(|record| explain(record, known, &command.config));
    say(format_args!("ran            {}", ran(&records)));
    let data = config.data_dir();
    if let Some(firewall) = &firewall {
        let times = records.iter().filter_map(|record| record["time"].as_i64());
        let (first, last) = (times.clone().min(), times.max());
        let times = (first.unwrap_or_default(), last.unwrap_or(i64::MAX / 2));
        content::tell(&data, &command.reference, times, firewall);
    }
    told(&data, command);
    Ok(ExitCode::SUCCESS)
}

/// What a person made of it, and what can be done.
fn told(data: &std::path::Path, command: &Why) {
    for word in kept::triaged(data, Some(&command.reference)).unwrap_or_default() {
        let shown = |key: &str| harmless(text(&word, key));
        let (rule, state, by) = (shown("rule"), shown("state"), shown("by"));
        say(format_args!("triage         {rule}: {state}, by {by}  {}", shown("note")));
    }
    let withheld = kept::withheld(data, &command.reference).ok().flatten();
    if let Some(row) = &withheld {
        let state = match (text(row, "state"), row["releasable"] == Value::Bool(true)) {
            ("kept", true) => "kept; it can be released once",
            ("kept", false) => "kept for people alone: it is not whole",
            ("released", _) => "released; the same call gets it",
            _ => "released and taken",
        };
        say(format_args!("result         {state}"));
    }
    let next = |words: &str| {
        let words = format!("{words} {}", command.reference);
        say(format_args!("next           {}", command.config.command(&words)));
    };
    if let Some(row) = withheld {
        next("findings release --show");
        if text(&row, "state") == "kept" && row["releasable"] == Value::Bool(true) {
            next("findings release");
        }
    }
    next("findings triage --state true|false|benign-expected");
}

/// Whether the tool did anything.
fn ran(records: &[Value]) -> &'static str {
    let own = |record: &Value, key: &str| {
        record["unmapped"]["bartizan"][key].as_str().unwrap_or_default().to_owned()
    };
    let outcome = records.iter().map(|it| own(it, "outcome")).rfind(|it| !it.is_empty());
    let decided = records.iter().map(|it| own(it, "disposition")).find(|it| !it.is_empty());
    let released = records.iter().any(|it| own(it, "verdict") == "release");
    match (outcome.as_deref(), decided.as_deref()) {
        _ if released => "no: the result of an earlier call was handed out",
        (Some("ok" | "tool_error"), _) => "yes, and its result was passed on",
        (Some("withheld"), _) => "yes, and its result was withheld",
        (Some("refused"), _) => "no",
        (Some(_), _) => "it was sent; whether it ran is not known",
        (None, Some("allowed" | "observed")) => "it was sent, or was about to be; nobody knows",
        (None, _) => "no",
    }
}

/// Rules in force, as far as they can be read.
#[derive(Clone, Copy)]
struct Known<'a> {
    rules: Option<&'a Ruleset>,
    flow: Option<&'a FlowRules>,
}

fn explain(payload: &Value, known: Known<'_>, config: &ConfigArgument) {
    let facts = facts(payload);
    let fact = |key: &str| facts[key].as_str().map(harmless);
    say(format_args!("{}", fact("phase").unwrap_or_default()));
    for key in [
        "method",
        "upstream",
        "target",
        "agent",
        "run",
        "disposition",
        "refusal",
        "mode",
        "outcome",
        "reasons",
        "approval",
        "candidate",
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
    for step in payload["unmapped"]["bartizan"]["flow"].as_array().into_iter().flatten() {
        let step = step.as_str().map_or_else(|| step.to_string(), str::to_owned);
        say(format_args!("  flow         {}", harmless(&step)));
    }
    for id in list("rules").iter().filter_map(Value::as_str) {
        say(format_args!("  rule         {}", rule(id, known)));
    }
}

/// A rule with what it weighs and what it says.
fn rule(id: &str, known: Known<'_>) -> String {
    match known.rules.and_then(|set| set.rule(id)) {
        Some(rule) => {
            let points = content::points(weight_tenths(rule.severity, rule.confidence));
            format!("{}  {points} points  {}: {}", harmless(id), rule.title, rule.message)
        }
        None => {
            let told = known.flow.and_then(|rules| rules.told(id));
            let message = told.map(|rule| rule.message).unwrap_or_default();
            format!("{}  {message}", harmless(id))
        }
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
