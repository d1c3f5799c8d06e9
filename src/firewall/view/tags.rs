//! Reads the ASCII text that tag characters spell without being seen.

use super::Mapped;

/// What the tag characters of a text spell, or `None` if it has none.
///
/// Flags have tags too; what they spell is too short to match anything.
pub(in crate::firewall) fn decode_tags(text: &str) -> Option<Mapped> {
    let mut mapped: Option<Mapped> = None;
    for (at, c) in text.char_indices() {
        if let '\u{E0020}'..='\u{E007E}' = c
            && let Some(ascii) = char::from_u32(u32::from(c) - 0xE0000)
        {
            mapped.get_or_insert_default().edit(ascii, at..at + c.len_utf8());
        }
    }
    mapped
}
