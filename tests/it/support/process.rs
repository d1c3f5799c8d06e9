//! The real binary, where a process matters: signals, limits of the system, leftovers.

use std::{path::PathBuf, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{Client, Era, PATIENCE, Wire, eventually, gateway, record};

/// `bartizan serve` as a process of its own.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) folder: TempDir,
    pub(crate) wire: Wire,
    pub(crate) pid: u32,
}

pub(crate) fn bartizan() -> PathBuf {
    env!("CARGO_BIN_EXE_bartizan").into()
}

impl Process {
    pub(crate) async fn serve(text: &str) -> Self {
        Self::serve_by(text, &[]).await
    }

    /// Through another program, such as one that sets limits first.
    pub(crate) async fn serve_by(text: &str, through: &[&str]) -> Self {
        Self::serve_with(text, through, &[]).await
    }

    /// With further flags.
    pub(crate) async fn serve_with(text: &str, through: &[&str], flags: &[&str]) -> Self {
        let folder = gateway::folder();
        let config = folder.path().join("bartizan.toml");
        std::fs::write(&config, gateway::config_text(text)).expect("written");
        Self::spawn_with(folder, through, flags).await
    }

    pub(crate) async fn spawn(folder: TempDir, through: &[&str]) -> Self {
        Self::spawn_with(folder, through, &[]).await
    }

    async fn spawn_with(folder: TempDir, through: &[&str], flags: &[&str]) -> Self {
        let (config, told) =
            (folder.path().join("bartizan.toml"), folder.path().join("address.txt"));
        drop(std::fs::remove_file(&told));
        let binary = bartizan();
        let mut command = match through.split_first() {
            Some((program, rest)) => {
                let mut command = Command::new(program);
                command.args(rest).arg(&binary);
                command
            }
            None => Command::new(&binary),
        };
        command.arg("serve").arg("--config").arg(&config).arg("--development");
        command.arg("--address-file").arg(&told).args(flags);
        let log = std::fs::File::create(folder.path().join("log.txt")).expect("a log");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let pid = child.id().expect("it runs");
        let address = eventually("the gateway says where it listens", async || {
            std::fs::read_to_string(&told).ok()?.parse().ok()
        })
        .await;
        let wire = Wire(address);
        eventually("the gateway is ready", async || {
            (wire.get("/readyz").await.status == 200).then_some(())
        })
        .await;
        Self { child, folder, wire, pid }
    }

    pub(crate) async fn modern(&self) -> Client {
        Client::new(self.wire, Era::Modern).ready().await
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) fn records(&self) -> Vec<record::Entry> {
        record::read(&self.state().join("audit"))
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send_signal(self.pid, signal);
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> std::process::ExitStatus {
        let ended = tokio::time::timeout(PATIENCE + Duration::from_secs(5), self.child.wait());
        ended.await.expect("it ends in time").expect("its status")
    }
}

pub(crate) fn send_signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("the signal is sent");
}
