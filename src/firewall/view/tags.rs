//! Reads what characters spell that nobody sees.

use std::ops::Range;

use super::Mapped;

/// Bits of one byte.
const BITS: usize = 8;
/// Shorter finds are accidents: a flag, a presentation selector, a joiner.
const CHARACTERS_MIN: usize = 4;
/// Pairs of invisible characters that stand for a bit not set and a bit set.
const PAIRS: [(char, char); 2] = [('\u{2062}', '\u{2064}'), ('\u{200B}', '\u{200C}')];

/// What tag characters, variation selectors and pairs of invisible characters spell, each kind as a
/// reading of its own.
pub(super) fn decode_tags(text: &str) -> Vec<Mapped> {
    let mut tags: Vec<Octet> = Vec::new();
    let mut selected: Vec<Octet> = Vec::new();
    let mut bits: [Vec<(bool, Range<usize>)>; PAIRS.len()] = Default::default();
    for (at, c) in text.char_indices().filter(|(_, c)| *c >= '\u{200B}') {
        let raw = at..at + c.len_utf8();
        match c {
            '\u{E0020}'..='\u{E007E}' => tags.extend(octet(u32::from(c) - 0xE0000, raw)),
            '\u{FE00}'..='\u{FE0F}' => selected.extend(octet(u32::from(c) - 0xFE00, raw)),
            '\u{E0100}'..='\u{E01EF}' => {
                selected.extend(octet(u32::from(c) - 0xE0100 + 16, raw));
            }
            c => {
                for (bits, (clear, set)) in bits.iter_mut().zip(PAIRS) {
                    if c == clear || c == set {
                        bits.push((c == set, raw.clone()));
                    }
                }
            }
        }
    }
    let spelled = bits.iter().map(|bits| characters(&bytes(bits)));
    let whole = [&tags, &selected].map(|octets| characters(octets));
    // Between what people see, there may be several texts or the letters of one.
    let apart = [&tags, &selected].map(|octets| apart(octets).map(|octets| characters(&octets)));
    let all = whole.into_iter().chain(apart.into_iter().flatten()).chain(spelled);
    all.filter(|mapped| mapped.text().chars().count() >= CHARACTERS_MIN).collect()
}

type Octet = (u8, Range<usize>);

fn octet(value: u32, raw: Range<usize>) -> Option<Octet> {
    u8::try_from(value).ok().map(|value| (value, raw))
}

/// The bytes with line ends where other characters stand between them; `None` if there are none.
fn apart(octets: &[Octet]) -> Option<Vec<Octet>> {
    let mut lines: Vec<Octet> = Vec::with_capacity(octets.len());
    let mut cut = false;
    for (value, raw) in octets {
        let end = lines.last().map(|(_, last)| last.end).filter(|end| *end < raw.start);
        if let Some(end) = end {
            lines.push((b'\n', end..raw.start));
            cut = true;
        }
        lines.push((*value, raw.clone()));
    }
    cut.then_some(lines)
}

/// Eight bits each, the highest first.
fn bytes(bits: &[(bool, Range<usize>)]) -> Vec<Octet> {
    let whole = bits.chunks_exact(BITS).filter_map(|bits| {
        let value = bits.iter().fold(0, |value, (bit, _)| value << 1 | u8::from(*bit));
        let ((_, first), (_, last)) = (bits.first()?, bits.last()?);
        Some((value, first.start..last.end))
    });
    whole.collect()
}

/// The characters that the bytes are in UTF-8, without controls.
fn characters(octets: &[Octet]) -> Mapped {
    let mut mapped = Mapped::default();
    let values: Vec<u8> = octets.iter().map(|(value, _)| *value).collect();
    let mut at = 0;
    for chunk in values.utf8_chunks() {
        for c in chunk.valid().chars() {
            let end = at + c.len_utf8();
            if let (Some((_, first)), Some((_, last))) = (octets.get(at), octets.get(end - 1))
                && (!c.is_control() || c == '\n')
            {
                mapped.edit(c, first.start..last.end);
            }
            at = end;
        }
        at += chunk.invalid().len();
    }
    mapped
}
