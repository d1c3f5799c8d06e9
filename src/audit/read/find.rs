//! The records of one request in a long journal: closed segments have an index beside them, so that
//! only the open one is read through.
//!
//! An index is a cache, made by whoever needs it first and left out wherever it does not fit its
//! segment. What it leads to is checked like any other record.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{SHA256, digest};

use super::{Filter, Order, Record, Records};
use crate::audit::{
    error::AuditError,
    lines::{Forward, LINE_BYTES_MAX, Line},
    segment,
};

#[cfg(test)]
mod tests;

/// Begins every index; a new layout takes a new one.
const MAGIC: &[u8; 8] = b"BZINDEX1";
/// Magic, and the segment's length.
const HEAD_BYTES: u64 = 16;
/// A request's hash, and where its record begins.
const ENTRY_BYTES: u64 = 16;
/// What stands before a request's id, and nowhere inside a text: quotes there are escaped.
const MARK: &str = "\"request\":{\"uid\":\"";
const READ_BYTES: usize = 8 << 10;

impl Records {
    /// The records of one request, newest first, down to its decision: nothing older belongs to it.
    ///
    /// # Errors
    /// As [`Records::open`], or a record that does not hold.
    pub fn of_request(folder: &Path, request: &str) -> Result<Vec<Record>, AuditError> {
        let filter = Filter { request: Some(request.to_owned()), ..Filter::default() };
        let mut records = Self::open(folder, Order::NewestFirst, filter)?;
        let mut numbers = std::mem::take(&mut records.numbers);
        let mut found = Vec::new();
        // The last one is still written to.
        if let Some(open) = numbers.pop() {
            records.numbers = vec![open];
            while let Some(record) = records.advance()? {
                found.push(record);
                if is_decided(&found) {
                    return Ok(found);
                }
            }
        }
        while let Some(number) = numbers.pop() {
            records.look_up(number, hash(request), &mut found)?;
            if is_decided(&found) {
                break;
            }
        }
        Ok(found)
    }

    fn look_up(
        &self,
        number: u64,
        request: u64,
        found: &mut Vec<Record>,
    ) -> Result<(), AuditError> {
        let file = segment::read(&self.folder, number)?;
        let failed = |error| self.unreadable(number)(error);
        let length = file.metadata().map_err(failed)?.len();
        let places = match places(&path(&self.folder, number), length, request) {
            Some(places) => places,
            None => {
                let entries = build(&self.folder, number).map_err(failed)?;
                let of_request = entries.iter().filter(|(hash, _)| *hash == request);
                of_request.map(|(_, at)| *at).collect()
            }
        };
        for at in places.into_iter().rev() {
            let line = line_at(&file, at).map_err(failed)?;
            found.extend(self.record(number, &line)?);
        }
        Ok(())
    }
}

/// Makes the indexes that closed segments in `folder` lack. Returns how many.
///
/// # Errors
/// The folder cannot be read. An index that cannot be made is left out.
pub fn index(folder: &Path) -> Result<usize, AuditError> {
    let mut numbers = segment::list(folder)?;
    numbers.pop();
    let lacking = numbers.into_iter().filter(|number| !path(folder, *number).exists());
    Ok(lacking.filter(|number| build(folder, *number).is_ok()).count())
}

fn is_decided(found: &[Record]) -> bool {
    found.iter().any(|record| record.payload["unmapped"]["bartizan"]["phase"] == "decision")
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.index"))
}

fn hash(request: &str) -> u64 {
    let digest = digest(&SHA256, request.as_bytes());
    let first = digest.as_ref().first_chunk::<8>();
    u64::from_be_bytes(*first.expect("SHA-256 has 32 bytes"))
}

/// Where the records of a request begin, in the order of the segment. `None` without an index that
/// fits a segment of this length.
fn places(path: &Path, length: u64, request: u64) -> Option<Vec<u64>> {
    let file = File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    let mut head = [0; HEAD_BYTES as usize];
    file.read_exact_at(&mut head, 0).ok()?;
    let fits = head.starts_with(MAGIC) && head.ends_with(&length.to_be_bytes());
    let count = bytes.checked_sub(HEAD_BYTES)? / ENTRY_BYTES;
    if !fits {
        return None;
    }
    let entry = |index: u64| -> Option<(u64, u64)> {
        let mut entry = [0; ENTRY_BYTES as usize];
        file.read_exact_at(&mut entry, HEAD_BYTES + index * ENTRY_BYTES).ok()?;
        let (hash, at) = entry.split_first_chunk::<8>()?;
        Some((u64::from_be_bytes(*hash), u64::from_be_bytes(at.try_into().ok()?)))
    };
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if entry(middle)?.0 < request { low = middle + 1 } else { high = middle }
    }
    let mut places = Vec::new();
    while low < count {
        match entry(low)? {
            (hash, at) if hash == request => places.push(at),
            _ => break,
        }
        low += 1;
    }
    Some(places)
}

/// Reads a segment through and keeps its index beside it, where that can be written.
fn build(folder: &Path, number: u64) -> io::Result<Vec<(u64, u64)>> {
    let file = File::open(segment::path(folder, number))?;
    let length = file.metadata()?.len();
    let mut lines = Forward::new(file);
    let (mut entries, mut at) = (Vec::new(), 0);
    while let Some(Line::Whole(line)) = lines.next_line()? {
        let text = String::from_utf8_lossy(line);
        let request = text.split_once(MARK).and_then(|(_, rest)| rest.split('"').next());
        entries.extend(request.map(|request| (hash(request), at)));
        at += line.len() as u64 + 1;
    }
    entries.sort_unstable();
    // Without it the next one who asks reads the segment through again.
    write(&path(folder, number), length, &entries).ok();
    Ok(entries)
}

/// Written whole under another name first: nobody ever finds half of one.
fn write(path: &Path, length: u64, entries: &[(u64, u64)]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(entries.len() * ENTRY_BYTES as usize + MAGIC.len() + 8);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&length.to_be_bytes());
    for (hash, at) in entries {
        bytes.extend_from_slice(&hash.to_be_bytes());
        bytes.extend_from_slice(&at.to_be_bytes());
    }
    let part = path.with_extension(format!("part-{}", std::process::id()));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(segment::FILE_MODE).open(&part)?;
    let written = file.write_all(&bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        fs::remove_file(&part).ok();
    }
    written
}

fn line_at(file: &File, mut at: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut part = [0; READ_BYTES];
    loop {
        let read = file.read_at(&mut part, at)?;
        let bytes = part.get(..read).unwrap_or_default();
        if let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            line.extend_from_slice(bytes.get(..end).unwrap_or_default());
            return Ok(line);
        }
        line.extend_from_slice(bytes);
        at += read as u64;
        if read == 0 || line.len() > LINE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a record without an end"));
        }
    }
}
