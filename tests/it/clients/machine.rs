//! A person's machine: a home, a project, the clients' files in both, and the gateway's commands.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use bartizan::clients::edit::{self, Format};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::provider::consent;
use crate::support::{PATIENCE, Wire, eventually, fixture, gateway, process::bartizan};

/// One client's file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) path: &'static str,
    pub(super) format: Format,
    /// The key of its servers.
    pub(super) root: &'static str,
}

/// What a client would start or ask.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) struct Machine {
    folder: TempDir,
    pub(super) wire: Wire,
}

impl Machine {
    /// With a configuration that says where the gateway will listen.
    pub(super) fn new() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let wire = Wire(free.local_addr().expect("an address"));
        let machine = Self { folder: gateway::folder(), wire };
        let text = format!("[listen]\naddress = \"{}\"\n", wire.0);
        machine.write("~/.config/bartizan/bartizan.toml", &text);
        fs::create_dir_all(machine.path("./")).expect("a project");
        machine
    }

    /// `~` is the home, `.` the project.
    pub(super) fn path(&self, place: &str) -> PathBuf {
        match place.strip_prefix("~/") {
            Some(inside) => self.folder.path().join("home").join(inside),
            None => self.folder.path().join("shop").join(place.trim_start_matches("./")),
        }
    }

    pub(super) fn write(&self, place: &str, text: &str) {
        let path = self.path(place);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    pub(super) fn read(&self, place: &str) -> String {
        fs::read_to_string(self.path(place)).unwrap_or_else(|error| panic!("{place}: {error}"))
    }

    /// A tool server that starts only if `test` holds in its shell.
    pub(super) fn program(&self, name: &str, test: &str) -> String {
        let path = self.folder.path().join("bin").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        let server = fixture::program();
        let text = format!("#!/bin/sh\n{test} || exit 3\nexec {} --stdio\n", server.display());
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("a mode");
        path.display().to_string()
    }

    /// A command in this home, with nothing of ours in its environment.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.path("~/")).env("PATH", "/usr/bin:/bin");
        command.current_dir(self.path("./")).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command of Bartizan's, which must succeed, and gives what it printed.
    pub(super) async fn bartizan(&self, arguments: &[&str]) -> String {
        let ran = self.command(bartizan()).args(arguments).output();
        let ran = tokio::time::timeout(PATIENCE, ran).await.expect("in time").expect("it starts");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let error = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "{arguments:?}: {said}\n{error}");
        said + &error
    }

    /// `bartizan upstreams login NAME`, with a person at the browser.
    pub(super) async fn log_in(&self, name: &str) {
        let mut command = self.command(bartizan());
        // No browser is found there; the address is printed all the same.
        command.args(["upstreams", "login", name]).env("PATH", "/nowhere").stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let page = loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("in time");
            let line = line.expect("readable").expect("it prints the address");
            if line.trim().starts_with("http") {
                break line.trim().to_owned();
            }
        };
        consent(&page).await;
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        assert!(ended.expect("in time").expect("a status").success(), "logged in");
    }

    /// The gateway, ready.
    pub(super) async fn serve(&self, environment: &[(&str, &str)]) -> Child {
        let log = fs::File::create(self.folder.path().join("log.txt")).expect("a log");
        let mut command = self.command(bartizan());
        command.args(["serve", "--development"]).envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::null()).stderr(log).spawn().expect("it starts");
        eventually("the gateway is ready", async || {
            let ended = child.try_wait().expect("a status");
            let log = || fs::read_to_string(self.folder.path().join("log.txt"));
            assert!(ended.is_none(), "it ended: {:?}", log());
            let reply = self.wire.try_send("GET", "/readyz", &[], "").await.ok()?;
            (reply.status == 200).then_some(())
        })
        .await;
        child
    }

    /// The servers of a client's file, as it stands now.
    pub(super) fn entries(&self, place: Place) -> Vec<Entry> {
        let value = edit::read(place.format, &self.read(place.path)).expect("the client reads it");
        let table = value[place.root].as_object().expect("a table").clone();
        table.into_iter().map(|(name, value)| Entry { name, value }).collect()
    }

    /// Every file that holds `text`, save those that are made to keep it.
    pub(super) fn holding(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(self.folder.path(), &mut found);
        let private = |path: &Path| {
            let path = path.display().to_string();
            ["/bin/", "/secrets/", ".bartizan-backup"].iter().any(|it| path.contains(it))
        };
        let holds = |path: &PathBuf| {
            let bytes = fs::read(path).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        };
        found.into_iter().filter(|path| !private(path)).filter(holds).collect()
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, found),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}
