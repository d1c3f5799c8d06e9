//! Keyed digests of words and passages. What a run read is kept as such digests alone: without the
//! store's key they say nothing, and with it only whether a guess was right.

use crate::seal::Sealer;

/// Digests under this store's key. A universal hash, not a signature: those who could profit from a
/// collision do not know the key.
#[derive(Clone)]
pub struct Digester {
    start: u64,
    factor: u64,
    last: u64,
}

impl std::fmt::Debug for Digester {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Digester(..)")
    }
}

/// Bytes of normal text that a print stands for.
pub(super) const GRAM_BYTES: usize = 16;
/// Prints of which the least is kept (winnowing: Schleimer, Wilkerson and Aiken 2003). Any 24 equal
/// bytes hold one print in common, because 16 + 9 - 1 = 24.
const WINDOW: usize = 9;

impl Digester {
    pub fn new(sealer: &Sealer) -> Self {
        let bytes = sealer.lookup(&[b"bartizan flow v1"]);
        let part = |index: usize| {
            let part = bytes.iter().skip(index * 8).take(8);
            part.fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        Self { start: part(0), factor: part(1) | 1, last: part(2) | 1 }
    }

    /// The digest of a text; texts of different kinds never meet.
    pub(super) fn of(&self, kind: u8, text: &[u8]) -> u64 {
        let mut state = self.start ^ u64::from(kind).wrapping_mul(self.last);
        for byte in text {
            state = (state ^ u64::from(*byte)).wrapping_mul(self.factor);
            state ^= state >> 29;
        }
        self.finish(state ^ text.len() as u64)
    }

    /// Digests of digests, in their order.
    pub(super) fn join(&self, parts: &[u64]) -> u64 {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_le_bytes()).collect();
        self.of(JOINED, &bytes)
    }

    /// The winnowed prints of a text in its normal form, each once, sorted; at most `max`.
    ///
    /// # Errors
    /// There are more.
    pub(super) fn prints(&self, normal: &[u8], max: usize) -> Result<Vec<u64>, TooMany> {
        // Neighbours repeat each other, so that far more are made than are kept.
        let room = max.saturating_mul(4);
        let mut prints = Vec::new();
        let mut window = [u64::MAX; WINDOW];
        let mut count = 0;
        for (index, gram) in self.grams(normal).enumerate() {
            if let Some(place) = window.get_mut(index % WINDOW) {
                *place = gram;
            }
            count = index + 1;
            if count < WINDOW {
                continue;
            }
            let least = window.iter().copied().min().unwrap_or_default();
            if prints.last() != Some(&least) {
                prints.push(least);
            }
            if prints.len() > room {
                return Err(TooMany);
            }
        }
        if (1..WINDOW).contains(&count) {
            prints.extend(window.iter().copied().min());
        }
        prints.sort_unstable();
        prints.dedup();
        if prints.len() > max { Err(TooMany) } else { Ok(prints) }
    }

    /// Digests of every part of a secret that tells it from words: parts with a digit.
    pub(super) fn secret(&self, normal: &[u8]) -> impl Iterator<Item = u64> {
        let parts = normal.windows(GRAM_BYTES).map(|part| part.iter().any(u8::is_ascii_digit));
        self.grams(normal).zip(parts).filter_map(|(gram, tells)| tells.then_some(gram))
    }

    /// The digest of every run of [`GRAM_BYTES`] bytes, rolled from one to the next.
    fn grams(&self, normal: &[u8]) -> impl Iterator<Item = u64> {
        let power = (1..GRAM_BYTES).fold(1_u64, |power, _| power.wrapping_mul(self.factor));
        let digester = self.clone();
        let mut state = 0_u64;
        normal.iter().enumerate().filter_map(move |(index, byte)| {
            if let Some(left) = index.checked_sub(GRAM_BYTES) {
                let gone = normal.get(left).copied().unwrap_or_default();
                state = state.wrapping_sub(digester.widen(gone).wrapping_mul(power));
            }
            state = state.wrapping_mul(digester.factor).wrapping_add(digester.widen(*byte));
            (index + 1 >= GRAM_BYTES).then(|| digester.finish(state))
        })
    }

    const fn widen(&self, byte: u8) -> u64 {
        (byte as u64 + 1).wrapping_mul(self.start | 1)
    }

    /// Mixes as SplitMix64 does (Steele, Lea and Flood 2014), under the key.
    const fn finish(&self, state: u64) -> u64 {
        let mut state = state ^ self.last;
        state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ state >> 31
    }
}

/// The text has more prints than are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooMany;

const JOINED: u8 = 255;

/// A text as prints are taken of it: lower-case letters and digits, nothing between them.
pub(super) fn normal(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    if text.is_ascii() {
        let kept = text.bytes().filter(u8::is_ascii_alphanumeric);
        bytes.extend(kept.map(|byte| byte.to_ascii_lowercase()));
        return bytes;
    }
    use unicode_normalization::UnicodeNormalization as _;
    let letters = text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric());
    for letter in letters {
        let mut room = [0; 4];
        bytes.extend_from_slice(letter.encode_utf8(&mut room).as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Digester, normal};
    use crate::seal::Sealer;

    fn shares(one: &str, two: &str) -> bool {
        let digester = Digester::new(&Sealer::new(&[7; 32]));
        let prints = |text: &str| digester.prints(&normal(text), 10_000).expect("few");
        let two = prints(two);
        prints(one).iter().any(|print| two.contains(print))
    }

    #[test]
    fn twenty_four_equal_letters_are_always_seen_wherever_they_stand() {
        let secret = "thequickbrownfoxjumpsoverthelazydog";
        for start in 0..=secret.len() - 24 {
            let part = secret.get(start..start + 24).expect("letters of one byte");
            let around = format!("Something else entirely, then {part} and another ending");
            assert!(shares(secret, &around), "{part}");
        }
    }

    #[test]
    fn case_spaces_and_signs_hide_nothing_and_other_text_shares_nothing() {
        assert!(shares(
            "Account 4711 belongs to Ada Lovelace",
            "account-4711: BELONGS,to ada\nlovelace"
        ));
        assert!(!shares(
            "Account 4711 belongs to Ada Lovelace",
            "The weather in Bern is fine today"
        ));
        assert!(!shares("short", "short"), "what is shorter than a print is no evidence");
    }

    #[test]
    fn another_key_gives_other_digests() {
        let one = Digester::new(&Sealer::new(&[7; 32]));
        let two = Digester::new(&Sealer::new(&[8; 32]));
        assert_ne!(one.of(1, b"example.com"), two.of(1, b"example.com"));
        assert_ne!(one.of(1, b"example.com"), one.of(2, b"example.com"));
    }
}
