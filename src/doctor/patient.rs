//! What the doctor looks at, gathered once: the configuration, the clients of this machine, and
//! the gateway if one runs.

use std::{
    os::unix::{fs::MetadataExt as _, net::UnixStream},
    path::PathBuf,
};

use serde_json::Value;

use crate::{
    app::{ADMIN_SOCKET, AdminRequest, ask},
    clients::{self, Command, FileState, Gateway, Home, Report, Request},
    config::Config,
};

/// An installation.
#[derive(Debug)]
pub struct Patient {
    pub config: Config,
    /// The clients' files that exist, or why they cannot be told.
    pub clients: Result<Vec<FileState>, String>,
    /// The gateway, if one answers.
    pub running: Option<Running>,
}

/// A gateway that answers on its socket.
#[derive(Debug)]
pub struct Running {
    /// The user it runs as.
    pub uid: u32,
    /// Answers of the socket; null where it refused.
    pub status: Value,
    pub upstreams: Value,
    pub pins: Value,
}

impl Patient {
    /// Looks at everything.
    pub fn meet(config: Config, home: Home, gateway: Gateway) -> Self {
        let request =
            Request { command: Command::Status, dry_run: true, clients: Vec::new(), home, gateway };
        let clients = match clients::run(&request) {
            Ok(Report::State(states)) => Ok(distinct(states)),
            Ok(_) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        };
        let running = Running::find(&config);
        Self { config, clients, running }
    }

    /// The clients' files that exist.
    pub(super) fn client_files(&self) -> &[FileState] {
        self.clients.as_deref().unwrap_or_default()
    }

    /// The journal's folder.
    pub(super) fn journal(&self) -> PathBuf {
        let stated = self.config.file.audit.folder.as_ref();
        stated.map_or_else(|| self.config.data_dir().join("audit"), |it| self.config.resolve(it))
    }

    /// The user that the gateway runs as: the one that answers, or the one whose state it is.
    pub(super) fn gateway_uid(&self) -> u32 {
        let running = self.running.as_ref().map(|running| running.uid);
        let owner = || std::fs::metadata(self.config.data_dir()).ok().map(|it| it.uid());
        let own = || rustix::process::geteuid().as_raw();
        running.or_else(owner).unwrap_or_else(own)
    }
}

/// In a home that is the project too, a client's two places are one file.
fn distinct(mut states: Vec<FileState>) -> Vec<FileState> {
    let mut known = std::collections::HashSet::new();
    states.retain(|state| known.insert((state.client, state.path.clone())));
    states
}

impl Running {
    fn find(config: &Config) -> Option<Self> {
        let folder = config.data_dir();
        // Somebody must listen there; the socket's file is the gateway's own.
        let path = folder.join(ADMIN_SOCKET);
        let socket = UnixStream::connect(&path);
        drop(socket.ok()?);
        let uid = std::fs::metadata(&path).ok()?.uid();
        let answer = |request: AdminRequest| ask(&folder, &request).unwrap_or(Value::Null);
        Some(Self {
            uid,
            status: answer(AdminRequest::Status),
            upstreams: answer(AdminRequest::Upstreams),
            pins: answer(AdminRequest::Pins { upstream: None }),
        })
    }
}
