//! Numbers of people in the Nordic countries: birthdays with something behind them.

use super::digits::{day_of_month, exactly, letters_and_digits, luhn, number, weighted};

/// Luhn over the last ten digits; a coordination number adds 60 to the day (Skatteverket).
pub(super) fn se_personal(text: &str) -> bool {
    let digits = match exactly::<12>(text) {
        Some(long) => Some(long[2..].to_vec()),
        None => exactly::<10>(text).map(Vec::from),
    };
    let Some(digits) = digits else { return false };
    let day = number(&digits[4..6]);
    let day = if day > 60 { day - 60 } else { day };
    day_of_month(day, number(&digits[2..4])) && luhn(&digits)
}

/// The last character is the remainder of the nine digits by 31 (Digi- ja väestötietovirasto).
pub(super) fn fi_personal(text: &str) -> bool {
    const CHECKS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let compact = letters_and_digits(text);
    let Some((check, front)) = compact.split_last() else { return false };
    let Some(digits) = std::str::from_utf8(front).ok().and_then(exactly::<9>) else { return false };
    let rest = usize::try_from(number(&digits) % 31).ok();
    day_of_month(number(&digits[..2]), number(&digits[2..4]))
        && rest.and_then(|rest| CHECKS.get(rest)) == Some(check)
}

/// A date before four digits. The check digit modulo 11 was given up in 2007 (CPR-kontoret).
pub(super) fn dk_personal(text: &str) -> bool {
    exactly::<10>(text)
        .is_some_and(|digits| day_of_month(number(&digits[..2]), number(&digits[2..4])))
}

/// Two check digits modulo 11; a D number adds 40 to the day (Skatteetaten).
pub(super) fn no_birth(text: &str) -> bool {
    let Some(digits) = exactly::<11>(text) else { return false };
    let day = number(&digits[..2]);
    let day = if day > 40 { day - 40 } else { day };
    let first = weighted(&digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]);
    let second = weighted(&digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    day_of_month(day, number(&digits[2..4]))
        && first.is_multiple_of(11)
        && second.is_multiple_of(11)
}
