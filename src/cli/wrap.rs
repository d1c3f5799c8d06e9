//! `bartizan wrap`: starts the gateway of this user if it does not run, and becomes the pipe between
//! it and a client's standard input and output.

use std::{
    os::unix::{net::UnixStream, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use super::{ConfigArgument, Ran, pipe};
use crate::app::{App, Options, Purpose, WRAP_SOCKET};

/// Guard one stdio tool server.
#[derive(Debug, clap::Args)]
pub(super) struct Wrap {
    #[command(flatten)]
    config: ConfigArgument,
    /// The server's name [default: that of its program]
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// The server's command, after `--`
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// The gateway that wrapped clients attach to.
#[derive(Debug, clap::Args)]
pub(super) struct Local {
    #[command(flatten)]
    config: ConfigArgument,
}

/// How long a gateway may take to open its socket.
const START_TIMEOUT: Duration = Duration::from_secs(20);
const START_POLL: Duration = Duration::from_millis(5);

pub(super) fn run(command: &Wrap) -> Ran {
    if command.command.is_empty() && command.server.is_none() {
        anyhow::bail!(
            "say what to guard: `bartizan wrap -- COMMAND ARGS…`, or `--server NAME` \
            for one of the configuration"
        );
    }
    let folder = super::data_dir(&command.config)?;
    reach(&folder, &command.config)?;
    let socket = folder.join(WRAP_SOCKET);
    let error = pipe::command(&socket, command.server.as_deref(), &command.command)?.exec();
    Err(anyhow::Error::new(error).context("cannot become the pipe to the gateway"))
}

/// Sees to it that the gateway listens.
fn reach(folder: &Path, config: &ConfigArgument) -> anyhow::Result<()> {
    let path = folder.join(WRAP_SOCKET);
    if UnixStream::connect(&path).is_ok() {
        return Ok(());
    }
    start(folder, config)?;
    let started = Instant::now();
    loop {
        if UnixStream::connect(&path).is_ok() {
            return Ok(());
        }
        if started.elapsed() > START_TIMEOUT {
            let log = log_path(folder);
            anyhow::bail!("the gateway does not start; see `{}`", log.display());
        }
        std::thread::sleep(START_POLL);
    }
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("gateway.log")
}

/// Starts the gateway as a process of its own: it outlives this client. If several clients start
/// one at once, the store's lock lets one win and the others end.
fn start(folder: &Path, config: &ConfigArgument) -> anyhow::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut options = std::fs::OpenOptions::new();
    let log = options.create(true).append(true).mode(0o600).open(log_path(folder))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("local");
    if let Some(path) = &config.config {
        command.arg("--config").arg(std::path::absolute(path)?);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
    command.current_dir("/");
    command.spawn()?;
    Ok(())
}

pub(super) fn local(command: &Local) -> Ran {
    super::log::start(false);
    let config = command.config.load()?;
    let options = Options { purpose: Purpose::Local, development: false };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = App::start(config, options).await?;
        for notice in &app.notices {
            tracing::warn!("Take note: {notice}.");
        }
        tokio::select! {
            told = super::serve::until_told() => told?,
            () = app.stopped() => {}
        }
        app.stop().await;
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}
