//! The MCP clients of this machine: leads their servers through Bartizan and back again.
//!
//! Every command makes a [`Plan`] first; a dry run ends there. The command line, the gateway that
//! the clients are led to and the store of logins are others' work.

mod backup;
pub mod blind_spots;
mod claude_code;
mod claude_desktop;
pub mod client;
mod codex;
mod convert;
mod cursor;
pub mod edit;
mod file;
mod install;
mod ledger;
pub mod plan;
pub mod secret;
pub mod server;
pub mod status;
pub mod template;
#[cfg(test)]
mod tests;
mod uninstall;
pub mod upstream;
mod vscode;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use crate::config::ConfigError;

pub use backup::Backup;
pub use plan::Plan;
pub use status::FileState;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Lead the clients' servers through Bartizan.
    Install,
    /// Take that back.
    Uninstall,
    /// Describe the clients' servers to Bartizan and leave the clients alone.
    Import,
    /// Say what goes where.
    Status,
}

/// A command and what it works on.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do.
    pub command: Command,
    /// Whether to stop at the plan.
    pub dry_run: bool,
    /// The clients meant, such as `cursor`; none means all.
    pub clients: Vec<String>,
    /// Where the clients' files are.
    pub home: Home,
    /// Where Bartizan is.
    pub gateway: Gateway,
}

/// Where the clients' files are.
#[derive(Debug, Clone)]
pub struct Home {
    /// The person's home folder.
    pub home: PathBuf,
    /// The project whose files are meant too.
    pub project: Option<PathBuf>,
    /// What decides the folders under it.
    pub os: Os,
}

/// An operating system with folders of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Linux, by the XDG defaults.
    Linux,
    /// macOS.
    Mac,
    /// Windows.
    Windows,
}

impl Os {
    /// The one this program was built for; what is neither macOS nor Windows counts as Linux.
    pub fn current() -> Self {
        if cfg!(target_os = "macos") {
            Self::Mac
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }
}

/// Where Bartizan is.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// What clients start, such as `/usr/local/bin/bartizan`.
    pub program: String,
    /// What stands between `wrap` and `--server`, such as `--config` and its path.
    pub wrap_options: Vec<String>,
    /// Where clients reach it, without a slash at the end: `http://127.0.0.1:8420`.
    pub base: String,
    /// The configuration that gets the upstreams.
    pub configuration: PathBuf,
    /// The folder for secrets, copies of projects' files and names.
    pub data: PathBuf,
}

impl Gateway {
    /// Whether an entry already leads here: it starts `bartizan wrap`, or asks our address.
    pub fn leads(&self, server: &server::Server) -> bool {
        match &server.launch {
            server::Launch::Stdio(program) => {
                let command = program.command.source();
                let stem = Path::new(command).file_stem();
                let wraps = program.args.first().is_some_and(|first| first.source() == "wrap");
                let ours = command == self.program || stem.is_some_and(|stem| stem == "bartizan");
                ours && wraps
            }
            server::Launch::Http(remote) | server::Launch::Sse(remote) => {
                let inside = remote.url.source().strip_prefix(&self.base);
                inside.is_some_and(|path| path.starts_with("/mcp/"))
            }
        }
    }
}

/// What a command did, or would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The changes of a dry run, none of them made.
    Planned(Plan),
    /// The changes that were made.
    Applied(Plan),
    /// The state of each file.
    State(Vec<FileState>),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Planned(plan) => writeln!(f, "{plan}dry run: nothing was changed"),
            Self::Applied(plan) => plan.fmt(f),
            Self::State(states) => states.iter().try_for_each(|state| state.fmt(f)),
        }
    }
}

/// Why a command did nothing. Messages quote no content of a file: it may hold secrets.
#[derive(Debug, Error)]
pub enum Error {
    /// A file is half-written or broken.
    #[error("{}:{fault}; mend it or undo the last edit, then run this again", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Where and what.
        fault: edit::Fault,
    },
    /// The Bartizan configuration as it is, or as it would be, can't be used.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// A file is no UTF-8.
    #[error("{} is no UTF-8 text; save it as UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A file is too large.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file was changed between plan and write.
    #[error("{} was changed just now; close the client and run this again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A copy or a record can't be trusted.
    #[error("{}: {reason}; put the client's file right by hand, then delete this", path.display())]
    Backup {
        /// The copy or record.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// No client has this name.
    #[error("no client is called `{name}`; there are {known}")]
    UnknownClient {
        /// The name.
        name: String,
        /// Those that exist.
        known: String,
    },
    /// The system refused.
    #[error("could not {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Plans a command and, unless it is a dry run, carries it out.
///
/// # Errors
/// Whatever was wrong; in planning nothing is changed yet, see [`Plan`] for what comes in which
/// order after it.
pub fn run(request: &Request) -> Result<Report, Error> {
    let plan = match request.command {
        Command::Install => install::install(request)?,
        Command::Import => install::import(request)?,
        Command::Uninstall => uninstall::uninstall(request)?,
        Command::Status => return status::status(request).map(Report::State),
    };
    if request.dry_run {
        return Ok(Report::Planned(plan));
    }
    plan.apply()?;
    Ok(Report::Applied(plan))
}
