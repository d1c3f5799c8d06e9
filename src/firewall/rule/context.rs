//! Conditions on what stands around a finding.

use schemars::JsonSchema;
use serde::Deserialize;

/// Words around a finding that make it surer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Near {
    /// Any of these, whatever its case, as a word of its own.
    pub words: Vec<String>,
    /// How far to either side they are looked for, in bytes.
    #[serde(default = "within")]
    #[schemars(range(min = 1, max = 1024))]
    pub within: usize,
    /// By how many steps the confidence rises.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 2))]
    pub boost: u8,
}

/// What makes a finding none, or less sure.
///
/// Whoever writes a text also writes what stands around the finding. So what stands there may make
/// a finding less sure and never undo it; only the finding itself may.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unless {
    /// Any of these, whatever its case, as a word of its own.
    #[serde(default)]
    pub words: Vec<String>,
    /// Or a match of this.
    pub pattern: Option<String>,
    /// Where it is looked for.
    #[serde(default)]
    pub on: On,
    /// How far to either side it is looked for, in bytes, with `on = "around"`.
    #[serde(default = "within")]
    #[schemars(range(min = 1, max = 1024))]
    pub within: usize,
    /// What it does: `drop` without it on the finding, `lower` around it.
    pub effect: Option<Effect>,
}

impl Unless {
    /// What it does.
    pub fn effect(&self) -> Effect {
        self.effect.unwrap_or(match self.on {
            On::Span => Effect::Drop,
            On::Around => Effect::Lower,
        })
    }
}

/// Where [`Unless`] is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// In the finding itself.
    #[default]
    Span,
    /// Before and after the finding.
    Around,
}

/// What [`Unless`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The finding is none.
    Drop,
    /// Its confidence falls by one step.
    Lower,
}

fn within() -> usize {
    200
}

fn one() -> u8 {
    1
}
