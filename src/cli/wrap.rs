//! `bartizan wrap`: a thin pipe between a client's standard input and output and the gateway of
//! this user, which is started if it does not run.

use std::{
    io::{Read, Write},
    os::unix::{net::UnixStream, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use super::{ConfigArgument, Ran};
use crate::app::{App, Hello, Options, Purpose, WRAP_SOCKET};

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
/// Bytes that a pipe carries at once.
const PIPE_BYTES: usize = 16 << 10;

pub(super) fn run(command: Wrap) -> Ran {
    if command.command.is_empty() && command.server.is_none() {
        anyhow::bail!(
            "say what to guard: `bartizan wrap -- COMMAND ARGS…`, or `--server NAME` \
            for one of the configuration"
        );
    }
    let folder = super::data_dir(&command.config)?;
    let mut socket = attach(&folder, &command.config)?;
    let hello = Hello {
        server: command.server,
        command: command.command,
        env: std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect(),
        cwd: std::env::current_dir().ok(),
        process: std::os::unix::process::parent_id(),
    };
    serde_json::to_writer(&mut socket, &hello)?;
    socket.write_all(b"\n")?;
    drop(hello);
    let mut incoming = socket.try_clone()?;
    std::thread::Builder::new().stack_size(128 << 10).spawn(move || {
        pump(&mut std::io::stdin().lock(), &mut socket);
        // The client closed its end: the gateway ends the server, and we end with it.
        socket.shutdown(std::net::Shutdown::Write).ok();
    })?;
    pump(&mut incoming, &mut std::io::stdout().lock());
    Ok(ExitCode::SUCCESS)
}

/// Copies until either side is gone.
fn pump(from: &mut impl Read, to: &mut impl Write) {
    let mut buffer = vec![0; PIPE_BYTES];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        let Some(bytes) = buffer.get(..read) else { return };
        if to.write_all(bytes).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

fn attach(folder: &Path, config: &ConfigArgument) -> anyhow::Result<UnixStream> {
    let path = folder.join(WRAP_SOCKET);
    if let Ok(stream) = UnixStream::connect(&path) {
        return Ok(stream);
    }
    start(folder, config)?;
    let started = Instant::now();
    loop {
        if let Ok(stream) = UnixStream::connect(&path) {
            return Ok(stream);
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
