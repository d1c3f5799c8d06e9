//! Arguments and results of calls, on encrypted tape, where the operator asks for it. Writing never
//! keeps a call waiting: what has no room in the queue is dropped and counted.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use super::{Settings, Vault};
use crate::{
    firewall::Surface,
    inspect::Firewall,
    mcp::{Json, Object},
};

mod read;
mod segment;
#[cfg(test)]
mod tests;
mod write;

pub use read::{TapeError, Tapes};
pub use segment::prune;

/// The folder of the tape in the data folder.
pub const FOLDER: &str = "capture";
/// Clips that wait to be written.
const QUEUE_MAX: usize = 1024;
/// Bytes of text that wait to be written.
const QUEUE_BYTES_MAX: usize = 64 << 20;

/// One message as it is kept.
#[derive(Clone, Debug)]
pub struct Clip {
    pub reference: String,
    /// Milliseconds since 1970.
    pub time: i64,
    pub surface: Surface,
    pub upstream: String,
    /// By its name at its server.
    pub tool: String,
    pub agent: String,
    pub run: Option<String>,
    /// Ids of the rules that matched.
    pub rules: BTreeSet<Arc<str>>,
    pub content: Object,
}

/// The writing end. Dropping it waits for what is in the queue.
#[derive(Debug)]
pub struct Tape {
    sender: Option<SyncSender<Queued>>,
    writer: Option<JoinHandle<()>>,
    state: Arc<State>,
}

/// What waits: the clip and, where no door edited it, the rules that redact it first.
#[derive(Debug)]
struct Queued {
    clip: Clip,
    redactor: Option<Arc<Firewall>>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Tape {
    /// Begins to write in `folder`, the gateway's data folder.
    ///
    /// # Errors
    /// The folder cannot be made, or no thread can be started.
    pub fn open(folder: &Path, vault: Arc<Vault>, settings: Settings) -> std::io::Result<Self> {
        let folder = folder.join(FOLDER);
        segment::make_folder(&folder)?;
        let (sender, queue) = sync_channel::<Queued>(QUEUE_MAX);
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let writer = std::thread::Builder::new().name("capture".into()).spawn(move || {
            let mut writer = write::Writer::new(folder, vault, settings);
            for queued in queue {
                let bytes = queued.bytes;
                if !writer.write(queued) {
                    shared.dropped.fetch_add(1, Ordering::Relaxed);
                }
                shared.bytes.fetch_sub(bytes, Ordering::AcqRel);
            }
        })?;
        Ok(Self { sender: Some(sender), writer: Some(writer), state })
    }

    /// Puts a clip into the queue, or drops and counts it. A `redactor` edits it before it is
    /// written, as a door that enforces would have.
    pub fn put(&self, clip: Clip, redactor: Option<Arc<Firewall>>) {
        let bytes = bytes_of(&clip.content);
        let before = self.state.bytes.fetch_add(bytes, Ordering::AcqRel);
        let room = before.saturating_add(bytes) <= QUEUE_BYTES_MAX;
        let sent = match (&self.sender, room) {
            (Some(sender), true) => sender.try_send(Queued { clip, redactor, bytes }),
            _ => Err(TrySendError::Disconnected(Queued { clip, redactor, bytes })),
        };
        if sent.is_err() {
            self.state.bytes.fetch_sub(bytes, Ordering::AcqRel);
            self.lose();
        }
    }

    /// Counts a message that cannot be kept.
    pub fn lose(&self) {
        self.state.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages were dropped since this was asked last.
    pub fn take_dropped(&self) -> u64 {
        self.state.dropped.swap(0, Ordering::AcqRel)
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("The writer of captured content ended badly.");
        }
    }
}

fn bytes_of(content: &Object) -> usize {
    let mut bytes = 0;
    for (key, value) in content.iter() {
        bytes += key.len();
        value.visit_strings(&mut |text| bytes += text.len());
    }
    bytes
}

impl Clip {
    fn to_bytes(&self) -> Vec<u8> {
        let mut record = Object::from([
            ("reference", self.reference.as_str().into()),
            ("time", self.time.into()),
            ("surface", self.surface.name().into()),
            ("upstream", self.upstream.as_str().into()),
            ("tool", self.tool.as_str().into()),
            ("agent", self.agent.as_str().into()),
        ]);
        if let Some(run) = &self.run {
            record.insert("run", run.as_str());
        }
        let rules: Vec<Json> = self.rules.iter().map(|rule| Json::from(&**rule)).collect();
        record.insert("rules", rules);
        record.insert("content", self.content.clone());
        Json::Object(record).to_bytes()
    }

    fn from_json(value: Json) -> Option<Self> {
        let Json::Object(mut record) = value else { return None };
        let content = match record.remove("content")? {
            Json::Object(content) => content,
            _ => return None,
        };
        let text = |key: &str| record.str(key).map(str::to_owned);
        let rules = record.get("rules").and_then(Json::as_array).unwrap_or_default();
        Some(Self {
            reference: text("reference")?,
            time: record.get("time").and_then(Json::as_i64)?,
            surface: Surface::ALL
                .into_iter()
                .find(|it| Some(it.name()) == record.str("surface"))?,
            upstream: text("upstream")?,
            tool: text("tool")?,
            agent: text("agent")?,
            run: text("run"),
            rules: rules.iter().filter_map(Json::as_str).map(Arc::from).collect(),
            content,
        })
    }
}
