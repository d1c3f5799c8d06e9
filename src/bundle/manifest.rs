//! What a bundle says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::BundleError;
use crate::hex;

/// The form of manifests that this version reads.
const SCHEMA: u32 = 1;

/// What whoever packs a bundle decides.
#[derive(Clone, Debug)]
pub struct Heading {
    /// What it is called, such as `acme-rules`.
    pub name: String,
    /// A version for people, such as `1.4.0`.
    pub version: String,
    /// A number that rises with each bundle of this name.
    pub sequence: u64,
    /// The oldest engine that can read it, as `MAJOR.MINOR`.
    pub engine: String,
    /// Unix time in milliseconds.
    pub created: i64,
    /// When it is too old to be taken, in the same time.
    pub expires: Option<i64>,
    /// Whether it stands in the place of the shipped rules instead of beside them.
    pub replaces_core: bool,
}

/// The signed part of a bundle.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    schema: u32,
    pub name: String,
    pub version: String,
    pub sequence: u64,
    pub engine: String,
    pub created: i64,
    pub expires: Option<i64>,
    pub replaces_core: bool,
    /// SHA-256 of each file, in hexadecimal.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    pub(super) fn new(
        heading: Heading,
        files: &BTreeMap<String, String>,
    ) -> Result<Self, BundleError> {
        let Heading { name, version, sequence, engine, created, expires, replaces_core } = heading;
        let files = files.iter().map(|(name, text)| (name.clone(), hex::sha256(text.as_bytes())));
        let files = files.collect();
        let manifest = Self {
            schema: SCHEMA,
            name,
            version,
            sequence,
            engine,
            created,
            expires,
            replaces_core,
            files,
        };
        manifest.checked()
    }

    pub(super) fn parse(text: &[u8]) -> Result<Self, BundleError> {
        let parsed: Self = serde_json::from_slice(text)
            .map_err(|error| BundleError::Manifest(error.to_string()))?;
        parsed.checked()
    }

    fn checked(self) -> Result<Self, BundleError> {
        let wrong = |what: &str| Err(BundleError::Manifest(what.to_owned()));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.schema != SCHEMA {
            return wrong("its `schema` is not one that this version reads");
        }
        if !(1..=64).contains(&self.name.len()) || !self.name.chars().all(plain) {
            return wrong("its `name` is not 1 to 64 lower-case letters, digits and hyphens");
        }
        if self.files.is_empty() {
            return wrong("it names no file");
        }
        engine(&self.engine).map(|_| self)
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain fields serialise")
    }

    /// The files are those that were signed: all of them, no other, byte for byte.
    pub(super) fn check_files(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), BundleError> {
        let names: BTreeSet<&String> = self.files.keys().chain(files.keys()).collect();
        for name in names {
            let file = name.clone();
            match (self.files.get(name), files.get(name)) {
                (Some(digest), Some(bytes)) if *digest == hex::sha256(bytes) => {}
                (None, _) => return Err(BundleError::Unlisted { file }),
                (Some(_), _) => return Err(BundleError::Altered { file }),
            }
        }
        Ok(())
    }

    pub(super) fn check_engine(&self) -> Result<(), BundleError> {
        let own = engine(env!("CARGO_PKG_VERSION"))?;
        match engine(&self.engine)? <= own {
            true => Ok(()),
            false => Err(BundleError::Engine { needed: self.engine.clone() }),
        }
    }
}

/// Major and minor number.
fn engine(text: &str) -> Result<(u32, u32), BundleError> {
    let wrong = || BundleError::Manifest("its `engine` is no version such as `0.1`".to_owned());
    let mut numbers = text.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => Err(wrong()),
    }
}
