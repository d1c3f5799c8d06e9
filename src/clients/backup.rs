//! The copy of a client's file as it was, the record of what was changed in it, and the way back.
//!
//! A file that nobody touched since goes back byte for byte. In one that its user or the client
//! rewrote, only what was changed here is put back, entry by entry.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::Scope;
use super::edit::{self, Change, Edit, Fault, Format};
use super::file;
use super::{Error, Gateway};
use crate::hex::sha256;

/// The form of the record.
const SCHEMA: u32 = 1;

/// What was changed in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    schema: u32,
    /// SHA-256 of the copy.
    original: String,
    /// SHA-256 of what was written over it.
    written: String,
    entries: Vec<Entry>,
}

/// One server's changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The keys to its entry.
    server: Vec<String>,
    values: Vec<Written>,
}

/// One value as it was left: its digest, or nothing if it was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    path: Vec<String>,
    digest: Option<String>,
}

/// Where the copy and the record of a file lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// The copy. Private: it holds the secrets that were moved.
    pub copy: PathBuf,
    /// The record.
    pub manifest: PathBuf,
}

/// A copy and its record, read and found to belong together.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    manifest: Manifest,
    original: String,
}

/// A text with our changes taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reverted {
    /// The text.
    pub(super) text: String,
    /// Whether it is the original, byte for byte.
    pub(super) exact: bool,
    /// Servers whose entries were changed since and therefore left as they are.
    pub(super) kept: Vec<String>,
}

impl Backup {
    /// Beside the file; for a project's file in Bartizan's data folder, since the copy holds
    /// secrets and a project is under version control.
    pub(super) fn of(path: &Path, scope: Scope, gateway: &Gateway) -> Self {
        let base = match scope {
            Scope::User => path.to_owned(),
            Scope::Project => {
                let digest: String =
                    sha256(path.to_string_lossy().as_bytes()).chars().take(16).collect();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                gateway.data.join("backups").join(format!("{digest}-{name}"))
            }
        };
        Self {
            copy: file::sibling(&base, ".bartizan-backup"),
            manifest: file::sibling(&base, ".bartizan-manifest"),
        }
    }

    /// What lies there, or nothing.
    ///
    /// # Errors
    /// Only one of the two is there, or they don't belong together.
    pub(super) fn load(&self) -> Result<Option<Saved>, Error> {
        let damaged = |reason| Error::Backup { path: self.copy.clone(), reason };
        match (file::read(&self.manifest)?, file::read(&self.copy)?) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(damaged("its record is missing")),
            (Some(_), None) => Err(damaged("it is missing, its record is there")),
            (Some(manifest), Some(original)) => {
                let manifest: Manifest =
                    serde_json::from_str(&manifest).map_err(|_| damaged("its record is broken"))?;
                if manifest.schema != SCHEMA || manifest.original != sha256(original.as_bytes()) {
                    return Err(damaged("it isn't the copy that its record describes"));
                }
                Ok(Some(Saved { manifest, original }))
            }
        }
    }

    /// Writes both, the copy first: a copy without a record is refused, a record without a copy
    /// would promise what isn't there.
    ///
    /// # Errors
    /// One of them can't be written.
    pub(super) fn save(&self, original: &str, manifest: &Manifest) -> Result<(), Error> {
        if let Some(folder) = self.copy.parent() {
            file::private_folder(folder)?;
        }
        let record = serde_json::to_string_pretty(manifest).unwrap_or_default();
        file::replace(&self.copy, original, Some(file::PRIVATE))?;
        file::replace(&self.manifest, &record, Some(file::PRIVATE))
    }

    /// Removes both.
    ///
    /// # Errors
    /// One of them can't be removed.
    pub(super) fn discard(&self) -> Result<(), Error> {
        file::remove(&self.manifest)?;
        file::remove(&self.copy)
    }
}

impl Manifest {
    /// The record of `edits`, one group per server, that turned `original` into `written`.
    pub(super) fn new(original: &str, written: &str, servers: &[(Vec<String>, Vec<Edit>)]) -> Self {
        let value = |edit: &Edit| Written {
            path: edit.path.clone(),
            digest: match &edit.change {
                Change::Set(value) => Some(digest(value)),
                Change::Remove => None,
            },
        };
        let entry = |(server, edits): &(Vec<String>, Vec<Edit>)| Entry {
            server: server.clone(),
            values: edits.iter().map(value).collect(),
        };
        Self {
            schema: SCHEMA,
            original: sha256(original.as_bytes()),
            written: sha256(written.as_bytes()),
            entries: servers.iter().map(entry).collect(),
        }
    }
}

impl Saved {
    /// Whether `current` is what was written.
    pub(super) fn is_unchanged(&self, current: &str) -> bool {
        sha256(current.as_bytes()) == self.manifest.written
    }

    /// `current` without our changes.
    ///
    /// # Errors
    /// `current` can't be read.
    pub(super) fn revert(&self, format: Format, current: &str) -> Result<Reverted, Fault> {
        if self.is_unchanged(current) {
            let text = self.original.clone();
            return Ok(Reverted { text, exact: true, kept: Vec::new() });
        }
        let value = edit::read(format, current)?;
        let mut text = current.to_owned();
        let mut kept = Vec::new();
        for entry in &self.manifest.entries {
            if edit::at(&value, &entry.server).is_none() {
                continue;
            }
            let same =
                |written: &Written| edit::at(&value, &written.path).map(digest) == written.digest;
            if entry.values.iter().all(same) {
                for written in &entry.values {
                    text = edit::restore(format, &text, &self.original, &written.path)?;
                }
            } else {
                kept.extend(entry.server.last().cloned());
            }
        }
        Ok(Reverted { exact: text == self.original, text, kept })
    }
}

/// A digest that doesn't mind order or blanks: clients write their files anew in their own style.
fn digest(value: &Value) -> String {
    sha256(canonical(value).as_bytes())
}

fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: std::collections::BTreeMap<&String, String> =
                members.iter().map(|(key, value)| (key, canonical(value))).collect();
            format!("{sorted:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(canonical).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}
