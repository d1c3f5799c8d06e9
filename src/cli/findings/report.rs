//! `bartizan findings report`: what would have been, where a door only observes, beside what was.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use serde_json::{Value, json};

use super::{print::cell, recent, since, triage::subjects};
use crate::{
    audit::{facts, is_finding},
    cli::{ConfigArgument, Ran, audit_dir, harmless, say, say_json},
};

#[derive(Debug, clap::Args)]
pub(super) struct Report {
    /// Only what is not older, such as `12h` or `7d`
    #[arg(long, value_name = "AGE", default_value = "7d", value_parser = since::age)]
    since: Duration,
    /// Only what would have been, where a door or a candidate policy merely observes
    #[arg(long)]
    would: bool,
    /// Comma-separated values, with a line of names first
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[arg(long)]
    json: bool,
}

/// Effect, what asked for it, tool and agent.
type Key = (&'static str, String, String, String);

/// Calls of one kind, and the newest ones of them.
#[derive(Debug, Default)]
struct Row {
    count: u64,
    references: Vec<String>,
}

/// References of one row.
const REFERENCES_MAX: usize = 3;

pub(super) fn run(command: &Report, config: &ConfigArgument) -> Ran {
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    for payload in recent(&audit_dir(config)?, command.since)? {
        let payload = payload?;
        if is_finding(&payload) {
            count(&facts(&payload), &mut rows);
        }
    }
    rows.retain(|(effect, ..), _| !command.would || effect.starts_with("would"));
    if command.json {
        say_json(&Value::Array(rows.iter().map(as_json).collect()));
        return Ok(ExitCode::SUCCESS);
    }
    if command.csv {
        say("count,effect,what,tool,agent,references");
    }
    for ((effect, what, tool, agent), row) in &rows {
        let references = row.references.join(" ");
        if command.csv {
            let cells = [what, tool, agent, &references].map(|text| cell(text)).join(",");
            say(format_args!("{},{effect},{cells}", row.count));
        } else {
            let (tool, agent) = (harmless(tool), harmless(agent));
            let what = harmless(what);
            say(format_args!("{:6}  {effect:13}  {what:32}  {tool}  {agent}", row.count));
        }
    }
    if !command.csv {
        say(format_args!("\n{} kinds of findings.", rows.len()));
    }
    Ok(ExitCode::SUCCESS)
}

fn count(fact: &Value, rows: &mut BTreeMap<Key, Row>) {
    let named = |key: &str| fact[key].as_str().unwrap_or("-").to_owned();
    let tool = format!("{}/{}", named("upstream"), named("target"));
    let effect = effect(fact);
    let refusal = fact["refusal"].as_str().map(str::to_owned);
    let mut whats = subjects(fact);
    whats.extend(refusal.filter(|code| !whats.contains(code)));
    let mut add = |effect, what| {
        let row = rows.entry((effect, what, tool.clone(), named("agent"))).or_default();
        row.count += 1;
        if row.references.len() < REFERENCES_MAX {
            row.references.push(named("reference"));
        }
    };
    whats.into_iter().for_each(|what| add(effect, what));
    match fact["candidate"].as_str() {
        Some("hold") => add("would ask", "policy.candidate".to_owned()),
        Some("deny") => add("would refuse", "policy.candidate".to_owned()),
        Some(_) => add("would allow", "policy.candidate".to_owned()),
        None => {}
    }
}

/// What a finding did, or would have done.
fn effect(fact: &Value) -> &'static str {
    let asks = fact["refusal"] == "approval_pending";
    let observed = fact["disposition"] == "observed"
        || (fact["mode"] == "observe" && fact["outcome"] == "ok" && fact["refusal"].is_string());
    match (observed, fact["disposition"].as_str(), fact["outcome"].as_str()) {
        (true, ..) if asks => "would ask",
        (true, ..) => "would refuse",
        (_, Some("held"), _) => "asked",
        (_, Some("blocked"), _) => "refused",
        (_, _, Some("withheld")) => "withheld",
        _ => "found",
    }
}

fn as_json((key, row): (&Key, &Row)) -> Value {
    let (effect, what, tool, agent) = key;
    json!({
        "effect": effect,
        "what": what,
        "tool": tool,
        "agent": agent,
        "count": row.count,
        "references": row.references,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::count;

    #[test]
    fn what_would_have_been_is_told_apart_from_what_was() {
        let mut rows = BTreeMap::new();
        let call = |more: serde_json::Value| {
            let mut fact = json!({"reference": "req_1", "upstream": "f", "target": "f__t",
                "agent": "a", "rules": []});
            let (whole, more) = (fact.as_object_mut(), more.as_object().cloned());
            whole.expect("an object").extend(more.expect("an object"));
            fact
        };
        for fact in [
            json!({"disposition": "observed", "refusal": "approval_pending"}),
            json!({"disposition": "observed", "refusal": "blocked", "rules": ["x.y"]}),
            json!({"disposition": "observed", "refusal": "blocked", "rules": ["x.y"]}),
            json!({"disposition": "blocked", "refusal": "blocked", "rules": ["x.y"]}),
            json!({"outcome": "withheld", "refusal": "withheld"}),
            json!({"disposition": "allowed", "candidate": "deny"}),
        ] {
            count(&call(fact), &mut rows);
        }
        let told: Vec<_> = rows.iter().map(|((e, w, ..), row)| (*e, &**w, row.count)).collect();
        assert_eq!(
            told,
            [
                ("refused", "blocked", 1),
                ("refused", "x.y", 1),
                ("withheld", "withheld", 1),
                ("would ask", "approval_pending", 1),
                ("would refuse", "blocked", 2),
                ("would refuse", "policy.candidate", 1),
                ("would refuse", "x.y", 2),
            ]
        );
    }
}
