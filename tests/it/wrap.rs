//! `bartizan wrap`: clients that speak stdio share one gateway.

mod scoring;
mod sharing;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::support::{
    PATIENCE, eventually, fixture, gateway, kilobytes, lives,
    process::{bartizan, send_signal},
    record,
};

/// One wrapped server, as its client sees it.
pub(crate) struct Wrapped {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Wrapped {
    fn start(folder: &Path, flags: &[&str]) -> Self {
        let program = fixture::program().display().to_string();
        let words: Vec<&str> =
            [program.as_str(), "--stdio"].into_iter().chain(flags.iter().copied()).collect();
        Self::start_as(folder, &words)
    }

    /// `bartizan wrap -- WORDS`, with the configuration in `folder`.
    pub(crate) fn start_as(folder: &Path, words: &[&str]) -> Self {
        Self::start_with(bartizan(), folder, &["--"], words)
    }

    fn start_with(binary: PathBuf, folder: &Path, options: &[&str], words: &[&str]) -> Self {
        let mut command = Command::new(binary);
        command.arg("wrap").arg("--config").arg(folder.join("bartizan.toml"));
        command.args(options).args(words);
        let log = std::fs::File::create(folder.join("wrap.log")).expect("a log");
        command.stderr(log);
        Self::spawn(command)
    }

    /// Whatever command a client would start.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("it starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, input, output }
    }

    pub(crate) async fn send(&mut self, message: Value) {
        let input = self.input.as_mut().expect("it is open");
        input.write_all(format!("{message}\n").as_bytes()).await.expect("written");
    }

    pub(crate) async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await;
        let line = line.expect("in time").expect("readable").expect("it still speaks");
        serde_json::from_str(&line).expect("JSON")
    }

    pub(crate) async fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        self.until(id).await
    }

    /// The answer to request `id`, whatever comes before it.
    pub(crate) async fn until(&mut self, id: u64) -> Value {
        loop {
            let message = self.next().await;
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    pub(crate) async fn call(&mut self, id: u64, tool: &str, arguments: Value) -> Value {
        self.ask(id, "tools/call", json!({"name": tool, "arguments": arguments})).await
    }

    async fn names(&mut self, id: u64) -> Vec<String> {
        let list = self.ask(id, "tools/list", json!({})).await;
        let tools = list["result"]["tools"].as_array().cloned().expect("tools");
        tools.iter().filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect()
    }

    /// Greets as a legacy client; how long it took.
    pub(crate) async fn greet(&mut self) -> Duration {
        self.greet_as("2025-11-25").await
    }

    pub(crate) async fn greet_as(&mut self, revision: &str) -> Duration {
        let started = Instant::now();
        let params = json!({"protocolVersion": revision, "capabilities": {},
            "clientInfo": {"name": "it", "version": "1"}});
        let answer = self.ask(0, "initialize", params).await;
        assert_eq!(answer["result"]["protocolVersion"], revision, "{answer}");
        let took = started.elapsed();
        self.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        took
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Closes its input and waits for its end.
    pub(crate) async fn leave(mut self) {
        drop(self.input.take());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert!(ended.expect("in time").expect("a status").success());
    }
}

/// Resident memory that a release build may have, in kilobytes.
const LIMIT_KB: u64 = 8 << 10;

/// The processes whose command line holds all `words`.
pub(crate) fn processes(words: &[&str]) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").expect("a list").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let holds = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        words.iter().all(|word| line.contains(word))
    };
    pids.filter(holds).filter(|pid| lives(*pid)).collect()
}

#[tokio::test]
async fn eight_wraps_share_one_gateway() {
    let folder = gateway::folder();
    std::fs::write(folder.path().join("bartizan.toml"), "data_dir = \"state\"\n").expect("written");
    let config = folder.path().join("bartizan.toml").display().to_string();
    let mut wraps: Vec<Wrapped> = (0..8).map(|_| Wrapped::start(folder.path(), &[])).collect();
    let mut latencies = Vec::new();
    for wrap in &mut wraps {
        latencies.push(wrap.greet().await);
    }
    let gateways = processes(&["local", &config]);
    assert_eq!(gateways.len(), 1, "one gateway for all: {gateways:?}");
    let children = crate::support::children_of(gateways[0]);
    assert_eq!(children.len(), 8, "each has its own server");
    for (n, wrap) in wraps.iter_mut().enumerate() {
        let list = wrap.ask(1, "tools/list", json!({})).await;
        let names = list["result"]["tools"].to_string();
        assert!(names.contains("\"echo\""), "its own names: {names}");
        let text = format!("number {n}");
        let params = json!({"name": "echo", "arguments": {"text": text}});
        let answer = wrap.ask(2, "tools/call", params).await;
        assert!(answer.to_string().contains(&text), "{answer}");
    }
    let resident: Vec<u64> = wraps.iter().map(|wrap| kilobytes(wrap.pid(), "VmRSS")).collect();
    eprintln!("eight wraps: {resident:?} kB resident each, initialize {latencies:?}");
    if !cfg!(debug_assertions) {
        assert!(resident.iter().all(|kb| *kb <= LIMIT_KB), "{resident:?}");
    }
    for wrap in wraps {
        wrap.leave().await;
    }
    eventually("every server ends with its client", async || {
        children.iter().all(|pid| !lives(*pid)).then_some(())
    })
    .await;
    send_signal(gateways[0], Signal::TERM);
    eventually("the gateway ends", async || (!lives(gateways[0])).then_some(())).await;
    let audit = folder.path().join("state/audit");
    record::assert_whole(&audit);
    record::assert_settled(&record::read(&audit));
}

#[tokio::test]
async fn a_wrapped_client_is_asked_and_may_be_modern() {
    let folder = gateway::folder();
    std::fs::write(folder.path().join("bartizan.toml"), "data_dir = \"state\"\n").expect("written");
    let config = folder.path().join("bartizan.toml").display().to_string();
    let mut legacy = Wrapped::start(folder.path(), &[]);
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "it", "version": "1"}});
    legacy.ask(0, "initialize", params).await;
    let params = json!({"name": "test_elicitation", "arguments": {"message": "who?"}});
    legacy.send(json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params})).await;
    let question = legacy.next().await;
    assert_eq!(question["method"], "elicitation/create", "{question}");
    let content = json!({"username": "ada", "email": "ada@example.com"});
    legacy.send(json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept", "content": content}})).await;
    let answer = legacy.next().await;
    assert!(answer["id"] == 5 && answer.to_string().contains("ada"), "{answer}");

    let mut modern = Wrapped::start(folder.path(), &[]);
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}});
    let params = json!({"name": "echo", "arguments": {"text": "modern"}, "_meta": meta});
    let answer = modern.ask(1, "tools/call", params).await;
    assert!(answer.to_string().contains("modern"), "{answer}");
    let gateways = processes(&["local", &config]);
    legacy.leave().await;
    modern.leave().await;
    send_signal(gateways[0], Signal::TERM);
    eventually("the gateway ends", async || (!lives(gateways[0])).then_some(())).await;
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_and_the_next_one_served() {
    let folder = gateway::folder();
    let text = "data_dir = \"state\"\n[limits]\nmessage_bytes_max = 65536\n";
    std::fs::write(folder.path().join("bartizan.toml"), text).expect("written");
    let config = folder.path().join("bartizan.toml").display().to_string();
    let mut wrap = Wrapped::start(folder.path(), &[]);
    wrap.greet().await;
    let call = |text: &str| {
        let params = json!({"name": "echo", "arguments": {"text": text}});
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    };
    for bytes in [65_537, 300_000] {
        wrap.send(call(&"x".repeat(bytes))).await;
        let refused = wrap.next().await;
        assert_eq!(refused["id"], Value::Null, "{refused}");
        let message = refused["error"]["message"].as_str().expect("an error");
        assert!(message.contains("`limits.message_bytes_max` (65536)"), "{message}");
        wrap.send(call("short")).await;
        let answer = wrap.next().await;
        assert!(answer["id"] == 1 && answer.to_string().contains("short"), "{answer}");
    }
    let gateways = processes(&["local", &config]);
    wrap.leave().await;
    send_signal(gateways[0], Signal::TERM);
    eventually("the gateway ends", async || (!lives(gateways[0])).then_some(())).await;
}

#[tokio::test]
async fn a_killed_client_leaves_no_server_behind() {
    let folder = gateway::folder();
    std::fs::write(folder.path().join("bartizan.toml"), "data_dir = \"state\"\n").expect("written");
    let config = folder.path().join("bartizan.toml").display().to_string();
    let mut wrap = Wrapped::start(folder.path(), &[]);
    wrap.greet().await;
    let gateways = processes(&["local", &config]);
    let children = crate::support::children_of(gateways[0]);
    assert_eq!(children.len(), 1);
    wrap.child.kill().await.expect("killed");
    eventually("its server ends", async || (!lives(children[0])).then_some(())).await;
    // And a killed gateway takes its servers along.
    let mut wrap = Wrapped::start(folder.path(), &[]);
    wrap.greet().await;
    let children = crate::support::children_of(gateways[0]);
    send_signal(gateways[0], Signal::KILL);
    eventually("the servers end with their gateway", async || {
        children.iter().all(|pid| !lives(*pid)).then_some(())
    })
    .await;
    let ended = tokio::time::timeout(PATIENCE, wrap.child.wait()).await;
    ended.expect("the client's end closes too").expect("a status");
}

#[tokio::test]
async fn another_command_under_a_wrapped_name_waits_and_does_not_push_out_the_first() {
    let folder = gateway::folder();
    std::fs::write(folder.path().join("bartizan.toml"), "data_dir = \"state\"\n").expect("written");
    let config = folder.path().join("bartizan.toml").display().to_string();
    let lists = async |wrap: &mut Wrapped, id: u64| {
        let list = wrap.ask(id, "tools/list", json!({})).await;
        list["result"]["tools"].as_array().expect("a list").len()
    };
    let mut first = Wrapped::start(folder.path(), &[]);
    first.greet().await;
    assert!(lists(&mut first, 1).await > 0);
    // The same tools from another command, as after a swap in the client's configuration.
    let mut second = Wrapped::start(folder.path(), &["--journal"]);
    second.greet().await;
    assert_eq!(lists(&mut second, 1).await, 0, "all it offers is kept back");
    let params = json!({"name": "echo", "arguments": {"text": "swapped"}});
    let answer = second.ask(2, "tools/call", params).await;
    assert!(answer.to_string().contains("quarantined"), "{answer}");
    assert!(lists(&mut first, 2).await > 0, "the first is as it was");

    let mut command = Command::new(bartizan());
    command.args(["pins", "accept", "--server", "everything", "--config", &config]);
    let output = command.output().await.expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let reason = "the server behind `everything` is another one (was: ";
    assert!(output.status.success() && said.contains(reason), "{said}");
    for (id, wrap) in [(10, &mut first), (10, &mut second)] {
        eventually("both are offered now", async || (lists(wrap, id).await > 0).then_some(()))
            .await;
    }
    first.leave().await;
    second.leave().await;
    let gateways = processes(&["local", &config]);
    send_signal(gateways[0], Signal::TERM);
    eventually("the gateway ends", async || (!lives(gateways[0])).then_some(())).await;
}

#[tokio::test]
async fn a_gateway_that_wraps_started_ends_when_the_last_has_left() {
    let folder = gateway::folder();
    let text = "data_dir = \"state\"\n[limits]\nlocal_idle_s = 1\n";
    std::fs::write(folder.path().join("bartizan.toml"), text).expect("written");
    let config = folder.path().join("bartizan.toml").display().to_string();
    let server = fixture::program().display().to_string();
    let mut wrap = Wrapped::start_as(folder.path(), &[&server, "--stdio"]);
    wrap.greet().await;
    let local = processes(&["local", &config])[0];
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(lives(local), "somebody is attached");
    wrap.leave().await;
    eventually("the gateway ends", async || (!lives(local)).then_some(())).await;
}
