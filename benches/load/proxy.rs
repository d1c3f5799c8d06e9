//! Any other MCP proxy, given by the command line that starts it.

use std::process::Command;

use anyhow::Context;

use crate::{
    endpoint::Endpoint,
    party::{self, Party},
    upstream::Upstream,
};

/// A proxy as the command line gives it.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub(crate) name: String,
    path: String,
    command: String,
}

impl Proxy {
    /// From `NAME=COMMAND` or `NAME:/path=COMMAND`.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let (name, command) = text.split_once('=').context("`--proxy` wants NAME=COMMAND")?;
        anyhow::ensure!(command.contains("{port}"), "the command of `{name}` lacks `{{port}}`");
        let (name, path) = name.split_once(':').unwrap_or((name, "/mcp"));
        Ok(Self { name: name.to_owned(), path: path.to_owned(), command: command.to_owned() })
    }

    /// Whether it wants an upstream that serves HTTP.
    pub(crate) fn wants_url(&self) -> bool {
        self.command.contains("{upstream_url}")
    }

    /// Starts it and waits until its port is open.
    pub(crate) async fn start(
        &self,
        upstream: &Upstream,
        url: Option<&str>,
    ) -> anyhow::Result<(Party, Endpoint)> {
        let port = party::free_port()?;
        let command = self
            .command
            .replace("{port}", &port.to_string())
            .replace("{upstream_url}", url.unwrap_or_default())
            .replace("{upstream_command}", &upstream.command().join(" "));
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {command}")]);
        let mut party = Party::start(&self.name, &mut shell)?;
        party.answers(port, None).await?;
        Ok((party, Endpoint::local(port, &self.path)))
    }
}
