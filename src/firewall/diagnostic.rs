//! What is wrong with a rule file, where, and how to mend it.

use std::fmt;
use std::sync::Arc;

/// The kind of fault. Codes are stable: they stand in documentation and in people's notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// The file is not TOML.
    Syntax,
    /// `schema` is missing or not a number that this version reads.
    Schema,
    /// A rule has an unknown, missing or ill-typed field.
    Shape,
    /// An id is used twice.
    DuplicateId,
    /// An id is not of the form `topic.name`.
    Id,
    /// The pattern does not compile within the limits.
    Pattern,
    /// The rule has no literal of three bytes that every match contains.
    Literal,
    /// The rule has neither a pattern nor literals.
    Empty,
    /// `capture` names no group of the pattern.
    Capture,
    /// A number lies outside its range.
    Range,
    /// `surfaces`, `action` and `action_on` do not fit together.
    Surface,
    /// Examples of one kind are missing.
    ExampleMissing,
    /// An example of `examples.match` is not found.
    ExampleUnmatched,
    /// An example of `examples.no_match` is found.
    ExampleMatched,
    /// A placeholder in an example cannot be expanded.
    ExamplePlaceholder,
    /// A tag has no known prefix.
    Tag,
    /// The file or the set of rules is over a limit.
    Limit,
}

impl Code {
    /// The code as printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "R0001",
            Self::Schema => "R0002",
            Self::Shape => "R0003",
            Self::DuplicateId => "R0004",
            Self::Id => "R0005",
            Self::Pattern => "R0006",
            Self::Literal => "R0007",
            Self::Empty => "R0008",
            Self::Capture => "R0009",
            Self::Range => "R0010",
            Self::Surface => "R0011",
            Self::ExampleMissing => "R0012",
            Self::ExampleUnmatched => "R0013",
            Self::ExampleMatched => "R0014",
            Self::ExamplePlaceholder => "R0015",
            Self::Tag => "R0016",
            Self::Limit => "R0017",
        }
    }
}

/// One fault in a rule file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostic {
    /// The kind of fault.
    pub code: Code,
    /// The name of the file, as given by the caller.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub mend: Option<&'static str>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, file, line, message, mend } = self;
        write!(f, "{file}:{line}: error[{}]: {message}", code.name())?;
        mend.map_or(Ok(()), |mend| write!(f, "; {mend}"))
    }
}

/// A rule file and its text, from which diagnostics take their line.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    file: Arc<str>,
    text: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn new(file: &str, text: &'a str) -> Self {
        Self { file: Arc::from(file), text }
    }

    /// A diagnostic for the byte `offset` of the file.
    pub(super) fn diagnostic(
        &self,
        code: Code,
        offset: usize,
        message: impl Into<String>,
        mend: Option<&'static str>,
    ) -> Diagnostic {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Diagnostic { code, file: Arc::clone(&self.file), line, message: message.into(), mend }
    }
}
