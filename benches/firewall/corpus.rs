//! Honest texts of four kinds, from the sources of the crates that this one is built from. None is part of this
//! repository, and none has been looked at when rules were written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Bytes that one crate gives at most, so that none rules a kind.
const CRATE_BYTES_MAX: usize = 60_000;
/// Larger files are generated ones mostly.
const FILE_BYTES_MAX: usize = 200_000;

/// A text of each kind.
pub(crate) struct Corpus {
    pub(crate) kinds: Vec<(&'static str, String)>,
}

impl Corpus {
    /// Reads so many bytes of each kind from a folder of crates' sources.
    pub(crate) fn read(folder: Option<PathBuf>, bytes: usize) -> anyhow::Result<Self> {
        let folder = folder.map_or_else(fetched, Ok)?;
        let mut files = Vec::new();
        list(&folder, &mut files)?;
        let take = |endings: &[&str], map: fn(&str) -> String| {
            let mut text = String::new();
            let mut taken: BTreeMap<PathBuf, usize> = BTreeMap::new();
            for file in &files {
                let name = file.to_string_lossy();
                if text.len() >= bytes || !endings.iter().any(|ending| name.ends_with(ending)) {
                    continue;
                }
                let below = file.strip_prefix(&folder).unwrap_or(file);
                let owner: PathBuf = below.components().take(1).collect();
                let share = taken.entry(owner).or_default();
                let Ok(found) = std::fs::read_to_string(file) else { continue };
                if *share < CRATE_BYTES_MAX && found.len() < FILE_BYTES_MAX {
                    let found = map(&found);
                    *share += found.len();
                    text.push_str(&found);
                }
            }
            text
        };
        let kinds = vec![
            ("prose", take(&[".rs"], prose)),
            ("Markdown", take(&[".md"], str::to_owned)),
            ("Rust", take(&[".rs"], str::to_owned)),
            ("data", take(&[".json", ".yml", ".yaml", ".toml"], str::to_owned)),
        ];
        anyhow::ensure!(kinds.iter().all(|(_, text)| text.len() > 65_536), "too little text");
        Ok(Self { kinds })
    }
}

/// Pieces of about so many bytes; with `plain`, their ASCII alone.
pub(crate) fn pieces(text: &str, bytes: usize, plain: bool) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() >= bytes {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(bytes));
        pieces.push(match plain {
            true => piece.chars().filter(char::is_ascii).collect(),
            false => piece.to_owned(),
        });
        rest = after;
    }
    pieces
}

/// The folder of sources that cargo has fetched for this crate.
fn fetched() -> anyhow::Result<PathBuf> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .output()
        .context("running cargo metadata")?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let manifests = metadata["packages"].as_array().context("no packages")?.iter();
    let manifest = manifests
        .filter(|package| !package["source"].is_null())
        .find_map(|package| package["manifest_path"].as_str())
        .context("no fetched crate; give --corpus")?;
    let folder = Path::new(manifest).ancestors().nth(2).context("no folder")?;
    Ok(folder.to_owned())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        match entry.file_type()?.is_dir() {
            true => list(&entry.path(), files)?,
            false => files.push(entry.path()),
        }
    }
    Ok(())
}

/// The documentation in a source file, without its examples.
fn prose(source: &str) -> String {
    let mut example = false;
    let mut text = String::new();
    for line in source.lines().map(str::trim_start) {
        let Some(line) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            example = false;
            continue;
        };
        match line.trim_start().starts_with("```") {
            true => example = !example,
            false if !example => {
                text.push_str(line);
                text.push('\n');
            }
            false => {}
        }
    }
    text
}
