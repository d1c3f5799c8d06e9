//! Configuration errors: the file, the line and the mend, and never the line's own text, which
//! may hold a secret.

use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}: {what}", path.display())]
    Wrong { path: PathBuf, line: usize, what: String },
}

impl ConfigError {
    pub fn at(path: &Path, line: usize, what: impl Into<String>) -> Self {
        Self::Wrong { path: path.to_owned(), line, what: what.into() }
    }

    pub(super) fn from_toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        Self::at(path, line, error.message().trim().replace('\n', "; "))
    }
}

/// The line on which `needle` first stands, or 1.
pub(super) fn line_of(text: &str, needle: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(needle)).map_or(1, |index| index + 1)
}
