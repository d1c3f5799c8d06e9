//! Checks on what a pattern captured: check digits and entropy.

use serde::Deserialize;

/// A check digit scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Validate {
    /// No check.
    #[default]
    None,
    /// ISO/IEC 7812-1, payment cards: 12 to 19 digits, not all the same.
    Luhn,
    /// ISO 7064 MOD 97-10 as IBAN (ISO 13616) uses it: 15 to 34 letters and digits.
    Mod97,
}

impl Validate {
    /// Whether `text` satisfies the scheme. Spaces and hyphens don't count.
    pub(super) fn accepts(self, text: &str) -> bool {
        match self {
            Self::None => true,
            Self::Luhn => luhn(text),
            Self::Mod97 => mod97(text),
        }
    }
}

fn luhn(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let Some(first) = digits.first() else { return false };
    if !(12..=19).contains(&digits.len()) || digits.iter().all(|digit| digit == first) {
        return false;
    }
    let weigh = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, double @ 10..) => double - 9,
        (_, double) => double,
    };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

fn mod97(text: &str) -> bool {
    let compact: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    if !(15..=34).contains(&compact.len()) {
        return false;
    }
    // ISO 13616: country and check digits move to the end, letters count from 10.
    let (front, body) = compact.split_at(4);
    let append = |rest: u32, byte: &u8| match char::from(*byte).to_digit(36) {
        Some(value @ 0..10) => (rest * 10 + value) % 97,
        Some(value) => (rest * 100 + value) % 97,
        None => rest,
    };
    body.iter().chain(front).fold(0, append) == 1
}

/// Shannon entropy in bits per character.
pub(super) fn entropy(text: &str) -> f64 {
    let mut characters: Vec<char> = text.chars().collect();
    characters.sort_unstable();
    let total = characters.len() as f64;
    let share = |run: &[char]| run.len() as f64 / total;
    characters.chunk_by(|a, b| a == b).map(share).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_takes_the_check_digit_and_nothing_else() {
        assert!(Validate::Luhn.accepts("4111 1111 1111 1111"));
        assert!(Validate::Luhn.accepts("3782-822463-10005"));
        assert!(!Validate::Luhn.accepts("4111 1111 1111 1112"));
        assert!(!Validate::Luhn.accepts("0000000000000000"));
        assert!(!Validate::Luhn.accepts("18"));
        assert!(!Validate::Luhn.accepts(""));
    }

    #[test]
    fn mod97_takes_the_published_examples_of_iban() {
        assert!(Validate::Mod97.accepts("GB82 WEST 1234 5698 7654 32"));
        assert!(Validate::Mod97.accepts("DE89370400440532013000"));
        assert!(!Validate::Mod97.accepts("DE89370400440532013001"));
        assert!(!Validate::Mod97.accepts("DE8"));
    }

    #[test]
    fn entropy_is_zero_for_one_letter_and_two_bits_for_four() {
        assert!(entropy("aaaa").abs() < 1e-9);
        assert!((entropy("abcd") - 2.0).abs() < 1e-9);
        assert!(entropy("").abs() < 1e-9);
    }
}
