//! Which clients are on this machine and which of their servers go through Bartizan.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::backup::Backup;
use super::client::{Client, Place};
use super::{Error, Request, edit, file, server};

/// One client's file that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileState {
    /// Whose it is.
    pub client: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// The servers that go through Bartizan.
    pub through: Vec<String>,
    /// The servers that the client reaches on its own.
    pub direct: Vec<String>,
    /// Whether there is a copy to go back to.
    pub installed: bool,
    /// Whether somebody changed it since the install.
    pub changed: bool,
    /// Why it can't be told, if it can't.
    pub fault: Option<String>,
}

/// Looks at every chosen client's files.
///
/// # Errors
/// An unknown client. A file that can't be read is reported, not an error.
pub(super) fn status(request: &Request) -> Result<Vec<FileState>, Error> {
    let mut states = Vec::new();
    for client in super::client::chosen(&request.clients)? {
        for place in client.files(&request.home) {
            let state = FileState {
                client: client.title,
                path: place.path.clone(),
                through: Vec::new(),
                direct: Vec::new(),
                installed: false,
                changed: false,
                fault: None,
            };
            match look(request, &client, &place, state.clone()) {
                Ok(found) => states.extend(found),
                Err(error) => states.push(FileState { fault: Some(error.to_string()), ..state }),
            }
        }
    }
    Ok(states)
}

fn look(
    request: &Request,
    client: &Client,
    place: &Place,
    mut state: FileState,
) -> Result<Option<FileState>, Error> {
    let Some(text) = file::read(&place.path)? else { return Ok(None) };
    let unreadable = |fault| Error::Unreadable { path: place.path.clone(), fault };
    let value = edit::read(client.format, &text).map_err(unreadable)?;
    for server in server::servers(&value, place, client.expansion) {
        match server {
            Ok(server) if request.gateway.leads(&server) => state.through.push(server.name),
            Ok(server) => state.direct.push(server.name),
            Err(refused) => state.direct.push(refused.name),
        }
    }
    let saved = Backup::of(&place.path, place.scope, &request.gateway).load()?;
    state.installed = saved.is_some();
    state.changed = saved.is_some_and(|saved| !saved.is_unchanged(&text));
    Ok(Some(state))
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  {}", self.client, self.path.display())?;
        let mut list = |word: &str, names: &[String]| match names {
            [] => Ok(()),
            names => writeln!(f, "  {word}: {}", names.join(", ")),
        };
        list("through Bartizan", &self.through)?;
        list("direct", &self.direct)?;
        if self.changed {
            writeln!(f, "  changed since install")?;
        }
        match &self.fault {
            Some(fault) => writeln!(f, "  {fault}"),
            None => Ok(()),
        }
    }
}
