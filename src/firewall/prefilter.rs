//! Finds where a rule could match: one filter over the required literals of all rules of a
//! direction, so that most texts are read once and verified nowhere.
//!
//! Of every literal the rarest four bytes in a row are looked for, by a bit per hash of four bytes
//! whatever their case; where the bit is set, the literals with those four bytes are compared. The
//! work per byte depends on the text, hardly on the number of rules, and the tables fit in a core's
//! first cache (figures beside Aho-Corasick: `docs/decisions/0013-gram-filter.md`).

use std::ops::Range;

mod gram;
mod literal;

#[cfg(test)]
mod tests;

use gram::{BYTES, Grams, SHORT_MASK, gram};
use literal::Literal;

/// The most literals of all rules of a direction.
const LITERALS_MAX: usize = 1 << 17;

/// A filter over the literals of many rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefilter {
    grams: Grams,
    literals: Vec<Literal>,
    /// For each literal, who requires it.
    owners: Vec<Vec<Owner>>,
}

/// A rule and which of its sets of literals is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) rule: usize,
    pub(super) set: usize,
}

impl Prefilter {
    /// Builds the filter over pairs of a literal and its owner.
    ///
    /// # Errors
    /// When there are too many literals, or one cannot be looked for.
    pub(super) fn build(mut literals: Vec<(String, Owner)>) -> Result<Self, String> {
        literals.sort_unstable();
        literals.dedup();
        if literals.len() > LITERALS_MAX {
            return Err(format!("more than {LITERALS_MAX} literals"));
        }
        let mut filter = Self::default();
        let mut last: Option<String> = None;
        for (text, owner) in literals {
            match filter.owners.last_mut() {
                Some(owners) if last.as_ref() == Some(&text) => owners.push(owner),
                _ => {
                    let literal = Literal::new(&text).ok_or("a literal is too short")?;
                    filter.literals.push(literal);
                    filter.owners.push(vec![owner]);
                    last = Some(text);
                }
            }
        }
        filter.grams = Grams::build(filter.literals.iter().map(Literal::grams));
        Ok(filter)
    }

    /// Calls `hit` with the owner and the range of each literal, from left to right by
    /// the place of the literals' rarest bytes, until it fails.
    ///
    /// # Errors
    /// The first one that `hit` returns.
    pub(super) fn scan<E>(
        &self,
        text: &str,
        mut hit: impl FnMut(Owner, Range<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        let bytes = text.as_bytes();
        let Some(bits) = self.grams.bits() else { return Ok(()) };
        for (at, four) in bytes.array_windows::<BYTES>().enumerate() {
            let gram = gram(*four);
            if bits.may_have(gram) {
                self.compare(text, at, gram, &mut hit)?;
            }
        }
        // A literal of three bytes may end the text.
        let Some(at) = bytes.len().checked_sub(BYTES - 1) else { return Ok(()) };
        match bytes.last_chunk() {
            Some([a, b, c]) => self.compare(text, at, gram([*a, *b, *c, 0]), &mut hit),
            None => Ok(()),
        }
    }

    /// Compares the literals whose rarest bytes are at `at`.
    #[inline(never)]
    fn compare<E>(
        &self,
        text: &str,
        at: usize,
        gram: u32,
        hit: &mut impl FnMut(Owner, Range<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        let short = Some(gram & SHORT_MASK).filter(|_| self.grams.has_short());
        for key in std::iter::once(gram).chain(short) {
            for index in self.grams.owners(key) {
                let Some(range) = self.literals.get(index).and_then(|one| one.around(text, at))
                else {
                    continue;
                };
                for owner in self.owners.get(index).into_iter().flatten() {
                    hit(*owner, range.clone())?;
                }
            }
        }
        Ok(())
    }

    /// How many different literals it looks for.
    pub(super) fn len(&self) -> usize {
        self.literals.len()
    }

    /// Bytes of memory that the tables and literals take.
    pub(super) fn memory_bytes(&self) -> usize {
        let owners: usize = self.owners.iter().map(|owners| size_of_val(&owners[..])).sum();
        let literals: usize = self.literals.iter().map(Literal::memory_bytes).sum();
        self.grams.memory_bytes() + literals + owners + size_of_val(&self.owners[..])
    }
}
