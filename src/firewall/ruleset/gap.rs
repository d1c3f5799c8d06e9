//! Gaps without a bound in patterns: they make a match as long as the text, so that two harmless
//! words pages apart are a finding and its redaction takes all that lies between.

use regex_syntax::hir::{Class, Hir, HirKind};

/// What is wrong with the gaps of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// It begins with a gap: every match begins where the search did.
    Leading,
    /// It has a gap without a bound.
    Unbounded,
}

/// Looks through a pattern. One that doesn't parse has no gaps.
pub(super) fn find(pattern: &str) -> Option<Gap> {
    let hir = regex_syntax::parse(pattern).ok()?;
    if leads(&hir) {
        return Some(Gap::Leading);
    }
    holds(&hir).then_some(Gap::Unbounded)
}

fn leads(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().find(|part| !is_assertion(part)).is_some_and(leads),
        HirKind::Capture(capture) => leads(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().any(leads),
        _ => is_gap(hir),
    }
}

fn is_assertion(hir: &Hir) -> bool {
    matches!(hir.kind(), HirKind::Look(_) | HirKind::Empty)
}

fn holds(hir: &Hir) -> bool {
    is_gap(hir)
        || match hir.kind() {
            HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(holds),
            HirKind::Capture(capture) => holds(&capture.sub),
            HirKind::Repetition(repetition) => holds(&repetition.sub),
            _ => false,
        }
}

/// A repetition without an end of a class that stops at no visible character.
fn is_gap(hir: &Hir) -> bool {
    let HirKind::Repetition(repetition) = hir.kind() else { return false };
    if repetition.max.is_some() {
        return false;
    }
    match repetition.sub.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let mut rest = class.clone();
            rest.negate();
            rest.ranges().iter().all(|range| range.end() <= '\r')
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut rest = class.clone();
            rest.negate();
            rest.ranges().iter().all(|range| range.end() <= b'\r')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_without_a_bound_are_found_and_bounded_ones_are_not() {
        for pattern in
            ["abc.*def", "abc(?:x|.+y)", r"(?s)abc.{3,}def", r"abc[\s\S]*def", "abc(.*?)"]
        {
            assert_eq!(find(pattern), Some(Gap::Unbounded), "{pattern}");
        }
        for pattern in [".*abc", "^.*abc", "(?s)(.+)abc", "abc|.*def"] {
            assert_eq!(find(pattern), Some(Gap::Leading), "{pattern}");
        }
        for pattern in ["abc.{0,40}def", r#""[^"]*""#, r"abc\s*def", "(", "a.c", r"[a-z]+@x"] {
            assert_eq!(find(pattern), None, "{pattern}");
        }
    }
}
