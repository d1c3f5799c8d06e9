//! International bank account numbers (ISO 13616).

use super::digits::letters_and_digits;

/// ISO 7064 MOD 97-10 over 15 to 34 characters.
pub(super) fn mod97(text: &str) -> bool {
    let compact = letters_and_digits(text);
    (15..=34).contains(&compact.len()) && remainder_is_one(&compact)
}

/// As [`mod97`], with the country's own length.
pub(super) fn iban(text: &str) -> bool {
    let compact = letters_and_digits(text);
    let country = compact.get(..2).and_then(length_in);
    // ISO 13616: check digits are 98 less a remainder of 0 to 96.
    let check = compact.get(2..4).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let given_out = check.is_some_and(|check: u32| (2..=98).contains(&check));
    country == Some(compact.len()) && given_out && remainder_is_one(&compact)
}

fn remainder_is_one(compact: &[u8]) -> bool {
    // ISO 13616: country and check digits move to the end, letters count from 10.
    let Some((front, body)) = compact.split_at_checked(4) else { return false };
    let append = |rest: u32, byte: &u8| match char::from(*byte).to_digit(36) {
        Some(value @ 0..10) => (rest * 10 + value) % 97,
        Some(value) => (rest * 100 + value) % 97,
        None => rest,
    };
    body.iter().chain(front).fold(0, append) == 1
}

/// Characters of an IBAN of this country, by the registry that SWIFT keeps for ISO 13616.
fn length_in(country: &[u8]) -> Option<usize> {
    Some(match country {
        b"NO" => 15,
        b"BE" => 16,
        b"DK" | b"FI" | b"FK" | b"FO" | b"GL" | b"NL" | b"SD" => 18,
        b"MK" | b"SI" => 19,
        b"AT" | b"BA" | b"EE" | b"KZ" | b"LT" | b"LU" | b"MN" | b"XK" => 20,
        b"CH" | b"HR" | b"LI" | b"LV" => 21,
        b"BG" | b"BH" | b"CR" | b"DE" | b"GB" | b"GE" | b"IE" | b"ME" | b"RS" | b"VA" => 22,
        b"AE" | b"GI" | b"IL" | b"IQ" | b"OM" | b"SO" | b"TL" => 23,
        b"AD" | b"CZ" | b"ES" | b"MD" | b"PK" | b"RO" | b"SA" | b"SE" | b"SK" | b"TN" | b"VG" => 24,
        b"LY" | b"PT" | b"ST" => 25,
        b"IS" | b"TR" => 26,
        b"BI" | b"DJ" | b"FR" | b"GR" | b"IT" | b"MC" | b"MR" | b"SM" => 27,
        b"AL" | b"AZ" | b"BY" | b"CY" | b"DO" | b"GT" | b"HN" | b"HU" | b"LB" | b"NI" | b"PL"
        | b"SV" => 28,
        b"BR" | b"EG" | b"PS" | b"QA" | b"UA" => 29,
        b"JO" | b"KW" | b"MU" | b"YE" => 30,
        b"MT" | b"SC" => 31,
        b"LC" => 32,
        b"RU" => 33,
        _ => return None,
    })
}
