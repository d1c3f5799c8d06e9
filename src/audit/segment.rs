//! The files of a journal: `000001.jsonl`, `000002.jsonl` and so on in one folder.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use super::error::AuditError;

const EXTENSION: &str = "jsonl";
/// Records name people and tools: nobody but the gateway's own user reads them.
pub(super) const FILE_MODE: u32 = 0o600;

/// Name of the segment with this number, which counts from 1.
pub(super) fn name(number: u64) -> String {
    format!("{number:06}.{EXTENSION}")
}

pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(name(number))
}

/// Numbers of all segments in the folder, in order. Other files are none of the journal's business.
pub(super) fn list(folder: &Path) -> Result<Vec<u64>, AuditError> {
    let read = || -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for file in fs::read_dir(folder)? {
            numbers.extend(file?.file_name().to_str().and_then(number_of));
        }
        numbers.sort_unstable();
        Ok(numbers)
    };
    read().map_err(AuditError::io(folder, "read"))
}

fn number_of(file_name: &str) -> Option<u64> {
    let number = file_name.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok()?;
    (number > 0 && name(number) == file_name).then_some(number)
}

/// Makes a segment that does not exist yet.
pub(super) fn create(folder: &Path, number: u64) -> io::Result<File> {
    appending().create_new(true).open(path(folder, number))
}

/// Opens the last segment, to read its end and to go on writing.
pub(super) fn reopen(folder: &Path, number: u64) -> io::Result<File> {
    appending().read(true).open(path(folder, number))
}

/// Opens a segment to read it only.
pub(super) fn read(folder: &Path, number: u64) -> Result<File, AuditError> {
    let path = path(folder, number);
    File::open(&path).map_err(AuditError::io(path, "opened"))
}

/// Every write goes to the end, and a link planted in the folder leads nowhere.
pub(super) fn appending() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true).mode(FILE_MODE).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    options
}

/// Makes the names in the folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
