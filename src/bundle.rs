//! Rule bundles: rule files in one archive, numbered and signed, so that a fleet of gateways can take
//! over new rules without a new program. What is not signed by a known key, altered, older than what
//! was in force or past its date is refused, and the last good bundle stays.
//!
//! The archive is a tar file: `manifest.json`, `signatures`, and the files that the manifest names
//! with their digests. It is read in memory, within bounds; nothing of it is ever unpacked to disk.

use std::collections::BTreeMap;

mod archive;
pub mod error;
pub mod keep;
pub mod manifest;
pub mod pull;
pub mod sign;

#[cfg(test)]
mod tests;

pub use error::BundleError;
pub use keep::Kept;
pub use manifest::{Heading, Manifest};
pub use sign::PublicKey;

use crate::firewall::Source;

/// What a bundle file is called.
pub const EXTENSION: &str = "bundle";
/// Bytes of one bundle file.
pub const BYTES_MAX: usize = 16 << 20;
/// Files in one bundle.
pub const FILES_MAX: usize = 512;

const MANIFEST: &str = "manifest.json";
const SIGNATURES: &str = "signatures";

/// A bundle whose signature, digests and number were checked.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub manifest: Manifest,
    files: BTreeMap<String, String>,
}

/// What a bundle must hold against to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    /// Keys of which one must have signed it.
    pub keys: &'a [PublicKey],
    /// No lower number is taken: that of the bundle in force.
    pub sequence: u64,
    /// Unix time in milliseconds.
    pub now: i64,
}

impl Bundle {
    /// Opens a bundle file and checks all that can be checked without compiling its rules.
    ///
    /// # Errors
    /// The first thing that does not hold, with its code.
    pub fn open(bytes: &[u8], against: Against<'_>) -> Result<Self, BundleError> {
        let mut entries = archive::read(bytes)?;
        let text = entries.remove(MANIFEST).ok_or(BundleError::NoManifest)?;
        let signatures = entries.remove(SIGNATURES).unwrap_or_default();
        sign::verify(&text, &signatures, against.keys)?;
        let manifest = Manifest::parse(&text)?;
        manifest.check_files(&entries)?;
        manifest.check_engine()?;
        if manifest.sequence < against.sequence {
            let (is, floor) = (manifest.sequence, against.sequence);
            return Err(BundleError::Older { is, floor });
        }
        match manifest.expires {
            Some(expires) if expires <= against.now => Err(BundleError::Stale { expires }),
            _ => Ok(Self { manifest, files: text_files(entries)? }),
        }
    }

    /// Its rule files, for the compiler.
    pub fn sources(&self) -> Vec<Source> {
        let name = &self.manifest.name;
        let source = |(file, text): (&String, &String)| Source {
            name: format!("bundle {name}/{file}"),
            text: text.clone(),
        };
        self.files.iter().map(source).collect()
    }
}

/// Packs rule files under a heading, not signed yet. The same files and heading give the same bytes.
///
/// # Errors
/// More or larger files than a bundle may have, or a name that is none.
pub fn pack(heading: Heading, files: &BTreeMap<String, String>) -> Result<Vec<u8>, BundleError> {
    let manifest = Manifest::new(heading, files)?;
    let mut entries = vec![(MANIFEST, manifest.text().into_bytes())];
    entries.extend(files.iter().map(|(name, text)| (name.as_str(), text.clone().into_bytes())));
    let bytes = archive::write(&entries)?;
    if bytes.len() > BYTES_MAX || files.len() > FILES_MAX {
        return Err(BundleError::TooLarge);
    }
    Ok(bytes)
}

fn text_files(entries: BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, String>, BundleError> {
    let text = |(name, bytes): (String, Vec<u8>)| match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(_) => Err(BundleError::NotText { file: name }),
    };
    entries.into_iter().map(text).collect()
}
