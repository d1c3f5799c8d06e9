//! The content firewall: rules that read every text that passes, in either direction.
//!
//! Pure: no I/O, no clock. Walking a message and acting on what was found is the door's
//! ([`crate::inspect`]); marking results is [`crate::spotlight`]'s.

pub mod conceal;
pub mod diagnostic;
pub mod engine;
pub mod finding;
pub mod redact;
pub mod rule;
pub mod ruleset;
pub mod sanitize;
pub mod verdict;

mod pattern;
mod prefilter;
mod validate;
mod view;

#[cfg(test)]
mod tests;

pub use engine::{Budget, Incomplete};
pub use finding::{Confidence, Direction, Finding, Severity, Surface};
pub use ruleset::{Ruleset, Source};
pub use verdict::{Action, Disposition};

/// A name with disguises undone: look-alike letters, compatibility forms, invisible characters.
pub(crate) fn undisguised(name: &str) -> String {
    view::normalize(name).text().to_owned()
}
