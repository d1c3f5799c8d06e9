//! `bartizan config`

use std::process::ExitCode;

use clap::Subcommand;

use super::{Ran, say, say_json};
use crate::config::reference;

/// What a configuration may say.
#[derive(Debug, clap::Args)]
pub(super) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the reference page, in Markdown
    Reference,
    /// Print the JSON Schema, for editors
    Schema,
}

pub(super) fn run(command: &Config) -> Ran {
    match command.command {
        Command::Reference => say(reference::page().trim_end()),
        Command::Schema => say_json(&reference::schema()),
    }
    Ok(ExitCode::SUCCESS)
}
