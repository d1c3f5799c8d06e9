//! Bartizan as a party: a configuration written for the occasion, and `serve` until it is ready.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use serde_json::json;

use crate::{
    arguments::Setting,
    endpoint::Endpoint,
    party::{self, Party},
};

/// How the gateway reaches an upstream.
#[derive(Debug, Clone)]
pub(crate) enum Reach {
    /// A child process that serves stdio.
    Command(Vec<String>),
    /// Streamable HTTP.
    Url(String),
}

/// A gateway to be started.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    pub(crate) binary: PathBuf,
    /// What tells it from others: names its folder and its log.
    pub(crate) label: String,
    pub(crate) upstreams: Vec<(String, Reach)>,
    /// More tables for its configuration, with `{upstream}` and `{folder}` to be filled in.
    pub(crate) extra: String,
}

impl Gateway {
    /// Starts it in an empty folder and waits until it is ready. One upstream is called at its own endpoint under
    /// its own tool names, several at the common one.
    pub(crate) async fn start(&self) -> anyhow::Result<(Party, Endpoint)> {
        let folder = party::folder(&self.label)?;
        fs::remove_dir_all(&folder)?;
        fs::create_dir_all(&folder)?;
        let port = party::free_port()?;
        let file = folder.join("bartizan.toml");
        fs::write(&file, self.configuration(port, &folder))
            .with_context(|| format!("cannot write {}", file.display()))?;
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--development", "--config"]).arg(&file).current_dir(&folder);
        command.env("HOME", &folder).env("XDG_STATE_HOME", folder.join("state"));
        let mut party = Party::start(&self.label, &mut command)?;
        party.answers(port, Some("/readyz")).await?;
        let path = match self.upstreams.as_slice() {
            [(name, _)] => format!("/mcp/{name}"),
            _ => "/mcp".to_owned(),
        };
        Ok((party, Endpoint { named: true, ..Endpoint::local(port, &path) }))
    }

    fn configuration(&self, port: u16, folder: &Path) -> String {
        // One call over and over is no loop here.
        let listen = format!("[listen]\naddress = \"127.0.0.1:{port}\"\n");
        let mut text = listen + "[flow.limits]\nrepeats = 0\n";
        for (name, reach) in &self.upstreams {
            // A JSON string, or a list of them, is also one in TOML.
            let line = match reach {
                Reach::Command(words) => format!("command = {}", json!(words)),
                Reach::Url(url) => format!("url = {}", json!(url)),
            };
            text += &format!("\n[upstreams.{name}]\n{line}\n");
            // What the shipped catalogue says of it where the server is known by its package.
            let tool = format!("upstreams.{name}.tools.echo");
            if !self.extra.replace("{upstream}", name).contains(&tool) {
                text += &format!("[{tool}]\nclasses = [\"computes\"]\nrisk = \"low\"\n");
            }
        }
        let upstream = self.upstreams.first().map_or("", |(name, _)| name);
        let extra = self.extra.replace("{upstream}", upstream);
        text + "\n" + &extra.replace("{folder}", &folder.display().to_string())
    }
}

/// The gateway's binary, if there is one.
pub(crate) fn binary(setting: &Setting) -> anyhow::Result<PathBuf> {
    let path = match &setting.bartizan {
        Some(path) => std::path::absolute(path)?,
        None => party::target_folder()?.join("release/bartizan"),
    };
    let mend = "run `cargo build --release`, or give `--bartizan PATH`";
    anyhow::ensure!(path.exists(), "no gateway at {}: {mend}", path.display());
    Ok(path)
}

/// The variants of the configuration, by label; one plain variant where none is given.
pub(crate) fn variants(setting: &Setting) -> anyhow::Result<Vec<(String, String)>> {
    if setting.config_extra.is_empty() {
        return Ok(vec![(String::new(), String::new())]);
    }
    let read = |given: &String| {
        let (label, file) = given.split_once('=').context("`--config-extra` wants LABEL=FILE")?;
        let text = fs::read_to_string(file).with_context(|| format!("cannot read `{file}`"))?;
        Ok((label.to_owned(), text))
    };
    setting.config_extra.iter().map(read).collect()
}
