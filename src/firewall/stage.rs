//! How far a rule has come in service: watched, tried on some runs, or carried out.
//!
//! A rule's `status` is its author's judgement; its stage is this installation's. Pure: the time is
//! given by the caller, and keeping stages is the store's.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aws_lc_rs::digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    finding::Severity,
    rule::{Rule, Status},
};

mod gate;

#[cfg(test)]
mod tests;

pub use gate::{Evidence, Gate, Unmet};

/// A rule's stage in this installation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It does not count at all.
    Draft,
    /// What it finds is recorded and changes nothing.
    Shadow,
    /// It acts in some of the runs, and is recorded in the others.
    Canary,
    /// It acts.
    Enforce,
    /// It acts still, and is on its way out.
    Deprecated,
}

impl Stage {
    /// Every stage, in the order of a rule's life.
    pub const ALL: [Self; 5] =
        [Self::Draft, Self::Shadow, Self::Canary, Self::Enforce, Self::Deprecated];

    /// The word in records and commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Enforce => "enforce",
            Self::Deprecated => "deprecated",
        }
    }

    /// The stage of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// Where the operator's own rule begins: it acts, unless its author says that it is not ready.
    pub fn of_own(rule: &Rule) -> Self {
        match rule.status {
            Some(Status::Draft | Status::Experimental) => Self::Shadow,
            _ => Self::Enforce,
        }
    }
}

/// What rules that are new or changed in an upgrade do at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Upgrades {
    /// They are recorded and change nothing, until a person promotes them.
    #[default]
    Shadow,
    /// They act at once.
    Enforce,
}

/// What one finding may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing, and nobody is told.
    Off,
    /// It is recorded.
    Recorded,
    /// What its rule asks for.
    Acts,
}

/// A rule's stage, for good or for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    pub stage: Stage,
    /// Of a canary: runs out of a hundred in which it acts.
    pub percent: u8,
    /// When it goes back to `before`, in milliseconds since 1970 UTC.
    pub until: Option<i64>,
    /// The stage and percent that it goes back to.
    pub before: (Stage, u8),
}

impl Placement {
    /// A stage for good.
    pub fn lasting(stage: Stage, percent: u8) -> Self {
        Self { stage, percent, until: None, before: (stage, percent) }
    }

    /// The stage and percent at a time in milliseconds since 1970 UTC.
    pub fn at(&self, now: i64) -> (Stage, u8) {
        match self.until {
            Some(until) if until <= now => self.before,
            _ => (self.stage, self.percent),
        }
    }
}

/// The rules that do not simply act.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    placed: BTreeMap<Arc<str>, Placement>,
    /// Rules above the level that blocks.
    detecting: BTreeSet<Arc<str>>,
}

impl Stages {
    /// Rules that are not named act.
    pub fn new(placed: impl IntoIterator<Item = (Arc<str>, Placement)>) -> Self {
        let acts = Placement::lasting(Stage::Enforce, 100);
        let placed = placed.into_iter().filter(|(_, placement)| *placement != acts).collect();
        Self { placed, detecting: BTreeSet::new() }
    }

    /// With rules that are recorded and nothing more, whatever their stage.
    #[must_use]
    pub fn detecting(self, rules: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self { detecting: rules.into_iter().collect(), ..self }
    }

    /// What a finding of this rule may do in this run, at a time in milliseconds since 1970 UTC. Of
    /// a run that is not known a canary is not left out.
    pub fn effect(&self, rule: &str, run: Option<&str>, now: i64) -> Effect {
        let effect = match self.of(rule, now) {
            (Stage::Draft, _) => Effect::Off,
            (Stage::Shadow, _) => Effect::Recorded,
            (Stage::Canary, percent) => match run {
                Some(run) if share_of(rule, run) >= percent => Effect::Recorded,
                _ => Effect::Acts,
            },
            (Stage::Enforce | Stage::Deprecated, _) => Effect::Acts,
        };
        match effect {
            Effect::Acts if self.detecting.contains(rule) => Effect::Recorded,
            effect => effect,
        }
    }

    /// The stage and percent of a rule at a time in milliseconds since 1970 UTC.
    pub fn of(&self, rule: &str, now: i64) -> (Stage, u8) {
        self.placed.get(rule).map_or((Stage::Enforce, 100), |placement| placement.at(now))
    }
}

/// A number below 100 that a run keeps for a rule. Each rule draws its runs anew.
fn share_of(rule: &str, run: &str) -> u8 {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(rule.as_bytes());
    context.update(b"\0");
    context.update(run.as_bytes());
    let drawn = context.finish();
    let number =
        drawn.as_ref().iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    u8::try_from(number % 100).unwrap_or(0)
}

/// Whether nothing but a person may take the rule out of force: a key that leaks is lost.
pub fn is_held_in_force(rule: &Rule) -> bool {
    rule.severity == Severity::Critical && rule.id.get_ref().starts_with("secret.")
}

/// Where a shipped rule begins that is new or changed, or `None` if it stays where it is.
///
/// `known` is the digest that the rule had before; `first` says that nothing was known of where it
/// comes from.
pub fn on_arrival(
    rule: &Rule,
    known: Option<&str>,
    first: bool,
    upgrades: Upgrades,
) -> Option<Stage> {
    if known == Some(rule.digest.as_str()) {
        return None;
    }
    let acts = first || upgrades == Upgrades::Enforce || is_held_in_force(rule);
    Some(if acts { Stage::Enforce } else { Stage::Shadow })
}
