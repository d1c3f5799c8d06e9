//! What was used lately, in bounded room.

use std::{collections::HashMap, hash::Hash};

/// A map that forgets: two generations, of which the older goes as a whole when the younger is full.
/// What is asked for moves to the younger, so what comes again stays.
#[derive(Debug)]
pub struct Recent<K, V> {
    /// Entries of one generation.
    size: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Copy + Eq + Hash, V: Clone> Recent<K, V> {
    /// Holds twice `size` entries at most.
    pub fn new(size: usize) -> Self {
        Self { size, young: HashMap::new(), old: HashMap::new() }
    }

    pub fn get(&mut self, key: &K) -> Option<V> {
        if let Some(known) = self.young.get(key) {
            return Some(known.clone());
        }
        let known = self.old.remove(key)?;
        self.put(*key, known.clone());
        Some(known)
    }

    pub fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.size {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    /// Entries that are held.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn what_comes_again_stays_and_the_rest_goes() {
        let mut recent = Recent::new(3);
        recent.put(0, "kept");
        for key in 1..100 {
            recent.put(key, "passing");
            assert_eq!(recent.get(&0), Some("kept"), "after {key}");
            assert!(recent.len() <= 6);
        }
        assert_eq!((recent.get(&1), recent.get(&99)), (None, Some("passing")));
    }
}
