//! `bartizan pins`

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use serde_json::Value;

use super::{
    ConfigArgument, Ran,
    admin::{ask, text},
    harmless, say, say_json,
};
use crate::app::{AdminRequest, decision_text};

/// Tool definitions as they were accepted, and those that wait.
#[derive(Debug, clap::Args)]
pub(super) struct Pins {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List pinned definitions
    List {
        /// Of one server alone
        #[arg(long)]
        server: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Show what changed in the definitions that wait
    Diff {
        /// Of one server alone
        #[arg(long)]
        server: Option<String>,
    },
    /// Accept a changed definition, or with `--server` all that wait of a server
    Accept {
        /// `SERVER/NAME`
        #[arg(required_unless_present = "server")]
        name: Option<String>,
        /// Everything that waits of this server
        #[arg(long, conflicts_with = "name")]
        server: Option<String>,
        /// Who accepts [default: the user's name]
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
        /// The approver's key
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
}

pub(super) fn run(command: Pins) -> Ran {
    let folder = super::data_dir(&command.config)?;
    match command.command {
        Command::List { server, json } => {
            let answer = ask(&folder, &AdminRequest::Pins { upstream: server })?;
            if json { say_json(&answer) } else { rows(&answer).iter().for_each(line) }
        }
        Command::Diff { server } => {
            let answer = ask(&folder, &AdminRequest::Pins { upstream: server })?;
            let waiting: Vec<&Value> =
                rows(&answer).iter().filter(|row| row["diff"].is_array()).collect();
            if waiting.is_empty() {
                say("Nothing waits.");
            }
            waiting.into_iter().for_each(diff);
        }
        Command::Accept { name, server, by, key } => {
            let (upstream, name) = match (name, server) {
                (Some(full), _) => match full.split_once('/') {
                    Some((upstream, name)) => (upstream.to_owned(), Some(name.to_owned())),
                    None => anyhow::bail!("write the definition as SERVER/NAME"),
                },
                (None, Some(server)) => (server, None),
                (None, None) => anyhow::bail!("name a definition, or a server with --server"),
            };
            let by = by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "local".into());
            let signed = decision_text("pin", &upstream, "accept", name.as_deref().unwrap_or("*"));
            let signature = key.map(|path| super::approvals::sign(&path, &signed)).transpose()?;
            let request = AdminRequest::AcceptPins { upstream, name, by, signature };
            let answer = ask(&folder, &request)?;
            for name in answer["accepted"].as_array().into_iter().flatten() {
                say(format_args!("accepted {}", harmless(name.as_str().unwrap_or(""))));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn rows(answer: &Value) -> &[Value] {
    answer.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn line(row: &Value) {
    let name = format!("{}/{}", text(row, "upstream"), text(row, "name"));
    let digest: String = text(row, "digest").chars().take(12).collect();
    say(format_args!(
        "{:9} {:8} {digest:12} {}",
        text(row, "state"),
        text(row, "kind"),
        harmless(&name)
    ));
}

fn diff(row: &Value) {
    let name = format!("{}/{}", text(row, "upstream"), text(row, "name"));
    say(format_args!(
        "{} ({}): {}",
        harmless(&name),
        text(row, "kind"),
        harmless(text(row, "reason"))
    ));
    for line in row["diff"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        say(format_args!("  {line}"));
    }
}
