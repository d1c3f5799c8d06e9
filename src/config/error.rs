//! Configuration errors: the file, the line and the mend, and never the line's own text, which
//! may hold a secret.

use std::path::{Path, PathBuf};

use super::{lines::line_at, secret::word_holds_secret};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read `{}`: {reason}{}", path.display(), mend(reason))]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("{}{}: {what}", path.display(), place(*line))]
    Wrong {
        path: PathBuf,
        /// None for what a default says.
        line: Option<usize>,
        what: String,
    },
}

fn place(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(":{line}"))
}

fn mend(reason: &std::io::Error) -> &'static str {
    match reason.kind() {
        std::io::ErrorKind::NotFound => "; write it, or name another with `--config`",
        _ => "",
    }
}

impl ConfigError {
    pub fn at(path: &Path, line: Option<usize>, what: impl Into<String>) -> Self {
        Self::Wrong { path: path.to_owned(), line, what: what.into() }
    }

    pub(super) fn from_toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        let message = error.message().trim().replace('\n', "; ");
        Self::at(path, Some(line_at(text, offset)), without_values(&message))
    }
}

/// A message of serde's without the value that it quotes: that may be a secret in a wrong place.
fn without_values(message: &str) -> String {
    let mistyped = ["invalid type: ", "invalid value: "].iter().find_map(|kind| {
        let (found, expected) = message.strip_prefix(kind)?.rsplit_once(", expected ")?;
        let found = found.split(['"', '`']).next()?.trim();
        Some(format!("{kind}{found}, expected {expected}"))
    });
    let secret = |word: &&str| word_holds_secret(None, word);
    mistyped.unwrap_or_else(|| match message.split('`').nth(1).filter(secret) {
        Some(word) => message.replace(word, "…"),
        None => message.to_owned(),
    })
}
