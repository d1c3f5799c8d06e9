//! The tar file around a bundle: plain files with plain names, within bounds.

use std::{collections::BTreeMap, io::Read as _};

use super::{BYTES_MAX, BundleError, FILES_MAX};

/// Reads every file. Links, folders, devices, absolute names and names twice are refused.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let unreadable = |error: std::io::Error| BundleError::Unreadable(error.to_string());
    if bytes.len() > BYTES_MAX {
        return Err(BundleError::TooLarge);
    }
    let mut files = BTreeMap::new();
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let name = entry.path().map_err(unreadable)?.to_string_lossy().into_owned();
        let plain = entry.header().entry_type().is_file() && is_plain(&name);
        if !plain || files.contains_key(&name) {
            return Err(BundleError::Unreadable(format!("`{}` is no plain file", shown(&name))));
        }
        // A sparse file claims more than it holds.
        if entry.size() > bytes.len() as u64 || files.len() > FILES_MAX {
            return Err(BundleError::TooLarge);
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(unreadable)?;
        files.insert(name, content);
    }
    Ok(files)
}

/// Writes files in their order, without times or owners, so that equal files are equal bytes.
pub(super) fn write(entries: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, BundleError> {
    let failed = |error: std::io::Error| BundleError::Unreadable(error.to_string());
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        if !is_plain(name) {
            return Err(BundleError::Manifest(format!("`{}` is no file name", shown(name))));
        }
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, content.as_slice()).map_err(failed)?;
    }
    builder.into_inner().map_err(failed)
}

/// `topic.toml` or `folder/topic.toml`: what cannot lead anywhere else.
fn is_plain(name: &str) -> bool {
    const BYTES: usize = 96;
    let word = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    name.len() <= BYTES && name.split('/').count() <= 3 && name.split('/').all(word)
}

fn shown(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect()
}
