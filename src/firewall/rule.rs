//! A rule as written in TOML, before it is compiled. The reference page is `docs/reference/rules.md`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::finding::{Confidence, Severity, Surface, View};
use super::unicode::Signal;
use super::validate::Validate;
use super::verdict::Action;

mod context;
mod scope;

pub use context::{Effect, Near, On, Unless};
pub(super) use scope::matches_glob;
pub use scope::{Origin, Scope, Trust};

/// A file of rules.
///
/// Read rule by rule, so that one fault doesn't hide the next; this type is its schema.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "rule file")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct RuleFile {
    /// The form of the file: 1.
    #[schemars(range(min = 1, max = 1))]
    schema: u32,
    /// The oldest engine that reads the file, such as `"0.1"`.
    engine: Option<String>,
    /// How mature the rules are that say nothing of it.
    status: Option<Status>,
    /// Who answers for the rules that name nobody.
    owner: Option<String>,
    /// The rules.
    #[schemars(default)]
    rule: Vec<Rule>,
}

/// How mature a rule is, in its author's judgement.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being written: checked and proven, and never run in service.
    Draft,
    /// New: what it errs on is not known yet.
    #[default]
    Experimental,
    /// Tried on real texts.
    Test,
    /// Known to be worth its alerts.
    Stable,
    /// On its way out. It still runs.
    Deprecated,
}

/// One `[[rule]]` of a rule file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "rule")]
pub struct Rule {
    /// Stable and readable, `topic.name` in lower-case words with hyphens; never reused.
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    /// Ids that it had before. They lead here and stay taken.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub formerly: Vec<Spanned<String>>,
    /// Rises with every change of what the rule finds.
    pub version: u32,
    /// What the rule finds, in a few words.
    pub title: String,
    /// How mature it is; without it, what the file says, else `experimental`.
    pub status: Option<Status>,
    /// Who answers for it; without it, whom the file names.
    pub owner: Option<String>,
    /// How bad a real finding is.
    pub severity: Severity,
    /// How sure a finding is.
    pub confidence: Confidence,
    /// Sensitivity from 1 (hardly ever wrong) to 4 (finds most, errs often).
    #[schemars(with = "u8", range(min = 1, max = 4))]
    pub level: Spanned<u8>,
    /// The surfaces on which the rule runs.
    #[schemars(with = "Vec<Surface>")]
    pub surfaces: Spanned<Vec<Surface>>,
    /// The servers, tools and sources whose texts it reads; all without it.
    #[serde(default)]
    pub scope: Scope,
    /// The readings of a text in which it runs; without it, all that suit its kind.
    #[schemars(with = "Option<Vec<View>>")]
    pub views: Option<Spanned<Vec<View>>>,
    /// Whether it reads the keys of objects too.
    #[serde(default = "yes")]
    pub keys: bool,
    /// A regular expression without look-around. `\b` is a boundary of ASCII words.
    #[schemars(with = "Option<String>")]
    pub pattern: Option<Spanned<String>>,
    /// Further patterns, each as good as the first. Groups count on from one to the next.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub any: Vec<Spanned<String>>,
    /// Texts that match as they are, whatever their ASCII case.
    #[serde(default)]
    pub literals: Vec<String>,
    /// Patterns that must all match within 1024 bytes of the finding.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub all: Vec<Spanned<String>>,
    /// Signals that characters give without a pattern; then nothing else is looked for.
    #[schemars(with = "Option<Vec<Signal>>")]
    pub unicode: Option<Spanned<Vec<Signal>>>,
    /// The group of the pattern that is the finding; the whole match without it.
    #[schemars(with = "Option<usize>")]
    pub capture: Option<Spanned<usize>>,
    /// A check digit that the finding must satisfy.
    #[serde(default)]
    pub validate: Validate,
    /// The least Shannon entropy of the finding, in bits per character.
    #[schemars(with = "Option<f64>", range(min = 0, max = 8))]
    pub entropy: Option<Spanned<f64>>,
    /// Documented placeholders: a finding that contains one of them, in any ASCII case, is none.
    #[serde(default)]
    pub except: Vec<String>,
    /// Words around the finding that make it surer.
    #[schemars(with = "Option<Near>")]
    pub near: Option<Spanned<Near>>,
    /// What makes a finding none, or less sure.
    #[schemars(with = "Option<Unless>")]
    pub unless: Option<Spanned<Unless>>,
    /// How many matches must lie within 4096 bytes of a finding, itself included.
    #[schemars(with = "Option<u32>", range(min = 1, max = 100))]
    pub min_count: Option<Spanned<u32>>,
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
    /// Honest texts that the rule is known to err on, in words for people.
    #[serde(default)]
    pub false_positives: Vec<String>,
    /// What the rule may cost.
    #[serde(default)]
    pub bench: Bench,
    /// Texts that prove the rule.
    pub examples: Examples,
    /// SHA-256 over all that decides what it finds and asks for, in hexadecimal. Words for people
    /// and examples are not part of it.
    #[serde(skip)]
    #[schemars(skip)]
    pub digest: String,
}

/// What a rule may cost.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bench {
    /// Time on benign text, in microseconds per KiB, above which `bartizan rules bench` fails.
    #[schemars(with = "Option<f64>")]
    pub max_us_per_kib: Option<Spanned<f64>>,
}

/// Texts that a rule must find and texts that it must not, run at every compile.
///
/// `<alnum:36>`, `<hex:40>`, `<upper:16>` and the like stand for that many characters.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Each must be found.
    #[serde(rename = "match")]
    #[schemars(with = "Vec<String>")]
    pub matching: Vec<Spanned<String>>,
    /// None may be found.
    #[schemars(with = "Vec<String>")]
    pub no_match: Vec<Spanned<String>>,
}

impl Rule {
    /// The patterns in the order in which their groups count.
    pub fn patterns(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.pattern.iter().chain(&self.any)
    }

    /// How mature it is. A file's own word for its rules is filled in when the file is read.
    pub fn maturity(&self) -> Status {
        self.status.unwrap_or_default()
    }
}

fn yes() -> bool {
    true
}
