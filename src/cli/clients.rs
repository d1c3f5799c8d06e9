//! `bartizan clients`

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;

use super::{ConfigArgument, Ran, say, say_json};
use crate::clients::{self, Gateway, Home, Os, Request};

/// Lead the servers of Claude Desktop, Claude Code, Cursor, VS Code and Codex through Bartizan.
#[derive(Debug, clap::Args)]
pub(super) struct Clients {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Change the clients' files, with a backup beside each
    Install(Choice),
    /// Put the clients' files back as they were
    Uninstall(Choice),
    /// Say which client's servers run through Bartizan
    Status(Choice),
    /// Take the clients' servers over into Bartizan's configuration, secrets as references
    Import(Choice),
}

#[derive(Debug, clap::Args)]
struct Choice {
    /// Some clients only, by name
    clients: Vec<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// A project whose own files count too [default: the current folder]
    #[arg(long, value_name = "FOLDER")]
    project: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Clients) -> Ran {
    let (what, choice) = match command.command {
        Command::Install(choice) => (clients::Command::Install, choice),
        Command::Uninstall(choice) => (clients::Command::Uninstall, choice),
        Command::Status(choice) => (clients::Command::Status, choice),
        Command::Import(choice) => (clients::Command::Import, choice),
    };
    let config = command.config.load()?;
    let home = std::env::var_os("HOME").ok_or_else(|| anyhow::anyhow!("`HOME` is not set"))?;
    let project = choice.project.or_else(|| std::env::current_dir().ok());
    let path = std::path::absolute(&config.path)?;
    let wrap_options = match &command.config.config {
        Some(_) => vec!["--config".to_owned(), path.display().to_string()],
        None => Vec::new(),
    };
    let request = Request {
        command: what,
        dry_run: choice.dry_run,
        clients: choice.clients,
        home: Home { home: home.into(), project, os: Os::current() },
        gateway: Gateway {
            program: std::env::current_exe()?.display().to_string(),
            wrap_options,
            base: format!("http://{}", config.file.listen.address),
            configuration: path,
            data: config.data_dir(),
        },
    };
    let report = clients::run(&request)?;
    if choice.json {
        say_json(&serde_json::to_value(&report)?)
    } else {
        say(&report)
    }
    Ok(ExitCode::SUCCESS)
}
