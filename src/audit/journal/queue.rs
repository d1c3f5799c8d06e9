//! Who writes: the caller that finds nobody writing does it for all that come in meanwhile, so that
//! many callers share one `write(2)` and none spins on a lock that is held across it.

use std::mem;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Shared, State, writer::Written};
use crate::audit::{
    chain::{SEAL_BYTES_MAX, Sequence},
    error::AuditError,
};

/// Bytes that one `write(2)` takes as a rule; a single record may have more.
const WRITE_BYTES_MAX: u64 = 256 << 10;

/// Records that wait for whoever is writing.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Bytes of one write, so that no segment grows longer by it than it may be.
    write_bytes_max: u64,
}

impl Queue {
    pub(super) fn new(segment_bytes_max: u64) -> Self {
        let write_bytes_max = segment_bytes_max.min(WRITE_BYTES_MAX);
        Self { waiting: Mutex::default(), write_bytes_max }
    }
}

#[derive(Debug, Default)]
struct Waiting {
    records: Vec<Record>,
    /// Whether somebody writes, and will look again before ending.
    writing: bool,
}

/// Who hears what became of a record.
pub(super) type Done = oneshot::Sender<Result<Sequence, AuditError>>;

/// One payload that waits.
#[derive(Debug)]
struct Record {
    payload: Vec<u8>,
    done: Done,
}

impl Shared {
    /// Queues a record. The receiver hears its number once it survives what the journal promises; it
    /// hears nothing, and the record does not count, if the journal broke down before.
    pub(super) fn put(&self, payload: Vec<u8>) -> oneshot::Receiver<Result<Sequence, AuditError>> {
        let (done, written) = oneshot::channel();
        let mut waiting = self.queue.waiting.lock();
        waiting.records.push(Record { payload, done });
        let mine = !mem::replace(&mut waiting.writing, true);
        drop(waiting);
        if mine {
            Turn(self).write_all();
        }
        written
    }

    fn write(&self, records: Vec<Record>) {
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let (mut part, mut bytes) = (Vec::new(), 0);
            while let Some(record) = records.next_if(|record| {
                bytes += (record.payload.len() + SEAL_BYTES_MAX) as u64;
                part.is_empty() || bytes <= self.queue.write_bytes_max
            }) {
                part.push(record);
            }
            self.state.lock().write(part);
        }
        self.work.notify_one();
    }
}

impl State {
    /// All at once, or, where that fails, each alone: the disk may still have room for some.
    fn write(&mut self, part: Vec<Record>) {
        let payloads: Vec<&[u8]> = part.iter().map(|record| record.payload.as_slice()).collect();
        match self.writer.write(&payloads) {
            Ok(written) => self.written(part, &written),
            Err(_) if part.len() > 1 => {
                part.into_iter().for_each(|record| self.write(vec![record]))
            }
            Err(error) => {
                if let Some(record) = part.into_iter().next() {
                    // A caller that gave up has nothing to hear.
                    record.done.send(Err(error)).ok();
                }
            }
        }
    }

    fn written(&mut self, part: Vec<Record>, written: &Written) {
        for (record, number) in part.into_iter().zip(written.first.0..) {
            if self.syncs {
                self.batch.enlist(&written.file, Sequence(number), record.done);
            } else {
                record.done.send(Ok(Sequence(number))).ok();
            }
        }
    }
}

/// The turn of one writer. If it ends by a panic, nobody may wait for it.
struct Turn<'s>(&'s Shared);

impl Turn<'_> {
    fn write_all(self) {
        while let Some(records) = self.next() {
            self.0.write(records);
        }
    }

    /// What came in meanwhile; with nothing there, the turn is over.
    fn next(&self) -> Option<Vec<Record>> {
        let mut waiting = self.0.queue.waiting.lock();
        waiting.writing = !waiting.records.is_empty();
        waiting.writing.then(|| mem::take(&mut waiting.records))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state.lock().writer.lose("its writer broke down".into());
            // What was written before that may still be synced.
            self.0.work.notify_one();
            *self.0.queue.waiting.lock() = Waiting::default();
        }
    }
}
