//! Reads the lines of a segment, from its beginning or from its end, with a limit on each.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::FileExt,
};

/// Bytes that one line may have, break included. A longer one was not written by a journal.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;
/// Bytes read at once.
const BLOCK_BYTES: u64 = 64 << 10;

/// What stands next in a segment.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Line<'b> {
    /// A line, without its break.
    Whole(&'b [u8]),
    /// The rest of the file, which has no line break.
    Torn,
    /// More than [`LINE_BYTES_MAX`] bytes without a line break.
    TooLong,
}

/// The lines of a file, first to last.
#[derive(Debug)]
pub(super) struct Forward {
    reader: BufReader<File>,
    line: Vec<u8>,
}

impl Forward {
    pub(super) fn new(file: File) -> Self {
        Self { reader: BufReader::with_capacity(BLOCK_BYTES as usize, file), line: Vec::new() }
    }

    /// The next line, or `None` at the end of the file.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut limited = (&mut self.reader).take(LINE_BYTES_MAX as u64);
        limited.read_until(b'\n', &mut self.line)?;
        Ok(match self.line.split_last() {
            None => None,
            Some((b'\n', line)) => Some(Line::Whole(line)),
            Some(_) if self.line.len() == LINE_BYTES_MAX => Some(Line::TooLong),
            Some(_) => Some(Line::Torn),
        })
    }
}

/// The lines of a file, last to first.
#[derive(Debug)]
pub(super) struct Backward {
    file: File,
    /// Where `held` begins in the file.
    at: u64,
    /// What has been read and not yet given out.
    held: Vec<u8>,
}

impl Backward {
    /// Begins at the end of the file. Also says how many bytes at its end belong to no line.
    pub(super) fn new(file: File) -> io::Result<(Self, usize)> {
        let at = file.metadata()?.len();
        let mut lines = Self { file, at, held: Vec::new() };
        let whole = loop {
            match last_break(&lines.held) {
                Some(index) => break index + 1,
                None if lines.at == 0 => break 0,
                None => lines.read_block()?,
            }
        };
        let torn = lines.held.len() - whole;
        lines.held.truncate(whole);
        Ok((lines, torn))
    }

    /// The line before the last one given, without its break, or `None` at the file's beginning.
    pub(super) fn previous_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let before = self.held.len().saturating_sub(1);
            let start = match last_break(&self.held[..before]) {
                Some(index) => index + 1,
                None if self.at == 0 && self.held.is_empty() => return Ok(None),
                None if self.at == 0 => 0,
                None => {
                    self.read_block()?;
                    continue;
                }
            };
            let mut line = self.held.split_off(start);
            line.pop();
            return Ok(Some(line));
        }
    }

    /// Puts the block before `held` in front of it.
    fn read_block(&mut self) -> io::Result<()> {
        if self.held.len() > LINE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
        }
        let start = self.at.saturating_sub(BLOCK_BYTES);
        let mut block = vec![0; (self.at - start) as usize];
        self.file.read_exact_at(&mut block, start)?;
        block.append(&mut self.held);
        self.held = block;
        self.at = start;
        Ok(())
    }
}

fn last_break(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|byte| *byte == b'\n')
}
