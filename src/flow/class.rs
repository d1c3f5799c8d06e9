//! What a tool can do, as classes say it. Classes come from the configuration and the catalogue, never
//! from a server's own annotations.

use serde::{Deserialize, Serialize};

use crate::label::{Confidentiality, Integrity, Label};

/// One word about what calls of a tool do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Sends something to where others can read it.
    Egress,
    /// Changes something.
    StateChange,
    /// Runs a program or code.
    Exec,
    /// Moves money.
    Money,
    /// Loses what was there.
    Destructive,
    /// Writes what later agents or programs read and may obey.
    PersistsInstructions,
    /// Brings in what few may read.
    ReadsPrivate,
    /// Brings in what strangers wrote.
    ReadsUntrusted,
    /// Brings in the user's own files, which may hold a stranger's text.
    ReadsFiles,
    /// Only computes: reads and changes nothing.
    Computes,
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Classes(u16);

const ALL: [(&str, Class); 10] = [
    ("egress", Class::Egress),
    ("state_change", Class::StateChange),
    ("exec", Class::Exec),
    ("money", Class::Money),
    ("destructive", Class::Destructive),
    ("persists_instructions", Class::PersistsInstructions),
    ("reads_private", Class::ReadsPrivate),
    ("reads_untrusted", Class::ReadsUntrusted),
    ("reads_files", Class::ReadsFiles),
    ("computes", Class::Computes),
];

/// What can do harm.
const CONSEQUENCES: [Class; 6] = [
    Class::Egress,
    Class::StateChange,
    Class::Exec,
    Class::Money,
    Class::Destructive,
    Class::PersistsInstructions,
];

impl Classes {
    /// What is assumed of a tool of which nothing is said (settled: an unclassified tool sends,
    /// changes and reads strangers' text).
    pub const UNCLASSIFIED: Self =
        Self::none().with(Class::Egress).with(Class::StateChange).with(Class::ReadsUntrusted);

    pub const fn none() -> Self {
        Self(0)
    }

    #[must_use]
    pub const fn with(self, class: Class) -> Self {
        Self(self.0 | 1 << class as u16)
    }

    /// The classes of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What of the set can do harm, as a number.
    pub(super) fn harm(self) -> u16 {
        let harm = CONSEQUENCES.into_iter().fold(Self::none(), Self::with);
        self.0 & harm.0
    }

    /// As configurations name them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        ALL.into_iter().filter(move |(_, class)| self.has(*class)).map(|(name, _)| name)
    }

    pub const fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u16) != 0
    }

    /// Whether both share a class.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The classes that these words name. An operator's own words say nothing about harm; where
    /// there are only such, or none, the tool is unclassified.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let named = words
            .into_iter()
            .filter_map(|word| ALL.iter().find(|(name, _)| *name == word).map(|(_, class)| *class));
        let set = named.fold(Self::none(), Self::with);
        if set.is_empty() { Self::UNCLASSIFIED } else { set }
    }

    /// Whether a call can do harm.
    pub fn has_consequences(self) -> bool {
        CONSEQUENCES.into_iter().any(|class| self.has(class))
    }

    /// Whether a call does no more than fetch something: what it can tell others is its address.
    pub fn only_fetches(self) -> bool {
        let others = CONSEQUENCES.into_iter().filter(|class| *class != Class::Egress);
        self.has(Class::Egress) && !others.into_iter().any(|class| self.has(class))
    }

    /// The label of what calls bring in.
    pub fn label(self) -> Label {
        let reads = self.has(Class::ReadsUntrusted)
            || self.has(Class::ReadsFiles)
            || self.has(Class::ReadsPrivate);
        let integrity = if self.has(Class::ReadsUntrusted) {
            Integrity::Untrusted
        } else if self.has(Class::Computes) && !reads && !self.has_consequences() {
            Integrity::Trusted
        } else {
            Integrity::Mixed
        };
        let confidentiality = if self.has(Class::ReadsPrivate) {
            Confidentiality::Private
        } else if self.has(Class::ReadsFiles) || self.and(Self::UNCLASSIFIED) == self {
            Confidentiality::Internal
        } else {
            Confidentiality::Public
        };
        Label { integrity, confidentiality }
    }
}

impl FromIterator<Class> for Classes {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        classes.into_iter().fold(Self::none(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Classes};
    use crate::label::{Confidentiality, Integrity};

    #[test]
    fn what_nobody_classified_is_taken_for_the_worst_that_is_common() {
        for words in [&[][..], &["crm"]] {
            let classes = Classes::of(words.iter().copied());
            assert_eq!(classes, Classes::UNCLASSIFIED, "{words:?}");
            assert!(classes.has_consequences());
            assert_eq!(classes.label().integrity, Integrity::Untrusted);
        }
    }

    #[test]
    fn only_a_tool_that_only_computes_is_trusted() {
        let label = |words: &[&str]| Classes::of(words.iter().copied()).label();
        assert_eq!(label(&["computes"]).integrity, Integrity::Trusted);
        assert_eq!(label(&["computes", "reads_untrusted"]).integrity, Integrity::Untrusted);
        assert_eq!(label(&["computes", "exec"]).integrity, Integrity::Mixed);
        assert_eq!(label(&["state_change"]).integrity, Integrity::Mixed);
        assert_eq!(label(&["reads_private"]).confidentiality, Confidentiality::Private);
    }

    #[test]
    fn a_fetch_is_one_only_if_it_changes_nothing() {
        assert!(Classes::of(["egress", "reads_untrusted"]).only_fetches());
        assert!(!Classes::of(["egress", "state_change"]).only_fetches());
        assert!(!Classes::of(["reads_files"]).has_consequences());
        assert!(Classes::none().with(Class::Money).has_consequences());
    }
}
