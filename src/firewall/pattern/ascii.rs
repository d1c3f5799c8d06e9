//! Patterns for texts of ASCII alone: a class of Unicode takes hundreds of states, of ASCII one.

use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, Hir, HirKind, Look, Repetition,
};

/// The pattern without all that no ASCII text can match.
pub(super) fn ascii(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            Hir::class(Class::Bytes(ClassBytes::new(ascii_ranges(class))))
        }
        HirKind::Look(look) => Hir::look(ascii_look(*look)),
        HirKind::Capture(capture) => {
            let sub = Box::new(ascii(&capture.sub));
            Hir::capture(regex_syntax::hir::Capture { sub, ..capture.clone() })
        }
        HirKind::Repetition(repetition) => {
            let sub = Box::new(ascii(&repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(ascii).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(ascii).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(Class::Bytes(_)) => hir.clone(),
    }
}

/// Whether every match has a character beyond ASCII.
pub(super) fn is_beyond(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => !literal.0.is_ascii(),
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().all(|range| !range.start().is_ascii())
        }
        HirKind::Class(Class::Bytes(class)) => class.iter().all(|range| !range.start().is_ascii()),
        HirKind::Capture(capture) => is_beyond(&capture.sub),
        HirKind::Repetition(repetition) => repetition.min > 0 && is_beyond(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().any(is_beyond),
        HirKind::Alternation(parts) => parts.iter().all(is_beyond),
        HirKind::Empty | HirKind::Look(_) => false,
    }
}

fn ascii_ranges(class: &ClassUnicode) -> impl Iterator<Item = ClassBytesRange> {
    class.iter().filter(|range| range.start().is_ascii()).map(|range| {
        let byte = |c: char| u8::try_from(c).map_or(0x7F, |byte| byte.min(0x7F));
        ClassBytesRange::new(byte(range.start()), byte(range.end()))
    })
}

fn ascii_look(look: Look) -> Look {
    match look {
        Look::WordUnicode => Look::WordAscii,
        Look::WordUnicodeNegate => Look::WordAsciiNegate,
        Look::WordStartUnicode => Look::WordStartAscii,
        Look::WordEndUnicode => Look::WordEndAscii,
        Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
        Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
        look => look,
    }
}

#[cfg(test)]
mod tests {
    use crate::firewall::pattern::{Pattern, Text};

    #[test]
    fn what_needs_a_character_beyond_ascii_is_known() {
        let is = |pattern| super::is_beyond(&regex_syntax::parse(pattern).expect("parses"));
        for pattern in ["é", "a[à-ý]+", "[\u{200b}-\u{200f}]{2}", "(?:ж|忽略)x"] {
            assert!(is(pattern), "{pattern}");
        }
        for pattern in ["a", "é?b", "[a-ý]", "ж|x", r"\w", "", "(?i)k"] {
            assert!(!is(pattern), "{pattern}");
        }
    }

    #[test]
    fn an_ascii_text_matches_the_same_in_both_forms() {
        let patterns = [
            r"(?is)\bfor[^.]{0,9}me\b",
            r"[^a-z]{2,}x|é+",
            r"\w+\s\W\d{1,2}",
            r"(?:[а-я]|q)\B.",
            r"(?m)^\s*(\S+)$",
            r"\b{start}k",
        ];
        let texts = ["For the\nlast me.", "##x 1 q!7", "  word\n k K 12", "", "qqq \u{7f}x"];
        for pattern in patterns {
            let pattern = Pattern::parse(Some(pattern), &[]).expect("compiles");
            for text in texts {
                let found = |ascii| pattern.find(Text { text, ascii }, 0..text.len());
                assert_eq!(found(true), found(false), "{} in {text:?}", pattern.source);
            }
        }
    }
}
