//! Puts together the bytes that escapes such as `%C3%A9` stand for.

/// The longest character in UTF-8, in bytes.
const CHARACTER_BYTES_MAX: usize = 4;

/// The character whose UTF-8 bytes the escapes from `at` on stand for, and where they end. `byte`
/// reads one escape: its value and its length.
pub(super) fn character(
    at: usize,
    byte: impl Fn(usize) -> Option<(u8, usize)>,
) -> Option<(char, usize)> {
    let (mut octets, mut end) = ([0; CHARACTER_BYTES_MAX], at);
    for count in 1..=CHARACTER_BYTES_MAX {
        let (value, length) = byte(end)?;
        *octets.get_mut(count - 1)? = value;
        end += length;
        match std::str::from_utf8(octets.get(..count)?) {
            Ok(text) => return Some((text.chars().next()?, end)),
            Err(error) if error.error_len().is_some() => return None,
            Err(_) => {}
        }
    }
    None
}

/// The value of two hexadecimal digits.
pub(super) fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let &[high, low] = digits else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
