//! The server behind everything, as a command for stdio and as a process that serves HTTP.

use std::{path::PathBuf, process::Command};

use anyhow::Context;

use crate::{
    endpoint::Endpoint,
    party::{self, Party},
    process::SERVER_MARK,
    request::Era,
};

/// The name under which gateways know it.
pub(crate) const NAME: &str = "peer";

/// Which server.
#[derive(Debug, Clone)]
pub(crate) enum Upstream {
    /// server-everything on Node, from `tests/peers`.
    Everything { serve: PathBuf },
    /// This repository's fixture, the example `everything`.
    Fixture { binary: PathBuf },
    /// Any command that serves stdio.
    Command(Vec<String>),
}

impl Upstream {
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        match text {
            "everything" => {
                let serve = std::path::absolute("tests/peers/serve")?;
                let peers = std::env::var_os("BARTIZAN_PEERS").map(PathBuf::from);
                let node = peers.unwrap_or("target/peers".into()).join("bin/node");
                let mend = "run `tests/peers/setup`";
                anyhow::ensure!(node.exists(), "server-everything is not installed: {mend}");
                Ok(Self::Everything { serve })
            }
            "fixture" => {
                let binary = party::target_folder()?.join("release/examples/everything");
                let mend = "run `cargo build --release --example everything`";
                anyhow::ensure!(binary.exists(), "the fixture is not built: {mend}");
                Ok(Self::Fixture { binary })
            }
            command => {
                Ok(Self::Command(command.split_ascii_whitespace().map(str::to_owned).collect()))
            }
        }
    }

    /// The eras that it speaks itself, without a gateway.
    pub(crate) fn speaks(&self, era: Era) -> bool {
        era == Era::Legacy || !matches!(self, Self::Everything { .. })
    }

    /// The command that serves stdio. It marks its process, so that its usage is told from its parent's.
    pub(crate) fn command(&self) -> Vec<String> {
        let mut command = vec!["env".to_owned(), format!("{}={}", SERVER_MARK.0, SERVER_MARK.1)];
        if let Ok(peers) = std::env::var("BARTIZAN_PEERS") {
            command.push(format!("BARTIZAN_PEERS={peers}"));
        }
        match self {
            Self::Everything { serve } => {
                command.extend([serve.display().to_string(), "everything".into(), "stdio".into()]);
            }
            Self::Fixture { binary } => {
                command.extend([binary.display().to_string(), "--stdio".to_owned()]);
            }
            Self::Command(words) => command.extend(words.iter().cloned()),
        }
        command
    }

    /// Starts one that serves HTTP; a bare command has no such form.
    pub(crate) async fn start(&self, log: &str) -> anyhow::Result<Option<(Party, Endpoint)>> {
        let port = party::free_port()?;
        let mut command = match self {
            Self::Everything { serve } => {
                let mut command = Command::new(serve);
                command.args(["everything", "streamableHttp"]).env("PORT", port.to_string());
                command
            }
            Self::Fixture { binary } => {
                let mut command = Command::new(binary);
                command.args(["--http", &format!("127.0.0.1:{port}")]);
                command
            }
            Self::Command(_) => return Ok(None),
        };
        command.env(SERVER_MARK.0, SERVER_MARK.1);
        let mut party = Party::start(log, &mut command)?;
        party.answers(port, None).await.context("the upstream is not ready")?;
        Ok(Some((party, Endpoint::local(port, "/mcp"))))
    }
}
