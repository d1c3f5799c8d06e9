//! The audit journal: what was decided before a call and what came of it afterwards, in OCSF 1.9.0 names.
//!
//! [`Entry`] writes one record, [`Journal`] appends it under a hash chain, [`verify()`] finds the first
//! record that does not belong, and [`Records`] reads back. A caller that gets an error from
//! [`Journal::append`] has no record, and so must not make the call. What belongs into a record, and
//! when, is the corridor's business; sending records elsewhere is a sink's.

mod chain;
mod entry;
mod error;
mod facts;
mod journal;
mod json;
mod lines;
mod read;
mod segment;
mod verify;

pub use chain::{Digest, Malformed, Seal, Sequence};
pub use entry::{Disposition, Entry, Fields, Mode, Outcome, Phase, Spot};
pub use error::AuditError;
pub use facts::{facts, is_finding};
pub use journal::{Durability, Journal, Options, RECORD_BYTES_CEILING, Torn};
pub use read::{Filter, Order, Record, Records, index};
pub use verify::{Bad, Reason, Report, verify};
