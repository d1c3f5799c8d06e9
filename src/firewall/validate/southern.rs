//! Numbers of people in Australia and South Africa.

use super::digits::{day_of_month, exactly, luhn, number, uniform, weighted};

/// Weighted sum modulo 11 (Australian Taxation Office).
pub(super) fn au_tax_file(text: &str) -> bool {
    exactly::<9>(text).is_some_and(|digits| {
        let sum = weighted(&digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]);
        !uniform(&digits) && sum.is_multiple_of(11)
    })
}

/// The ninth digit checks the first eight; a tenth counts issues (Services Australia).
pub(super) fn au_medicare(text: &str) -> bool {
    let Some(digits) = exactly::<10>(text) else { return false };
    let sum = weighted(&digits, [1, 3, 7, 9, 1, 3, 7, 9]);
    matches!(digits[0], 2..=6) && sum % 10 == digits[8] && digits[9] != 0
}

/// Luhn over a birthday, a serial number and the citizenship (Department of Home Affairs).
pub(super) fn za_identity(text: &str) -> bool {
    let Some(digits) = exactly::<13>(text) else { return false };
    let birthday = day_of_month(number(&digits[4..6]), number(&digits[2..4]));
    birthday && digits[10] <= 2 && luhn(&digits)
}
