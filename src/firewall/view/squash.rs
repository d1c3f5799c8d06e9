//! Undoes what keeps a word from being found and not from being read: digits for letters, signs
//! between letters, letters repeated.
//!
//! Only words that are disguised so are changed, and only what stands around them is read again.
//! Words stay apart, so that rules about several words match.

use std::ops::Range;

use super::Mapped;

/// How far around a changed word is read, in bytes.
const AROUND_BYTES: usize = 256;
/// Longer tokens are keys and digests, not words, in characters.
const TOKEN_CHARS_MAX: usize = 40;
/// Shorter words are undone beside longer ones only, in letters.
const WORD_LETTERS_MIN: usize = 4;
/// Shorter words are not worth it, in letters.
const SHORT_LETTERS_MIN: usize = 3;
/// A word that a single digit ends is a name with a number, unless it is longer.
const NAME_LETTERS_MAX: usize = 5;
/// So many single letters in a row are a word spelled out.
const SPELLED_MIN: usize = 4;
/// The longest part of a word that is cut in pieces, in letters.
const PIECE_LETTERS_MAX: usize = 3;

/// The reading with such words undone, or `None` if there are none.
pub(super) fn squash(text: &str) -> Option<Mapped> {
    let words = words(text);
    let mut mapped = Mapped::default();
    let mut words = words.into_iter().peekable();
    let mut until = 0;
    words.peek()?;
    while let Some((word, plain)) = words.next() {
        let start = text.floor_char_boundary(word.start.saturating_sub(AROUND_BYTES));
        if start > until {
            mapped.part(start..word.end);
            until = start;
        }
        mapped.copy(text.get(until..word.start).unwrap_or_default(), until);
        mapped.edit_text(&plain, word.clone());
        let reach = text.ceil_char_boundary(word.end.saturating_add(AROUND_BYTES)).min(text.len());
        let next = words.peek().map_or(reach, |(next, _)| next.start.min(reach));
        mapped.copy(text.get(word.end..next).unwrap_or_default(), word.end);
        until = next;
    }
    Some(mapped)
}

/// Where a word stands and what it reads as.
type Word = (Range<usize>, String);

/// The disguised words and what they read as, from left to right.
fn words(text: &str) -> Vec<Word> {
    let bytes = text.as_bytes();
    let repeats = has_three_alike(bytes);
    let mut words = Vec::new();
    let mut spelled = Spelled::default();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let mut kinds = 0;
        while let Some(kind) = bytes.get(at).map(|byte| kind(*byte)).filter(|kind| *kind != END) {
            kinds |= kind;
            at += 1;
        }
        let token = start..at;
        at += 1;
        spelled.take(bytes, &token, &mut words);
        if kinds & OTHER != 0 && token.len() <= TOKEN_CHARS_MAX {
            words.extend(undone(bytes, token, repeats));
        } else if repeats && token.len() >= WORD_LETTERS_MIN {
            words.extend(folded(bytes, token));
        }
    }
    spelled.end(bytes, &mut words);
    words.sort_by_key(|(range, _)| range.start);
    words.dedup_by(|next, last| next.0.start < last.0.end);
    near_longer(words)
}

/// Whether a letter stands three times in a row, whatever its case.
fn has_three_alike(bytes: &[u8]) -> bool {
    // Whole chunks without an early exit, so that the compiler can use vector instructions.
    const CHUNK_BYTES: usize = 256;
    let chunks = (0..bytes.len()).step_by(CHUNK_BYTES).filter_map(|at| bytes.get(at..));
    let mut chunks = chunks.map(|rest| rest.get(..CHUNK_BYTES + 2).unwrap_or(rest));
    chunks.any(|chunk| {
        let (next, after) = (chunk.iter().skip(1), chunk.iter().skip(2));
        let threes = chunk.iter().zip(next).zip(after);
        threes.fold(0, |any, ((one, two), three)| {
            let case = 0x20;
            let letter = (one | case).wrapping_sub(b'a') < 26;
            let alike = ((one ^ two) | (one ^ three)) & !case == 0;
            any | u8::from(letter & alike)
        }) != 0
    })
}

/// The words without short ones that stand alone: `x11` and `1st` are what they are.
fn near_longer(words: Vec<Word>) -> Vec<Word> {
    let is_long = |(range, _): &&Word| range.len() >= WORD_LETTERS_MIN;
    let long: Vec<usize> = words.iter().filter(is_long).map(|(range, _)| range.start).collect();
    let near = |word: &Word| {
        let at = word.0.start;
        let after = long.partition_point(|start| *start < at.saturating_sub(AROUND_BYTES));
        long.get(after).is_some_and(|start| *start <= at + AROUND_BYTES)
    };
    words.into_iter().filter(near).collect()
}

/// What a byte is in a token: it ends one, or is a letter, or a sign or digit.
const END: u8 = 0;
const LETTER: u8 = 1;
const OTHER: u8 = 2;

const KINDS: [u8; 256] = {
    let mut kinds = [END; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' | b'@' | b'$' | b'!' => OTHER,
            b'.' | b'-' | b'_' | b'*' | b'`' | b'~' | b'|' | b'^' | b'+' => OTHER,
            _ => END,
        };
        byte += 1;
    }
    kinds
};

fn kind(byte: u8) -> u8 {
    KINDS[usize::from(byte)]
}

/// The word that a token with digits or signs is, if it is one.
fn undone(bytes: &[u8], token: Range<usize>, repeats: bool) -> Option<Word> {
    let trim = |byte: &u8| kind(*byte) == OTHER && !byte.is_ascii_digit();
    let all = bytes.get(token.clone())?;
    let front = all.iter().take_while(|byte| trim(byte) && !matches!(byte, b'@' | b'$')).count();
    let back = all.iter().rev().take_while(|byte| trim(byte)).count();
    let token = token.start + front..token.end.checked_sub(back).filter(|end| *end > front)?;
    let inner = bytes.get(token.clone())?;
    if inner.len() < SHORT_LETTERS_MIN || !repeats && is_ordinary(inner) {
        return None;
    }
    let joined = joined(inner)?;
    let plain = lettered(&joined)?;
    let plain = fold(&plain);
    (plain.as_bytes() != inner && plain.len() >= SHORT_LETTERS_MIN).then_some((token, plain))
}

/// Whether a token is letters alone, or a name of parts of which the first is longer than a piece.
fn is_ordinary(token: &[u8]) -> bool {
    let letters = |byte: &&u8| byte.is_ascii_alphabetic();
    let first = token.iter().take_while(letters).count();
    let joins = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'.' | b'-' | b'_');
    first == token.len() || first > PIECE_LETTERS_MAX && token.iter().all(joins)
}

/// The token without the signs between its letters, if they are of the kind that cuts a word in
/// pieces; `None` if it is an address, a date or words with hyphens.
fn joined(token: &[u8]) -> Option<Vec<u8>> {
    let markup = |byte: &u8| matches!(byte, b'*' | b'`' | b'~' | b'|' | b'^');
    let sign = |byte: &u8| markup(byte) || matches!(byte, b'.' | b'-' | b'_' | b'+');
    let parts: Vec<&[u8]> = token.split(sign).filter(|part| !part.is_empty()).collect();
    let pieces = parts.len() > 2 && parts.iter().all(|part| part.len() <= PIECE_LETTERS_MAX);
    let marked = token.iter().filter(|byte| sign(byte)).all(markup);
    (parts.len() == 1 || pieces || marked).then(|| parts.concat())
}

/// The word with letters for digits, or `None` if it is no word: too few letters, digits that look
/// like none, a number at the end.
fn lettered(word: &[u8]) -> Option<String> {
    let letters = word.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let tail = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let foreign = word.len() - letters;
    let all = word.eq_ignore_ascii_case(b"a11");
    let numbered = tail > 0 && tail == foreign && (tail > 1 || letters <= NAME_LETTERS_MAX) && !all;
    let hexadecimal = foreign > 0 && word.iter().all(u8::is_ascii_hexdigit) && !all;
    if letters + usize::from(all) < 2 || foreign > letters + 1 || numbered || hexadecimal {
        return None;
    }
    word.iter().enumerate().map(|(at, byte)| letter(word, at, *byte)).collect()
}

fn letter(word: &[u8], at: usize, byte: u8) -> Option<char> {
    Some(match byte {
        b'0' => 'o',
        b'1' | b'!' => one(at.checked_sub(1).and_then(|at| word.get(at)), word.get(at + 1)),
        b'3' => 'e',
        b'4' | b'@' => 'a',
        b'5' | b'$' => 's',
        b'7' => 't',
        b'a'..=b'z' | b'A'..=b'Z' => char::from(byte),
        _ => return None,
    })
}

/// `1` stands for `i` or for `l`; English decides by what is beside it.
fn one(before: Option<&u8>, after: Option<&u8>) -> char {
    let one = |byte: Option<&u8>| matches!(byte, Some(b'1' | b'!'));
    let vowel = |byte: Option<&u8>| {
        matches!(
            byte.map(u8::to_ascii_lowercase),
            Some(b'a' | b'e' | b'i' | b'o' | b'u' | b'0' | b'3' | b'4')
        )
    };
    let wide = matches!(after.map(u8::to_ascii_lowercase), Some(b'a' | b'e' | b'3' | b'4'));
    match (one(before) || one(after), vowel(before), vowel(after)) {
        (true, _, _) | (_, true, true) => 'l',
        (_, false, true) if before.is_some() && wide => 'l',
        _ => 'i',
    }
}

/// The word without letters that stand three times or more.
fn folded(bytes: &[u8], token: Range<usize>) -> Option<Word> {
    let inner = bytes.get(token.clone())?;
    let letters = inner.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    if !(WORD_LETTERS_MIN..=TOKEN_CHARS_MAX).contains(&letters) {
        return None;
    }
    if !has_three_alike(inner) {
        return None;
    }
    let plain = fold(std::str::from_utf8(inner).ok()?);
    (plain.len() >= WORD_LETTERS_MIN).then_some((token, plain))
}

fn fold(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut count = 1;
        while letters.next_if(|next| next.eq_ignore_ascii_case(&letter)).is_some() {
            count += 1;
        }
        let double = count == 2 || count > 2 && letter.eq_ignore_ascii_case(&'l');
        plain.extend(std::iter::repeat_n(letter, 1 + usize::from(double)));
    }
    plain
}

/// Single letters with one space each between them.
#[derive(Default)]
struct Spelled {
    letters: Vec<usize>,
}

impl Spelled {
    #[inline]
    fn take(&mut self, bytes: &[u8], token: &Range<usize>, words: &mut Vec<Word>) {
        let single = token.len() == 1
            && bytes.get(token.start).is_some_and(|byte| byte.is_ascii_alphanumeric());
        let follows = self.letters.last().is_none_or(|last| last + 2 == token.start);
        if !(single && follows) {
            self.end(bytes, words);
        }
        if single {
            self.letters.push(token.start);
        }
    }

    #[inline]
    fn end(&mut self, bytes: &[u8], words: &mut Vec<Word>) {
        if self.letters.len() >= SPELLED_MIN {
            words.extend(self.word(bytes));
        }
        self.letters.clear();
    }

    fn word(&self, bytes: &[u8]) -> Option<Word> {
        let [first, .., last] = self.letters.as_slice() else { return None };
        let word: Vec<u8> = self.letters.iter().filter_map(|at| bytes.get(*at)).copied().collect();
        lettered(&word).map(|plain| (*first..last + 1, plain))
    }
}
