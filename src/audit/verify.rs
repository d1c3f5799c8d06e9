//! Finds the first record of a journal that does not belong.
//!
//! The chain shows any change to a record, and any record taken out, put in or moved, anywhere but at
//! the end. **What it cannot show alone**: that the newest records, or the newest segments, were cut off
//! cleanly, or that somebody with the disk rewrote everything from some record on. For that, keep the
//! head and the number of records elsewhere from time to time, and compare.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    chain::{Digest, Seal, Sequence},
    error::AuditError,
    lines::{Forward, Line},
    segment,
};

#[cfg(test)]
mod tests;

/// What [`verify`] found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Records that hold, from the first one on without a gap.
    pub records: u64,
    /// Segments in the folder.
    pub segments: usize,
    /// The first thing that does not hold. Nothing after it was looked at.
    pub first_bad: Option<Bad>,
    /// Whether the last segment ends in part of a record. A crash leaves that; the record was never
    /// acknowledged, and the next start sets it aside.
    pub torn: bool,
    /// Files with partial records that earlier starts set aside.
    pub set_aside: usize,
    /// Digest of the last record that holds, in hexadecimal.
    pub head: String,
}

/// The first place in a journal that does not hold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Bad {
    /// File name of the segment.
    pub segment: String,
    /// Line in the segment, from 1.
    pub line: u64,
    /// Number of the record that should stand there.
    pub seq: Sequence,
    /// What does not hold.
    pub reason: Reason,
}

/// Why a place in a journal does not hold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The digest is not that of the record: payload or seal was altered.
    Altered,
    /// The record is sealed for another place: records were taken out, put in or moved.
    OutOfPlace {
        /// The place it was sealed for.
        sealed_for: Sequence,
    },
    /// The record is sealed, but not as the successor of the one before.
    Unlinked,
    /// The line is no record.
    Malformed(String),
    /// The segment ends in part of a record, and there is a later segment.
    CutShort,
    /// The segment does not exist, and there is a later one.
    Missing,
}

impl Report {
    /// Whether every byte of the journal holds, a torn end counted as not.
    pub fn is_intact(&self) -> bool {
        self.first_bad.is_none() && !self.torn
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered => f.write_str("its payload or its seal was altered"),
            Self::OutOfPlace { sealed_for } => write!(f, "it was sealed as record {sealed_for}"),
            Self::Unlinked => f.write_str("it does not follow the record before it"),
            Self::Malformed(part) => f.write_str(part),
            Self::CutShort => f.write_str("the segment ends in the middle of it"),
            Self::Missing => f.write_str("the segment is missing"),
        }
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, segments, head, .. } = self;
        let records = counted(*records, "record");
        writeln!(f, "{records} in {} hold, head {head}", counted(*segments as u64, "segment"))?;
        if let Some(Bad { segment, line, seq, reason }) = &self.first_bad {
            writeln!(f, "first bad: record {seq} at {segment}:{line}: {reason}")?;
        }
        if self.torn {
            writeln!(f, "the last record was not fully written and was never acknowledged")?;
        }
        if self.set_aside > 0 {
            writeln!(f, "{} partial records of earlier crashes were set aside", self.set_aside)?;
        }
        Ok(())
    }
}

/// Checks every record of the journal in `folder`. It takes no lock: a journal may be in use, and then
/// a record just being written can show as torn.
///
/// # Errors
///
/// If the folder or a segment cannot be read. What is wrong with the records is in the report.
pub fn verify(folder: &Path) -> Result<Report, AuditError> {
    let numbers = segment::list(folder)?;
    let set_aside = count_set_aside(folder)?;
    let mut walk = Walk { folder, sequence: 0, head: Digest::genesis(), torn: false };
    let mut first_bad = None;
    for (number, expected) in numbers.iter().zip(1..) {
        let last = Some(number) == numbers.last();
        first_bad = match *number == expected {
            true => walk.segment(expected, last)?,
            false => Some(walk.bad(expected, 1, Reason::Missing)),
        };
        if first_bad.is_some() {
            break;
        }
    }
    let Walk { sequence: records, head, torn, .. } = walk;
    let segments = numbers.len();
    Ok(Report { records, segments, first_bad, torn, set_aside, head: head.to_string() })
}

fn count_set_aside(folder: &Path) -> Result<usize, AuditError> {
    let files = fs::read_dir(folder).map_err(AuditError::io(folder, "read"))?;
    let torn = |path: PathBuf| path.extension().is_some_and(|extension| extension == "torn");
    Ok(files.flatten().filter(|file| torn(file.path())).count())
}

struct Walk<'f> {
    folder: &'f Path,
    /// Number of the last record that holds.
    sequence: u64,
    head: Digest,
    torn: bool,
}

impl Walk<'_> {
    fn segment(&mut self, number: u64, last: bool) -> Result<Option<Bad>, AuditError> {
        let mut lines = Forward::new(segment::read(self.folder, number)?);
        let path = segment::path(self.folder, number);
        let mut line_number = 1;
        while let Some(line) =
            lines.next_line().map_err(|error| AuditError::io(&path, "read")(error))?
        {
            let checked = match line {
                Line::Whole(line) => self.record(line),
                Line::Torn if last => {
                    self.torn = true;
                    return Ok(None);
                }
                Line::Torn => Err(Reason::CutShort),
                Line::TooLong => Err(Reason::Malformed("the line is too long".into())),
            };
            if let Err(reason) = checked {
                return Ok(Some(self.bad(number, line_number, reason)));
            }
            line_number += 1;
        }
        // A segment is made for the record that no longer fits, so only the last one can be empty.
        let emptied = line_number == 1 && !last;
        Ok(emptied.then(|| self.bad(number, 1, Reason::CutShort)))
    }

    fn record(&mut self, line: &[u8]) -> Result<(), Reason> {
        let parsed = Seal::parse(line);
        let (seal, payload) = parsed.map_err(|error| Reason::Malformed(error.to_string()))?;
        if !seal.holds(payload) {
            return Err(Reason::Altered);
        }
        if seal.sequence != self.next() {
            return Err(Reason::OutOfPlace { sealed_for: seal.sequence });
        }
        if seal.previous != self.head {
            return Err(Reason::Unlinked);
        }
        self.sequence += 1;
        self.head = seal.digest;
        Ok(())
    }

    fn next(&self) -> Sequence {
        Sequence(self.sequence + 1)
    }

    fn bad(&self, number: u64, line: u64, reason: Reason) -> Bad {
        Bad { segment: segment::name(number), line, seq: self.next(), reason }
    }
}
