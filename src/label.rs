//! Labels: how far a text can be trusted, and who may read it. A ground-floor word, so that policies,
//! marks and flow rules speak of the same thing. What follows from a label is left to them.

use serde::{Deserialize, Serialize};

/// Who can have written a text.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Integrity {
    /// The operator, or a program that only computes.
    #[default]
    Trusted,
    /// The user, mostly; a stranger's text may stand in it, as in a file that somebody sent.
    Mixed,
    /// Strangers: web pages, mail, issues, chats, whatever is not known.
    Untrusted,
}

/// Who may read a text.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidentiality {
    /// Everybody.
    #[default]
    Public,
    /// Those who work with it, as with the files of a project.
    Internal,
    /// Few: mail, customers, accounts.
    Private,
}

/// What is known of a text, or of a run that read it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Label {
    pub integrity: Integrity,
    pub confidentiality: Confidentiality,
}

impl Label {
    /// What is assumed where nothing can be known.
    pub const WORST: Self =
        Self { integrity: Integrity::Untrusted, confidentiality: Confidentiality::Private };

    /// The label of what came of both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            integrity: self.integrity.max(other.integrity),
            confidentiality: self.confidentiality.max(other.confidentiality),
        }
    }

    /// Whether it restricts nothing.
    pub fn is_clean(self) -> bool {
        self == Self::default()
    }
}

impl Integrity {
    /// The name in rules, records and marks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Mixed => "mixed",
            Self::Untrusted => "untrusted",
        }
    }
}

impl Confidentiality {
    /// The name in rules, records and marks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Private => "private",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Confidentiality, Integrity, Label};

    #[test]
    fn joining_never_trusts_more_and_never_tells_more() {
        let web = Label { integrity: Integrity::Untrusted, ..Label::default() };
        let mail = Label { confidentiality: Confidentiality::Private, ..Label::default() };
        assert_eq!(web.join(mail), Label::WORST);
        assert_eq!(web.join(Label::default()), web);
        assert!(Label::default().is_clean() && !web.is_clean());
    }
}
