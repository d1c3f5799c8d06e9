//! The protocol revisions that are spoken, and the two eras they fall into.

/// How state and metadata travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Era {
    /// `initialize`, sessions, requests from the server: up to 2025-11-25.
    Legacy,
    /// Stateless, metadata on every request: from 2026-07-28.
    Modern,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Revision {
    R2025_03_26,
    R2025_06_18,
    R2025_11_25,
    R2026_07_28,
}

impl Revision {
    /// Every revision served, newest first.
    pub const ALL: [Self; 4] =
        [Self::R2026_07_28, Self::R2025_11_25, Self::R2025_06_18, Self::R2025_03_26];

    /// What is offered to a legacy peer that asks for something unknown.
    pub const NEWEST_LEGACY: Self = Self::R2025_11_25;

    pub const fn name(self) -> &'static str {
        match self {
            Self::R2025_03_26 => "2025-03-26",
            Self::R2025_06_18 => "2025-06-18",
            Self::R2025_11_25 => "2025-11-25",
            Self::R2026_07_28 => "2026-07-28",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.name() == name)
    }

    pub const fn era(self) -> Era {
        match self {
            Self::R2026_07_28 => Era::Modern,
            Self::R2025_03_26 | Self::R2025_06_18 | Self::R2025_11_25 => Era::Legacy,
        }
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
