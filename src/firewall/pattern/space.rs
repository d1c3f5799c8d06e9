//! White space, whose amount and kind do not matter to a literal.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Whether a byte is a blank, a tab or one that breaks a line.
#[inline]
pub(in crate::firewall) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// Whether all that a pattern matches is one or more such bytes.
pub(super) fn of_space(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().all(|byte| is_space(*byte)),
        HirKind::Class(Class::Unicode(class)) => {
            let mut each = class.iter().flat_map(|range| [range.start(), range.end()]);
            let narrow = |c: char| u8::try_from(c).is_ok_and(is_space);
            // A range that holds both a line break and a blank would hold what lies between.
            class.iter().all(|range| (range.start() == ' ') == (range.end() == ' '))
                && !class.ranges().is_empty()
                && each.all(narrow)
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().all(|range| (range.start()..=range.end()).all(is_space))
                && !class.ranges().is_empty()
        }
        HirKind::Repetition(repetition) => repetition.min > 0 && of_space(&repetition.sub),
        HirKind::Capture(capture) => of_space(&capture.sub),
        HirKind::Empty | HirKind::Look(_) | HirKind::Concat(_) | HirKind::Alternation(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_white_space_alone_is_known() {
        let is = |pattern| of_space(&regex_syntax::parse(pattern).expect("parses"));
        for pattern in [r"[ \t\r\n]", r"[ \t\r\n]{1,8}", " ", r"[\t-\r]+", r"(\n)", r"(?-u:\s)"] {
            assert!(is(pattern), "{pattern}");
        }
        for pattern in [r"[ \t]{0,8}", r"\s", "[\t- ]", "[ -~]", "a", "", r"[\n-\x1f]", "(?: a)"] {
            assert!(!is(pattern), "{pattern}");
        }
    }
}
