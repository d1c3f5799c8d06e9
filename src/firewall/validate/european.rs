//! Numbers of people in Europe south of the Nordic countries.

use super::digits::{day_of_month, exactly, letters_and_digits, number, uniform, weighted};

/// ISO 7064 MOD 11,10; one of the first ten digits occurs two or three times
/// (BZSt, Informationen zur Berechnung gültiger Prüfziffern).
pub(super) fn de_tax_id(text: &str) -> bool {
    let Some(digits) = exactly::<11>(text) else { return false };
    let (front, check) = (&digits[..10], digits[10]);
    let occurs = |digit: u32| front.iter().filter(|other| **other == digit).count();
    let most = (0..10).map(occurs).max();
    let step = |product: u32, digit: &u32| match (digit + product) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    };
    let product = front.iter().fold(10, step);
    digits[0] != 0 && matches!(most, Some(2 | 3)) && (11 - product) % 10 == check
}

/// 97 less the remainder of the first 13 digits; Corsica's 2A and 2B count as 19 and 18 (INSEE).
pub(super) fn fr_social_security(text: &str) -> bool {
    let compact = String::from_utf8(letters_and_digits(text)).unwrap_or_default();
    let Some(digits) = exactly::<15>(&compact.replacen("2A", "19", 1).replacen("2B", "18", 1))
    else {
        return false;
    };
    let month = number(&digits[3..5]);
    matches!(digits[0], 1..=4 | 7 | 8)
        && matches!(month, 1..=12 | 20..=42 | 50..)
        && 97 - number(&digits[..13]) % 97 == number(&digits[13..])
}

/// The letter that belongs to the number modulo 23; X, Y and Z of a NIE count as 0, 1 and 2
/// (Ministerio del Interior).
pub(super) fn es_identity(text: &str) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let compact = letters_and_digits(text);
    let [first, middle @ .., letter] = compact.as_slice() else { return false };
    let first = match first {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        digit => *digit,
    };
    let digits: Option<Vec<u32>> =
        std::iter::once(&first).chain(middle).map(|byte| char::from(*byte).to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == 8 && !uniform(digits)) else {
        return false;
    };
    usize::try_from(number(&digits) % 23).is_ok_and(|rest| LETTERS.get(rest) == Some(letter))
}

/// The sixteenth letter checks the others: those at odd places by a table, those at even places by
/// their value (Decreto ministeriale 23 dicembre 1976).
pub(super) fn it_fiscal_code(text: &str) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let Ok(code) = <[u8; 16]>::try_from(letters_and_digits(text)) else { return false };
    let rank = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        letter => u32::from(letter) - u32::from(b'A'),
    };
    let value = |(place, byte): (usize, &u8)| match place % 2 {
        0 => ODD.get(rank(*byte) as usize).copied().unwrap_or_default(),
        _ => rank(*byte),
    };
    let sum: u32 = code[..15].iter().enumerate().map(value).sum();
    code[15].is_ascii_alphabetic() && sum % 26 == rank(code[15])
}

/// Weights 9 to 2 modulo 11; the first digit says what kind of person (Decreto-Lei 14/2013).
pub(super) fn pt_tax_id(text: &str) -> bool {
    let Some(digits) = exactly::<9>(text) else { return false };
    let check = match weighted(&digits, (2..=9).rev()) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    !matches!(digits[0], 0 | 4) && !uniform(&digits) && check == digits[8]
}

/// Weights 9 to 2 and minus 1 modulo 11, the "elfproef" (Logisch Ontwerp BSN).
pub(super) fn nl_citizen(text: &str) -> bool {
    let Some(digits) = exactly::<9>(text) else { return false };
    let sum = weighted(&digits, (2..=9).rev());
    !uniform(&digits) && sum > 0 && sum % 11 == digits[8]
}

/// 97 less the remainder of the first nine digits, with a 2 before them for births from 2000 on.
pub(super) fn be_national(text: &str) -> bool {
    let Some(digits) = exactly::<11>(text) else { return false };
    let (front, check) = (number(&digits[..9]), number(&digits[9..]));
    let month = number(&digits[2..4]);
    // A bis number adds 20 or 40 to the month.
    let possible = number(&digits[4..6]) <= 31 && matches!(month, 0..=12 | 20..=32 | 40..=52);
    let checks = [front, front + 2_000_000_000].map(|whole| 97 - whole % 97 == check);
    possible && !uniform(&digits) && checks.contains(&true)
}

/// Weights 1, 3, 7, 9; the century is added to the month (Ministerstwo Cyfryzacji).
pub(super) fn pl_pesel(text: &str) -> bool {
    let Some(digits) = exactly::<11>(text) else { return false };
    let month = number(&digits[2..4]) % 20;
    let sum = weighted(&digits[..10], [1, 3, 7, 9].into_iter().cycle());
    day_of_month(number(&digits[4..6]), month) && (10 - sum % 10) % 10 == digits[10]
}

/// The country's 756 and the check digit of EAN-13 (ZAS).
pub(super) fn ch_social_security(text: &str) -> bool {
    let Some(digits) = exactly::<13>(text) else { return false };
    let sum = weighted(&digits[..12], [1, 3].into_iter().cycle());
    number(&digits[..3]) == 756 && (10 - sum % 10) % 10 == digits[12]
}

/// The fourth digit checks the others modulo 11; 10 is never given out (Dachverband der
/// Sozialversicherungsträger).
pub(super) fn at_social_security(text: &str) -> bool {
    let Some(digits) = exactly::<10>(text) else { return false };
    let sum = weighted(&digits, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    // Months 13 to 15 stand for a birthday that is not known.
    let birthday = match number(&digits[6..8]) {
        month @ 1..=12 => day_of_month(number(&digits[4..6]), month),
        13..=15 => true,
        _ => false,
    };
    digits[0] != 0 && birthday && sum % 11 == digits[3]
}

/// Two letters that are given out (HMRC, National Insurance Manual NIM39110).
pub(super) fn uk_national_insurance(text: &str) -> bool {
    let compact = letters_and_digits(text);
    let [first, second, rest @ ..] = compact.as_slice() else { return false };
    let unused = matches!(
        [*first, *second],
        [b'B', b'G']
            | [b'G', b'B']
            | [b'K', b'N']
            | [b'N', b'K']
            | [b'N', b'T']
            | [b'T', b'N']
            | [b'Z', b'Z']
    );
    let excluded = |letter: &u8| matches!(letter, b'D' | b'F' | b'I' | b'Q' | b'U' | b'V');
    let letters = first.is_ascii_alphabetic() && second.is_ascii_alphabetic();
    let digits = rest.iter().take(6).filter(|byte| byte.is_ascii_digit()).count();
    let suffix = matches!(rest.get(6), Some(b'A'..=b'D')) && rest.len() == 7;
    letters
        && !unused
        && !excluded(first)
        && !excluded(second)
        && *second != b'O'
        && digits == 6
        && suffix
}

/// Weights 10 to 2 modulo 11; a check digit of 10 is never given out (NHS Data Dictionary).
pub(super) fn uk_health(text: &str) -> bool {
    let Some(digits) = exactly::<10>(text) else { return false };
    let check = (11 - weighted(&digits, (2..=10).rev()) % 11) % 11;
    !uniform(&digits) && check == digits[9]
}
