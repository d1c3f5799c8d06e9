//! Finds the end of terminal control sequences (ECMA-48), in their 7-bit and 8-bit forms.

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// The length in bytes of the terminal sequence at the start of `bytes`, or `None` if there is none.
///
/// A control string without its terminator counts as its introducer alone: what follows becomes
/// visible instead of vanishing with the rest of the text.
pub(in crate::firewall) fn sequence_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [ESCAPE, b'[', rest @ ..] => Some(2 + control_len(rest)),
        [ESCAPE, b']' | b'P' | b'X' | b'^' | b'_', rest @ ..] => Some(2 + string_len(rest)),
        [ESCAPE, b' '..=b'/', ..] => intermediate_len(bytes),
        [ESCAPE, b'0'..=b'~', ..] => Some(2),
        // C1 controls as UTF-8: U+009B is CSI; DCS, SOS, OSC, PM and APC open strings.
        [0xc2, 0x9b, rest @ ..] => Some(2 + control_len(rest)),
        [0xc2, 0x90 | 0x98 | 0x9d..=0x9f, rest @ ..] => Some(2 + string_len(rest)),
        _ => None,
    }
}

/// Parameters, intermediates and the final byte of a control sequence. One that breaks off counts
/// up to the byte that doesn't belong to it.
fn control_len(rest: &[u8]) -> usize {
    let parameters = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'?')).count();
    let after = rest.iter().skip(parameters);
    let intermediates = after.take_while(|byte| matches!(byte, b' '..=b'/')).count();
    let body = parameters + intermediates;
    body + usize::from(rest.get(body).is_some_and(|byte| matches!(byte, b'@'..=b'~')))
}

/// The string and its terminator: BEL, ESC \ or U+009C. Any other control ends it unfinished.
fn string_len(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        match (byte, rest.get(at + 1)) {
            (&BELL, _) => return at + 1,
            (&ESCAPE, Some(b'\\')) | (0xc2, Some(0x9c)) => return at + 2,
            (b'\t' | b'\n' | b'\r', _) => at += 1,
            (0..=0x1f | 0x7f, _) | (0xc2, Some(0x80..=0x9f)) => return 0,
            _ => at += 1,
        }
    }
    0
}

fn intermediate_len(bytes: &[u8]) -> Option<usize> {
    let count = bytes.iter().skip(1).take_while(|byte| matches!(byte, b' '..=b'/')).count();
    bytes.get(1 + count).filter(|byte| matches!(byte, b'0'..=b'~')).map(|_| count + 2)
}
