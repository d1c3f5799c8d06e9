//! Undoes quoted-printable (RFC 2045, section 6.7).
//!
//! Programs write `=` too. So an escape counts where several stand in a row, or where the text has
//! others that only quoted-printable has.

use memchr::memchr_iter;

use super::Mapped;
use super::octets::{character, hexadecimal};

/// So many escapes in a row are no accident.
const ROW_MIN: usize = 3;

/// The reading with quoted-printable undone, or `None` if there is none.
pub(super) fn unquote(text: &str) -> Option<Mapped> {
    let bytes = text.as_bytes();
    let mut signs = memchr_iter(b'=', bytes).peekable();
    signs.peek()?;
    let known = memchr_iter(b'=', bytes).any(|at| is_telling(bytes, at));
    let (mut mapped, mut copied) = (None, 0);
    for at in signs {
        if at < copied || !(known || is_row(bytes, at)) {
            continue;
        }
        let escape = character(at, |at| Some((escaped(bytes, at)?, 3)));
        let end = match (escape, soft_break(bytes, at)) {
            (Some((_, end)), _) => end,
            (None, Some(length)) => at + length,
            (None, None) => continue,
        };
        let mapped = mapped.get_or_insert_with(|| Mapped::with_capacity(text.len()));
        mapped.copy(text.get(copied..at).unwrap_or_default(), copied);
        if let Some((c, _)) = escape {
            mapped.edit(c, at..end);
        }
        copied = end;
    }
    let mut mapped = mapped?;
    mapped.copy(text.get(copied..).unwrap_or_default(), copied);
    Some(mapped)
}

/// Whether this sign is one that hardly anything but quoted-printable has: an escaped `=`, or a
/// word that goes on in the next line.
fn is_telling(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    bytes.get(at..at + 3) == Some(b"=3D")
        || soft_break(bytes, at)
            .is_some_and(|length| letter(before) && letter(bytes.get(at + length)))
}

fn is_row(bytes: &[u8], at: usize) -> bool {
    let escape = |at| escaped(bytes, at).is_some();
    let after = (1..ROW_MIN).take_while(|count| escape(at + 3 * count)).count();
    let before =
        (1..ROW_MIN).take_while(|count| at.checked_sub(3 * count).is_some_and(escape)).count();
    escape(at) && before + 1 + after >= ROW_MIN
}

fn escaped(bytes: &[u8], at: usize) -> Option<u8> {
    let &[b'=', high, low] = bytes.get(at..at + 3)? else { return None };
    hexadecimal(&[high, low])
}

/// The length of a line end that stands for nothing.
fn soft_break(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..)? {
        [b'=', b'\n', ..] => Some(2),
        [b'=', b'\r', b'\n', ..] => Some(3),
        _ => None,
    }
}
