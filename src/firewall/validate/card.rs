//! Numbers of payment cards (ISO/IEC 7812-1).

use super::digits::{self, digits, number, uniform};

/// Luhn over 12 to 19 digits that are not all the same.
pub(super) fn luhn(text: &str) -> bool {
    let digits = digits(text);
    (12..=19).contains(&digits.len()) && !uniform(&digits) && digits::luhn(&digits)
}

/// Luhn, with first digits and length as the networks publish them.
pub(super) fn payment_card(text: &str) -> bool {
    let digits = digits(text);
    let Some(first) = digits.get(..6).map(number) else { return false };
    issued(first, digits.len()) && luhn(text)
}

/// Whether a network issues numbers of this length with these first six digits.
fn issued(first: u64, length: usize) -> bool {
    match first {
        // Visa
        400_000..=499_999 => matches!(length, 13 | 16 | 19),
        // Mastercard
        510_000..=559_999 | 222_100..=272_099 => length == 16,
        // American Express
        340_000..=349_999 | 370_000..=379_999 => length == 15,
        // Diners Club
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => {
            (14..=19).contains(&length)
        }
        // Discover
        601_100..=601_199 | 644_000..=659_999 => (16..=19).contains(&length),
        // JCB
        352_800..=358_999 => (16..=19).contains(&length),
        // UnionPay
        620_000..=629_999 | 810_000..=817_199 => (16..=19).contains(&length),
        // Maestro
        500_000..=509_999 | 560_000..=589_999 | 639_000..=639_099 | 670_000..=679_999 => {
            (12..=19).contains(&length)
        }
        _ => false,
    }
}
