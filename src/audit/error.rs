//! What can go wrong with the journal, each with its place and, where there is one, its mend.

use std::{io, path::PathBuf};

use super::chain::Sequence;

/// Why the journal could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The system refused something on the folder or on one of its files.
    #[error("`{}` cannot be {action}: {source}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What was tried, as a participle: `opened`, `read`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Another journal, in this process or another, writes to the folder.
    #[error(
        "the audit folder `{}` is in use by another gateway: stop that one, or give this one a folder of its own",
        path.display()
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Anyone on the machine could remove records.
    #[error("the audit folder `{0}` may be written by anyone: run `chmod o-w {0}`", path.display())]
    WritableByAnyone {
        /// The folder.
        path: PathBuf,
    },
    /// An option is outside what the journal can keep.
    #[error("`{option}` is {value}, but must be from {least} to {most}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// What it was.
        value: u64,
        /// Its smallest value.
        least: u64,
        /// Its largest value.
        most: u64,
    },
    /// The end of the journal does not hold, so nothing can be chained to it.
    #[error(
        "the audit journal is damaged at `{}` ({reason}): run `bartizan audit verify`, then move the folder aside to begin a new journal",
        path.display()
    )]
    Broken {
        /// The segment.
        path: PathBuf,
        /// What does not hold.
        reason: String,
    },
    /// The record is longer than `record_bytes_max`.
    #[error(
        "the audit record has {bytes} bytes, more than the {limit} that `record_bytes_max` allows"
    )]
    TooLarge {
        /// Length of the payload.
        bytes: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The payload is not one JSON object on one line.
    #[error("the audit record is not one JSON object on one line of UTF-8")]
    NotOneObject,
    /// This record was not written; a later one may be, once there is room again.
    #[error("no record, no call: record {sequence} was not written to `{}`: {source}", path.display())]
    Unwritten {
        /// The number that the record would have had.
        sequence: Sequence,
        /// The segment.
        path: PathBuf,
        /// What the system said: most often that the disk is full.
        source: io::Error,
    },
    /// The journal takes no more records until it has been opened anew.
    #[error(
        "no record, no call: the audit journal takes no more records: {reason}; restart the gateway"
    )]
    Refusing {
        /// What happened.
        reason: String,
    },
}

impl AuditError {
    /// Wraps what the system said about `path`; `action` is a participle.
    pub(super) fn io(
        path: impl Into<PathBuf>,
        action: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, action, source }
    }
}
