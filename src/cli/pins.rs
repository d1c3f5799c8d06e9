//! `bartizan pins`

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

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
        /// Only if the definition still has this digest, or one that starts so
        #[arg(long)]
        digest: Option<String>,
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
        Command::Accept { name, server, digest, by, key } => {
            let (upstream, name) = match (name, server) {
                (Some(full), _) => match full.split_once('/') {
                    Some((upstream, name)) => (upstream.to_owned(), Some(name.to_owned())),
                    None => anyhow::bail!("write the definition as SERVER/NAME"),
                },
                (None, Some(server)) => (server, None),
                (None, None) => anyhow::bail!("name a definition, or a server with --server"),
            };
            let answer = ask(&folder, &AdminRequest::Pins { upstream: Some(upstream) })?;
            let wanted = |row: &&Value| {
                row["diff"].is_array()
                    && name.as_deref().is_none_or(|name| text(row, "name") == name)
                    && digest
                        .as_deref()
                        .is_none_or(|it| text(row, "candidate_digest").starts_with(it))
            };
            let waiting: Vec<&Value> = rows(&answer).iter().filter(wanted).collect();
            if waiting.is_empty() {
                anyhow::bail!("nothing of this waits to be accepted; see `bartizan pins diff`");
            }
            let by = by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "local".into());
            for row in waiting {
                accept(&folder, row, &by, key.as_deref())?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Accepts exactly the definition in `row`, and says which that was.
fn accept(folder: &Path, row: &Value, by: &str, key: Option<&Path>) -> anyhow::Result<()> {
    let own = |name: &str| text(row, name).to_owned();
    let (upstream, name, seen) = (own("upstream"), own("name"), own("candidate_digest"));
    let signed = decision_text("pin", &format!("{upstream}/{name}"), "accept", &seen);
    let signature = key.map(|path| super::approvals::sign(path, &signed)).transpose()?;
    let by = by.to_owned();
    diff(row);
    ask(folder, &AdminRequest::AcceptPins { upstream, name, seen, by, signature })?;
    say("accepted");
    Ok(())
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
    let digest: String = text(row, "candidate_digest").chars().take(12).collect();
    let what = match text(row, "kind") {
        "server" => format!("{} (the whole server)", harmless(text(row, "upstream"))),
        kind => format!("{} ({kind})", harmless(&name)),
    };
    say(format_args!("{what}, digest {digest}: {}", harmless(text(row, "reason"))));
    for line in row["diff"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        say(format_args!("  {}", harmless(line)));
    }
}
