//! What may become of a finding before it counts: its rule may not cover the place, a person may have
//! excluded it, or the rule may only be watched.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    sync::{Arc, LazyLock},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Walk;
use crate::{
    firewall::{
        Action, Finding, Surface,
        breaker::Breaker,
        exclusion::{Exclusions, Said, Spot as Place},
        stage::{Effect, Stages, is_held_in_force},
    },
    hex,
    metrics::{Fate, RuleCounts},
};

#[cfg(test)]
mod tests;

/// How the rules in force are kept.
#[derive(Debug, Default)]
pub struct Lifecycle {
    pub stages: Stages,
    pub exclusions: Exclusions,
    pub counts: Arc<RuleCounts>,
    pub breaker: Arc<Breaker>,
    pub falling: Arc<Falling>,
}

/// Rules that the breaker takes out of force; whoever keeps stages is told.
#[derive(Debug, Default)]
pub struct Falling {
    rules: Mutex<BTreeSet<Arc<str>>>,
    told: Notify,
}

impl Falling {
    fn add(&self, rules: Vec<Arc<str>>) {
        self.rules.lock().extend(rules);
        self.told.notify_one();
    }

    /// Waits for rules that fall, and takes them.
    pub async fn next(&self) -> BTreeSet<Arc<str>> {
        loop {
            let rules = std::mem::take(&mut *self.rules.lock());
            if !rules.is_empty() {
                return rules;
            }
            self.told.notified().await;
        }
    }
}

/// Where a rule found something, for the record. Never what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub rule: Arc<str>,
    pub surface: Surface,
    /// A JSON pointer; keys that are no plain words stand as `*`.
    pub pointer: String,
    /// SHA-256 of the whole text, unless the rule takes something out of it: a short secret could be
    /// guessed from it.
    pub sha256: Option<String>,
}

/// Places of one message that are kept.
pub(super) const SPOTS_MAX: usize = 16;

/// What became of the findings of one message.
#[derive(Debug, Default)]
pub(super) struct Fates {
    each: BTreeSet<(Arc<str>, Fate)>,
    /// Rules that stop or edit the message, with a hash of the text.
    hits: Vec<(Arc<str>, u64)>,
}

/// Nobody outside can choose texts with the same hash.
static HASH: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Walk<'_> {
    /// Lets those findings of one text stand that count, and notes the others.
    pub(super) fn admit(&mut self, text: &str) {
        if self.findings.is_empty() {
            return;
        }
        let mut sha256 = None;
        let findings = std::mem::take(&mut self.findings);
        for finding in findings {
            if self.stands(&finding, text, &mut sha256) {
                self.findings.push(finding);
            }
        }
    }

    fn stands(&mut self, finding: &Finding, text: &str, sha256: &mut Option<String>) -> bool {
        let firewall = self.firewall;
        if !firewall.rules.covers(&finding.rule, self.subject.origin) {
            return false;
        }
        let mut digest = || sha256.get_or_insert_with(|| hex::sha256(text.as_bytes())).clone();
        let now = *self.now.get_or_insert_with(crate::ids::now_ms);
        let place = Place {
            surface: self.surface,
            server: self.subject.origin.server,
            tool: self.subject.origin.tool,
            principal: self.subject.agent,
            pointer: self.pointer.as_str(),
        };
        let Lifecycle { exclusions, stages, counts, .. } = &*firewall.lifecycle;
        match exclusions.say(&finding.rule, place, now, &mut digest) {
            Some(Said::Excluded(id)) => {
                counts.exclusion(id, false);
                self.inspection.exclusions.insert(Arc::clone(id));
                self.fates.each.insert((Arc::clone(&finding.rule), Fate::Excluded));
                return false;
            }
            Some(Said::Expired(id)) => counts.exclusion(id, true),
            None => {}
        }
        let run = self.subject.run_key();
        let fate = match stages.effect(&finding.rule, run.as_deref(), now) {
            Effect::Off => return false,
            Effect::Recorded => Fate::Shadow,
            Effect::Acts => Fate::Acted,
        };
        let acts = fate == Fate::Acted;
        if !acts {
            self.inspection.shadow.insert(Arc::clone(&finding.rule));
        } else if finding.action != Action::Flag {
            let hash = HASH.hash_one(text);
            self.fates.hits.push((Arc::clone(&finding.rule), hash));
        }
        self.fates.each.insert((Arc::clone(&finding.rule), fate));
        let edits = matches!(finding.action, Action::Redact | Action::Strip);
        self.spot(&finding.rule, (!edits).then(digest));
        acts
    }

    fn spot(&mut self, rule: &Arc<str>, sha256: Option<String>) {
        let pointer = self.pointer.as_str();
        let spots = &mut self.inspection.spots;
        let same = |spot: &Spot| spot.rule == *rule && spot.pointer == pointer;
        if spots.len() < SPOTS_MAX && !spots.iter().any(same) {
            let (rule, surface, pointer) = (Arc::clone(rule), self.surface, pointer.to_owned());
            spots.push(Spot { rule, surface, pointer, sha256 });
        }
    }

    /// Counts what became of the findings.
    pub(super) fn tally(&self) {
        for (rule, fate) in &self.fates.each {
            self.firewall.lifecycle.counts.rule(rule, *fate);
        }
    }

    /// Lets the breaker see the message.
    pub(super) fn watch(&mut self) {
        let lifecycle = &self.firewall.lifecycle;
        let Some(server) = self.subject.origin.server else { return };
        let now = *self.now.get_or_insert_with(crate::ids::now_ms);
        let mut falling = lifecycle.breaker.count(server, &self.fates.hits, now);
        if falling.is_empty() {
            return;
        }
        let rules = &self.firewall.rules;
        falling.retain(|id| !rules.rule(id).is_some_and(is_held_in_force));
        lifecycle.falling.add(falling);
    }
}
