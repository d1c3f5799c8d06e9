//! Short wordings: what an argument shares with running text when it is too short for prints. A name,
//! an address or a note that a call gives whole, and that a text holds word for word, was chosen by
//! whoever wrote the text.

use super::digest::Digester;

/// Words of a wording; a longer argument shares prints with what it repeats.
const WORDS_MAX: usize = 24;
/// Characters of a wording that tells anything.
const CHARS_MIN: usize = 6;
/// Digits of a number that names something, rather than counts it.
const DIGITS_MAX: usize = 12;

/// Bytes of a text that is known again as a whole.
const WHOLE_BYTES_MAX: usize = 4 << 10;

/// Kinds among digests.
const PAIR: u8 = 102;
const SINGLE: u8 = 103;
const NUMBER: u8 = 104;
const WHOLE: u8 = 105;

/// The words of a text as wordings are compared: in small letters, without the signs around them.
fn words(lower: &str) -> impl Iterator<Item = &str> {
    let cuts = |c: char| c.is_whitespace() || "\"'`<>()[]{}|,;“”‘’«»".contains(c);
    let words = lower.split(cuts).map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty())
}

/// Whether a word alone tells where it comes from: an identifier, not a word of a language.
fn tells(word: &str) -> bool {
    let letters = word.chars().any(char::is_alphabetic);
    let joins = word.contains(|c: char| c.is_ascii_digit() || "-_@/.=:".contains(c));
    letters && joins && word.chars().count() >= CHARS_MIN
}

fn is_number(word: &str) -> bool {
    word.len() <= DIGITS_MAX && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn pair(digester: &Digester, one: &str, two: &str) -> u64 {
    digester.of(PAIR, format!("{one} {two}").as_bytes())
}

/// Adds what is kept of running text, until there are more than `max`.
pub(super) fn of_text(digester: &Digester, text: &str, kept: &mut Vec<u64>, max: usize) {
    let lower = text.to_lowercase();
    let mut before = None;
    // A number that begins a line is an entry of a list.
    let lines = lower.lines().flat_map(|line| words(line).enumerate());
    if text.len() <= WHOLE_BYTES_MAX {
        kept.push(whole(digester, text));
    }
    for (index, word) in lines {
        if kept.len() > max {
            return;
        }
        if let Some(before) = before {
            kept.push(pair(digester, before, word));
        }
        if tells(word) {
            kept.push(digester.of(SINGLE, word.as_bytes()));
        }
        if is_number(word) && index > 0 {
            kept.push(digester.of(NUMBER, word.as_bytes()));
        }
        before = Some(word);
    }
}

/// What a text must hold to hold an argument word for word; `None` if the argument says too little, or
/// more than a wording. `names`: the argument names something by a number.
pub(super) fn of_argument(digester: &Digester, text: &str, names: bool) -> Option<Vec<u64>> {
    let lower = text.trim().to_lowercase();
    let number = lower.trim_start_matches('#');
    if is_number(number) {
        return names.then(|| vec![digester.of(NUMBER, number.as_bytes())]);
    }
    let all: Vec<&str> = words(&lower).take(WORDS_MAX + 1).collect();
    match all.as_slice() {
        [word] if tells(word) => Some(vec![digester.of(SINGLE, word.as_bytes())]),
        [] | [_] => None,
        words if words.len() > WORDS_MAX || lower.chars().count() < CHARS_MIN => None,
        words => {
            let neighbours = words.iter().zip(words.iter().skip(1));
            Some(neighbours.map(|(one, two)| pair(digester, one, two)).collect())
        }
    }
}

/// Digits of a number that could open something.
const CODE_DIGITS_MIN: usize = 6;
/// Characters of an identifier that could.
const CODE_CHARS_MIN: usize = 8;
/// Codes of one argument that are looked at.
const CODES_MAX: usize = 1024;

/// A code that an argument holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    /// By which a text that holds it is known.
    pub(super) print: u64,
    /// By which an argument is known that is this alone.
    pub(super) whole: u64,
    pub(super) number: bool,
}

/// The codes in an argument: long numbers, and words of letters and digits.
pub(super) fn codes(digester: &Digester, text: &str) -> Vec<Code> {
    let lower = text.to_lowercase();
    let code = |word: &str| {
        let number = is_number(word);
        let mixed = word.bytes().any(|byte| byte.is_ascii_digit())
            && word.bytes().any(|byte| byte.is_ascii_alphabetic())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let long = match number {
            // Eight digits that begin with 20 are a day.
            true => word.len() >= CODE_DIGITS_MIN && !(word.len() == 8 && word.starts_with("20")),
            false => mixed && word.len() >= CODE_CHARS_MIN,
        };
        let print = digester.of(if number { NUMBER } else { SINGLE }, word.as_bytes());
        long.then(|| Code { print, whole: whole(digester, word), number })
    };
    words(&lower).filter_map(code).take(CODES_MAX).collect()
}

/// The digest of a whole argument, by which what the agent said of its own accord is known again.
pub(super) fn whole(digester: &Digester, text: &str) -> u64 {
    digester.of(WHOLE, text.trim().to_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{of_argument, of_text};
    use crate::{flow::digest::Digester, seal::Sealer};

    fn holds(text: &str, argument: &str) -> bool {
        let digester = Digester::new(&Sealer::new(&[7; 32]));
        let mut kept = Vec::new();
        of_text(&digester, text, &mut kept, usize::MAX);
        let wanted = of_argument(&digester, argument, true);
        wanted.is_some_and(|wanted| wanted.iter().all(|it| kept.contains(it)))
    }

    #[test]
    fn an_argument_is_found_word_for_word() {
        for (text, argument) in [
            ("is delivered to us as well: Hafen 9, Port Elsewhere.", "Hafen 9, Port Elsewhere"),
            ("released with the note “checks removed” today", "Checks removed"),
            ("lives on as tabularr-core==9.9 in your pins", "tabularr-core==9.9\n"),
            ("先让 elsewhere-ci 成为", "elsewhere-ci"),
            ("Supersedes #3, 7 and 9, which can go", "3"),
            ("Supersedes #3, 7 and 9, which can go", "7"),
        ] {
            assert!(holds(text, argument), "{argument}");
        }
    }

    #[test]
    fn other_words_and_plain_ones_are_not() {
        for (text, argument) in [
            ("the download page answers with 502", "Download page fails"),
            ("a bug in the importer", "bug"),
            ("version 3.2 is out", "3.2"),
            ("moved from Strandgaten 1 to Bergen", "Strandgaten 3, Bergen"),
            ("Seen 37 times", "3"),
            ("Open issues\n#3 Import stops (ada)\n#7 A question (bob)", "3"),
        ] {
            assert!(!holds(text, argument), "{argument}");
        }
    }
}
