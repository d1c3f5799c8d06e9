//! The reading end: for people's commands, with the key in hand.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Clip, FOLDER,
    segment::{self, SPAN_MS, Segment},
    write::{CLIP_BYTES_MAX, context},
};
use crate::{
    capture::Vault,
    mcp::json::{Limits, parse},
};

/// Why captured content cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    #[error("captured content in `{}` cannot be read: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("clip {index} of `{}` does not open: the key is another one, or it was altered",
        path.display())]
    Sealed { path: PathBuf, index: u64 },
}

/// The clips of a data folder, oldest first. Part of a clip at a segment's end is passed over.
/// After an error there is nothing more.
#[derive(Debug)]
pub struct Tapes {
    folder: PathBuf,
    vault: Vault,
    since: i64,
    /// Only clips whose text holds this.
    needle: Option<String>,
    /// Still to be read, the next one last.
    segments: Vec<Segment>,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    segment: Segment,
    bytes: Vec<u8>,
    at: usize,
    index: u64,
}

impl Tapes {
    /// What was captured since then, in milliseconds since 1970. `None` if nothing ever was.
    ///
    /// # Errors
    /// The key or the folder cannot be read.
    pub fn since(data: &Path, since: i64) -> Result<Option<Self>, TapeError> {
        let folder = data.join(FOLDER);
        if !folder.exists() {
            return Ok(None);
        }
        let failed = |source| TapeError::Io { path: folder.clone(), source };
        let mut segments = segment::list(&folder).map_err(failed)?;
        segments.retain(|segment| segment.began + SPAN_MS >= since);
        segments.reverse();
        let Some(vault) = Vault::existing(data).map_err(failed)? else { return Ok(None) };
        Ok(Some(Self { folder, vault, since, needle: None, segments, current: None }))
    }

    /// What was captured of one request, which was handled from `began` to `ended`.
    ///
    /// # Errors
    /// As [`Tapes::since`].
    pub fn of_request(
        data: &Path,
        request: &str,
        (began, ended): (i64, i64),
    ) -> Result<Option<Self>, TapeError> {
        // A clip is written a moment after it was made.
        const SLACK_MS: i64 = 60_000;
        let Some(mut tapes) = Self::since(data, began - SLACK_MS)? else { return Ok(None) };
        tapes.segments.retain(|segment| segment.began <= ended + SLACK_MS);
        tapes.needle = Some(request.to_owned());
        Ok(Some(tapes))
    }

    fn advance(&mut self) -> Result<Option<Clip>, TapeError> {
        loop {
            if self.current.is_none() {
                let Some(segment) = self.segments.pop() else { return Ok(None) };
                let path = self.folder.join(&segment.name);
                let bytes = match fs::read(&path) {
                    Ok(bytes) => bytes,
                    // Its time came while this was read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(source) => return Err(TapeError::Io { path, source }),
                };
                self.current = Some(Current { segment, bytes, at: 0, index: 0 });
            }
            let Some(current) = &mut self.current else { continue };
            let Some(sealed) = current.next() else {
                self.current = None;
                continue;
            };
            let index = current.index - 1;
            let altered =
                || TapeError::Sealed { path: self.folder.join(&current.segment.name), index };
            let opened = self.vault.open(&context(&current.segment, index), &sealed);
            let bytes = opened.ok_or_else(altered)?;
            let text = std::str::from_utf8(&bytes).map_err(|_| altered())?;
            if self.needle.as_deref().is_some_and(|needle| !text.contains(needle)) {
                continue;
            }
            // Deeper than any message may be, and shallow enough for the stack.
            const DEPTH_MAX: usize = 1024;
            let limits =
                Limits { bytes_max: usize::MAX, values_max: usize::MAX, depth_max: DEPTH_MAX };
            let value = parse(&bytes, &limits).map_err(|_| altered())?;
            let clip = Clip::from_json(value).ok_or_else(altered)?;
            let wanted = self.needle.as_ref().is_none_or(|needle| clip.reference == *needle);
            if wanted && clip.time >= self.since {
                return Ok(Some(clip));
            }
        }
    }
}

impl Iterator for Tapes {
    type Item = Result<Clip, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance();
        if next.is_err() {
            self.segments.clear();
            self.current = None;
        }
        next.transpose()
    }
}

impl Current {
    /// The next sealed clip; `None` at the end, or where the rest is part of one.
    fn next(&mut self) -> Option<Vec<u8>> {
        let rest = self.bytes.get(self.at..)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let sealed = rest.get(..length).filter(|_| length <= CLIP_BYTES_MAX)?.to_vec();
        self.at += 4 + length;
        self.index += 1;
        Some(sealed)
    }
}
