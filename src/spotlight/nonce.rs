//! The names of fences: drawn after the data is known, never twice, and remembered while a copy of
//! one can still come back in an argument.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;

use super::Marking;

/// 46.9 bits: too many to guess within one result.
pub(super) const NONCE_CHARS: usize = 8;

/// Nonces of all parties that are remembered; the oldest go first.
pub const LIVE_MAX: usize = 65_536;

/// Marks of one party that are looked for in its arguments, the last ones.
const MARKINGS_MAX: usize = 16;

/// The name of one fence.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Nonce(Arc<str>);

impl Nonce {
    /// Draws one that no word of a language looks like.
    pub(super) fn draw() -> Self {
        loop {
            if let Some(nonce) = Self::parse(&crate::ids::random(NONCE_CHARS)) {
                return nonce;
            }
        }
    }

    /// A word that has the form of one: letters of both cases, or a digit among letters.
    pub fn parse(word: &str) -> Option<Self> {
        let base58 = |byte: &u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(byte);
        let bytes = word.as_bytes();
        if bytes.len() != NONCE_CHARS || !bytes.iter().all(base58) {
            return None;
        }
        let some = |is: fn(&u8) -> bool| usize::from(bytes.iter().any(is));
        let kinds =
            some(u8::is_ascii_digit) + some(u8::is_ascii_lowercase) + some(u8::is_ascii_uppercase);
        (kinds >= 2).then(|| Self(word.into()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A fence that left the gateway.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Who received it, as the limits count callers.
    pub party: u64,
    /// Where the fenced data came from: `upstream/tool`.
    pub source: Arc<str>,
    /// How the data was marked inside.
    pub marking: Option<Marking>,
}

/// The fences that are live: a nonce of one in an argument proves that data flowed there.
///
/// Kept in memory alone. After a restart a copied nonce proves nothing any more; what a run has read
/// is remembered elsewhere.
#[derive(Debug, Default)]
pub struct Nonces {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    issues: HashMap<Nonce, Issue>,
    order: VecDeque<Nonce>,
    parties: HashMap<u64, VecDeque<Nonce>>,
}

impl Nonces {
    /// Remembers a fence.
    pub fn issue(&self, nonce: Nonce, issue: Issue) {
        let mut table = self.table.lock();
        table.parties.entry(issue.party).or_default().push_back(nonce.clone());
        table.order.push_back(nonce.clone());
        table.issues.insert(nonce, issue);
        if table.order.len() > LIVE_MAX {
            table.forget_oldest();
        }
    }

    /// Whether it is the nonce of a fence that left the gateway.
    pub fn is_live(&self, nonce: &Nonce) -> bool {
        self.table.lock().issues.contains_key(nonce)
    }

    /// What is known of a live one.
    pub fn get(&self, nonce: &Nonce) -> Option<Issue> {
        self.table.lock().issues.get(nonce).cloned()
    }

    /// Whether anything was fenced for this party.
    pub(super) fn knows(&self, party: u64) -> bool {
        self.table.lock().parties.contains_key(&party)
    }

    /// The last marks that this party was shown.
    pub(super) fn markings(&self, party: u64) -> Vec<Marking> {
        let table = self.table.lock();
        let shown = table.parties.get(&party).into_iter().flatten().rev().take(MARKINGS_MAX);
        shown.filter_map(|nonce| table.issues.get(nonce)?.marking.clone()).collect()
    }
}

impl Table {
    fn forget_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else { return };
        let Some(Issue { party, .. }) = self.issues.remove(&oldest) else { return };
        if let Some(shown) = self.parties.get_mut(&party) {
            // Both queues grow at the same end, so it is the first here too.
            shown.pop_front();
            if shown.is_empty() {
                self.parties.remove(&party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Issue, LIVE_MAX, Nonce, Nonces};

    fn issue(party: u64) -> Issue {
        Issue { party, source: "web/fetch".into(), marking: None }
    }

    #[test]
    fn words_are_no_nonces_and_nonces_are_no_words() {
        for word in ["exchange", "PREAMBLE", "12345678", "7Kq2mXw", "7Kq2mXw90", "7Kq2mXw0"] {
            assert_eq!(Nonce::parse(word), None, "{word}");
        }
        for _ in 0..1000 {
            let nonce = Nonce::draw();
            assert_eq!(Nonce::parse(nonce.as_str()), Some(nonce));
        }
    }

    #[test]
    fn the_oldest_are_forgotten_first_and_nothing_is_left_of_them() {
        let nonces = Nonces::default();
        let first = Nonce::draw();
        nonces.issue(first.clone(), issue(1));
        for _ in 1..LIVE_MAX {
            nonces.issue(Nonce::draw(), issue(2));
        }
        assert!(nonces.is_live(&first) && nonces.knows(1));
        let last = Nonce::draw();
        nonces.issue(last.clone(), issue(2));
        assert!(!nonces.is_live(&first) && !nonces.knows(1));
        assert_eq!(nonces.get(&last).map(|it| it.party), Some(2));
    }
}
