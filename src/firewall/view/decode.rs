//! Reads what is encoded in a text: base64, base32, hexadecimal, Ascii85, rot13, and gzip or zlib
//! inside them.
//!
//! What is read stands for the whole segment that it came from. Segments that decode to no text are
//! what they seem: keys, digests, pictures.

use std::io::Read;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use flate2::read::{GzDecoder, ZlibDecoder};

use super::Mapped;
use super::alphabet::{ascii85, base32, base64, hexadecimal, rotated};
use crate::firewall::engine::Incomplete;

/// Shorter segments hold no order, in characters.
const SEGMENT_CHARS_MIN: usize = 16;
/// Shorter segments are not tried as Ascii85, whose letters nearly all signs are.
const ASCII85_CHARS_MIN: usize = 20;
/// What one segment may expand to, in bytes.
pub(super) const EXPANDED_BYTES_MAX: usize = 256 * 1024;
/// Base64 in lines has long ones (RFC 2045, section 6.8: 76; PEM: 64).
const LINE_CHARS_MIN: usize = 56;
/// So many digits show what packed data begins with.
const HEAD_CHARS: usize = 8;
/// Where letters of base64 are mixed, they are so everywhere, in characters.
const WINDOW_CHARS: usize = 24;
/// The share of characters that are text, in per cent, of what is taken as text whole.
const TEXT_PERCENT_MIN: usize = 85;
/// Shorter texts hold no order, in characters.
const TEXT_CHARS_MIN: usize = 8;
/// Shorter stretches of text between other bytes are accidents, in characters.
const STRETCH_CHARS_MIN: usize = 16;

/// English words that orders consist of, thirteen letters further. Ordinary texts have none of them.
const TURNED: [&str; 10] = [
    "vtaber",
    "vafgehpgvba",
    "cerivbhf",
    "cnffjbeq",
    "qvfertneq",
    "flfgrz",
    "sbetrg",
    "frperg",
    "nffvfgnag",
    "rkrphgr",
];

static TURNED_WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_ascii_uppercase())
    };
    let words = TURNED
        .iter()
        .flat_map(|word| [(*word).to_owned(), capital(word), word.to_ascii_uppercase()]);
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(words)
        .expect("thirty short words make a small automaton")
});

/// What is encoded in the text, part by part, or `None` if nothing is.
pub(super) fn decode(text: &str) -> Result<Option<Mapped>, Incomplete> {
    let mut decoded = Decoded { text, mapped: Mapped::default() };
    decoded.runs()?;
    decoded.delimited()?;
    decoded.turned();
    Ok(Some(decoded.mapped).filter(|mapped| !mapped.text().is_empty()))
}

struct Decoded<'a> {
    text: &'a str,
    mapped: Mapped,
}

impl Decoded<'_> {
    /// Reads every long run of letters and digits, and of the signs of Ascii85.
    fn runs(&mut self) -> Result<(), Incomplete> {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        // A run of that many characters cannot lie between two places that far apart.
        while let Some(byte) = bytes.get(at + SEGMENT_CHARS_MIN - 1) {
            let probe = at + SEGMENT_CHARS_MIN - 1;
            if !is_printable(*byte) {
                at = probe + 1;
                continue;
            }
            let token = around(bytes, at, probe, is_printable);
            at = token.end + 1;
            if token.len() >= SEGMENT_CHARS_MIN {
                let end = self.token(token)?;
                at = at.max(end);
            }
        }
        Ok(())
    }

    /// Reads one token without spaces, and the lines that go on with it; says where they end.
    fn token(&mut self, token: Range<usize>) -> Result<usize, Incomplete> {
        let bytes = self.text.as_bytes();
        let (mut at, mut end, mut found) = (token.start, token.end, false);
        while at + SEGMENT_CHARS_MIN <= token.end {
            let probe = at + SEGMENT_CHARS_MIN - 1;
            if !bytes.get(probe).copied().is_some_and(is_digit) {
                at = probe + 1;
                continue;
            }
            let run = around(bytes, at, probe, is_digit);
            at = run.end + 1;
            if run.len() >= SEGMENT_CHARS_MIN {
                let segment = run.start..lines_end(bytes, &run);
                found |= self.segment(segment.clone())?;
                at = at.max(segment.end + 1);
                end = end.max(segment.end);
            }
        }
        if !found && token.len() >= ASCII85_CHARS_MIN && is_odd(self.slice(&token)) {
            self.keep(ascii85(self.slice(&token)), &token)?;
        }
        Ok(end)
    }

    /// Reads one run of letters and digits in every way, and says whether one of them gave a text.
    ///
    /// At every alignment too: what stands before an encoding, or an encoding before it, would hide it.
    fn segment(&mut self, segment: Range<usize>) -> Result<bool, Incomplete> {
        let run = self.slice(&segment).to_owned();
        let digits = run.strip_prefix(b"0x").unwrap_or(&run);
        let mut found = false;
        for shift in 0..2 {
            found |= self.keep(digits.get(shift..).and_then(hexadecimal), &segment)?;
        }
        found |= self.keep(base32(&run), &segment)?;
        let head = run.get(..HEAD_CHARS).map(base64).unwrap_or_default();
        if !is_packed(&head) && !run.chunks(WINDOW_CHARS).any(is_mixed) {
            return Ok(found);
        }
        for shift in 0..4 {
            found |= self.keep(run.get(shift..).map(base64), &segment)?;
        }
        if found {
            return Ok(true);
        }
        let turned = std::str::from_utf8(&run).map(rotated).unwrap_or_default();
        self.keep(Some(base64(turned.as_bytes())), &segment)
    }

    /// Adds the text that the bytes hold, if they hold any.
    fn keep(&mut self, bytes: Option<Vec<u8>>, raw: &Range<usize>) -> Result<bool, Incomplete> {
        let Some(bytes) = bytes else { return Ok(false) };
        let text = match expanded(&bytes)? {
            Some(expanded) => as_text(&expanded),
            None => as_text(&bytes),
        };
        let Some(text) = text else { return Ok(false) };
        self.mapped.part(raw.clone());
        self.mapped.edit_text(&text, raw.clone());
        Ok(true)
    }

    /// Reads Ascii85 between `<~` and `~>`, spaces and all.
    fn delimited(&mut self) -> Result<(), Incomplete> {
        let mut at = 0;
        while let Some(found) = self.find("<~", at) {
            let Some(end) = self.find("~>", found + 2) else { return Ok(()) };
            self.keep(ascii85(self.slice(&(found + 2..end))), &(found..end + 2))?;
            at = end + 2;
        }
        Ok(())
    }

    /// Reads lines with turned words the other way.
    fn turned(&mut self) {
        let mut at = 0;
        while let Some(found) = TURNED_WORDS.find(self.text.get(at..).unwrap_or_default()) {
            let word = at + found.start();
            let before = self.text.get(at..word).unwrap_or_default();
            let start = before.rfind('\n').map_or(at, |line| at + line + 1);
            let after = self.text.get(word..).unwrap_or_default();
            let end = after.find('\n').map_or(self.text.len(), |line| word + line);
            self.mapped.part(start..end);
            self.mapped
                .edit_text(&rotated(self.text.get(start..end).unwrap_or_default()), start..end);
            at = end;
        }
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.text.as_bytes().get(range.clone()).unwrap_or_default()
    }

    fn find(&self, needle: &str, from: usize) -> Option<usize> {
        let rest = self.text.as_bytes().get(from..)?;
        memchr::memmem::find(rest, needle.as_bytes()).map(|found| from + found)
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~')
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

/// Whether capitals and small letters are mixed as base64 mixes them and names of programs do not.
fn is_mixed(run: &[u8]) -> bool {
    let capitals = run.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let small = run.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    capitals * 10 >= run.len() && small * 10 >= run.len()
}

/// The run of bytes that pass around `probe`, which passes; it begins at `from` or later.
fn around(bytes: &[u8], from: usize, probe: usize, pass: fn(u8) -> bool) -> Range<usize> {
    let before = bytes.get(from..probe).unwrap_or_default();
    let after = bytes.get(probe..).unwrap_or_default();
    let start = probe - before.iter().rev().take_while(|byte| pass(**byte)).count();
    start..probe + after.iter().take_while(|byte| pass(**byte)).count()
}

/// Where the lines end that go on with a run of digits.
fn lines_end(bytes: &[u8], first: &Range<usize>) -> usize {
    let mut line = first.clone();
    while line.len() >= LINE_CHARS_MIN {
        let rest = bytes.get(line.end..).unwrap_or_default();
        let gap = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => break,
        };
        let count = rest.iter().skip(gap).take_while(|byte| is_digit(**byte)).count();
        if count == 0 {
            break;
        }
        let start = line.end + gap;
        line = start..start + count;
    }
    line.end
}

/// Whether a token has as many kinds of signs as Ascii85 has and words and addresses have not.
fn is_odd(token: &[u8]) -> bool {
    const KINDS_MIN: u32 = 4;
    let signs = token.iter().filter(|byte| byte.is_ascii_punctuation());
    let kinds = signs.fold(0_u128, |kinds, byte| kinds | 1 << (byte & 0x7f));
    kinds.count_ones() >= KINDS_MIN
}

/// Whether the bytes begin as gzip (RFC 1952) or zlib (RFC 1950) data does.
fn is_packed(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1f, 0x8b, 8, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
}

/// What packed data expands to, or `None` if the bytes are neither.
fn expanded(bytes: &[u8]) -> Result<Option<Vec<u8>>, Incomplete> {
    let limit = EXPANDED_BYTES_MAX as u64 + 1;
    let mut output = Vec::new();
    // An error ends the data; what came before it is read.
    let read = match bytes.first() {
        _ if !is_packed(bytes) => return Ok(None),
        Some(0x1f) => GzDecoder::new(bytes).take(limit).read_to_end(&mut output),
        _ => ZlibDecoder::new(bytes).take(limit).read_to_end(&mut output),
    };
    if output.len() > EXPANDED_BYTES_MAX && as_text(&output).is_some() {
        return Err(Incomplete::Expansion);
    }
    Ok((read.is_ok() || !output.is_empty()).then_some(output))
}

/// The text that the bytes are, or the stretches of text between other bytes.
fn as_text(bytes: &[u8]) -> Option<String> {
    if is_wide(bytes) {
        let units: Vec<u16> =
            bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        return Some(String::from_utf16_lossy(&units));
    }
    let (mut all, mut good, mut stretch, mut longest) = (0, 0, 0, 0);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            all += 1;
            stretch = if is_text(c) { stretch + 1 } else { 0 };
            good += usize::from(stretch > 0);
            longest = stretch.max(longest);
        }
        let invalid = !chunk.invalid().is_empty();
        all += usize::from(invalid);
        stretch = if invalid { 0 } else { stretch };
    }
    let text = || String::from_utf8_lossy(bytes);
    if good * 100 >= all * TEXT_PERCENT_MIN && good >= TEXT_CHARS_MIN {
        return Some(text().into_owned());
    }
    let long = |stretch: &&str| stretch.chars().count() >= STRETCH_CHARS_MIN;
    let stretches = || text().split(|c| !is_text(c)).filter(long).collect::<Vec<_>>().join("\n.\n");
    (longest >= STRETCH_CHARS_MIN).then(stretches)
}

fn is_text(c: char) -> bool {
    !(c == '\u{FFFD}' || c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// Whether the bytes are ASCII in UTF-16 with the low byte first, as shells of Windows take it.
fn is_wide(bytes: &[u8]) -> bool {
    let pairs = bytes.as_chunks().0;
    let wide = pairs.iter().filter(|[low, high]| *high == 0 && (b' '..=b'~').contains(low)).count();
    pairs.len() >= TEXT_CHARS_MIN && wide * 100 >= pairs.len() * TEXT_PERCENT_MIN
}
