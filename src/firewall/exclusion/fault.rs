//! What is wrong with a document of exclusions.

use std::fmt;

use serde::Serialize;

/// The kind of fault. Codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Code {
    /// The file is not TOML, or has an unknown, missing or ill-typed key.
    X0001,
    /// `schema` is not 1.
    X0002,
    /// An id is used twice.
    X0003,
    /// `expires` is no date, or lies too far ahead.
    X0004,
    /// It no longer applies. A warning.
    X0005,
    /// `match` names no place.
    X0006,
    /// There is no such rule. A warning.
    X0007,
    /// Neither a server nor a text is named. A warning.
    X0008,
    /// A case does not come out.
    X0009,
    /// A value is empty or malformed.
    X0010,
}

/// One fault in a document of exclusions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
pub struct Fault {
    /// The kind of fault.
    pub code: Code,
    /// The file's name.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and the mend.
    pub message: String,
}

impl Fault {
    /// Whether the document can't be used.
    pub fn is_error(&self) -> bool {
        !matches!(self.code, Code::X0005 | Code::X0007 | Code::X0008)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, file, line, message } = self;
        let level = if self.is_error() { "error" } else { "warning" };
        write!(formatter, "{file}:{line}: {level}[{code:?}]: {message}")
    }
}
