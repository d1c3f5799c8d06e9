//! The kinds of fault in rule files, each with a code and a page of its own.

use serde::{Serialize, Serializer};

use super::Level;

/// The kind of fault. Codes are stable: they stand in documentation and in people's notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// The file is not TOML.
    Syntax,
    /// `schema` is missing or not a number that this version reads.
    Schema,
    /// A rule has an unknown, missing or ill-typed field.
    Shape,
    /// An id is used twice.
    DuplicateId,
    /// An id is not of the form `topic.name`.
    Id,
    /// The pattern does not compile within the limits.
    Pattern,
    /// The rule has no literal of three bytes that every match contains.
    Literal,
    /// The rule has nothing to look for.
    Empty,
    /// `capture` names no group of the pattern.
    Capture,
    /// A number lies outside its range.
    Range,
    /// `surfaces`, `action` and `action_on` do not fit together.
    Surface,
    /// Examples of one kind are missing.
    ExampleMissing,
    /// An example of `examples.match` is not found.
    ExampleUnmatched,
    /// An example of `examples.no_match` is found.
    ExampleMatched,
    /// A placeholder in an example cannot be expanded.
    ExamplePlaceholder,
    /// A tag has no known prefix.
    Tag,
    /// The file or the set of rules is over a limit.
    Limit,
    /// The rule is of a kind that this engine does not read here, or of two kinds at once.
    Kind,
    /// `unless` would let whoever writes the text switch the rule off.
    Unless,
    /// The file asks for a newer engine.
    Engine,
    /// The file is not UTF-8.
    Encoding,
    /// `views` fits no text that the rule could match.
    View,
    /// A former id is in use.
    Former,
    /// A rule changed and its version did not rise.
    Version,
    /// A rule went away without a redirect.
    Removed,
    /// Fewer than two examples of a kind.
    FewExamples,
    /// No example comes near the rule without matching.
    NearMiss,
    /// A gap in the pattern has no bound, or the pattern begins with one.
    Gap,
    /// A tag has a known prefix and an unknown entry.
    UnknownTag,
    /// No `message`.
    Message,
    /// No `references`.
    References,
}

impl Code {
    /// Every code, in the order of their numbers.
    pub const ALL: [Self; 31] = [
        Self::Syntax,
        Self::Schema,
        Self::Shape,
        Self::DuplicateId,
        Self::Id,
        Self::Pattern,
        Self::Literal,
        Self::Empty,
        Self::Capture,
        Self::Range,
        Self::Surface,
        Self::ExampleMissing,
        Self::ExampleUnmatched,
        Self::ExampleMatched,
        Self::ExamplePlaceholder,
        Self::Tag,
        Self::Limit,
        Self::Kind,
        Self::Unless,
        Self::Engine,
        Self::Encoding,
        Self::View,
        Self::Former,
        Self::Version,
        Self::Removed,
        Self::FewExamples,
        Self::NearMiss,
        Self::Gap,
        Self::UnknownTag,
        Self::Message,
        Self::References,
    ];

    /// The code as printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "R0001",
            Self::Schema => "R0002",
            Self::Shape => "R0003",
            Self::DuplicateId => "R0004",
            Self::Id => "R0005",
            Self::Pattern => "R0006",
            Self::Literal => "R0007",
            Self::Empty => "R0008",
            Self::Capture => "R0009",
            Self::Range => "R0010",
            Self::Surface => "R0011",
            Self::ExampleMissing => "R0012",
            Self::ExampleUnmatched => "R0013",
            Self::ExampleMatched => "R0014",
            Self::ExamplePlaceholder => "R0015",
            Self::Tag => "R0016",
            Self::Limit => "R0017",
            Self::Kind => "R0018",
            Self::Unless => "R0019",
            Self::Engine => "R0020",
            Self::Encoding => "R0021",
            Self::View => "R0022",
            Self::Former => "R0023",
            Self::Version => "R0024",
            Self::Removed => "R0025",
            Self::FewExamples => "R0026",
            Self::NearMiss => "R0027",
            Self::Gap => "R0028",
            Self::UnknownTag => "R0029",
            Self::Message => "R0030",
            Self::References => "R0031",
        }
    }

    /// Whether a ruleset with such a fault can be used all the same.
    pub fn level(self) -> Level {
        match self {
            Self::FewExamples
            | Self::NearMiss
            | Self::Gap
            | Self::UnknownTag
            | Self::References => Level::Warning,
            _ => Level::Error,
        }
    }

    /// The page about the code, from the root of the repository.
    pub fn page(self) -> String {
        format!("docs/reference/diagnostics/{}.md", self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
