//! `bartizan upstreams`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::{
    ConfigArgument, Ran,
    admin::{ask, text},
    harmless, say, say_json,
};
use crate::{
    app::{self, AdminRequest},
    upstream::{Transport, oauth},
};

/// Tool servers.
#[derive(Debug, clap::Args)]
pub(super) struct Upstreams {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the tool servers and how they are doing
    List {
        #[arg(long)]
        json: bool,
    },
    /// Log the gateway in to an HTTP tool server, with OAuth in a browser
    Login {
        name: String,
        /// A right beside those that the last login was granted; repeatable
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
    },
}

pub(super) fn run(command: Upstreams) -> Ran {
    match command.command {
        Command::List { json } => {
            let answer = ask(&super::data_dir(&command.config)?, &AdminRequest::Upstreams)?;
            if json { say_json(&answer) } else { list(&answer) }
        }
        Command::Login { name, scopes } => login(&command.config, &name, &scopes)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(answer: &Value) {
    for (name, state) in answer.as_object().into_iter().flatten() {
        let tools =
            state["tools"].as_u64().map_or_else(String::new, |count| format!("{count} tools"));
        let more = if text(state, "why").is_empty() { tools } else { harmless(text(state, "why")) };
        say(format_args!(
            "{name:20} {:9} {:11} {more}",
            text(state, "state"),
            text(state, "revision")
        ));
    }
}

fn login(config: &ConfigArgument, name: &str, scopes: &[String]) -> anyhow::Result<()> {
    let config = config.load()?;
    let settings = config.upstream_settings(name).map_err(anyhow::Error::msg)?;
    let (Transport::Http(target) | Transport::Sse(target)) = &settings.transport else {
        anyhow::bail!("upstream `{name}` is no HTTP server; nothing to log in to");
    };
    let target = app::oauth_target(&config, name, target).map_err(anyhow::Error::msg)?;
    let show = |url: &url::Url| {
        say(format_args!("Open this address in a browser:\n\n  {url}\n"));
        if oauth::browser::open(url) {
            say("(It was opened for you.)");
        }
    };
    let done = super::block_on(oauth::login_for(&target, scopes, show))??;
    say(format_args!("Logged in at {}.", done.issuer));
    if !done.refreshable {
        say("There is no refresh token: log in again when the token expires.");
    }
    Ok(())
}
