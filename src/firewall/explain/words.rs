//! The words of a rule: what its pattern spells letter by letter, whatever the case.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::firewall::rule::Rule;

/// Bytes that a word must have to be worth telling.
const WORD_BYTES_MIN: usize = 4;
/// Words of one rule.
const WORDS_MAX: usize = 64;

/// Pattern and literals as one expression, with boundaries of ASCII words as the engine has them;
/// empty if the rule has neither.
pub(super) fn source(rule: &Rule) -> String {
    let pattern = rule.pattern.iter().map(|it| format!("(?:{})", ascii_boundaries(it.get_ref())));
    let literals = rule.literals.iter().map(|it| format!("(?i:{})", regex::escape(it)));
    pattern.chain(literals).collect::<Vec<_>>().join("|")
}

fn ascii_boundaries(pattern: &str) -> String {
    let mut output = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        let escaped = if c == '\\' { characters.next() } else { None };
        match escaped {
            Some('b') if characters.peek() != Some(&'{') => output.push_str(r"(?-u:\b)"),
            _ => output.extend(std::iter::once(c).chain(escaped)),
        }
    }
    output
}

/// The words of an expression, in lower case.
pub(super) fn words(source: &str) -> Vec<String> {
    let mut words = Vec::new();
    if let Ok(hir) = regex_syntax::parse(source) {
        let mut open = String::new();
        collect(&hir, &mut open, &mut words);
        close(&mut open, &mut words);
    }
    words.sort_unstable();
    words.dedup();
    words.truncate(WORDS_MAX);
    words
}

fn collect(hir: &Hir, open: &mut String, words: &mut Vec<String>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            open.push_str(&String::from_utf8_lossy(&literal.0).to_ascii_lowercase());
        }
        HirKind::Class(class) => match letter(class) {
            Some(letter) => open.push(letter),
            None => close(open, words),
        },
        HirKind::Capture(capture) => collect(&capture.sub, open, words),
        HirKind::Concat(parts) => parts.iter().for_each(|part| collect(part, open, words)),
        HirKind::Alternation(parts) => {
            let before = open.clone();
            for part in parts {
                open.clone_from(&before);
                collect(part, open, words);
                close(open, words);
            }
        }
        HirKind::Repetition(repetition) => {
            close(open, words);
            if repetition.min > 0 {
                collect(&repetition.sub, open, words);
            }
            close(open, words);
        }
    }
}

fn close(open: &mut String, words: &mut Vec<String>) {
    let word = std::mem::take(open);
    let word = word.trim();
    if word.len() >= WORD_BYTES_MIN {
        words.push(word.to_owned());
    }
}

/// The ASCII letter that all members of the class are, but for case and look-alikes of folding.
fn letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let mut members = class.iter().flat_map(|range| (range.start()..=range.end()).take(3));
    let ascii: Vec<char> = members.by_ref().take(4).filter(char::is_ascii).collect();
    let first = ascii.first()?.to_ascii_lowercase();
    let one = ascii.len() <= 2 && ascii.iter().all(|c| c.to_ascii_lowercase() == first);
    (one && members.next().is_none()).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_found_whatever_their_case_and_place() {
        assert_eq!(words(r"(?i)\b(?:ignore|disregard)\s+rules"), ["disregard", "ignore", "rules"]);
        assert_eq!(words(r"\bsesame[0-9]"), ["sesame"]);
        assert_eq!(words(r"[a-z]{4}(?:gone)?"), [""; 0]);
    }
}
