//! Four bytes in a row as a number, and the tables from such numbers to the literals that own them.

/// Bytes of a gram.
pub(super) const BYTES: usize = 4;
/// Bytes of one where four do not stand together.
pub(super) const SHORT_BYTES: usize = 3;
/// Keeps the first three bytes of a gram: the gram of a literal that has no more.
pub(super) const SHORT_MASK: u32 = 0x00FF_FFFF;
/// What every byte counts as: ASCII letters as those in lower case, white space as a blank.
const FORM: [u8; 256] = forms();
/// Bits of a hash: bitmaps of 20 KiB together, of the 32 of a common first cache.
const HASH_BITS: u32 = 17;
const WORDS: usize = 1 << (HASH_BITS - 6);
/// Words of the bitmap for grams of three bytes, of which there are few.
const SHORT_WORDS: usize = WORDS / 4;
/// Slots of the table per gram, so that a search ends soon.
const SLOTS_PER_GRAM: usize = 2;

const fn forms() -> [u8; 256] {
    let mut forms = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        forms[byte] = match byte as u8 {
            // A gram of three bytes has none for its fourth.
            0 => 1,
            b'\t'..=b'\r' => b' ',
            byte => byte.to_ascii_lowercase(),
        };
        byte += 1;
    }
    forms
}

/// What a byte counts as.
#[inline]
pub(super) fn form(byte: u8) -> u8 {
    FORM[usize::from(byte)]
}

/// The number of four bytes.
#[inline]
pub(super) fn gram(bytes: [u8; BYTES]) -> u32 {
    bytes.into_iter().rev().fold(0, |gram, byte| gram << 8 | u32::from(form(byte)))
}

/// The number of the three bytes behind the first of a gram, and one more.
#[inline]
pub(super) fn next(gram: u32, byte: u8) -> u32 {
    gram >> 8 | u32::from(form(byte)) << 24
}

/// The number of three bytes, whatever follows them.
pub(super) fn short_gram([a, b, c]: [u8; 3]) -> u32 {
    gram([a, b, c, 0]) & SHORT_MASK
}

/// A literal that is looked for by a gram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) gram: u32,
    pub(super) literal: u32,
    pub(super) beside: Beside,
}

/// What stands beside a gram: two bytes before it and two behind it, in their forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Beside {
    bytes: u32,
    /// All bits of the bytes that are known.
    known: u32,
}

impl Beside {
    /// Of these bytes, of which `None` is any; from the first to the last.
    pub(super) fn of(bytes: [Option<u8>; 4]) -> Self {
        Self {
            bytes: u32::from_le_bytes(bytes.map(|byte| byte.map_or(0, form))),
            known: u32::from_le_bytes(bytes.map(|byte| byte.map_or(0, |_| u8::MAX))),
        }
    }

    /// What a text has beside so many bytes at a place. Beyond its ends stand zeros, which are no form.
    #[inline]
    pub(super) fn in_text(text: &[u8], at: usize, count: usize) -> u32 {
        let byte = |place: usize| text.get(place).map_or(0, |byte| form(*byte));
        let end = at + count;
        let bytes = [at.wrapping_sub(2), at.wrapping_sub(1), end, end + 1];
        u32::from_le_bytes(bytes.map(byte))
    }

    #[inline]
    fn fits(self, text: u32) -> bool {
        (self.bytes ^ text) & self.known == 0
    }
}

/// Which literals have which gram.
#[derive(Clone, Debug, Default)]
pub(super) struct Grams {
    /// `None` before the first gram.
    bits: Option<Box<Bits>>,
    /// Open addressing by hash: a gram and its first place in `owners`.
    slots: Box<[Option<(u32, u32)>]>,
    /// Gram by gram its literals, the last one marked.
    owners: Vec<Owner>,
}

/// A bit for each hash that a gram has, apart for those of four bytes and of three.
#[derive(Clone, Debug)]
pub(super) struct Bits {
    long: [u64; WORDS],
    short: [u64; SHORT_WORDS],
}

impl Bits {
    /// Whether a literal may have this gram, or the one of its first three bytes. Errs seldom, and
    /// only so.
    #[inline]
    pub(super) fn may_have(&self, gram: u32) -> bool {
        let (word, bit) = bit(gram);
        let (short_word, short_bit) = self::bit(gram & SHORT_MASK);
        // Both are always read: one branch that is seldom taken costs less than two.
        (self.long[word] & bit) | (self.short[short_word % SHORT_WORDS] & short_bit) != 0
    }

    fn mark(&mut self, gram: u32) {
        let (word, bit) = bit(gram);
        match gram & !SHORT_MASK {
            0 => self.short[word % SHORT_WORDS] |= bit,
            _ => self.long[word] |= bit,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Owner {
    literal: u32,
    beside: Beside,
    last: bool,
}

impl Grams {
    /// Builds the tables.
    pub(super) fn build(mut places: Vec<Place>) -> Self {
        places.sort_unstable();
        places.dedup();
        let slots = (places.len() * SLOTS_PER_GRAM).next_power_of_two();
        let mut grams = Self { slots: vec![None; slots].into(), ..Self::default() };
        for same in places.chunk_by(|one, next| one.gram == next.gram) {
            grams.add(same);
        }
        grams
    }

    /// Adds one gram with all its literals.
    fn add(&mut self, same: &[Place]) {
        let Some(Place { gram, .. }) = same.first().copied() else { return };
        let start = u32::try_from(self.owners.len()).expect("literals are limited");
        self.owners.extend((1..).zip(same).map(|(count, place)| Owner {
            literal: place.literal,
            beside: place.beside,
            last: count == same.len(),
        }));
        let mut place = self.place(gram);
        while self.slots.get(place).is_some_and(Option::is_some) {
            place = (place + 1) & (self.slots.len() - 1);
        }
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Some((gram, start));
        }
        let none = || Box::new(Bits { long: [0; WORDS], short: [0; SHORT_WORDS] });
        self.bits.get_or_insert_with(none).mark(gram);
    }

    pub(super) fn bits(&self) -> Option<&Bits> {
        self.bits.as_deref()
    }

    /// The literals that have this gram, and beside it what the text has there.
    #[inline]
    pub(super) fn owners(&self, gram: u32, beside: u32) -> impl Iterator<Item = usize> {
        let mut next = self.start(gram);
        std::iter::from_fn(move || {
            loop {
                let owner = self.owners.get(next?)?;
                next = next.filter(|_| !owner.last).map(|place| place + 1);
                if owner.beside.fits(beside) {
                    return usize::try_from(owner.literal).ok();
                }
            }
        })
    }

    #[inline]
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
