//! Files read whole within a limit and written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::Error;

/// Largest client file that is read, in bytes. Claude Code's grows to a few megabytes.
pub(super) const MAX_FILE_BYTES: u64 = 16 << 20;

/// Mode of files that hold secrets: their owner's alone.
pub(super) const PRIVATE: u32 = 0o600;

const PRIVATE_FOLDER: u32 = 0o700;

/// The text of a file, or nothing if there is no file.
///
/// # Errors
/// The file can't be read, is larger than [`MAX_FILE_BYTES`] or no UTF-8.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed("read", path, source)),
    };
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| failed("read", path, source))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::TooLarge { path: path.to_owned(), limit: MAX_FILE_BYTES });
    }
    String::from_utf8(bytes).map(Some).map_err(|_| Error::NotText { path: path.to_owned() })
}

/// Puts `text` in the place of the file in one step. A file that is there keeps its mode unless
/// `mode` is given, and a link keeps leading to it; a new one is private.
///
/// # Errors
/// The folder or the file can't be written; the old file is then as it was.
pub(super) fn replace(path: &Path, text: &str, mode: Option<u32>) -> Result<(), Error> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let kept = fs::metadata(&target).ok().map(|metadata| metadata.permissions());
    let beside = sibling(&target, &format!(".bartizan-{}.tmp", std::process::id()));
    let written = write_new(&beside, text).and_then(|()| {
        match (mode, kept) {
            (None, Some(kept)) => fs::set_permissions(&beside, kept)?,
            (Some(mode), _) => set_mode(&beside, mode)?,
            (None, None) => {}
        }
        fs::rename(&beside, &target)
    });
    written.map_err(|source| {
        drop(fs::remove_file(&beside));
        failed("write", path, source)
    })
}

/// Makes a folder that only its owner may enter. One that is there keeps its mode.
///
/// # Errors
/// The folder can't be made.
pub(super) fn private_folder(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    let made = fs::create_dir_all(path).and_then(|()| set_mode(path, PRIVATE_FOLDER));
    made.map_err(|source| failed("make the folder", path, source))
}

/// Removes a file if it is there.
///
/// # Errors
/// It is there and can't be removed.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(failed("remove", path, source))
        }
        _ => Ok(()),
    }
}

/// The path with `suffix` behind its file name.
pub(super) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

/// Windows has no modes; what lies under a person's profile is theirs alone by default.
#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::File { action, path: path.to_owned(), source }
}
