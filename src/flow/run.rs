//! What a run has read: sources with their labels, and digests of what stood in them. It only ever
//! grows; what does not fit makes the run saturated, never clean.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::passage::{Passage, Sketch};
use super::reading::{Naming, Reading};
use crate::label::{Confidentiality, Integrity, Label};

/// How much of a run is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) sources: usize,
    pub(super) tokens: usize,
    pub(super) prints: usize,
    pub(super) orders: usize,
}

/// One result, error, resource or prompt that the run read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Source {
    pub label: Label,
    pub server: Arc<str>,
    pub tool: Arc<str>,
    /// Milliseconds since the epoch.
    pub time: i64,
    /// Rules that found something in it.
    pub rules: Vec<Arc<str>>,
    /// Its label is in part a guess: nobody said what the tool does.
    #[serde(default)]
    pub guessed: bool,
    /// It speaks to agents, or rules for injections found something.
    pub instructs: bool,
    /// The nonce of the fence around it.
    pub nonce: Option<String>,
}

/// A destination that was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Seen {
    /// The agent named it before the run read anything that a stranger may have written.
    pub(super) own: bool,
    /// How results name it, and the first that does.
    pub(super) named: Option<(Naming, u16)>,
}

/// What a person's yes covers besides the one call (settled: never by a tool's name alone).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Grant {
    pub(super) keys: Vec<u64>,
    /// Sources that the run had read by then.
    pub(super) sources: usize,
}

/// The first of a run's sources of a kind, so that no call has to look through all of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Firsts {
    pub(super) instructs: Option<u16>,
    pub(super) mixed: Option<u16>,
    pub(super) untrusted: Option<u16>,
    pub(super) private: Option<u16>,
}

impl Firsts {
    fn note(&mut self, source: &Source, index: u16) {
        let Label { integrity, confidentiality } = source.label;
        for (first, is) in [
            (&mut self.instructs, source.instructs),
            (&mut self.mixed, integrity >= Integrity::Mixed),
            (&mut self.untrusted, integrity >= Integrity::Untrusted),
            (&mut self.private, confidentiality >= Confidentiality::Private),
        ] {
            if is {
                first.get_or_insert(index);
            }
        }
    }
}

/// A passage that orders something, and which source has it.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) source: u16,
    sketch: Sketch,
    words: Box<[u64]>,
}

impl Ordered {
    fn new(source: u16, words: &[u64]) -> Self {
        Self { source, sketch: Sketch::of(words), words: words.into() }
    }

    pub(super) fn passage(&self) -> Passage<'_> {
        Passage(&self.words)
    }

    /// Whether it may have one of these words.
    pub(super) fn may_have(&self, words: &[u64]) -> bool {
        words.iter().any(|word| self.sketch.may_have(*word))
    }
}

#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) label: Label,
    pub(super) saturated: bool,
    pub(super) sources: Vec<Source>,
    pub(super) firsts: Firsts,
    pub(super) tokens: HashMap<u64, Seen>,
    pub(super) prints: HashMap<u64, u16>,
    /// Some of its tokens are parts of secrets.
    pub(super) secrets: bool,
    pub(super) orders: Vec<Ordered>,
    /// Nonces of the latest fences.
    pub(super) nonces: VecDeque<(String, u16)>,
    /// Each key with the number of sources at the time of the yes.
    pub(super) grants: HashMap<u64, usize>,
}

impl Run {
    /// Takes in what was read.
    pub(super) fn learn(&mut self, source: Source, reading: &Reading, limits: Limits) {
        let index = u16::try_from(self.sources.len()).unwrap_or(u16::MAX);
        self.label = self.label.join(source.label);
        if self.sources.len() >= limits.sources {
            self.saturate();
            return;
        }
        if let Some(nonce) = &source.nonce {
            self.remember_nonce(nonce.clone(), index);
        }
        self.firsts.note(&source, index);
        self.sources.push(source);
        let saturated = self.saturated;
        for (token, naming) in &reading.tokens {
            if saturated && *naming != Naming::Secret {
                continue;
            }
            self.secrets |= *naming == Naming::Secret;
            let fresh = Seen { own: false, named: None };
            let seen = self.tokens.entry(*token).or_insert(fresh);
            match seen.named {
                Some((before, _)) if before >= *naming => {}
                _ => seen.named = Some((*naming, index)),
            }
        }
        if saturated {
            return;
        }
        for print in &reading.prints {
            self.prints.entry(*print).or_insert(index);
        }
        self.orders.extend(reading.orders.iter().map(|words| Ordered::new(index, words)));
        let over = self.tokens.len() > limits.tokens
            || self.prints.len() > limits.prints
            || self.orders.len() > limits.orders;
        if over || reading.over {
            self.saturate();
        }
    }

    /// From here on everything counts as read: nothing more has to be remembered.
    pub(super) fn saturate(&mut self) {
        self.label = Label::WORST;
        self.saturated = true;
    }

    /// Whether a stranger may have written something that the run read.
    pub(super) fn is_tainted(&self) -> bool {
        self.label.integrity > Integrity::Trusted
    }

    /// The agent names these of its own accord.
    pub(super) fn own(&mut self, tokens: impl Iterator<Item = u64>, limits: Limits) {
        if self.is_tainted() || self.tokens.len() >= limits.tokens {
            return;
        }
        for token in tokens {
            self.tokens.insert(token, Seen { own: true, named: None });
        }
    }

    /// The agent says what no text that it read says: if one does later, the agent was first.
    pub(super) fn say(&mut self, wholes: Vec<u64>, limits: Limits) {
        for whole in wholes {
            if self.tokens.len() < limits.tokens {
                self.tokens.entry(whole).or_insert(Seen { own: true, named: None });
            }
        }
    }

    pub(super) fn grant(&mut self, grant: &Grant) {
        for key in &grant.keys {
            let sources = self.grants.entry(*key).or_default();
            *sources = grant.sources.max(*sources);
        }
    }

    /// Whether nothing of this is new: a server that is asked again and again says the same.
    pub(super) fn knows(&mut self, source: &Source, reading: &Reading) -> bool {
        let alike = |known: &Source| {
            known.label == source.label
                && known.server == source.server
                && known.tool == source.tool
                && (known.instructs || !(source.instructs || reading.to_agents))
                && source.rules.iter().all(|rule| known.rules.contains(rule))
        };
        let same = self.sources.iter().rposition(alike);
        let named = |(token, naming): &(u64, Naming)| {
            self.tokens.get(token).is_some_and(|seen| seen.named.is_some_and(|it| it.0 >= *naming))
        };
        let ordered = |words: &Vec<u64>| self.orders.iter().any(|known| *known.words == **words);
        let known = !reading.over
            && reading.tokens.iter().all(named)
            && reading.prints.iter().all(|print| self.prints.contains_key(print))
            && reading.orders.iter().all(ordered);
        let secret = |(token, naming): &(u64, Naming)| {
            *naming == Naming::Secret && !self.tokens.contains_key(token)
        };
        let new = reading.tokens.iter().any(secret);
        let Some(index) = same.filter(|_| known || self.saturated && !new) else { return false };
        if let (Some(nonce), Ok(index)) = (&source.nonce, u16::try_from(index)) {
            self.remember_nonce(nonce.clone(), index);
        }
        true
    }

    fn remember_nonce(&mut self, nonce: String, source: u16) {
        if self.nonces.len() >= NONCES_MAX {
            self.nonces.pop_front();
        }
        self.nonces.push_back((nonce, source));
    }

    /// The agent named these before the gateway was started again.
    pub(super) fn keep_own(&mut self, tokens: impl Iterator<Item = u64>) {
        for token in tokens {
            if let Some(seen) = self.tokens.get_mut(&token) {
                seen.own = true;
            }
        }
    }
}

/// Nonces that count as live. Forgetting one loses the strongest evidence, not the others.
const NONCES_MAX: usize = 256;
