//! An exclusion as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::firewall::finding::Surface;

/// One `[[exclusion]]` of a document.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "exclusion")]
pub struct Document {
    /// A name that no other exclusion has, in lower-case words with hyphens and dots.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// Why the finding is none.
    pub reason: String,
    /// Where it was talked over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The last day on which it applies, at most 90 days ahead.
    #[schemars(with = "String")]
    pub expires: toml::value::Datetime,
    /// The rule whose findings it takes away.
    pub rule: String,
    /// Where the findings lie. All that is said must hold.
    #[serde(rename = "match")]
    pub at: Match,
    /// Places that it must silence, and places that it must not; run at every load.
    #[serde(default, rename = "case", skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<Case>,
}

/// Where findings lie. `*` stands for any run of characters and `?` for any one.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// The server's name in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The tool's name on that server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The kind of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surface: Option<Surface>,
    /// The JSON pointer to the text, such as `/structuredContent/rows/*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The agent, as records name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The SHA-256 of the whole text, in 64 lower-case hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
}

/// A place of which it is known what becomes of a finding there.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Whether the exclusion takes a finding of its rule away there.
    pub silenced: bool,
    pub surface: Surface,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    #[serde(default)]
    pub pointer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
}

/// A document of exclusions.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The form of the file: 1.
    pub(super) schema: u32,
    #[serde(default)]
    #[schemars(with = "Vec<Document>")]
    pub(super) exclusion: Vec<toml::Spanned<Document>>,
}
