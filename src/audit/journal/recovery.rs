//! Finds the end of a journal after a clean stop or a crash, and makes it fit to go on from.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::audit::{
    chain::{Digest, Seal},
    error::AuditError,
    lines::Backward,
    segment,
};

/// Part of a record that a crash left behind. It was never acknowledged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Torn {
    /// File name of the segment that it stood in.
    pub segment: String,
    /// How many bytes there were.
    pub bytes: usize,
    /// The file that keeps them.
    pub kept_in: PathBuf,
}

/// The end of a journal.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) file: File,
    /// Number of the segment that `file` is.
    pub(super) segment: u64,
    /// Bytes in it, all of them whole records.
    pub(super) length: u64,
    /// Number of the last record, or 0.
    pub(super) sequence: u64,
    /// Digest of the last record, or the genesis.
    pub(super) digest: Digest,
    pub(super) torn: Option<Torn>,
}

/// Finds the last whole record, checks that it holds, and sets aside what stands after it.
pub(super) fn recover(folder: &Path) -> Result<Recovered, AuditError> {
    let numbers = segment::list(folder)?;
    let Some(&last) = numbers.last() else { return begin(folder) };
    let path = segment::path(folder, last);
    let file = segment::reopen(folder, last).map_err(AuditError::io(&path, "opened"))?;
    let copy = file.try_clone().map_err(AuditError::io(&path, "opened"))?;
    let (mut lines, torn) = Backward::new(copy).map_err(unreadable(&path))?;
    let line = lines.previous_line().map_err(unreadable(&path))?;
    let (sequence, digest) = match line {
        Some(line) => end_of(&line, &path)?,
        None => end_before(folder, last)?,
    };
    let torn = (torn > 0).then(|| set_aside(&file, &path, torn)).transpose();
    let torn = torn.map_err(AuditError::io(&path, "cut back to its last whole record"))?;
    let length = file.metadata().map_err(AuditError::io(&path, "read"))?.len();
    Ok(Recovered { file, segment: last, length, sequence, digest, torn })
}

fn begin(folder: &Path) -> Result<Recovered, AuditError> {
    let path = segment::path(folder, 1);
    let file = segment::create(folder, 1).map_err(AuditError::io(path, "made"))?;
    let digest = Digest::genesis();
    Ok(Recovered { file, segment: 1, length: 0, sequence: 0, digest, torn: None })
}

/// The last record before an empty segment, which a crash right after a rotation leaves.
fn end_before(folder: &Path, number: u64) -> Result<(u64, Digest), AuditError> {
    if number == 1 {
        return Ok((0, Digest::genesis()));
    }
    let path = segment::path(folder, number - 1);
    let file = segment::read(folder, number - 1)?;
    let (mut lines, torn) = Backward::new(file).map_err(unreadable(&path))?;
    match lines.previous_line().map_err(unreadable(&path))? {
        Some(line) if torn == 0 => end_of(&line, &path),
        _ => Err(AuditError::Broken { path, reason: "the segment is cut short".into() }),
    }
}

fn end_of(line: &[u8], path: &Path) -> Result<(u64, Digest), AuditError> {
    let broken = |reason| AuditError::Broken { path: path.to_owned(), reason };
    let parsed = Seal::parse(line);
    let (seal, payload) = parsed.map_err(|error| broken(format!("last record: {error}")))?;
    if !seal.holds(payload) {
        return Err(broken(format!("record {} was altered", seal.sequence)));
    }
    Ok((seal.sequence.0, seal.digest))
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> AuditError {
    let path = path.to_owned();
    move |error| match error.kind() {
        ErrorKind::InvalidData => AuditError::Broken { path, reason: error.to_string() },
        _ => AuditError::io(path, "read")(error),
    }
}

/// Keeps the bytes before it cuts them off: they may be all that is left of an attempt.
fn set_aside(file: &File, path: &Path, bytes: usize) -> io::Result<Torn> {
    let whole = file.metadata()?.len() - bytes as u64;
    let mut part = vec![0; bytes];
    file.read_exact_at(&mut part, whole)?;
    let kept_in = path.with_extension("torn");
    let mut keep = segment::appending().create(true).open(&kept_in)?;
    keep.write_all(&part)?;
    keep.write_all(b"\n")?;
    keep.sync_all()?;
    file.set_len(whole)?;
    let segment = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Torn { segment, bytes, kept_in })
}
