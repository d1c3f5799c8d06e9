//! What calls carried, kept encrypted for people: results that were withheld and, where the operator
//! asks for it, the arguments and results of all calls. Who may look is decided elsewhere; nothing in
//! here ever lets a call pass by itself.

pub mod tape;
pub mod vault;
pub mod withheld;

pub use tape::{Clip, Tape, Tapes};
pub use vault::Vault;
pub use withheld::Withheld;

use schemars::JsonSchema;
use serde::Deserialize;

/// What is kept, how much of it, and for how long.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Hours for which a withheld result is kept, encrypted, for a person to look at and release
    /// once. 0 keeps none.
    pub withheld_hours: u32,
    /// Megabytes of withheld results that are kept; the oldest go first.
    pub withheld_mb: u32,
    /// Minutes in which the agent may ask for a released result.
    pub retry_minutes: u32,
    /// Keeps the arguments and results of all calls, encrypted and with what rules redact cut out,
    /// for `why`, `replay` and `rules test --captured`.
    pub content: bool,
    /// Days for which content is kept.
    pub content_days: u32,
    /// Megabytes of content that are kept; the oldest goes first.
    pub content_mb: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            withheld_hours: 24,
            withheld_mb: 64,
            retry_minutes: 60,
            content: false,
            content_days: 7,
            content_mb: 512,
        }
    }
}
