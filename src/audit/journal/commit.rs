//! Group commit: one sync for all records that came in while the sync before was running.

use std::{fs::File, io, mem, sync::Arc};

use super::{Shared, queue::Done};
use crate::audit::chain::Sequence;

/// Records that were written and wait for the disk.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Segments with records of this batch, oldest first: one, or more around a rotation.
    files: Vec<Arc<File>>,
    waiting: Vec<(Sequence, Done)>,
}

impl Batch {
    /// Adds a record; `done` hears when it is on the disk, and is dropped if it never will be.
    pub(super) fn enlist(&mut self, file: &Arc<File>, sequence: Sequence, done: Done) {
        if !self.files.last().is_some_and(|last| Arc::ptr_eq(last, file)) {
            self.files.push(Arc::clone(file));
        }
        self.waiting.push((sequence, done));
    }

    fn sync(&self, shared: &Shared, last: &mut Option<Arc<File>>) -> io::Result<()> {
        for file in &self.files {
            shared.disk.sync(file)?;
            if !last.as_ref().is_some_and(|last| Arc::ptr_eq(last, file)) {
                shared.disk.sync_folder(&shared.folder)?;
                *last = Some(Arc::clone(file));
            }
        }
        Ok(())
    }
}

/// Syncs until the journal is closed and nothing waits any more.
pub(super) fn run(shared: &Shared) {
    let _ended = Ended(shared);
    let mut last = None;
    while let Some(batch) = next_batch(shared) {
        if let Err(error) = batch.sync(shared, &mut last) {
            // The kernel may drop what it failed to write and report that only once, so neither these
            // records nor later ones can be vouched for: whoever waits must hear an error.
            shared.state.lock().writer.lose(format!("records could not be synced: {error}"));
            return;
        }
        if shared.state.lock().writer.is_lost() {
            // It may be a sync at a rotation that failed, and the kernel told that one alone.
            return;
        }
        for (sequence, done) in batch.waiting {
            // The caller may have given up. Its record stands all the same.
            done.send(Ok(sequence)).ok();
        }
    }
}

fn next_batch(shared: &Shared) -> Option<Batch> {
    let mut state = shared.state.lock();
    while state.batch.waiting.is_empty() {
        if state.closed {
            return None;
        }
        shared.work.wait(&mut state);
    }
    Some(mem::take(&mut state.batch))
}

/// However the thread ends, nobody may wait for it afterwards.
struct Ended<'s>(&'s Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.writer.lose("records are no longer synced".into());
        state.batch = Batch::default();
    }
}
