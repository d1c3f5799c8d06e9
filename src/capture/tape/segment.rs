//! The files of the tape: `1763900000000-3f2a.tape`, named by when they began, in milliseconds since
//! 1970. Each holds at most an hour, so that deleting by age deletes no more than is due.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{capture::Settings, ids};

const EXTENSION: &str = "tape";
/// The longest time that one segment covers.
pub(super) const SPAN_MS: i64 = 3_600_000;
/// Bytes after which a new segment is begun.
pub(super) const SEGMENT_BYTES_MAX: u64 = 8 << 20;

/// A segment on disk.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Segment {
    pub(super) began: i64,
    pub(super) name: String,
}

pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Begins a segment. Its name is drawn, so that two writers never share one.
pub(super) fn create(folder: &Path, began: i64) -> io::Result<(Segment, File)> {
    let name = format!("{began:013}-{}.{EXTENSION}", ids::random(6));
    let mut options = OpenOptions::new();
    let file = options.append(true).create_new(true).mode(0o600).open(folder.join(&name))?;
    Ok((Segment { began, name }, file))
}

/// The segments of a folder, oldest first; none without a folder.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Segment>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut segments = Vec::new();
    for entry in entries {
        segments.extend(entry?.file_name().to_str().and_then(parse));
    }
    segments.sort();
    Ok(segments)
}

fn parse(name: &str) -> Option<Segment> {
    let stem = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
    let (began, _) = stem.split_once('-')?;
    Some(Segment { began: began.parse().ok()?, name: name.to_owned() })
}

/// Deletes what is older than the settings allow and, from the oldest on, what is more than they
/// have room for. Returns how many segments went.
///
/// # Errors
/// The folder cannot be read, or a segment not deleted.
pub fn prune(data: &Path, settings: Settings, now: i64) -> io::Result<usize> {
    let folder = data.join(super::FOLDER);
    let age_max = i64::from(settings.content_days) * 24 * SPAN_MS;
    let bytes_max = u64::from(settings.content_mb) << 20;
    let (mut bytes, mut deleted) = (0, 0);
    for segment in list(&folder)?.into_iter().rev() {
        let path: PathBuf = folder.join(&segment.name);
        bytes += fs::metadata(&path).map_or(0, |it| it.len());
        if now - segment.began - SPAN_MS > age_max || bytes > bytes_max {
            fs::remove_file(&path)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}
