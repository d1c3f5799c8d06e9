//! Reads records back, newest or oldest first, for those who ask why something happened.
//! Checks each record that it gives out, not the chain between them: that is [`verify()`](super::verify()).

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    chain::{Seal, Sequence},
    entry::Phase,
    error::AuditError,
    json,
    lines::{Backward, Forward, Line},
    segment,
};

mod find;
#[cfg(test)]
mod tests;

pub use find::index;

/// In which order records are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// From the first record on.
    OldestFirst,
    /// From the last record back.
    NewestFirst,
}

/// Which records are wanted. What is `None` doesn't matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Bartizan's own id of the request, whole.
    pub request: Option<String>,
    /// The phase that the record tells of.
    pub phase: Option<Phase>,
}

/// One record, with its place.
#[derive(Clone, Debug)]
pub struct Record {
    /// Number of the record.
    pub sequence: Sequence,
    /// File name of its segment.
    pub segment: String,
    /// The OCSF event.
    pub payload: Value,
}

/// The records of a journal that a filter lets through. A part of a record at the very end is no
/// record and is passed over. After an error there is nothing more.
#[derive(Debug)]
pub struct Records {
    folder: PathBuf,
    order: Order,
    filter: Filter,
    /// The request id as it stands in a record, to pass over other records without parsing them.
    needle: Option<String>,
    /// Segments still to be read, the next one last.
    numbers: Vec<u64>,
    current: Option<(u64, Lines)>,
}

#[derive(Debug)]
enum Lines {
    Forward(Forward),
    Backward(Backward),
}

impl Records {
    /// Begins to read the journal in `folder`, without a lock.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub fn open(folder: &Path, order: Order, filter: Filter) -> Result<Self, AuditError> {
        let mut numbers = segment::list(folder)?;
        if order == Order::OldestFirst {
            numbers.reverse();
        }
        let needle = filter.request.as_deref().map(|request| {
            let mut quoted = Vec::new();
            json::push_text(&mut quoted, request, json::TEXT_BYTES_MAX);
            String::from_utf8(quoted).expect("text is escaped by characters, so it stays UTF-8")
        });
        let folder = folder.to_owned();
        Ok(Self { folder, order, filter, needle, numbers, current: None })
    }

    fn advance(&mut self) -> Result<Option<Record>, AuditError> {
        loop {
            if self.current.is_none() {
                let Some(number) = self.numbers.pop() else { return Ok(None) };
                let file = segment::read(&self.folder, number)?;
                let lines = Lines::new(file, self.order);
                self.current = Some((number, lines.map_err(self.unreadable(number))?));
            }
            let Some((number, lines)) = &mut self.current else { continue };
            let number = *number;
            match lines.next_line() {
                Ok(Some(line)) => {
                    if let Some(record) = self.record(number, &line)? {
                        return Ok(Some(record));
                    }
                }
                Ok(None) => self.current = None,
                Err(error) => return Err(self.unreadable(number)(error)),
            }
        }
    }

    fn record(&self, number: u64, line: &[u8]) -> Result<Option<Record>, AuditError> {
        let broken = |reason| self.broken(number, reason);
        let parsed = Seal::parse(line);
        let (seal, payload) = parsed.map_err(|error| broken(error.to_string()))?;
        let text = std::str::from_utf8(payload).map_err(|error| broken(error.to_string()))?;
        if self.needle.as_deref().is_some_and(|needle| !text.contains(needle)) {
            return Ok(None);
        }
        let parsed = serde_json::from_str(text);
        let value: Value = parsed.map_err(|error| broken(error.to_string()))?;
        if !self.filter.admits(&value) {
            return Ok(None);
        }
        if !seal.holds(payload) {
            return Err(broken(format!("record {} was altered", seal.sequence)));
        }
        let (sequence, segment) = (seal.sequence, segment::name(number));
        Ok(Some(Record { sequence, segment, payload: value }))
    }

    fn broken(&self, number: u64, reason: String) -> AuditError {
        AuditError::Broken { path: segment::path(&self.folder, number), reason }
    }

    fn unreadable(&self, number: u64) -> impl FnOnce(io::Error) -> AuditError + use<> {
        AuditError::io(segment::path(&self.folder, number), "read")
    }
}

impl Iterator for Records {
    type Item = Result<Record, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance();
        if next.is_err() {
            self.numbers.clear();
            self.current = None;
        }
        next.transpose()
    }
}

impl Lines {
    fn new(file: File, order: Order) -> io::Result<Self> {
        Ok(match order {
            Order::OldestFirst => Self::Forward(Forward::new(file)),
            Order::NewestFirst => Self::Backward(Backward::new(file)?.0),
        })
    }

    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Backward(lines) => lines.previous_line(),
            Self::Forward(lines) => match lines.next_line()? {
                Some(Line::Whole(line)) => Ok(Some(line.to_vec())),
                Some(Line::Torn) | None => Ok(None),
                Some(Line::TooLong) => {
                    Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"))
                }
            },
        }
    }
}

impl Filter {
    fn admits(&self, payload: &Value) -> bool {
        let request = payload.pointer("/api/request/uid").and_then(Value::as_str);
        let phase = payload.pointer("/unmapped/bartizan/phase").and_then(Value::as_str);
        self.request.as_deref().is_none_or(|wanted| request == Some(wanted))
            && self.phase.is_none_or(|wanted| phase == Some(wanted.name()))
    }
}
