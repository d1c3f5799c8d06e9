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
    let mut words = Vec::new();
    let mut spelled = Spelled::default();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let (mut letters, mut others) = (0_usize, 0_usize);
        while let Some(kind) = bytes.get(at).and_then(|byte| kind(*byte)) {
            match kind {
                Kind::Letter => letters += 1,
                Kind::Other => others += 1,
            }
            at += 1;
        }
        let token = start..at;
        at += 1;
        spelled.take(bytes, &token, &mut words);
        if others > 0
            && letters + others <= TOKEN_CHARS_MAX
            && letters + others >= SHORT_LETTERS_MIN
        {
            words.extend(undone(bytes, token));
        } else if (WORD_LETTERS_MIN..=TOKEN_CHARS_MAX).contains(&letters) {
            words.extend(folded(bytes, token));
        }
    }
    spelled.end(bytes, &mut words);
    words.sort_by_key(|(range, _)| range.start);
    words.dedup_by(|next, last| next.0.start < last.0.end);
    near_longer(words)
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

#[derive(Clone, Copy)]
enum Kind {
    Letter,
    Other,
}

/// What a byte is in a token; `None` if it ends one.
fn kind(byte: u8) -> Option<Kind> {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => Some(Kind::Letter),
        b'0'..=b'9' | b'@' | b'$' | b'!' => Some(Kind::Other),
        b'.' | b'-' | b'_' | b'*' | b'`' | b'~' | b'|' | b'^' | b'+' => Some(Kind::Other),
        _ => None,
    }
}

/// The word that a token with digits or signs is, if it is one.
fn undone(bytes: &[u8], token: Range<usize>) -> Option<Word> {
    let trim = |byte: &u8| matches!(kind(*byte), Some(Kind::Other)) && !byte.is_ascii_digit();
    let all = bytes.get(token.clone())?;
    let front = all.iter().take_while(|byte| trim(byte) && !matches!(byte, b'@' | b'$')).count();
    let back = all.iter().rev().take_while(|byte| trim(byte)).count();
    let token = token.start + front..token.end.checked_sub(back).filter(|end| *end > front)?;
    let inner = bytes.get(token.clone())?;
    let joined = joined(inner)?;
    let plain = lettered(&joined)?;
    let plain = fold(&plain);
    (plain.as_bytes() != inner && plain.len() >= SHORT_LETTERS_MIN).then_some((token, plain))
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
    let same = |three: &[u8]| three.first() == three.get(1) && three.get(1) == three.get(2);
    if !inner.windows(3).any(same) {
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

    fn end(&mut self, bytes: &[u8], words: &mut Vec<Word>) {
        let letters = std::mem::take(&mut self.letters);
        if let ([first, .., last], true) = (letters.as_slice(), letters.len() >= SPELLED_MIN) {
            let word: Vec<u8> = letters.iter().filter_map(|at| bytes.get(*at)).copied().collect();
            words.extend(lettered(&word).map(|plain| (*first..last + 1, plain)));
        }
    }
}
