//! What the configuration says of a tool, resolved: the same shape whether it was said for the
//! tool, for its upstream or not at all.

use crate::{classes::Destination, inspect::Mode, spotlight};

/// How much harm a call can do. Set by people, never taken from a server's own annotations.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Eq,
    Ord,
    PartialEq,
    PartialOrd,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

impl Risk {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Settings of one tool, prompt or resource.
#[derive(Clone, Debug, Default)]
pub struct ToolSettings {
    pub risk: Risk,
    /// Words of [`crate::classes::Class`] or own words; empty where nobody said anything.
    pub classes: Vec<String>,
    /// Arguments that say where something goes, as far as the catalogue knows them.
    pub destinations: Vec<Destination>,
    /// What happens to structured content of its results.
    pub structured: spotlight::Structured,
    /// A person must agree to every call.
    pub hold: bool,
    pub modes: Modes,
}

impl ToolSettings {
    /// Whether calls bring in what strangers wrote: web pages, mail, issues, chats.
    pub fn reads_untrusted(&self) -> bool {
        self.classes.iter().any(|class| class == "reads_untrusted")
    }
}

/// Which doors only observe: they decide and record, and do not refuse.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Modes {
    pub access: Mode,
    pub limits: Mode,
    pub schema: Mode,
    pub firewall: Mode,
    pub approval: Mode,
}

impl Modes {
    pub const OBSERVE: Self = Self {
        access: Mode::Observe,
        limits: Mode::Observe,
        schema: Mode::Observe,
        firewall: Mode::Observe,
        approval: Mode::Observe,
    };

    /// Whether any door observes.
    pub fn observes(self) -> bool {
        self != Self::default()
    }
}
