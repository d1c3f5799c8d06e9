//! The arithmetic that check digits share: digits of a text, weighted sums, Luhn, Verhoeff, dates.

/// The decimal digits of a text, in order; whatever stands between them is left out.
pub(super) fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

/// The digits of a text that has exactly so many.
pub(super) fn exactly<const N: usize>(text: &str) -> Option<[u32; N]> {
    digits(text).try_into().ok()
}

/// Letters and digits of a text, in upper case.
pub(super) fn letters_and_digits(text: &str) -> Vec<u8> {
    let kept = text.bytes().filter(u8::is_ascii_alphanumeric);
    kept.map(|byte| byte.to_ascii_uppercase()).collect()
}

/// The sum of digits times weights, as far as both go.
pub(super) fn weighted(digits: &[u32], weights: impl IntoIterator<Item = u32>) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// The digits as one number.
pub(super) fn number(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
}

/// Whether all digits are the same.
pub(super) fn uniform(digits: &[u32]) -> bool {
    digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
}

/// The Luhn sum (ISO/IEC 7812-1, annex B) over digits whose last one is the check digit.
pub(super) fn luhn(digits: &[u32]) -> bool {
    let weigh = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, double @ 10..) => double - 9,
        (_, double) => double,
    };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

/// Whether day and month can be, in a year that is not known.
pub(super) fn day_of_month(day: u64, month: u64) -> bool {
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 29,
        _ => 0,
    };
    (1..=last).contains(&day)
}

/// Verhoeff's check over the dihedral group D5 (J. Verhoeff, Error Detecting Decimal Codes, 1969).
pub(super) fn verhoeff(digits: &[u32]) -> bool {
    let step = |check: u32, (place, digit): (usize, &u32)| {
        let permuted = (0..place % 8).fold(*digit, |digit, _| permute(digit));
        multiply(check, permuted)
    };
    digits.iter().rev().enumerate().fold(0, step) == 0
}

/// Verhoeff's permutation.
fn permute(digit: u32) -> u32 {
    match digit {
        0 => 1,
        1 => 5,
        2 => 7,
        3 => 6,
        4 => 2,
        5 => 8,
        6 => 3,
        7 => 0,
        8 => 9,
        _ => 4,
    }
}

/// Multiplication in D5: 0 to 4 are rotations, 5 to 9 reflections.
fn multiply(a: u32, b: u32) -> u32 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    }
}
