//! Flow rules: what a run may still do after what it read. Text alone cannot tell an order from an
//! attack, so patterns label, these rules decide over labels, tool classes and provenance, and people
//! decide the rest.
//!
//! Asking the person is left to [`crate::approval`], finding injections to [`crate::inspect`].

mod action;
mod advertised;
pub mod class;
mod digest;
mod example;
mod judge;
mod order;
mod passage;
mod reading;
mod review;
mod rule;
mod run;
mod runs;
mod sink;
mod token;
mod trusted;
mod wording;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

pub use advertised::Advertised;
pub use digest::Digester;
pub use judge::Judgement;
pub use review::{Review, is_flow, review};
pub use rule::shipped;
pub use run::{Grant, Source};
pub use runs::{Brought, RunName, Runs, Told, Unkept};
pub use sink::Sink;
pub use trusted::Trusted;

use crate::{
    firewall::{self, diagnostic::Diagnostic},
    inspect::Mode,
    mcp::Json,
};

use self::{
    judge::Judge,
    reading::{Bounds, Reading},
    rule::{Action, Rule, Written},
    run::{Limits, Run},
    sink::Arguments,
};

/// How much of a run is kept. Beyond it the run counts as having read everything.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FlowLimits {
    /// Results of one run.
    pub sources: usize,
    /// Destinations that its results name.
    pub destinations: usize,
    /// Prints of their text and of its wordings: about one for every three letters.
    pub prints: usize,
    /// Passages that order something.
    pub orders: usize,
    /// Seconds without a call after which a run ends that has no name of its own.
    pub idle_s: u32,
    /// Runs that are kept in memory; the others are read from the store again.
    pub runs_in_memory: usize,
    /// How often one call may get the same answer in `repeats_window_s` before it is refused as a
    /// loop; 0 for as often as it likes.
    pub repeats: u32,
    /// Seconds.
    pub repeats_window_s: u32,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FlowLimits {
    const DEFAULT: Self = Self {
        sources: 4_096,
        destinations: 65_536,
        prints: 524_288,
        orders: 8_192,
        idle_s: 1_800,
        runs_in_memory: 256,
        repeats: 60,
        repeats_window_s: 60,
    };

    const fn of_run(self) -> Limits {
        Limits {
            sources: self.sources,
            tokens: self.destinations,
            prints: self.prints,
            orders: self.orders,
        }
    }
}

/// What a person changes about a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Override {
    /// The rule is not asked.
    Off,
    /// It is recorded that it applies.
    Flag,
    /// A person decides.
    Hold,
    /// The call is refused.
    Block,
}

/// An id that no flow rule has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no flow rule has the id `{0}`")]
pub struct UnknownFlowRule(pub String);

/// The flow rules in force.
#[derive(Clone, Debug)]
pub struct FlowRules {
    rules: Arc<[Rule]>,
    pub trusted: Arc<Trusted>,
    pub mode: Mode,
    pub limits: FlowLimits,
    /// What runs read outlives a power cut, as the journal does where it is told to. Asked when the
    /// gateway starts.
    pub synced: bool,
}

impl FlowRules {
    /// Reads rules and runs their examples.
    ///
    /// # Errors
    /// Every fault that was found.
    pub fn new(
        sources: &[firewall::Source],
        trusted: Trusted,
        limits: FlowLimits,
    ) -> Result<Self, Vec<Diagnostic>> {
        let (rules, trusted) = (rule::read(sources)?.into(), Arc::new(trusted));
        Ok(Self { rules, trusted, mode: Mode::Enforce, limits, synced: false })
    }

    /// The same rules with what the operator wants of single ones.
    ///
    /// # Errors
    /// The first id that no rule has.
    pub fn with(self, overrides: &BTreeMap<String, Override>) -> Result<Self, UnknownFlowRule> {
        let mut rules = self.rules.to_vec();
        for (id, action) in overrides {
            let found = rules.iter_mut().find(|rule| *rule.id == **id);
            let rule = found.ok_or_else(|| UnknownFlowRule(id.clone()))?;
            rule.action = match action {
                Override::Off => Action::Off,
                Override::Flag => Action::Flag,
                Override::Hold => Action::Hold,
                Override::Block => Action::Block,
            };
        }
        Ok(Self { rules: rules.into(), ..self })
    }

    /// The rules that are shipped, and nothing of an operator's.
    ///
    /// # Errors
    /// None in a released version: the tests read these files.
    pub fn shipped() -> Result<Self, Vec<Diagnostic>> {
        Self::new(&shipped(), Trusted::default(), FlowLimits::default())
    }

    /// How many rules there are.
    pub fn count(&self) -> usize {
        self.rules.len()
    }

    /// Title and message of a rule, for people.
    pub fn told(&self, id: &str) -> Option<FlowRule> {
        let rule = self.rules.iter().find(|rule| *rule.id == *id)?;
        let Written { severity, title, message, tags, .. } = &*rule.written;
        let (title, message, tags) = (title.clone(), message.clone(), tags.clone());
        Some(FlowRule { severity: *severity, title, message, tags })
    }
}

/// What is told of a flow rule.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FlowRule {
    pub severity: firewall::Severity,
    pub title: String,
    pub message: String,
    pub tags: Vec<String>,
}

/// Bytes of an argument that is known again as the agent's own; a longer one shares no short wording.
const OWN_BYTES_MAX: usize = 1024;

/// How runs are read and judged: everything but the rules and the run.
#[derive(Clone, Debug)]
struct Memory {
    digester: Digester,
    limits: FlowLimits,
    trusted: Arc<Trusted>,
}

impl Memory {
    fn read(&self, value: &Json) -> Reading {
        // One result may take what a run may take, and no more.
        let FlowLimits { destinations, prints, orders, .. } = self.limits;
        Reading::of(value, &self.digester, Bounds { tokens: destinations, prints, orders })
    }

    /// What a result brings, for a run that may have read other things before.
    fn learn(&self, run: &mut Run, mut source: Source, reading: &Reading) {
        if source.label.integrity == crate::label::Integrity::Trusted {
            // A program that only computes gives back what it was given.
            source.label = source.label.join(run.label);
        }
        source.instructs |= reading.to_agents;
        if source.label.integrity == crate::label::Integrity::Trusted {
            source.instructs = false;
        }
        run.learn(source, reading, self.limits.of_run());
    }

    fn judge(&self, rules: &[Rule], run: &mut Run, sink: Sink<'_>, arguments: &Json) -> Judgement {
        let nonces: Vec<u16> = Vec::new();
        self.judge_marked(rules, run, sink, arguments, &nonces)
    }

    /// Why a rule does not apply to a call.
    fn missed(&self, rule: &Rule, run: &Run, sink: Sink<'_>, arguments: &Json) -> String {
        let arguments = Arguments::of(arguments, &self.digester, false);
        let judge = Judge { rules: &[], trusted: &self.trusted, digester: &self.digester, run };
        judge.missed(rule, sink, &arguments)
    }

    /// Judges a call and notes what the agent named of its own accord.
    fn judge_marked(
        &self,
        rules: &[Rule],
        run: &mut Run,
        sink: Sink<'_>,
        arguments: &Json,
        nonces: &[u16],
    ) -> Judgement {
        let brief = run.label.is_clean();
        let arguments = Arguments::of(arguments, &self.digester, brief);
        if !run.is_tainted() {
            let whole = |leaf: &sink::Leaf| wording::whole(&self.digester, &leaf.text);
            let leaves = arguments.leaves.iter().filter(|leaf| leaf.text.len() <= OWN_BYTES_MAX);
            let named = arguments.destinations.iter().map(|it| it.digest);
            run.own(named.chain(leaves.map(whole)), self.limits.of_run());
        }
        let judge = Judge { rules, trusted: &self.trusted, digester: &self.digester, run };
        let judgement = judge.judge(sink, &arguments, nonces);
        if run.is_tainted() && judgement.disposition == firewall::Disposition::Allow {
            let said = arguments.leaves.iter().filter(|leaf| leaf.text.len() <= OWN_BYTES_MAX);
            let said: Vec<u64> = said
                .filter(|leaf| {
                    let absent = |text: &str| {
                        let wanted = wording::of_argument(&self.digester, text, leaf.names);
                        wanted.is_some_and(|all| all.iter().any(|it| !run.prints.contains_key(it)))
                    };
                    let unnamed = |it: &sink::Destination| {
                        run.tokens.get(&it.digest).is_none_or(|seen| seen.named.is_none())
                    };
                    absent(&leaf.text)
                        && absent(&sink::rot13(&leaf.text))
                        && arguments.of_leaf(leaf).iter().all(unnamed)
                })
                .map(|leaf| wording::whole(&self.digester, &leaf.text))
                .collect();
            run.say(said, self.limits.of_run());
        }
        judgement
    }
}
