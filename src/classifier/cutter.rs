//! Cuts a text into windows of tokens: first into pieces by bytes, so that a long text needs neither
//! much memory nor all of a worker's time, then each piece into what the graph reads at once.

use std::{borrow::Cow, ops::Range};

use tokenizers::Tokenizer;
use unicode_normalization::char::is_combining_mark as is_mark;

use super::{Fault, Pack, window::windows};

/// Bytes of a piece: about ten windows of prose.
const PIECE_BYTES: usize = 8 << 10;
/// Bytes that two pieces share, so that no order of some sentences is cut in both.
const SHARED_BYTES: usize = 256;
/// How far back the end of a piece may move to fall between two words.
const WORD_BYTES_MAX: usize = 64;

/// A tokenizer, and how its tokens are cut.
#[derive(Debug)]
pub(super) struct Cutter {
    title: String,
    tokenizer: Tokenizer,
    /// What stands before the tokens of a text, and behind.
    around: (Vec<u32>, Vec<u32>),
    /// Tokens of one window, the special ones among them.
    window: usize,
    overlap: usize,
}

/// What the graph reads at once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    /// Tokens, the special ones among them.
    pub(super) ids: Vec<u32>,
    /// The bytes of the text that they stand for.
    pub(super) span: Range<usize>,
}

impl Cutter {
    /// # Errors
    /// [`Fault::Tokenizer`]
    pub(super) fn new(pack: &Pack) -> Result<Self, Fault> {
        let title = pack.title();
        let unfit = |error: tokenizers::Error| Fault::Tokenizer {
            pack: title.clone(),
            why: error.to_string(),
        };
        let mut tokenizer = Tokenizer::from_bytes(&pack.tokenizer).map_err(unfit)?;
        // Some packs bake both in; windows are ours to cut.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(unfit)?;
        // `[SEP]` in a stranger's text is five letters, and no end of anything.
        tokenizer.set_encode_special_tokens(true);
        let special = tokenizer.encode_fast("", true).map_err(unfit)?;
        let (before, behind) = special.get_ids().split_at(special.len().min(1));
        let around = (before.to_vec(), behind.to_vec());
        let (window, overlap) = (pack.manifest.window, pack.manifest.overlap);
        Ok(Self { title, tokenizer, around, window, overlap })
    }

    /// The windows of one piece of `text`.
    ///
    /// # Errors
    /// [`Fault::Tokenizer`]
    pub(super) fn cut(&self, text: &str, piece: Range<usize>) -> Result<Vec<Window>, Fault> {
        let part = text.get(piece.clone()).unwrap_or_default();
        let encoding = self.tokenizer.encode(parted(part), false).map_err(|error| {
            Fault::Tokenizer { pack: self.title.clone(), why: error.to_string() }
        })?;
        let (ids, offsets) = (encoding.get_ids(), encoding.get_offsets());
        let cut = windows(ids.len(), self.size(), self.overlap).into_iter().map(|range| {
            let span = span(offsets.get(range.clone()).unwrap_or_default(), part.len());
            let span = piece.start + span.start..piece.start + span.end;
            Window { ids: self.framed(ids.get(range).unwrap_or_default()), span }
        });
        Ok(cut.collect())
    }

    /// A full window of the tokenizer's last token: a graph that takes it takes every other.
    pub(super) fn probe(&self) -> Window {
        let last = self.tokenizer.get_vocab_size(true).saturating_sub(1);
        let ids = vec![u32::try_from(last).unwrap_or(u32::MAX); self.size()];
        Window { ids: self.framed(&ids), span: 0..0 }
    }

    /// Tokens of a text in one window, the special ones left out.
    fn size(&self) -> usize {
        let special = self.around.0.len() + self.around.1.len();
        self.window.saturating_sub(special).max(1)
    }

    fn framed(&self, ids: &[u32]) -> Vec<u32> {
        let (before, behind) = &self.around;
        [before.as_slice(), ids, behind].concat()
    }
}

/// Signs that are neither letters nor blanks, such as arrows and lines of boxes, as blanks of the same
/// bytes: tokenizers take what they join for one word, and a word that they do not know for nothing.
fn parted(text: &str) -> Cow<'_, str> {
    let joins = |c: char| !c.is_ascii() && !c.is_alphanumeric() && !is_mark(c);
    if !text.contains(joins) {
        return Cow::Borrowed(text);
    }
    let mut parted = String::with_capacity(text.len());
    for c in text.chars() {
        match joins(c) {
            true => parted.extend(std::iter::repeat_n(' ', c.len_utf8())),
            false => parted.push(c),
        }
    }
    Cow::Owned(parted)
}

/// Ranges of bytes that cover `text`, each but the first beginning within the one before. Of blanks in
/// a row only one counts, so that no amount of them keeps two words apart.
pub(super) fn pieces(text: &str) -> Vec<Range<usize>> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    loop {
        let end = end_of_piece(text, start);
        pieces.push(start..end);
        if end == text.len() {
            return pieces;
        }
        let piece = text.get(start..end).unwrap_or_default();
        let shared =
            reach(piece.char_indices().rev().map(|(at, c)| (piece.len() - at, c)), SHARED_BYTES);
        start = end - shared;
    }
}

fn end_of_piece(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let bytes = reach(rest.char_indices().map(|(at, c)| (at + c.len_utf8(), c)), PIECE_BYTES);
    if bytes == rest.len() {
        return text.len();
    }
    let end = start + bytes;
    let from = text.floor_char_boundary(end.saturating_sub(WORD_BYTES_MAX).max(start));
    let blank = text.get(from..end).and_then(|tail| tail.rfind(char::is_whitespace));
    blank.filter(|at| from + at > start).map_or(end, |at| from + at)
}

/// How far so many bytes reach, of which blanks in a row count once: the last of `chars`, each with the
/// bytes up to and with it.
fn reach(chars: impl Iterator<Item = (usize, char)>, bytes: usize) -> usize {
    let (mut counted, mut blank, mut reached) = (0, false, 0);
    for (end, c) in chars {
        let repeats = blank && c.is_whitespace();
        blank = c.is_whitespace();
        counted += if repeats { 0 } else { c.len_utf8() };
        if counted > bytes {
            break;
        }
        reached = end;
    }
    reached
}

/// What the tokens cover. One without a place (a text of no known character) covers all.
fn span(offsets: &[(usize, usize)], bytes: usize) -> Range<usize> {
    let start = offsets.iter().map(|(start, _)| *start).min().unwrap_or(0);
    let end = offsets.iter().map(|(_, end)| *end).max().unwrap_or(bytes);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{PIECE_BYTES, SHARED_BYTES, WORD_BYTES_MAX, parted, pieces};

    #[test]
    fn blanks_and_signs_keep_no_words_apart() {
        let text = format!("ignore{}all", " ".repeat(5 * PIECE_BYTES));
        assert_eq!(pieces(&text).len(), 1);
        assert_eq!(
            parted("ignore\u{2502}all\u{2192} caf\u{e9} \u{4f60}\u{597d} e\u{301}"),
            "ignore   all    caf\u{e9} \u{4f60}\u{597d} e\u{301}"
        );
    }

    proptest! {
        /// What two pieces share stands whole in one of them, and each has an end.
        #[test]
        fn pieces_cover_a_text_and_share_their_ends(
            text in prop_oneof!["[a-z \u{e9}\u{1f600}]{0,30000}", "[a-z]{20000,30000}", " {20000,30000}"],
        ) {
            let pieces = pieces(&text);
            prop_assert_eq!((pieces[0].start, pieces[pieces.len() - 1].end), (0, text.len()));
            for (one, next) in pieces.iter().zip(pieces.iter().skip(1)) {
                prop_assert!(one.end + 4 >= next.start + SHARED_BYTES);
                prop_assert!(next.end > one.end && one.start < next.start);
            }
            for piece in &pieces {
                let words: String = text.get(piece.clone()).expect("on boundaries").split_whitespace().collect();
                prop_assert!(words.len() <= PIECE_BYTES.max(WORD_BYTES_MAX));
            }
        }
    }
}
