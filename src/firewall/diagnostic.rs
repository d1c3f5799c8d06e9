//! What is wrong with a rule file, with its place and the mend, as a compiler prints it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

mod code;
mod excerpt;

#[cfg(test)]
mod tests;

pub use code::Code;
pub use excerpt::Excerpt;

/// Whether rules with such a fault can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// They can, and should be mended.
    Warning,
    /// They can't.
    Error,
}

impl Level {
    /// The word that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One fault in a rule file. Serialised, it is one object of `--json`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
pub struct Diagnostic {
    /// The kind of fault.
    pub code: Code,
    /// Whether the rules can be used all the same.
    pub level: Level,
    /// The name of the file, as given by the caller.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub mend: Option<Cow<'static, str>>,
    /// The line itself, where the fault has one.
    #[serde(skip)]
    pub excerpt: Option<Excerpt>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, level, file, line, message, mend, .. } = self;
        write!(f, "{file}:{line}: {}[{}]: {message}", level.name(), code.name())?;
        mend.as_ref().map_or(Ok(()), |mend| write!(f, "; {mend}"))
    }
}

impl Diagnostic {
    /// Whether it keeps the rules from being used.
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }

    /// The long form: the line with a caret under the place, the mend, and the page of the code.
    ///
    /// Nothing of the file reaches a terminal as a control or an invisible character.
    pub fn render(&self) -> String {
        let Self { code, level, file, line, column, message, mend, excerpt } = self;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let message = excerpt::harmless(message);
        let mut out = format!(
            "{}[{}]: {message}\n{margin}--> {}:{line}:{column}\n",
            level.name(),
            code.name(),
            excerpt::harmless(file)
        );
        if let Some((text, carets)) = excerpt.as_ref().map(|excerpt| excerpt.drawn(*column)) {
            out.push_str(&format!("{margin} |\n{number} | {text}\n{margin} | {carets}\n"));
        }
        if let Some(mend) = mend {
            out.push_str(&format!("{margin} = mend: {}\n", excerpt::harmless(mend)));
        }
        out.push_str(&format!("{margin} = see: {}\n", code.page()));
        out
    }
}

/// A rule file and its text, from which diagnostics take their line.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    file: Arc<str>,
    text: &'a str,
}

/// A line of a file, kept when its text is gone.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    file: Arc<str>,
    line: usize,
    column: usize,
    excerpt: Option<Excerpt>,
}

impl<'a> Place<'a> {
    /// A file by the name that people know.
    pub(crate) fn new(file: &str, text: &'a str) -> Self {
        Self { file: Arc::from(file), text }
    }

    /// The line on which the range of bytes of the file begins.
    pub(super) fn spot(&self, range: &Range<usize>) -> Spot {
        let start = self.text.floor_char_boundary(range.start);
        let (before, after) = self.text.split_at(start);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let head = before.rsplit('\n').next().unwrap_or_default();
        let tail = after.lines().next().unwrap_or_default();
        let within = range.end.saturating_sub(start).min(tail.len());
        let width = tail.get(..tail.floor_char_boundary(within)).unwrap_or_default();
        let excerpt = (!self.text.is_empty())
            .then(|| Excerpt::new(format!("{head}{tail}"), width.chars().count()));
        Spot { file: Arc::clone(&self.file), line, column: head.chars().count() + 1, excerpt }
    }

    /// A diagnostic for a range of bytes of the file.
    pub(crate) fn diagnostic(
        &self,
        code: Code,
        range: &Range<usize>,
        message: impl Into<String>,
        mend: Option<Cow<'static, str>>,
    ) -> Diagnostic {
        self.spot(range).diagnostic(code, message, mend)
    }
}

impl Spot {
    /// The name of the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn diagnostic(
        &self,
        code: Code,
        message: impl Into<String>,
        mend: Option<Cow<'static, str>>,
    ) -> Diagnostic {
        let Self { file, line, column, excerpt } = self.clone();
        Diagnostic {
            code,
            level: code.level(),
            file,
            line,
            column,
            message: message.into(),
            mend,
            excerpt,
        }
    }
}
