//! Finds where a rule could match: one filter over the required literals of all rules of a
//! direction, so that most texts are read once and verified nowhere.
//!
//! Of every literal the rarest four bytes in a row are looked for, by a bit per hash of four bytes
//! whatever their case; where the bit is set, the literals with those four bytes are compared. A blank
//! of a literal stands for any white space. The
//! work per byte depends on the text, hardly on the number of rules, and the tables fit in a core's
//! first cache (figures beside Aho-Corasick: `docs/decisions/0013-gram-filter.md`).

use std::ops::Range;

mod gram;
mod literal;

#[cfg(test)]
mod tests;

use gram::{BYTES, Beside, Grams, SHORT_BYTES, SHORT_MASK, gram, next};
use literal::{Anchor, Literal};

/// The most literals of all rules of a direction.
const LITERALS_MAX: usize = 1 << 17;

/// A filter over the literals of many rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefilter {
    grams: Grams,
    /// The literals, one behind the other.
    texts: String,
    literals: Vec<Literal>,
    /// Who requires them, literal by literal.
    owners: Vec<Owner>,
}

/// What a literal is looked for: an alternative of a rule's pattern, and which of its sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) branch: usize,
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
        let mut places = Vec::new();
        for (index, same) in (0..).zip(literals.chunk_by(|one, next| one.0 == next.0)) {
            let Some((text, _)) = same.first() else { continue };
            let anchor = Anchor::of(text).ok_or("a literal is too short")?;
            let first = filter.owners.len();
            filter.owners.extend(same.iter().map(|(_, owner)| *owner));
            let (owners, start) = (first..filter.owners.len(), filter.texts.len());
            filter.texts.push_str(text);
            let range = start..filter.texts.len();
            let literal = Literal::new(&filter.texts, range, anchor.offset, owners);
            filter.literals.push(literal.ok_or("there are too many literals")?);
            places.extend(anchor.places(index, text));
        }
        filter.grams = Grams::build(places);
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
        let Some(([a, b, c], rest)) = bytes.split_first_chunk() else { return Ok(()) };
        let mut four = gram([0, *a, *b, *c]);
        for (at, byte) in rest.iter().enumerate() {
            four = next(four, *byte);
            if bits.may_have(four) {
                self.compare(text, at, four, &mut hit)?;
            }
        }
        // A literal of three bytes may end the text.
        self.compare(text, rest.len(), next(four, 0), &mut hit)
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
        for (key, count) in [(gram, BYTES), (gram & SHORT_MASK, SHORT_BYTES)] {
            let beside = Beside::in_text(text.as_bytes(), at, count);
            for index in self.grams.owners(key, beside) {
                let Some(literal) = self.literals.get(index) else { continue };
                let Some(range) = literal.around(&self.texts, text, at) else { continue };
                for owner in self.owners.get(literal.owners()).unwrap_or_default() {
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
        let literals = self.texts.len() + size_of_val(&self.literals[..]);
        self.grams.memory_bytes() + literals + size_of_val(&self.owners[..])
    }
}
