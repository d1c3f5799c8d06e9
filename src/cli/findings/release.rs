//! `bartizan findings release REF`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use serde_json::Value;

use super::triage::who;
use crate::{
    app::{AdminRequest, ask, decision_text},
    cli::{
        ConfigArgument, Ran, admin::text, approvals::sign, data_dir, harmless, kept, say, say_json,
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Release {
    /// The reference of the request whose result was withheld
    reference: String,
    /// Print it for you instead, with everything spelled out that could fool a terminal
    #[arg(long)]
    show: bool,
    /// Who releases it [default: the user's name]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<String>,
    /// The approver's key, from `approvals enroll`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Release, config: &ConfigArgument) -> Ran {
    let folder = data_dir(config)?;
    let reference = command.reference.clone();
    let verb = if command.show { "show" } else { "release" };
    let signature = match &command.key {
        Some(path) => {
            let row = ask(&folder, &AdminRequest::Withheld { reference: reference.clone() })?;
            let digest = row["digest"].as_str().context("no withheld result of this is kept")?;
            Some(sign(path, &decision_text("withheld", &reference, verb, digest))?)
        }
        None => None,
    };
    let by = who(command.by.as_ref());
    let answer =
        ask(&folder, &AdminRequest::Release { reference, show: command.show, by, signature })?;
    if command.show {
        return show(command, &kept::content(&folder, &answer)?.to_value());
    }
    if command.json {
        say_json(&answer);
        return Ok(ExitCode::SUCCESS);
    }
    let until = answer["retry_until"].as_i64().unwrap_or_default();
    let minutes = (until - crate::ids::now_ms()).max(0) / 60_000;
    say(format_args!(
        "{} released: the same call by the same caller gets the result, once, within {} min.",
        text(&answer, "reference"),
        minutes + 1
    ));
    if answer["proven"] != Value::Bool(true) {
        say("Friction only: this release carries no proof that the agent's user could not make.");
    }
    Ok(ExitCode::SUCCESS)
}

fn show(command: &Release, content: &Value) -> Ran {
    if command.json {
        say_json(content);
    } else {
        format!("{content:#}").lines().for_each(|line| say(harmless(line)));
    }
    Ok(ExitCode::SUCCESS)
}
