//! `bartizan audit`

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;

use super::{ConfigArgument, Ran, say, say_json};

/// The record of every decision and outcome.
#[derive(Debug, clap::Args)]
pub(super) struct Audit {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the chain and name the first bad record
    Verify {
        /// The journal's folder [default: that of the configuration]
        folder: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: &Audit) -> Ran {
    let Command::Verify { folder, json } = &command.command;
    let folder = match folder {
        Some(folder) => folder.clone(),
        None => super::audit_dir(&command.config)?,
    };
    let report = crate::audit::verify(&folder)?;
    if *json {
        say_json(&serde_json::to_value(&report)?)
    } else {
        say(&report)
    }
    Ok(if report.is_intact() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
