//! `bartizan approvals`

mod card;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use clap::Subcommand;
use serde_json::Value;

use super::{
    ConfigArgument, Ran,
    admin::{ask, text},
    harmless, say, say_json,
};
use crate::{
    app::{AdminRequest, decision_text},
    hex,
};

/// Decide on calls that wait for a person.
#[derive(Debug, clap::Args)]
pub(super) struct Approvals {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the calls that wait
    List {
        /// Decided, expired and used ones too
        #[arg(long)]
        all: bool,
        #[arg(long)]
        json: bool,
    },
    /// Show what a call would do, and what is known of it
    Show {
        id: String,
        /// Long values unfolded, which those of a critical tool always are
        #[arg(long)]
        whole: bool,
        #[arg(long)]
        json: bool,
    },
    /// Let exactly this call run, once
    Approve(Decision),
    /// Refuse this call
    Deny(Decision),
    /// Make a key for an approver and print what to put into the configuration
    Enroll {
        /// The approver's name
        #[arg(long)]
        name: String,
        /// Where to keep the key; out of reach of the agent's user
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Decision {
    id: String,
    /// A reason; the agent reads it
    #[arg(long)]
    reason: Option<String>,
    /// Who decides [default: the user's name]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<String>,
    /// The approver's key, from `approvals enroll`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Approvals) -> Ran {
    let folder = super::data_dir(&command.config)?;
    match command.command {
        Command::List { all, json } => {
            let answer = ask(&folder, &AdminRequest::Approvals { open: !all })?;
            if json { say_json(&answer) } else { list(&answer, &command.config) }
        }
        Command::Show { id, whole, json } => {
            let answer = ask(&folder, &AdminRequest::Approval { id })?;
            if json { say_json(&answer) } else { card::show(&answer, whole, &command.config) }
        }
        Command::Approve(decision) => decide(&folder, decision, true)?,
        Command::Deny(decision) => decide(&folder, decision, false)?,
        Command::Enroll { name, key } => enroll(&name, &key)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(answer: &Value, config: &ConfigArgument) {
    let rows = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return say("Nothing waits.");
    }
    for row in rows {
        let tool = format!("{}/{}", text(row, "upstream"), text(row, "tool"));
        say(format_args!(
            "{}  {:9}  {:5}  {}  by {}",
            text(row, "id"),
            text(row, "state"),
            card::left(row),
            harmless(&tool),
            harmless(text(row, "principal"))
        ));
    }
    say(format_args!("\n`{}` shows a call whole.", config.command("approvals show ID")));
}

fn decide(folder: &Path, decision: Decision, approve: bool) -> anyhow::Result<()> {
    let by = decision.by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "local".into());
    let verb = if approve { "approve" } else { "deny" };
    let signature = match &decision.key {
        Some(path) => {
            let row = ask(folder, &AdminRequest::Approval { id: decision.id.clone() })?;
            let digest = text(&row, "arguments_digest");
            Some(sign(path, &decision_text("approval", &decision.id, verb, digest))?)
        }
        None => None,
    };
    let request =
        AdminRequest::Decide { id: decision.id, approve, by, note: decision.reason, signature };
    let answer = ask(folder, &request)?;
    if decision.json {
        say_json(&answer);
        return Ok(());
    }
    say(format_args!("{} {}.", text(&answer, "id"), if approve { "approved" } else { "denied" }));
    if answer["proven"] != Value::Bool(true) {
        say("Friction only: this decision carries no proof that the agent's user could not make.");
    }
    Ok(())
}

/// Signs with the key in a file, as `enroll` wrote it.
pub(super) fn sign(path: &Path, text: &str) -> anyhow::Result<String> {
    let unreadable = || format!("cannot read the key `{}`", path.display());
    let bytes = std::fs::read(path).with_context(unreadable)?;
    let pair = Ed25519KeyPair::from_pkcs8(&bytes);
    let pair = pair.map_err(|_| anyhow::anyhow!("`{}` holds no approver's key", path.display()))?;
    Ok(hex::encode(pair.sign(text.as_bytes()).as_ref()))
}

fn enroll(name: &str, path: &Path) -> anyhow::Result<()> {
    let pair = Ed25519KeyPair::generate().map_err(|_| anyhow::anyhow!("no key could be made"))?;
    let document = pair.to_pkcs8().map_err(|_| anyhow::anyhow!("no key could be made"))?;
    super::bundle::write_private(path, document.as_ref())
        .with_context(|| format!("cannot write the key `{}`", path.display()))?;
    say("Put this into the gateway's configuration:\n");
    say(format_args!(
        "[[approvals.approvers]]\nname = {}\npublic_key = \"{}\"",
        Value::from(name),
        hex::encode(pair.public_key().as_ref())
    ));
    Ok(())
}
