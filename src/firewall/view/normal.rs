//! Undoes disguises: compatibility forms, look-alike letters, invisible characters, accents on Latin
//! letters, terminal sequences inside words.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{
    canonical_combining_class, decompose_canonical, is_combining_mark,
};

use super::Mapped;
use super::fold::{fold, is_foldable_script};
use crate::firewall::sanitize::ansi::sequence_len;
use crate::firewall::sanitize::character::is_invisible;

/// The longest cluster or word that is judged as a whole, in characters. Honest ones are shorter;
/// a longer one is judged in pieces.
const PIECE_CHARS_MAX: usize = 128;

/// The reading of a text with disguises undone.
///
/// Look-alikes of Latin letters are folded in words that mix them with ASCII letters, and in words
/// that have look-alikes only; a Russian or Greek word stays what it is.
pub(in crate::firewall) fn normalize(text: &str) -> Mapped {
    let mut reading = Reading { mapped: Mapped::with_capacity(text.len()), ..Reading::default() };
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        at += reading.step(rest, at);
    }
    reading.end_cluster();
    reading.end_word();
    reading.mapped
}

/// A normalised character and the raw range that it stands for.
#[derive(Clone, Debug)]
struct Piece {
    c: char,
    raw: Range<usize>,
    copied: bool,
}

#[derive(Default)]
struct Reading {
    mapped: Mapped,
    /// A base and its combining marks, as received.
    cluster: Vec<Piece>,
    /// The letters of the word so far, normalised.
    word: Vec<Piece>,
}

impl Reading {
    /// Takes what stands at the start of `rest`, and says how many bytes it was.
    fn step(&mut self, rest: &str, at: usize) -> usize {
        let Some(c) = rest.chars().next() else { return rest.len() };
        if c.is_control() && !matches!(c, '\t' | '\n' | '\r') {
            return sequence_len(rest.as_bytes()).unwrap_or(c.len_utf8());
        }
        if let Some(bytes) = ascii_words_len(rest) {
            self.end_cluster();
            self.end_word();
            self.mapped.copy(rest.get(..bytes).unwrap_or_default(), at);
            return bytes;
        }
        let bytes = c.len_utf8();
        if is_invisible(c) {
            return bytes;
        }
        if !is_combining_mark(c) || self.cluster.len() >= PIECE_CHARS_MAX {
            self.end_cluster();
        }
        self.cluster.push(Piece { c, raw: at..at + bytes, copied: true });
        bytes
    }

    /// Normalises the cluster and hands its characters to the word.
    fn end_cluster(&mut self) {
        let cluster = std::mem::take(&mut self.cluster);
        match cluster.as_slice() {
            [] => {}
            [one] if one.c.is_ascii() => self.take(one.clone()),
            [first, .., last] | [first @ last] => {
                let raw = first.raw.start..last.raw.end;
                let strips = first.c.is_ascii() || is_foldable_script(first.c);
                let composed: Vec<char> = cluster.iter().map(|piece| piece.c).nfkc().collect();
                let same = matches!(composed.as_slice(), [c] if plain(*c) == first.c);
                for c in composed {
                    if !(strips && canonical_combining_class(c) != 0) {
                        let copied = same && cluster.len() == 1;
                        self.take(Piece { c: plain(c), raw: raw.clone(), copied });
                    }
                }
            }
        }
        self.cluster = cluster;
        self.cluster.clear();
    }

    fn take(&mut self, piece: Piece) {
        let letter = piece.c.is_alphabetic();
        if !letter || self.word.len() >= PIECE_CHARS_MAX {
            self.end_word();
        }
        match letter {
            true => self.word.push(piece),
            false => append(&mut self.mapped, &piece),
        }
    }

    fn end_word(&mut self) {
        let ascii = self.word.iter().any(|piece| piece.c.is_ascii());
        let folds = ascii || self.word.iter().all(|piece| fold(piece.c).is_some());
        for mut piece in self.word.drain(..) {
            if let Some(folded) = fold(piece.c).filter(|_| folds) {
                piece = Piece { c: folded, copied: false, ..piece };
            }
            append(&mut self.mapped, &piece);
        }
    }
}

/// The length of the whole ASCII words at the start of `rest`, if it starts between words. The last
/// word is left out: a mark or a look-alike may follow.
fn ascii_words_len(rest: &str) -> Option<usize> {
    let between = |byte: &u8| !byte.is_ascii_alphabetic();
    let plain = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    rest.as_bytes().first().filter(|byte| between(byte))?;
    let run = rest.bytes().take_while(plain).count();
    let words = rest.as_bytes().get(..run.checked_sub(1)?)?;
    words.iter().rposition(between).map(|last| last + 1)
}

fn append(mapped: &mut Mapped, piece: &Piece) {
    match piece.copied {
        true => mapped.copy(piece.c.encode_utf8(&mut [0; 4]), piece.raw.start),
        false => mapped.edit(piece.c, piece.raw.clone()),
    }
}

/// Separators of lines as newlines, other spaces as spaces and accented Latin letters without their
/// accents, so that rules need to know one form.
fn plain(c: char) -> char {
    let mut base = None;
    match c {
        '\u{2028}' | '\u{2029}' => return '\n',
        c if c.is_whitespace() && !c.is_ascii() => return ' ',
        '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => decompose_canonical(c, |part| {
            base.get_or_insert(part);
        }),
        _ => {}
    }
    base.filter(char::is_ascii_alphabetic).unwrap_or(c)
}
