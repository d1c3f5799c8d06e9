//! Four bytes in a row as a number, and the tables from such numbers to the literals that own them.

/// Bytes of a gram.
pub(super) const BYTES: usize = 4;
/// Keeps the first three bytes of a gram: the gram of a literal that has no more.
pub(super) const SHORT_MASK: u32 = 0x00FF_FFFF;
/// Set in every byte of a gram, which makes ASCII letters of either case one. Other bytes fall
/// together too; comparing tells them apart.
const CASE: u32 = 0x2020_2020;
/// Bits of a hash: a bitmap of 16 KiB, half of a common first cache.
const HASH_BITS: u32 = 17;
const WORDS: usize = 1 << (HASH_BITS - 6);
/// Slots of the table per gram, so that a search ends soon.
const SLOTS_PER_GRAM: usize = 2;

/// The number of four bytes.
#[inline]
pub(super) fn gram(bytes: [u8; BYTES]) -> u32 {
    u32::from_le_bytes(bytes) | CASE
}

/// The number of three bytes, whatever follows them.
pub(super) fn short_gram([a, b, c]: [u8; 3]) -> u32 {
    gram([a, b, c, 0]) & SHORT_MASK
}

/// Which literals have which gram.
#[derive(Clone, Debug, Default)]
pub(super) struct Grams {
    /// `None` before the first gram.
    bits: Option<Box<Bits>>,
    /// Whether one has three bytes only.
    short: bool,
    /// Open addressing by hash: a gram and its first place in `owners`.
    slots: Box<[Option<(u32, u32)>]>,
    /// Gram by gram the indices of its literals, the last one marked.
    owners: Vec<Owner>,
}

/// A bit for each hash that a gram has.
#[derive(Clone, Debug)]
pub(super) struct Bits([u64; WORDS]);

impl Bits {
    /// Whether a literal may have this gram. Errs seldom, and only so.
    #[inline]
    pub(super) fn may_have(&self, gram: u32) -> bool {
        let (word, bit) = bit(gram);
        self.0[word] & bit != 0
    }
}

#[derive(Clone, Copy, Debug)]
struct Owner {
    literal: u32,
    last: bool,
}

impl Grams {
    /// Builds the tables from the grams of each literal, in the order of their indices.
    pub(super) fn build<'l>(literals: impl Iterator<Item = &'l [u32]>) -> Self {
        let mut pairs: Vec<(u32, u32)> = (0..)
            .zip(literals)
            .flat_map(|(index, grams)| grams.iter().map(move |gram| (*gram, index)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let slots = (pairs.len() * SLOTS_PER_GRAM).next_power_of_two();
        let mut grams = Self { slots: vec![None; slots].into(), ..Self::default() };
        for same in pairs.chunk_by(|one, next| one.0 == next.0) {
            grams.add(same);
        }
        grams
    }

    /// Adds one gram with all its literals.
    fn add(&mut self, same: &[(u32, u32)]) {
        let Some((gram, _)) = same.first() else { return };
        let start = u32::try_from(self.owners.len()).expect("literals are limited");
        let places = (1..).zip(same);
        self.owners.extend(
            places.map(|(count, (_, literal))| Owner {
                literal: *literal,
                last: count == same.len(),
            }),
        );
        let mut place = self.place(*gram);
        while self.slots.get(place).is_some_and(Option::is_some) {
            place = (place + 1) & (self.slots.len() - 1);
        }
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Some((*gram, start));
        }
        let bits = self.bits.get_or_insert_with(|| Box::new(Bits([0; WORDS])));
        let mut mark = |gram: u32| {
            let (word, bit) = bit(gram);
            bits.0[word] |= bit;
        };
        self.short |= gram & !SHORT_MASK == 0;
        match gram & !SHORT_MASK {
            0 => (0..=u8::MAX).for_each(|next| mark(gram | CASE | u32::from(next) << 24)),
            _ => mark(*gram),
        }
    }

    pub(super) fn bits(&self) -> Option<&Bits> {
        self.bits.as_deref()
    }

    /// Whether a literal has three bytes only.
    pub(super) fn has_short(&self) -> bool {
        self.short
    }

    /// The literals that have this gram.
    pub(super) fn owners(&self, gram: u32) -> impl Iterator<Item = usize> {
        let mut next = self.start(gram);
        std::iter::from_fn(move || {
            let owner = self.owners.get(next?)?;
            next = next.filter(|_| !owner.last).map(|place| place + 1);
            usize::try_from(owner.literal).ok()
        })
    }

    fn start(&self, gram: u32) -> Option<usize> {
        let mut place = self.place(gram);
        loop {
            match self.slots.get(place)? {
                Some((found, start)) if *found == gram => return usize::try_from(*start).ok(),
                Some(_) => place = (place + 1) & (self.slots.len() - 1),
                None => return None,
            }
        }
    }

    fn place(&self, gram: u32) -> usize {
        usize::try_from(hash(gram)).unwrap_or_default() & self.slots.len().saturating_sub(1)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let bits = self.bits.as_ref().map_or(0, |bits| size_of_val(&**bits));
        bits + size_of_val(&*self.slots) + size_of_val(&self.owners[..])
    }
}

/// The word and the bit of a gram's hash.
#[inline]
fn bit(gram: u32) -> (usize, u64) {
    let hash = hash(gram);
    ((hash >> 6) as usize % WORDS, 1 << (hash % 64))
}

/// The upper bits of a product with 2^32 divided by the golden ratio (Knuth, multiplicative hashing).
#[inline]
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9E37_79B1) >> (u32::BITS - HASH_BITS)
}
