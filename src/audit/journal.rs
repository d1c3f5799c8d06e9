//! The journal itself: one folder, one writer, one order. `append` returns only when the record would
//! survive what [`Durability`] names.
//!
//! Records are written by the calling tasks: one of them at a time, for all that come in meanwhile, with
//! one `write(2)`. In [`Durability::Power`] a thread then syncs once for all that were written while it
//! was busy.

use std::{
    fmt,
    fs::{self, DirBuilder, File},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use parking_lot::{Condvar, Mutex};
use rustix::fs::{FlockOperation, flock};

use super::{
    chain::{self, Digest, SEAL_BYTES_MAX, Sequence},
    error::AuditError,
    lines::LINE_BYTES_MAX,
    segment,
};

use commit::Batch;
use disk::{Disk, Kernel};
use queue::Queue;
use recovery::Recovered;
use writer::Writer;

pub use recovery::Torn;

mod commit;
mod disk;
mod queue;
mod recovery;
#[cfg(test)]
mod tests;
mod writer;

/// The most that [`Options::record_bytes_max`] may be: what the readers still take as one line.
pub const RECORD_BYTES_CEILING: usize = LINE_BYTES_MAX - SEAL_BYTES_MAX;
const RECORD_BYTES_FLOOR: usize = 1 << 10;
const SEGMENT_BYTES_FLOOR: u64 = 4 << 10;
const SEGMENT_BYTES_CEILING: u64 = 1 << 40;
const FOLDER_MODE: u32 = 0o700;
const LOCK_FILE: &str = "journal.lock";

/// What an acknowledged record survives.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The end of the process, `kill -9` included: the record is with the kernel.
    Process,
    /// A power cut too: the record is on the disk, as far as the disk tells the truth.
    Power,
}

/// How a journal is kept.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What an acknowledged record survives.
    pub durability: Durability,
    /// Bytes after which a new segment is begun, from 4 KiB to 1 TiB. A single record may be longer.
    pub segment_bytes_max: u64,
    /// Bytes that one payload may have, from 1 KiB to [`RECORD_BYTES_CEILING`].
    pub record_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Process,
            segment_bytes_max: 64 << 20,
            record_bytes_max: 64 << 10,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), AuditError> {
        let record = self.record_bytes_max as u64;
        let (floor, ceiling) = (RECORD_BYTES_FLOOR as u64, RECORD_BYTES_CEILING as u64);
        within("record_bytes_max", record, floor, ceiling)?;
        let segment = self.segment_bytes_max;
        within("segment_bytes_max", segment, SEGMENT_BYTES_FLOOR, SEGMENT_BYTES_CEILING)
    }
}

fn within(option: &'static str, value: u64, least: u64, most: u64) -> Result<(), AuditError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(AuditError::Option { option, value, least, most })
}

/// An append-only journal of records. Dropping it waits for the records that are being synced.
pub struct Journal {
    shared: Arc<Shared>,
    options: Options,
    /// Syncs, in [`Durability::Power`].
    committer: Option<JoinHandle<()>>,
    torn: Option<Torn>,
    /// Held as long as the journal lives.
    _lock: File,
}

/// What the writers and the syncing thread share.
#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    queue: Queue,
    state: Mutex<State>,
    /// Wakes the syncing thread.
    work: Condvar,
}

#[derive(Debug)]
struct State {
    writer: Writer,
    /// What waits to be synced. Stays empty in [`Durability::Process`].
    batch: Batch,
    /// Whether records are synced before they count.
    syncs: bool,
    closed: bool,
}

impl Journal {
    /// Opens the journal in `folder`, or begins one. Part of a record that a crash left at its end is
    /// set aside, see [`Journal::torn`].
    ///
    /// # Errors
    ///
    /// If an option is out of range, another journal holds the folder, anyone may write to it, its
    /// last whole record does not hold, or the system refuses something. Blocks for a few reads.
    pub fn open(folder: &Path, options: Options) -> Result<Self, AuditError> {
        Self::open_on(Arc::new(Kernel), folder, options)
    }

    fn open_on(disk: Arc<dyn Disk>, folder: &Path, options: Options) -> Result<Self, AuditError> {
        options.check()?;
        let lock = enter(folder)?;
        let recovered = recovery::recover(folder)?;
        if options.durability == Durability::Power {
            let synced = disk.sync(&recovered.file).and_then(|()| disk.sync_folder(folder));
            synced.map_err(AuditError::io(folder, "synced"))?;
        }
        Self::start(disk, folder, options, lock, recovered)
    }

    fn start(
        disk: Arc<dyn Disk>,
        folder: &Path,
        options: Options,
        lock: File,
        recovered: Recovered,
    ) -> Result<Self, AuditError> {
        let torn = recovered.torn.clone();
        let syncs = options.durability == Durability::Power;
        let writer_disk = syncs.then(|| Arc::clone(&disk));
        let writer = Writer::new(folder, options.segment_bytes_max, recovered, writer_disk);
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            disk,
            queue: Queue::new(options.segment_bytes_max),
            state: Mutex::new(State { writer, batch: Batch::default(), syncs, closed: false }),
            work: Condvar::new(),
        });
        let committer = match options.durability {
            Durability::Process => None,
            Durability::Power => Some(start_committer(&shared, folder)?),
        };
        Ok(Self { shared, options, committer, torn, _lock: lock })
    }

    /// Appends one JSON object, already serialised and on one line. When it returns, the record
    /// survives what [`Options::durability`] names. A caller that gives up waiting leaves a record.
    ///
    /// # Errors
    ///
    /// If the payload is no such object or too long, if the record could not be written (most often
    /// because the disk is full; a later one may be), or if the journal takes no more records. In each
    /// case the thing to be recorded must not happen.
    pub async fn append(&self, payload: impl Into<Vec<u8>>) -> Result<Sequence, AuditError> {
        let payload = payload.into();
        self.check(&payload)?;
        let written = self.shared.put(payload).await;
        written.unwrap_or_else(|_| Err(self.shared.state.lock().writer.refusal()))
    }

    /// What was set aside when the journal was opened.
    pub fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    /// Number and digest of the newest record, for keeping elsewhere. Sequence 0 is an empty journal.
    pub fn head(&self) -> (Sequence, Digest) {
        self.shared.state.lock().writer.head()
    }

    fn check(&self, payload: &[u8]) -> Result<(), AuditError> {
        let limit = self.options.record_bytes_max;
        if payload.len() > limit {
            return Err(AuditError::TooLarge { bytes: payload.len(), limit });
        }
        if !chain::is_one_object(payload) {
            return Err(AuditError::NotOneObject);
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.work.notify_one();
        if let Some(committer) = self.committer.take() {
            // A panic of the thread has already made the journal refuse; there is nobody to tell.
            drop(committer.join());
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shared, options, torn, .. } = self;
        f.debug_struct("Journal")
            .field("folder", &shared.folder)
            .field("options", options)
            .field("torn", torn)
            .finish_non_exhaustive()
    }
}

fn start_committer(shared: &Arc<Shared>, folder: &Path) -> Result<JoinHandle<()>, AuditError> {
    let shared = Arc::clone(shared);
    thread::Builder::new()
        .name("audit-commit".into())
        .spawn(move || commit::run(&shared))
        .map_err(AuditError::io(folder, "given a thread"))
}

/// Makes the folder if need be, and takes it for this journal alone.
fn enter(folder: &Path) -> Result<File, AuditError> {
    let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder);
    made.map_err(AuditError::io(folder, "made"))?;
    let metadata = fs::metadata(folder).map_err(AuditError::io(folder, "opened"))?;
    if metadata.mode() & 0o002 != 0 {
        return Err(AuditError::WritableByAnyone { path: folder.to_owned() });
    }
    let path = folder.join(LOCK_FILE);
    let file = segment::appending().create(true).open(&path);
    let file = file.map_err(AuditError::io(&path, "opened"))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(AuditError::Locked { path: folder.to_owned() }),
        Err(error) => Err(AuditError::io(&path, "locked")(error.into())),
    }
}
