//! Answers that hold for as long as the policies do: those to which no policy of the slice needed
//! the context. A hit compares the whole key, so a collision of hashes can never lend an answer.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};

use parking_lot::RwLock;

use super::decide::Outcome;
use super::question::{Action, Question, TargetKind};

/// A bounded map in shards, each with a young and an old generation: when the young one is full,
/// the old one is dropped whole.
#[derive(Debug)]
pub(super) struct Memo {
    hashing: RandomState,
    shards: [RwLock<Shard>; SHARDS],
    /// Entries of one generation of one shard.
    limit: usize,
}

const SHARDS: usize = 16;

#[derive(Debug, Default)]
struct Shard {
    young: Generation,
    old: Generation,
}

type Generation = HashMap<u64, Entry, BuildHasherDefault<AsIs>>;

#[derive(Debug)]
struct Entry {
    key: Key,
    outcome: Outcome,
}

impl Memo {
    /// A memo of at most about `limit` answers.
    pub(super) fn new(limit: usize) -> Self {
        let shards = std::array::from_fn(|_| RwLock::default());
        Self { hashing: RandomState::new(), shards, limit: limit / (2 * SHARDS) }
    }

    pub(super) fn get(&self, question: &Question<'_>, action: Action) -> Option<Outcome> {
        let hash = self.hash(question, action);
        let shard = self.shard(hash).read();
        let entry = shard.young.get(&hash).or_else(|| shard.old.get(&hash))?;
        entry.key.matches(question, action).then(|| entry.outcome.clone())
    }

    pub(super) fn put(&self, question: &Question<'_>, action: Action, outcome: Outcome) {
        let hash = self.hash(question, action);
        let entry = Entry { key: Key::of(question, action), outcome };
        let mut shard = self.shard(hash).write();
        if shard.young.len() >= self.limit {
            shard.old = std::mem::take(&mut shard.young);
        }
        if self.limit > 0 {
            shard.young.insert(hash, entry);
        }
    }

    fn shard(&self, hash: u64) -> &RwLock<Shard> {
        // The upper bits, because the table inside the shard uses the lower ones.
        &self.shards[(hash >> 32) as usize % SHARDS]
    }

    fn hash(&self, question: &Question<'_>, action: Action) -> u64 {
        let mut state = self.hashing.build_hasher();
        let (caller, target) = (&question.caller, &question.target);
        (action, caller.agent, caller.user, caller.groups, caller.proof).hash(&mut state);
        (target.kind, target.server, target.name, target.risk, target.classes).hash(&mut state);
        state.finish()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let sizes = self.shards.iter().map(|shard| {
            let shard = shard.read();
            shard.young.len() + shard.old.len()
        });
        sizes.sum()
    }
}

/// Everything that a policy which ignores the context can read.
#[derive(Debug)]
struct Key {
    action: Action,
    agent: Box<str>,
    user: Option<Box<str>>,
    groups: Box<[String]>,
    proof: Box<str>,
    kind: TargetKind,
    server: Box<str>,
    name: Box<str>,
    risk: Box<str>,
    classes: Box<[String]>,
}

impl Key {
    fn of(question: &Question<'_>, action: Action) -> Self {
        let (caller, target) = (&question.caller, &question.target);
        Self {
            action,
            agent: caller.agent.into(),
            user: caller.user.map(Into::into),
            groups: caller.groups.into(),
            proof: caller.proof.into(),
            kind: target.kind,
            server: target.server.into(),
            name: target.name.into(),
            risk: target.risk.into(),
            classes: target.classes.into(),
        }
    }

    fn matches(&self, question: &Question<'_>, action: Action) -> bool {
        let (caller, target) = (&question.caller, &question.target);
        self.action == action
            && *self.agent == *caller.agent
            && self.user.as_deref() == caller.user
            && *self.groups == *caller.groups
            && *self.proof == *caller.proof
            && self.kind == target.kind
            && *self.server == *target.server
            && *self.name == *target.name
            && *self.risk == *target.risk
            && *self.classes == *target.classes
    }
}

/// The key is a hash already, keyed at random.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Never reached for `u64` keys; folds anyway, so that it is right for all.
        self.0 = bytes.iter().fold(self.0, |sum, byte| sum.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
