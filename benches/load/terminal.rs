//! What the harness says: results on stdout, progress on stderr.

use std::{fmt::Display, io::Write};

/// Writes one line of results. A closed pipe is not an error: the reader has seen enough.
pub(crate) fn line(text: impl Display) {
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

/// Writes one line of progress, so that a long run shows where it is.
pub(crate) fn progress(text: impl Display) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}
