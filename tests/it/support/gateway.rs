//! A gateway in this process, with a folder of its own.

use std::path::{Path, PathBuf};

use bartizan::{
    app::{ADMIN_SOCKET, AdminRequest, App, Options, Purpose},
    config::Config,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
};

use super::{Client, Era, Wire, eventually, record};

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) app: Option<App>,
    pub(crate) folder: TempDir,
    pub(crate) wire: Wire,
    options: Options,
}

/// A whole configuration file: state beside it and a free port, unless `text` says otherwise.
pub(crate) fn config_text(text: &str) -> String {
    // An array that is never closed stays the last thing in its file.
    if text.matches('[').count() > text.matches(']').count() {
        return format!("data_dir = \"state\"\n{text}\n");
    }
    let listen =
        if text.contains("[listen]") { "" } else { "[listen]\naddress = \"127.0.0.1:0\"\n" };
    // Whether ONNX Runtime is installed here is nothing that tests depend on.
    let classifier =
        if text.contains("[classifier]") { "" } else { "[classifier]\nmode = \"off\"\n" };
    format!("data_dir = \"state\"\n{text}\n{listen}{classifier}")
}

pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new().prefix("bz").tempdir().expect("a temporary folder")
}

impl Gateway {
    /// In development mode, ready.
    pub(crate) async fn start(text: &str) -> Self {
        Self::start_in(folder(), text, true).await
    }

    /// As in production: callers must show who they are.
    pub(crate) async fn start_strict(folder: TempDir, text: &str) -> Self {
        Self::start_in(folder, text, false).await
    }

    pub(crate) async fn start_in(folder: TempDir, text: &str, development: bool) -> Self {
        std::fs::write(folder.path().join("bartizan.toml"), config_text(text)).expect("written");
        Self::open(folder, development).await
    }

    async fn open(folder: TempDir, development: bool) -> Self {
        let options = Options { purpose: Purpose::Serve, development };
        let config = Config::load(&folder.path().join("bartizan.toml")).expect("it can be read");
        let app = App::start(config, options).await.expect("it starts");
        app.ready().await;
        let wire = Wire(app.address.expect("it listens"));
        Self { app: Some(app), folder, wire, options }
    }

    /// Stops and starts again over the same folder.
    pub(crate) async fn restart(mut self) -> Self {
        let app = self.app.take().expect("it runs");
        app.stop().await;
        let Self { folder, options, .. } = self;
        eventually("the old gateway lets go of its store", async || {
            let config = Config::load(&folder.path().join("bartizan.toml")).ok()?;
            let store = bartizan::store::Store::open(&config.data_dir()).await.ok()?;
            drop(store);
            Some(())
        })
        .await;
        Self::open(folder, options.development).await
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.folder.path().join("bartizan.toml")
    }

    pub(crate) fn write_config(&self, text: &str) {
        std::fs::write(self.config_path(), config_text(text)).expect("written");
    }

    /// Writes a file beside the configuration.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    pub(crate) fn client(&self, era: Era) -> Client {
        Client::new(self.wire, era)
    }

    pub(crate) async fn modern(&self) -> Client {
        self.client(Era::Modern).ready().await
    }

    pub(crate) async fn legacy(&self) -> Client {
        self.client(Era::Legacy).ready().await
    }

    /// Asks on the socket for people.
    pub(crate) async fn admin(&self, request: &AdminRequest) -> Result<Value, String> {
        admin(&self.folder.path().join("state"), request).await
    }

    /// Waits until `count` calls wait for a person, and gives their rows, oldest first.
    pub(crate) async fn held(&self, count: usize) -> Vec<Value> {
        let mut rows = eventually("so many calls are held", async || {
            let rows = self.admin(&AdminRequest::Approvals { open: true }).await.expect("a list");
            let rows = rows.as_array().cloned().expect("rows");
            (rows.len() == count).then_some(rows)
        })
        .await;
        rows.reverse();
        rows
    }

    /// The one held call's name, once its caller waits.
    pub(crate) async fn waiting(&self) -> String {
        eventually("a caller waits for a person", async || {
            let rows = self.admin(&AdminRequest::Approvals { open: true }).await.expect("a list");
            let row = rows.as_array()?.iter().find(|row| row["callers_waiting"] != 0)?;
            row["id"].as_str().map(str::to_owned)
        })
        .await
    }

    pub(crate) async fn approval(&self, id: &str) -> Value {
        self.admin(&AdminRequest::Approval { id: id.to_owned() }).await.expect("it is known")
    }

    pub(crate) async fn decide(&self, id: &str, approve: bool) -> Result<Value, String> {
        let (id, by, note) = (id.to_owned(), "ana".to_owned(), Some("because".to_owned()));
        self.admin(&AdminRequest::Decide { id, approve, by, note, signature: None }).await
    }

    pub(crate) async fn approve(&self, id: &str) {
        self.decide(id, true).await.expect("it still waits");
    }

    /// What of a server waits to be accepted.
    pub(crate) async fn pins_waiting(&self, upstream: &str) -> Vec<Value> {
        let request = AdminRequest::Pins { upstream: Some(upstream.to_owned()) };
        let rows = self.admin(&request).await.expect("a list");
        let rows = rows.as_array().cloned().expect("rows");
        rows.into_iter().filter(|row| row["diff"].is_array()).collect()
    }

    /// Waits until a server is seen to be another one, and accepts it.
    pub(crate) async fn accept_server(&self, upstream: &str) {
        let row = eventually("the server is seen to be another one", async || {
            let rows = self.pins_waiting(upstream).await;
            rows.into_iter().find(|row| row["kind"] == "server")
        })
        .await;
        self.accept_pin(&row).await;
    }

    pub(crate) async fn accept_pin(&self, row: &Value) {
        let text = |key: &str| row[key].as_str().expect("a text").to_owned();
        let (upstream, name, seen) = (text("upstream"), text("name"), text("candidate_digest"));
        let request =
            AdminRequest::AcceptPins { upstream, name, seen, by: "ana".into(), signature: None };
        self.admin(&request).await.expect("it waits");
    }

    /// Runs `bartizan` on this gateway's configuration. Whether it succeeded, and all it said.
    pub(crate) async fn command(&self, words: &[&str]) -> (bool, String) {
        let mut command = tokio::process::Command::new(super::process::bartizan());
        command.args(words).arg("--config").arg(self.config_path());
        let output = command.output().await.expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).expect("text"))
    }

    pub(crate) async fn readyz(&self) -> Value {
        self.wire.get("/readyz").await.json().await
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.folder.path().join("state/audit")
    }

    pub(crate) fn records(&self) -> Vec<record::Entry> {
        record::read(&self.audit())
    }

    /// Every byte of the record holds.
    pub(crate) fn assert_whole(&self) {
        record::assert_whole(&self.audit());
    }

    /// Stops, then looks at the whole record: nothing that was sent lacks its outcome.
    pub(crate) async fn end(mut self) -> Vec<record::Entry> {
        let app = self.app.take().expect("it runs");
        app.stop().await;
        self.assert_whole();
        let records = self.records();
        record::assert_settled(&records);
        records
    }
}

/// One question on the admin socket in `state`.
pub(crate) async fn admin(state: &Path, request: &AdminRequest) -> Result<Value, String> {
    let path = state.join(ADMIN_SOCKET);
    let stream = UnixStream::connect(&path).await.expect("the admin socket is open");
    let (reader, mut writer) = stream.into_split();
    let line = format!("{}\n", json!(request));
    writer.write_all(line.as_bytes()).await.expect("written");
    let mut answer = String::new();
    BufReader::new(reader).read_line(&mut answer).await.expect("an answer");
    let mut answer: Value = serde_json::from_str(&answer).expect("JSON");
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["ok"].take()),
    }
}
