//! Numbers of people in Asia.

use super::digits::{
    day_of_month, exactly, letters_and_digits, number, uniform, verhoeff, weighted,
};

/// Verhoeff; the first digit is 2 to 9 (UIDAI).
pub(super) fn in_aadhaar(text: &str) -> bool {
    exactly::<12>(text)
        .is_some_and(|digits| digits[0] >= 2 && !uniform(&digits) && verhoeff(&digits))
}

/// Birthday and century; the check digit holds only for numbers given out before October 2020
/// (Ministry of the Interior and Safety), so it does not decide.
pub(super) fn kr_resident(text: &str) -> bool {
    exactly::<13>(text).is_some_and(|digits| {
        digits[6] <= 8 && day_of_month(number(&digits[4..6]), number(&digits[2..4]))
    })
}

/// Weights 6 to 2 and 7 to 2 modulo 11 (Ministry of Internal Affairs and Communications,
/// ordinance 85 of 2014, article 5).
pub(super) fn jp_individual(text: &str) -> bool {
    let Some(digits) = exactly::<12>(text) else { return false };
    let check = match weighted(&digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    !uniform(&digits) && check == digits[11]
}

/// ISO 7064 MOD 11-2 over 17 digits with a birthday, X for ten (GB 11643-1999).
pub(super) fn cn_resident(text: &str) -> bool {
    let compact = letters_and_digits(text);
    let Some((last, front)) = compact.split_last() else { return false };
    let Some(digits) = std::str::from_utf8(front).ok().and_then(exactly::<17>) else {
        return false;
    };
    let check = match last {
        b'X' => 10,
        digit => u64::from(digit.wrapping_sub(b'0')),
    };
    let value = digits.iter().fold(0, |value, digit| (value + u64::from(*digit)) * 2 % 11);
    let birthday = day_of_month(number(&digits[12..14]), number(&digits[10..12]));
    let year = number(&digits[6..10]);
    (1850..2100).contains(&year) && birthday && (12 - value) % 11 == check
}

/// Two check digits over odd and even places (Nüfus ve Vatandaşlık İşleri).
pub(super) fn tr_identity(text: &str) -> bool {
    let Some(digits) = exactly::<11>(text) else { return false };
    let odd: u32 = digits[..9].iter().step_by(2).sum();
    let even: u32 = digits[1..8].iter().step_by(2).sum();
    let all: u32 = digits[..10].iter().sum();
    // Nine times is minus once, modulo 10.
    digits[0] != 0 && (odd * 7 + even * 9) % 10 == digits[9] && all % 10 == digits[10]
}
