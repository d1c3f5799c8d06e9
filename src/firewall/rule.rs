//! A rule as written in TOML, before it is compiled.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::finding::{Confidence, Severity, Surface};
use super::validate::Validate;
use super::verdict::Action;

/// One `[[rule]]` of a rule file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable and readable, `topic.name` in lower-case words with hyphens; never reused.
    pub id: Spanned<String>,
    /// Rises with every change of what the rule finds.
    pub version: u32,
    /// What the rule finds, in a few words.
    pub title: String,
    /// How bad a real finding is.
    pub severity: Severity,
    /// How sure a finding is.
    pub confidence: Confidence,
    /// Sensitivity from 1 (hardly ever wrong) to 4 (finds most, errs often).
    pub level: Spanned<u8>,
    /// The surfaces on which the rule runs.
    pub surfaces: Spanned<Vec<Surface>>,
    /// A regular expression without look-around. `\b` is a boundary of ASCII words.
    pub pattern: Option<Spanned<String>>,
    /// Texts that match as they are, whatever their ASCII case.
    #[serde(default)]
    pub literals: Vec<String>,
    /// The group of the pattern that is the finding; the whole match without it.
    pub capture: Option<Spanned<usize>>,
    /// A check digit that the finding must satisfy.
    #[serde(default)]
    pub validate: Validate,
    /// The least Shannon entropy of the finding, in bits per character.
    pub entropy: Option<Spanned<f64>>,
    /// Documented placeholders: a finding that contains one of them, in any ASCII case, is none.
    #[serde(default)]
    pub except: Vec<String>,
    /// Allows a pattern without a required literal; it then reads every text to the end.
    #[serde(default)]
    pub literal_free: bool,
    /// What the rule asks for.
    pub action: Action,
    /// What it asks for instead on some of its surfaces.
    #[serde(default)]
    pub action_on: BTreeMap<Surface, Action>,
    /// What happened, for people; never shown to an agent.
    pub message: String,
    /// Taxonomy entries, such as `owasp-llm:LLM01`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where the subject is described.
    #[serde(default)]
    pub references: Vec<String>,
    /// Texts that prove the rule.
    pub examples: Examples,
}

/// Texts that a rule must find and texts that it must not, run at every compile.
///
/// `<alnum:36>`, `<hex:40>`, `<upper:16>` and the like stand for that many characters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Each must be found.
    #[serde(rename = "match")]
    pub matching: Vec<Spanned<String>>,
    /// None may be found.
    pub no_match: Vec<Spanned<String>>,
}
