//! Writes records one after the other, and undoes what was written in part.

use std::{
    fmt,
    fs::File,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::fstat;

use super::{disk::Disk, recovery::Recovered};
use crate::audit::{
    chain::{Digest, Seal, Sequence},
    error::AuditError,
    segment,
};

/// What the buffer of lines may keep from one write to the next.
const LINES_KEPT_BYTES: usize = 64 << 10;

/// The end of the journal. Whoever holds it decides what comes next.
pub(super) struct Writer {
    folder: PathBuf,
    segment_bytes_max: u64,
    /// Where records must survive a power cut; syncs a segment before the next one is begun.
    disk: Option<Arc<dyn Disk>>,
    file: Arc<File>,
    /// Number of the segment that `file` is.
    segment: u64,
    /// Bytes of whole records in the segment.
    length: u64,
    sequence: u64,
    digest: Digest,
    condition: Condition,
    /// Lines on their way out; kept, so that a write allocates nothing.
    lines: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Condition {
    Sound,
    /// Part of a record stands at the end of the segment and could not be cut off yet.
    Partial,
    /// What stands on the disk is no longer known.
    Lost(String),
}

/// Where records went.
pub(super) struct Written {
    /// The number of the first; those of the others follow.
    pub(super) first: Sequence,
    pub(super) file: Arc<File>,
}

impl Writer {
    pub(super) fn new(
        folder: &Path,
        segment_bytes_max: u64,
        recovered: Recovered,
        disk: Option<Arc<dyn Disk>>,
    ) -> Self {
        let Recovered { file, segment, length, sequence, digest, torn: _ } = recovered;
        Self {
            folder: folder.to_owned(),
            segment_bytes_max,
            disk,
            file: Arc::new(file),
            segment,
            length,
            sequence,
            digest,
            condition: Condition::Sound,
            lines: Vec::new(),
        }
    }

    pub(super) fn head(&self) -> (Sequence, Digest) {
        (Sequence(self.sequence), self.digest)
    }

    /// Seals the payloads and hands all their lines to the kernel, or leaves the journal as it was.
    pub(super) fn write(&mut self, payloads: &[&[u8]]) -> Result<Written, AuditError> {
        if self.is_lost() {
            return Err(self.refusal());
        }
        let first = Sequence(self.sequence + 1);
        let (mut sequence, mut digest) = (self.sequence, self.digest);
        self.lines.clear();
        for payload in payloads {
            let seal = Seal::over(Sequence(sequence + 1), digest, payload);
            seal.write_line(payload, &mut self.lines);
            (sequence, digest) = (seal.sequence.0, seal.digest);
        }
        if let Err(source) = self.place().and_then(|()| self.put()) {
            if self.is_lost() {
                return Err(self.refusal());
            }
            let path = segment::path(&self.folder, self.segment);
            return Err(AuditError::Unwritten { sequence: first, path, source });
        }
        self.length += self.lines.len() as u64;
        (self.sequence, self.digest) = (sequence, digest);
        if self.lines.capacity() > LINES_KEPT_BYTES {
            self.lines = Vec::new();
        }
        Ok(Written { first, file: Arc::clone(&self.file) })
    }

    /// Makes every later write fail: nobody knows any more what stands on the disk.
    pub(super) fn lose(&mut self, reason: String) {
        if !self.is_lost() {
            self.condition = Condition::Lost(reason);
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        matches!(self.condition, Condition::Lost(_))
    }

    /// Why no more records are taken.
    pub(super) fn refusal(&self) -> AuditError {
        let reason = match &self.condition {
            Condition::Lost(reason) => reason.clone(),
            Condition::Sound | Condition::Partial => "it is being closed".into(),
        };
        AuditError::Refusing { reason }
    }

    /// Sees to it that the lines can go to the end of a segment that is as it was left.
    fn place(&mut self) -> io::Result<()> {
        if matches!(self.condition, Condition::Partial) {
            self.cut()?;
        }
        self.recognise()?;
        let full = self.length + self.lines.len() as u64 > self.segment_bytes_max;
        if full && self.length > 0 {
            self.rotate()?;
        }
        Ok(())
    }

    /// A segment that was removed or changed from outside would swallow records. Asking costs less
    /// than half a microsecond.
    fn recognise(&mut self) -> io::Result<()> {
        let status = fstat(&*self.file)?;
        if status.st_nlink > 0 && u64::try_from(status.st_size) == Ok(self.length) {
            return Ok(());
        }
        let name = segment::name(self.segment);
        self.lose(format!("`{name}` was changed by another program, see `bartizan audit verify`"));
        Err(io::Error::from(ErrorKind::InvalidData))
    }

    /// Only the last segment may have an end that a power cut takes away: a journal with a gap
    /// before its last segment could not be gone on with.
    fn rotate(&mut self) -> io::Result<()> {
        if let Some(Err(error)) = self.disk.as_ref().map(|disk| disk.sync(&self.file)) {
            self.lose(format!("records could not be synced: {error}"));
            return Err(error);
        }
        let next = self.segment + 1;
        self.file = Arc::new(segment::create(&self.folder, next)?);
        self.segment = next;
        self.length = 0;
        Ok(())
    }

    /// One `write(2)`, as a rule. The kernel takes less than all only when it is about to fail.
    fn put(&mut self) -> io::Result<()> {
        let Err(error) = (&*self.file).write_all(&self.lines) else { return Ok(()) };
        self.condition = Condition::Partial;
        // If this fails too, the next append tries again first. The error worth telling is the first.
        drop(self.cut());
        Err(error)
    }

    /// Cuts the segment back to its last whole record.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.condition = Condition::Sound;
        Ok(())
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("segment", &self.segment)
            .field("length", &self.length)
            .field("sequence", &self.sequence)
            .field("condition", &self.condition)
            .finish_non_exhaustive()
    }
}
