//! `bartizan findings triage REF`

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use super::covers;
use crate::{
    app::{AdminRequest, TriageState, ask},
    audit::{Records, facts, is_finding},
    cli::{ConfigArgument, Ran, audit_dir, data_dir, harmless, say, say_json},
};

#[derive(Debug, clap::Args)]
pub(super) struct Triage {
    /// The reference of the request
    reference: String,
    /// What you make of it
    #[arg(long)]
    state: TriageState,
    /// Only of this rule's finding, by its id or by what stands before a dot
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Why
    #[arg(long)]
    note: Option<String>,
    /// Who goes on with it
    #[arg(long)]
    owner: Option<String>,
    /// Who says so [default: the user's name]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<String>,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Triage, config: &ConfigArgument) -> Ran {
    let records = Records::of_request(&audit_dir(config)?, &command.reference)?;
    let found = records.iter().filter(|record| is_finding(&record.payload));
    let mut rules: Vec<String> =
        found.flat_map(|record| subjects(&facts(&record.payload))).collect();
    if let Some(name) = &command.rule {
        rules.retain(|rule| covers(name, rule));
    }
    rules.sort();
    rules.dedup();
    let none = || format!("nothing was found in `{}`, or not by this rule", command.reference);
    rules.first().with_context(none)?;
    let request = AdminRequest::Triage {
        reference: command.reference.clone(),
        rules,
        state: command.state,
        note: command.note.clone(),
        owner: command.owner.clone(),
        by: who(command.by.as_ref()),
    };
    let answer = ask(&data_dir(config)?, &request)?;
    if command.json {
        say_json(&answer);
    } else {
        for row in answer.as_array().into_iter().flatten() {
            let rule = harmless(row["rule"].as_str().unwrap_or_default());
            say(format_args!("{}  {rule}: {}", command.reference, command.state.name()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What of a finding is judged: its rules, or the refusal's code where no rule found anything.
pub(super) fn subjects(fact: &Value) -> Vec<String> {
    let rules = fact["rules"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let rules: Vec<String> = rules.map(str::to_owned).collect();
    match (rules.is_empty(), fact["refusal"].as_str()) {
        (true, Some(code)) => vec![code.to_owned()],
        _ => rules,
    }
}

pub(super) fn who(stated: Option<&String>) -> String {
    stated.cloned().or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "local".to_owned())
}
