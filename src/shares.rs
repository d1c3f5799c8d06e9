//! Places that many parties share: so many in all, and so many for each, so that no party takes them
//! all. A place is given back when it is dropped.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places, counted by `K`, whatever tells the parties apart.
#[derive(Debug)]
pub struct Shares<K: Eq + Hash> {
    all: Arc<Semaphore>,
    each: usize,
    taken: Mutex<HashMap<K, usize>>,
}

/// A place that is nobody's yet.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// A party's place.
#[derive(Debug)]
pub struct Share<K: Eq + Hash> {
    shares: Arc<Shares<K>>,
    party: K,
    _place: Place,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    pub fn new(all: usize, each: usize) -> Arc<Self> {
        let all = Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { all, each, taken: Mutex::default() })
    }

    /// Waits for a place. `None`: no more will come.
    pub async fn place(&self) -> Option<Place> {
        Arc::clone(&self.all).acquire_owned().await.ok().map(|permit| Place { _permit: permit })
    }

    /// Gives the place to a party, unless it has enough.
    pub fn give(self: &Arc<Self>, party: K, place: Place) -> Option<Share<K>> {
        let mut taken = self.taken.lock();
        let count = taken.get(&party).copied().unwrap_or(0);
        if count >= self.each {
            return None;
        }
        taken.insert(party.clone(), count + 1);
        Some(Share { shares: Arc::clone(self), party, _place: place })
    }

    /// A place for a party at once, if there is one.
    pub fn take(self: &Arc<Self>, party: K) -> Option<Share<K>> {
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        self.give(party, Place { _permit: permit })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock();
        if let Some(count) = taken.get_mut(&self.party) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_party_takes_its_share_and_leaves_the_rest() {
        let shares = Shares::new(3, 2);
        let first = shares.take("greedy").expect("its first");
        let _second = shares.take("greedy").expect("its second");
        assert!(shares.take("greedy").is_none(), "a third is too many");
        let place = shares.place().await.expect("the place went back");
        let _third = shares.give("other", place).expect("its first");
        assert!(shares.take("another").is_none(), "all are taken");
        drop(first);
        assert!(shares.take("another").is_some(), "one came free");
    }
}
