//! Why a policy folder was refused, each time with the place and what would mend it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A line of a source, counted from 1.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Place {
    /// The source's name, usually a file name.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl Place {
    /// The place of a byte offset in a text.
    pub(super) fn of(file: &Arc<str>, text: &str, offset: usize) -> Self {
        let before = text.as_bytes().iter().take(offset);
        Self { file: Arc::clone(file), line: 1 + before.filter(|byte| **byte == b'\n').count() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Why policies could not be loaded. One bad policy refuses the whole folder: a `forbid` that is
/// silently left out would be a hole.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The text is not Cedar.
    #[error("{place}: {message}{}", mend(.help))]
    Syntax {
        /// Where the parser stopped.
        place: Place,
        /// What it met.
        message: String,
        /// What would mend it.
        help: Option<String>,
    },
    /// The policy is Cedar, but uses words that the schema does not have, or can never apply.
    #[error("{place}: policy `{policy}`: {message}{}", mend(.help))]
    Invalid {
        /// The expression, or the policy's first line.
        place: Place,
        /// The policy's id.
        policy: Arc<str>,
        /// What is wrong with it.
        message: String,
        /// What would mend it.
        help: Option<String>,
    },
    /// Two policies share an id.
    #[error("{place}: the id `{policy}` is already taken at {first}; give each policy its own @id")]
    DuplicateId {
        /// The second policy.
        place: Place,
        /// The id.
        policy: Arc<str>,
        /// The first policy.
        first: Place,
    },
    /// A source, or the number of policies, exceeds its limit.
    #[error("`{what}` is larger than the limit of {limit} {unit}; split it, or raise the limit")]
    TooLarge {
        /// The source, or `policies`.
        what: String,
        /// The limit.
        limit: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// The folder or a file in it could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The folder holds no policy at all.
    #[error("no *.cedar file in `{}`: everything would be refused; put a policy there", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

fn mend(help: &Option<String>) -> String {
    help.as_ref().map_or_else(String::new, |help| format!("; {help}"))
}
