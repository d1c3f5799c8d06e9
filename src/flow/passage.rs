//! A passage that orders something, as a run keeps it: digests of its words by their stems, and of each
//! two neighbours. Whether a call is the one that it orders is left to the judge.

use super::{
    digest::Digester,
    order::{self, stem},
};

/// How much of a text a passage is.
pub(super) const SENTENCE: u64 = 1;
pub(super) const PARAGRAPH: u64 = 1 << 1;
/// It does not order, but tells of something that can be done with a destination that it names.
pub(super) const REPORT: u64 = 1 << 2;
/// It speaks of something that is lost.
const DESTROYS: u64 = 1 << 3;
const FLAGS: u64 = SENTENCE | PARAGRAPH | REPORT | DESTROYS;

/// Words of a passage that are kept; in longer ones an order is not described, but buried.
const WORDS_MAX: usize = 240;
/// The kind of a passage's words among digests.
const WORD: u8 = 100;
/// The lowest bit of a word's digest says that it is a verb of consequence.
const VERB: u64 = 1;

/// The digest of a word, whatever its ending.
pub(super) fn word(digester: &Digester, word: &str) -> u64 {
    digester.of(WORD, stem(word).as_bytes()) & !VERB & !(1 << 63)
}

/// The digests of a text's words in their order.
pub(super) fn words(digester: &Digester, lower: &str) -> Vec<u64> {
    order::words(lower).map(|it| word(digester, it)).collect()
}

fn pair(digester: &Digester, one: u64, two: u64) -> u64 {
    digester.join(&[one, two]) & !VERB & !(1 << 63)
}

/// A passage as it is kept: sorted digests, then what kind of passage it is.
pub(super) fn keep(digester: &Digester, lower: &str, kind: u64) -> Vec<u64> {
    let spoken: Vec<&str> = order::words(lower).take(WORDS_MAX).collect();
    let digests: Vec<u64> = spoken.iter().map(|it| word(digester, it)).collect();
    let neighbours = digests.iter().zip(digests.iter().skip(1));
    let pairs: Vec<u64> = neighbours.map(|(one, two)| pair(digester, *one, *two)).collect();
    let marked = spoken.iter().zip(&digests);
    let mut kept: Vec<u64> = marked
        .map(|(it, digest)| digest | if order::is_verb(it) { VERB } else { 0 })
        .chain(pairs)
        .collect();
    let destroys = spoken.iter().any(|it| order::destroys(it));
    kept.sort_unstable();
    kept.dedup();
    // Digests of words leave the highest bit free.
    kept.push(1 << 63 | kind | if destroys { DESTROYS } else { 0 });
    kept
}

/// Which words a passage may have, in few bits: most passages of a run are passed over by it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sketch([u64; 4]);

impl Sketch {
    /// Of the digests of a kept passage.
    pub(super) fn of(kept: &[u64]) -> Self {
        let mut sketch = Self::default();
        for digest in kept {
            let (place, bit) = Self::bit(*digest);
            sketch.0[place] |= bit;
        }
        sketch
    }

    /// Whether the passage may have the word. Errs seldom, and only so.
    pub(super) fn may_have(&self, word: u64) -> bool {
        let (place, bit) = Self::bit(word);
        self.0[place] & bit != 0
    }

    /// From bits that are alike for a word and for the same word as a verb.
    fn bit(digest: u64) -> (usize, u64) {
        ((digest >> 8 & 3) as usize, 1 << (digest >> 10 & 63))
    }
}

/// A kept passage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage<'a>(pub(super) &'a [u64]);

impl Passage<'_> {
    fn flags(self) -> u64 {
        self.0.last().filter(|last| **last >> 63 == 1).map_or(0, |last| last & FLAGS)
    }

    pub(super) fn is(self, kind: u64) -> bool {
        self.flags() & kind != 0
    }

    /// It orders something, rather than to tell of it.
    pub(super) fn orders(self) -> bool {
        !self.is(REPORT)
    }

    /// It orders that something be lost.
    pub(super) fn destroys(self) -> bool {
        self.is(DESTROYS) && self.orders()
    }

    pub(super) fn has(self, word: u64) -> bool {
        self.0.binary_search(&word).is_ok() || self.0.binary_search(&(word | VERB)).is_ok()
    }

    /// Whether these words stand in it, each after the one before.
    pub(super) fn says(self, digester: &Digester, words: &[u64]) -> bool {
        let neighbours = words.iter().zip(words.iter().skip(1));
        words.first().is_some_and(|first| self.has(*first))
            && neighbours.into_iter().all(|(one, two)| self.has(pair(digester, *one, *two)))
    }

    /// Whether it orders something beyond these words: who copies an order says all of it.
    pub(super) fn orders_beyond(self, words: &[u64]) -> bool {
        let mut verbs = self.0.iter().filter(|it| **it >> 63 == 0 && **it & VERB != 0).peekable();
        verbs.peek().is_none() || verbs.any(|verb| !words.contains(&(verb & !VERB)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Passage, SENTENCE, Sketch, keep, words};
    use crate::{flow::digest::Digester, seal::Sealer};

    #[test]
    fn a_call_is_told_by_words_in_their_order_whatever_their_endings() {
        let digester = Digester::new(&Sealer::new(&[7; 32]));
        let kept = keep(&digester, "then commit it as “tidies up” and drop the tables", SENTENCE);
        let says = |text: &str| Passage(&kept).says(&digester, &words(&digester, text));
        assert!(says("tidy up") && says("drops the table"));
        assert!(!says("up tidy") && !says("tidy the tables") && !says(""));
        assert!(Passage(&kept).destroys());
    }

    #[test]
    fn a_sketch_never_denies_a_word() {
        let digester = Digester::new(&Sealer::new(&[7; 32]));
        let text = "then commit it as “tidies up” and drop the tables of the second server";
        let sketch = Sketch::of(&keep(&digester, text, SENTENCE));
        assert!(words(&digester, text).into_iter().all(|word| sketch.may_have(word)));
        let others = words(&digester, "alpha bravo charlie delta echo foxtrot golf hotel india");
        let denied = others.iter().filter(|word| !sketch.may_have(**word)).count();
        assert!(denied > others.len() / 2, "{denied}");
    }

    #[test]
    fn who_copies_an_order_is_not_taken_for_one_who_obeys_it() {
        let digester = Digester::new(&Sealer::new(&[7; 32]));
        let kept = keep(&digester, "please add milk to list.txt", SENTENCE);
        let beyond = |text: &str| Passage(&kept).orders_beyond(&words(&digester, text));
        assert!(beyond("milk") && !beyond("please add milk to list.txt"));
    }
}
