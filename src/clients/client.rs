//! The clients that Bartizan knows: where each keeps its servers and what it expands in them.
//!
//! To add one, write its file and add its line to [`CLIENTS`]. What becomes of the servers is
//! `convert`'s affair.

use std::path::PathBuf;

use serde::Serialize;

use super::edit::Format;
use super::template::Expansion;
use super::{Error, Home, claude_code, claude_desktop, codex, cursor, vscode};

/// Every client, in the order they are reported.
pub const CLIENTS: [Client; 5] =
    [claude_desktop::CLIENT, claude_code::CLIENT, cursor::CLIENT, vscode::CLIENT, codex::CLIENT];

/// One client.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// What the command line calls it, such as `claude-code`.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The files it may have on this machine, whether they exist or not.
    pub places: fn(&Home) -> Vec<Place>,
    /// What its files are written in.
    pub format: Format,
    /// What it expands in their values.
    pub expansion: Expansion,
    /// Whether it loads servers by `url` from these files.
    pub remote: bool,
    /// What makes it read its files anew.
    pub reload: &'static str,
}

/// One file of a client.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where it is.
    pub path: PathBuf,
    /// Whose servers it holds.
    pub scope: Scope,
    /// The keys from the root to a table of servers; `*` stands for every key.
    pub roots: &'static [&'static [&'static str]],
}

impl Client {
    /// Its files, each once: in the home folder a project's file is the person's.
    pub(super) fn files(&self, home: &Home) -> Vec<Place> {
        let mut files: Vec<Place> = Vec::new();
        for place in (self.places)(home) {
            if files.iter().all(|known| known.path != place.path) {
                files.push(place);
            }
        }
        files
    }
}

/// Whose servers a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// One person's, in every project.
    User,
    /// One project's, and often under version control.
    Project,
}

/// Whether `install` and the rest were asked for this client. No names ask for all.
///
/// # Errors
/// A name that no client has.
pub fn chosen(names: &[String]) -> Result<Vec<Client>, Error> {
    let known = |name: &String| CLIENTS.iter().any(|client| client.name == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        let known: Vec<&str> = CLIENTS.iter().map(|client| client.name).collect();
        return Err(Error::UnknownClient { name: name.clone(), known: known.join(", ") });
    }
    let asked = |client: &Client| names.is_empty() || names.iter().any(|name| client.name == name);
    Ok(CLIENTS.into_iter().filter(asked).collect())
}
