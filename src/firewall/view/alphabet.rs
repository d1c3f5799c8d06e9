//! Decodes base64, base32, hexadecimal and Ascii85, forgiving what decoders of programs forgive.

/// What the digits stand for, `bits` each. Other characters are passed over; bits that make no whole
/// byte are dropped.
fn digits(text: &[u8], bits: u32, value: impl Fn(u8) -> Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() * bits as usize / 8);
    let (mut buffer, mut held) = (0_u32, 0);
    for digit in text.iter().filter_map(|byte| value(*byte)) {
        buffer = buffer << bits | u32::from(digit);
        held += bits;
        if held >= 8 {
            held -= 8;
            bytes.push((buffer >> held & 0xff) as u8);
            buffer &= (1 << held) - 1;
        }
    }
    bytes
}

/// Base64 and base64url (RFC 4648, sections 4 and 5), with or without padding.
pub(super) fn base64(text: &[u8]) -> Vec<u8> {
    digits(text, 6, |byte| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    })
}

/// Base32 (RFC 4648, section 6), if no other digits are in the text.
pub(super) fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    };
    let own = |byte: &u8| digit(*byte).is_some() || byte.is_ascii_whitespace();
    text.iter().all(own).then(|| digits(text, 5, digit))
}

/// Hexadecimal, if no other digits are in the text.
pub(super) fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let own = |byte: &u8| digit(*byte).is_some() || byte.is_ascii_whitespace();
    text.iter().all(own).then(|| digits(text, 4, digit))
}

/// Ascii85 as PostScript and PDF have it: five characters from `!` to `u` for four bytes, `z` for
/// four zeros. `None` if a group is none.
pub(super) fn ascii85(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 4 / 5 + 4);
    let mut group = Vec::with_capacity(5);
    for byte in text.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'z' if group.is_empty() => bytes.extend([0; 4]),
            b'!'..=b'u' => group.push(*byte),
            _ => return None,
        }
        if group.len() == 5 {
            bytes.extend(quad(&group)?);
            group.clear();
        }
    }
    if let Some(whole) = group.len().checked_sub(1).filter(|whole| *whole > 0) {
        group.resize(5, b'u');
        bytes.extend(quad(&group)?.iter().take(whole));
    }
    Some(bytes)
}

fn quad(group: &[u8]) -> Option<[u8; 4]> {
    let value = group.iter().try_fold(0_u32, |value, byte| {
        value.checked_mul(85)?.checked_add(u32::from(byte - b'!'))
    })?;
    Some(value.to_be_bytes())
}

/// The text with each Latin letter thirteen further.
pub(super) fn rotated(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
            'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
            c => c,
        })
        .collect()
}
