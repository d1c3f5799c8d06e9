//! The tool server of our own (`tests/fixture`), as a process beside the test.

use std::{path::PathBuf, process::Stdio};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::Wire;

/// Its program, built beside the tests.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.ancestors().nth(2).expect("two folders up");
    let program = folder.join("examples/everything");
    let mend = "`cargo test` builds it; else run `cargo build --example everything`";
    assert!(program.exists(), "{} is missing: {mend}", program.display());
    program
}

/// `command = […]` of a stdio upstream.
pub(crate) fn everything(flags: &[&str]) -> String {
    let program = program().display().to_string();
    let words = [program.as_str(), "--stdio"].into_iter().chain(flags.iter().copied());
    let words: Vec<String> = words.map(|word| format!("{word:?}")).collect();
    format!("command = [{}]", words.join(", "))
}

/// A fixture that serves HTTP.
#[derive(Debug)]
pub(crate) struct Fixture {
    child: Child,
    pub(crate) wire: Wire,
}

impl Fixture {
    pub(crate) async fn start(flags: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.args(["--http", "127.0.0.1:0", "--journal"]).args(flags);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the fixture starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).await.expect("its address");
        let address = line.trim().parse().expect("an address");
        Self { child, wire: Wire(address) }
    }

    /// `url = …` of an HTTP upstream.
    pub(crate) fn url(&self) -> String {
        format!("url = \"http://{}/mcp\"", self.wire.0)
    }

    /// How many tool calls it ran so far, and how many of them were cancelled.
    pub(crate) async fn counts(&self) -> Counts {
        let journal = self.journal().await;
        let count = |key: &str| journal[key].as_u64().expect("a count");
        Counts {
            started: count("started"),
            finished: count("finished"),
            cancelled: count("cancelled"),
        }
    }

    pub(crate) async fn started(&self) -> u64 {
        self.counts().await.started
    }

    /// The tool calls that reached it, as sent.
    pub(crate) async fn requests(&self, method: &str) -> Vec<Value> {
        let journal = self.journal().await;
        let requests = journal["requests"].as_array().cloned().unwrap_or_default();
        let body = |request: &Value| -> Option<Value> {
            serde_json::from_str(request["body"].as_str()?).ok()
        };
        let wanted = |request: &Value| body(request).is_some_and(|it| it["method"] == method);
        requests.into_iter().filter(wanted).collect()
    }

    async fn journal(&self) -> Value {
        self.wire.get("/journal").await.json().await
    }

    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) started: u64,
    pub(crate) finished: u64,
    pub(crate) cancelled: u64,
}
