//! `bartizan findings hunt RULE`: where a rule struck, and what the same runs did afterwards.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use serde_json::{Value, json};

use super::{covers, recent, since, triage::subjects};
use crate::{
    audit::facts,
    catalog::Kind,
    cli::{ConfigArgument, Ran, admin::text, audit_dir, harmless, say, say_json},
    config::Config,
};

#[derive(Debug, clap::Args)]
pub(super) struct Hunt {
    /// The rule's id, or what stands before a dot
    rule: String,
    /// How far back to look
    #[arg(long, value_name = "AGE", default_value = "30d", value_parser = since::age)]
    since: Duration,
    #[arg(long)]
    json: bool,
}

/// One run of one agent, as far as it concerns the rule. The lists are in the order of time.
#[derive(Debug, Default)]
struct Trace {
    /// What the rule found.
    hits: Vec<Value>,
    /// Calls after the first hit that send something out or change something.
    followed: Vec<Value>,
}

/// What of a run is shown.
const SHOWN_MAX: usize = 20;
/// Calls of classes that make a run dangerous once something was found in it.
const CONSEQUENTIAL: [&str; 6] =
    ["egress", "state_change", "exec", "money", "destructive", "persists_instructions"];

pub(super) fn run(command: &Hunt, config: &ConfigArgument) -> Ran {
    let stated = config.load()?;
    let mut calls = Vec::new();
    let mut known = BTreeMap::new();
    for payload in recent(&audit_dir(config)?, command.since)? {
        let mut fact = facts(&payload?);
        let key = (text(&fact, "upstream").to_owned(), text(&fact, "target").to_owned());
        let classes = known.entry(key).or_insert_with(|| consequential(&stated, &fact));
        let acts = !classes.is_empty() && is_call(&fact);
        fact["classes"] = json!(classes);
        // Of a long record only what matters is kept in memory.
        if acts || strikes(&command.rule, &fact) {
            calls.push(fact);
        }
    }
    calls.reverse();
    let traces = follow(&calls, &command.rule);
    if command.json {
        say_json(&Value::Array(traces.iter().map(as_json).collect()));
        return Ok(ExitCode::SUCCESS);
    }
    for ((agent, run), trace) in &traces {
        say(format_args!("{}  run {}", harmless(agent), harmless(run)));
        tell("found", &trace.hits);
        tell("then", &trace.followed);
    }
    say(format_args!("{} runs", traces.len()));
    Ok(ExitCode::SUCCESS)
}

/// Runs in which the rule found something, by agent and run.
fn follow(calls: &[Value], rule: &str) -> BTreeMap<(String, String), Trace> {
    let mut traces: BTreeMap<(String, String), Trace> = BTreeMap::new();
    for fact in calls {
        let run = ["run", "session"].iter().find_map(|key| fact[*key].as_str()).unwrap_or("-");
        let key = (text(fact, "agent").to_owned(), run.to_owned());
        let strikes = strikes(rule, fact);
        let acts = fact["classes"].as_array().is_some_and(|classes| !classes.is_empty());
        let same = |known: &Value| known["reference"] == fact["reference"];
        match traces.get_mut(&key) {
            // What the decision found, the outcome tells again.
            Some(trace) if trace.hits.iter().any(same) => {
                trace.hits.retain(|known| !same(known));
                trace.hits.push(fact.clone());
            }
            Some(trace) => {
                if acts && is_call(fact) {
                    trace.followed.push(fact.clone());
                }
                if strikes {
                    trace.hits.push(fact.clone());
                }
            }
            None if strikes => traces.entry(key).or_default().hits.push(fact.clone()),
            None => {}
        }
    }
    traces
}

fn strikes(rule: &str, fact: &Value) -> bool {
    subjects(fact).iter().any(|id| covers(rule, id))
}

fn is_call(fact: &Value) -> bool {
    fact["phase"] == "decision" && fact["method"] == "tools/call"
}

/// What the configuration and the catalogue say that the tool does outside its server.
fn consequential(config: &Config, fact: &Value) -> Vec<String> {
    let (server, target) = (text(fact, "upstream"), text(fact, "target"));
    let prefix = format!("{server}__");
    let name = target.strip_prefix(&prefix).unwrap_or(target);
    let mut classes = config.tool_settings(server, Kind::Tool, name).classes;
    classes.retain(|class| CONSEQUENTIAL.contains(&class.as_str()));
    classes
}

fn tell(word: &str, facts: &[Value]) {
    for fact in facts.iter().take(SHOWN_MAX) {
        let shown = |key: &str| harmless(text(fact, key));
        let list = |key: &str| {
            let items = fact[key].as_array().into_iter().flatten().filter_map(Value::as_str);
            harmless(&items.collect::<Vec<_>>().join(" "))
        };
        let ended = [shown("disposition"), shown("outcome")].concat();
        let (target, reference) = (shown("target"), shown("reference"));
        let more = if word == "then" { list("classes") } else { list("rules") };
        say(format_args!("  {word:6} {reference}  {target}  {ended}  {more}"));
    }
    let more = facts.len().saturating_sub(SHOWN_MAX);
    if more > 0 {
        say(format_args!("  {word:6} and {more} more"));
    }
}

fn as_json(((agent, run), trace): (&(String, String), &Trace)) -> Value {
    json!({ "agent": agent, "run": run, "found": trace.hits, "followed": trace.followed })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::follow;

    fn call(reference: &str, run: &str, classes: &[&str], rules: &[&str]) -> Value {
        json!({"reference": reference, "phase": "decision", "method": "tools/call", "agent": "a",
            "run": run, "classes": classes, "rules": rules})
    }

    #[test]
    fn what_followed_in_the_same_run_is_told_and_nothing_before_it() {
        let mut outcome = call("req_1", "one", &[], &["injection.x"]);
        outcome["phase"] = json!("outcome");
        let calls = [
            call("req_0", "one", &["egress"], &[]),
            call("req_1", "one", &[], &["injection.x"]),
            outcome,
            call("req_2", "one", &["egress"], &[]),
            call("req_3", "one", &[], &[]),
            call("req_4", "two", &["egress"], &[]),
        ];
        let traces = follow(&calls, "injection");
        assert_eq!(traces.len(), 1, "{traces:?}");
        let trace = traces.values().next().expect("a run");
        let references = |facts: &[Value]| -> Vec<String> {
            facts.iter().map(|it| it["reference"].to_string()).collect()
        };
        assert_eq!(references(&trace.hits), ["\"req_1\""]);
        assert_eq!(references(&trace.followed), ["\"req_2\""]);
        assert!(follow(&calls, "injection.y").is_empty());
    }
}
