//! A process that takes part: started with a log of its own, waited for, and stopped with all that it started.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::Signal;

use crate::{process, wire::Connection};

/// How long a party may take until it answers.
const START: Duration = Duration::from_secs(60);
/// How long a party may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(5);

/// A running process; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Party {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Party {
    /// Starts the command with its output in `NAME.log` of the harness's folder.
    pub(crate) fn start(name: &str, command: &mut Command) -> anyhow::Result<Self> {
        let log = folder("logs")?.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {name} ({:?})", command.get_program()))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// The process to read usage from.
    pub(crate) fn root(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `GET path` is answered, with 200 where `ready` asks for that and with anything otherwise.
    pub(crate) async fn answers(&mut self, port: u16, ready: Option<&str>) -> anyhow::Result<()> {
        let started = Instant::now();
        while started.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended at its start ({status}): {}", self.name, self.last_words());
            }
            if listens(port, ready).await {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{} did not answer within {START:?}: {}", self.name, self.last_words())
    }

    fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        let tree = process::tree(self.root());
        process::signal(self.root(), Signal::TERM);
        let started = Instant::now();
        while started.elapsed() < STOP && !matches!(self.child.try_wait(), Ok(Some(_))) {
            std::thread::sleep(Duration::from_millis(20));
        }
        for process in tree.into_iter().filter(|&process| process::lives(process)) {
            process::signal(process, Signal::KILL);
        }
        drop(self.child.wait());
    }
}

async fn listens(port: u16, ready: Option<&str>) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut connection) = Connection::open(address).await else { return false };
    let Some(path) = ready else { return true };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    matches!(connection.exchange(request.as_bytes()).await, Ok(200))
}

/// A port that is free now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

/// The target folder of this build.
pub(crate) fn target_folder() -> anyhow::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    std::path::absolute(target).context("no target folder")
}

/// A folder of the harness below the target folder.
pub(crate) fn folder(name: &str) -> anyhow::Result<PathBuf> {
    let folder = target_folder()?.join("load").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}
