//! Takes a rule out of force that suddenly stops far too much: an honest change of the world, such as a
//! new form of dates, must not stop all work.
//!
//! Whoever controls one server must not be able to flood a rule out of force, so that several servers
//! and distinct texts are asked for. Pure: the time is given by the caller.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// When a rule falls out of force by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Of a server's messages, how many in a hundred a rule may stop or edit. 100 never falls.
    pub percent_max: u8,
    /// Seconds over which is counted.
    pub window_s: u32,
    /// Messages of a server below which nothing is said of it.
    pub messages_min: u32,
    /// Distinct texts of a server that the rule must have found something in.
    pub texts_min: u32,
    /// Servers on which all this must hold. With 1, a single server can take rules out of force.
    pub servers_min: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { percent_max: 20, window_s: 300, messages_min: 50, texts_min: 20, servers_min: 2 }
    }
}

/// Pairs of rule and server that are counted in one window.
const PAIRS_MAX: usize = 4_096;
/// Distinct texts that are remembered of one pair.
const TEXTS_MAX: usize = 4_096;

/// Counts what rules stop.
#[derive(Debug)]
pub struct Breaker {
    limits: Limits,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    /// Milliseconds since 1970 UTC.
    began: i64,
    messages: HashMap<Arc<str>, u64>,
    /// Hashes of the texts, by rule and server.
    texts: HashMap<Arc<str>, HashMap<Arc<str>, HashSet<u64>>>,
    /// Rules that fell in this window.
    fallen: HashSet<Arc<str>>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Breaker {
    pub fn new(limits: Limits) -> Self {
        Self { limits, window: Mutex::new(Window::default()) }
    }

    /// The limits that it was made with.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Counts one message of a server, with the rules that stopped or edited it and a hash of the
    /// text that each found something in. Returns the rules that fall now. `now` is in milliseconds
    /// since 1970 UTC.
    pub fn count(&self, server: &str, hits: &[(Arc<str>, u64)], now: i64) -> Vec<Arc<str>> {
        if self.limits.percent_max >= 100 {
            return Vec::new();
        }
        let mut window = self.window.lock();
        let age = now.saturating_sub(window.began);
        if !(0..i64::from(self.limits.window_s) * 1000).contains(&age) {
            *window = Window { began: now, ..Window::default() };
        }
        let server = window.message(server);
        let mut falling = Vec::new();
        for (rule, text) in hits {
            if window.hit(rule, &server, *text) && window.is_over(rule, self.limits) {
                window.fallen.insert(Arc::clone(rule));
                falling.push(Arc::clone(rule));
            }
        }
        falling
    }
}

impl Window {
    fn message(&mut self, server: &str) -> Arc<str> {
        if let Some((known, _)) = self.messages.get_key_value(server) {
            let known = Arc::clone(known);
            *self.messages.entry(Arc::clone(&known)).or_default() += 1;
            return known;
        }
        let name: Arc<str> = Arc::from(server);
        if self.messages.len() < PAIRS_MAX {
            self.messages.insert(Arc::clone(&name), 1);
        }
        name
    }

    /// Whether the text is new for the rule.
    fn hit(&mut self, rule: &Arc<str>, server: &Arc<str>, text: u64) -> bool {
        if self.texts.len() >= PAIRS_MAX && !self.texts.contains_key(rule) {
            return false;
        }
        let servers = self.texts.entry(Arc::clone(rule)).or_default();
        let texts = servers.entry(Arc::clone(server)).or_default();
        texts.len() < TEXTS_MAX && texts.insert(text)
    }

    fn is_over(&self, rule: &Arc<str>, limits: Limits) -> bool {
        let over = |(server, texts): (&Arc<str>, &HashSet<u64>)| {
            let messages = self.messages.get(server).copied().unwrap_or(0);
            let texts = u64::try_from(texts.len()).unwrap_or(u64::MAX);
            messages >= u64::from(limits.messages_min)
                && texts >= u64::from(limits.texts_min)
                && texts.saturating_mul(100) > messages.saturating_mul(limits.percent_max.into())
        };
        let Some(servers) = self.texts.get(rule) else { return false };
        let servers = servers.iter().filter(|pair| over(*pair)).count();
        servers >= usize::try_from(limits.servers_min.max(1)).unwrap_or(usize::MAX)
            && !self.fallen.contains(rule)
    }
}
