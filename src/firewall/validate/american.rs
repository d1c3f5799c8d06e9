//! Numbers of people and accounts in North and South America.

use super::digits::{day_of_month, exactly, letters_and_digits, luhn, number, uniform, weighted};

/// Area, group and serial in their ranges
/// (<https://www.ssa.gov/employer/randomization.html>).
pub(super) fn us_social_security(text: &str) -> bool {
    let Some(digits) = exactly::<9>(text) else { return false };
    let [area, group, serial] = [&digits[..3], &digits[3..5], &digits[5..]].map(number);
    !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0 && !uniform(&digits)
}

/// Weights 3, 7, 1 and the prefixes of the Federal Reserve's districts (ABA routing number policy).
pub(super) fn us_routing(text: &str) -> bool {
    let Some(digits) = exactly::<9>(text) else { return false };
    let district = number(&digits[..2]);
    matches!(district, 1..=12 | 21..=32 | 61..=72 | 80)
        && weighted(&digits, [3, 7, 1].into_iter().cycle()).is_multiple_of(10)
}

/// Luhn; 0 and 8 begin no person's number.
pub(super) fn ca_social_insurance(text: &str) -> bool {
    exactly::<9>(text)
        .is_some_and(|digits| !matches!(digits[0], 0 | 8) && !uniform(&digits) && luhn(&digits))
}

/// Two check digits modulo 11 (Receita Federal).
pub(super) fn br_cpf(text: &str) -> bool {
    let Some(digits) = exactly::<11>(text) else { return false };
    let check = |count: u32| weighted(&digits, (2..=count + 1).rev()) * 10 % 11 % 10;
    !uniform(&digits) && check(9) == digits[9] && check(10) == digits[10]
}

/// Two check digits modulo 11, over digits and, from July 2026, letters
/// (Instrução Normativa RFB 2.229/2024: a character counts as its ASCII code less 48).
pub(super) fn br_cnpj(text: &str) -> bool {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    let values: Vec<u32> =
        letters_and_digits(text).iter().map(|byte| u32::from(*byte) - 48).collect();
    let Ok(values) = <[u32; 14]>::try_from(values) else { return false };
    let check = |weights: &[u32]| match weighted(&values, weights.iter().copied()) % 11 {
        rest @ 2.. => 11 - rest,
        _ => 0,
    };
    !uniform(&values) && check(&WEIGHTS[1..]) == values[12] && check(&WEIGHTS) == values[13]
}

/// Letters, birthday and the check digit of RENAPO: places weigh 18 down to 2, Ñ counts in the alphabet.
pub(super) fn mx_curp(text: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ";
    let value = |c: char| ALPHABET.chars().position(|known| known == c.to_ascii_uppercase());
    let values: Option<Vec<u32>> =
        text.chars().map(|c| value(c).and_then(|value| u32::try_from(value).ok())).collect();
    let Some(Ok(values)) = values.map(<[u32; 18]>::try_from) else { return false };
    let birthday = day_of_month(number(&values[8..10]), number(&values[6..8]));
    birthday && (10 - weighted(&values, (2..=18).rev()) % 10) % 10 == values[17]
}
