//! Texts and patterns for `peers.py`, so that every engine reads the same.

use std::path::Path;

use anyhow::Context;

use crate::corpus::Corpus;
use crate::rules;

/// Writes `patterns.json` and a text of each kind.
pub(crate) fn write(folder: &Path, corpus: &Corpus) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).context("making the folder")?;
    let patterns = rules::patterns(&rules::shipped()?);
    std::fs::write(folder.join("patterns.json"), serde_json::to_vec(&patterns)?)?;
    for (kind, text) in &corpus.kinds {
        let plain: String = text.chars().filter(char::is_ascii).collect();
        std::fs::write(folder.join(format!("{kind}.txt")), plain)?;
    }
    Ok(())
}
