//! Keys of the gateway's own: made once, kept in a file that only its user reads.

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use aws_lc_rs::rand;

/// 256 bits.
pub type Key = [u8; 32];

/// Reads the key `name` in `folder`, or draws and keeps it.
///
/// # Errors
/// The file cannot be read or made, or does not hold a key.
pub fn key(folder: &Path, name: &str) -> std::io::Result<Key> {
    let path = folder.join(format!("{name}.key"));
    match std::fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            let what = format!("`{}` does not hold a key of 32 bytes", path.display());
            std::io::Error::new(std::io::ErrorKind::InvalidData, what)
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut key = Key::default();
            rand::fill(&mut key).map_err(|_| std::io::Error::other("no random bytes"))?;
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(&key)?;
            file.sync_all()?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}
