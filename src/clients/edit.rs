//! Minimal edits of a client's configuration file: what isn't changed keeps its bytes, comments,
//! order and line ends included.
//!
//! Decides nothing about servers; `convert` says what to change, `backup` what to change back.

pub mod jsonc;
mod splice;
#[cfg(test)]
mod tests;
mod toml;

use serde_json::Value;
use thiserror::Error;

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON, comments and trailing commas allowed.
    Jsonc,
    /// TOML.
    Toml,
}

/// One change of one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The keys from the root of the file to the value.
    pub path: Vec<String>,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is replaced, or added to its parent.
    Set(Value),
    /// It is taken out.
    Remove,
}

/// A file that can't be read, and where it breaks. Quotes nothing of the file: it may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{line}:{column}: {reason}")]
pub struct Fault {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in bytes, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

impl From<jsonc::SyntaxError> for Fault {
    fn from(error: jsonc::SyntaxError) -> Self {
        Self { line: error.line, column: error.column, reason: error.reason }
    }
}

/// The whole file as a value; an empty file is an empty object.
///
/// # Errors
/// The place where the text stops being `format`.
pub fn read(format: Format, text: &str) -> Result<Value, Fault> {
    match format {
        Format::Jsonc if text.trim().is_empty() => Ok(Value::Object(serde_json::Map::new())),
        Format::Jsonc => Ok(jsonc::parse(text)?.value()),
        Format::Toml => toml::read(text),
    }
}

/// The text with `edits` made in order. A change below something that isn't there does nothing.
///
/// # Errors
/// The text, before or after a change, is no `format`.
pub fn apply(format: Format, text: &str, edits: &[Edit]) -> Result<String, Fault> {
    let mut text = text.to_owned();
    for edit in edits {
        text = match (format, &edit.change) {
            (Format::Jsonc, Change::Set(value)) => splice::set(&text, &edit.path, &spaced(value))?,
            (Format::Jsonc, Change::Remove) => splice::remove(&text, &edit.path)?,
            (Format::Toml, Change::Set(value)) => {
                toml::set(&text, &edit.path, &toml::write(value))?
            }
            (Format::Toml, Change::Remove) => toml::remove(&text, &edit.path)?,
        };
    }
    read(format, &text)?;
    Ok(text)
}

/// The text with the value at `path` as `original` has it: same bytes, or gone if it wasn't there.
///
/// # Errors
/// One of the texts is no `format`.
pub fn restore(
    format: Format,
    text: &str,
    original: &str,
    path: &[String],
) -> Result<String, Fault> {
    Ok(match format {
        Format::Jsonc => match splice::raw(original, path)? {
            Some(raw) => splice::set(text, path, raw)?,
            None => splice::remove(text, path)?,
        },
        Format::Toml => match toml::raw(original, path)? {
            Some(raw) => toml::set(text, path, raw)?,
            None => toml::remove(text, path)?,
        },
    })
}

/// The value at `path`.
pub fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.as_object()?.get(key))
}

/// JSON on one line with a blank behind each comma, as people write short arrays.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(spaced).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}
