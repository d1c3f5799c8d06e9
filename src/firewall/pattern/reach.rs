//! How many bytes a pattern takes.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A reach without a bound.
const UNBOUNDED: usize = usize::MAX;

/// The most bytes that parts of a pattern take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::firewall) struct Most {
    /// In any text.
    pub(in crate::firewall) any: usize,
    /// In a text of ASCII alone, where each character is a byte.
    pub(in crate::firewall) ascii: usize,
}

impl Most {
    /// The most in a text that is ASCII alone or is not.
    pub(in crate::firewall) fn of(self, ascii: bool) -> usize {
        if ascii { self.ascii } else { self.any }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            any: self.any.saturating_add(other.any),
            ascii: self.ascii.saturating_add(other.ascii),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self { any: self.any.max(other.any), ascii: self.ascii.max(other.ascii) }
    }
}

/// How many bytes parts of a pattern take at least and at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::firewall) struct Reach {
    pub(in crate::firewall) nearest: usize,
    pub(in crate::firewall) farthest: Most,
}

impl Reach {
    /// How many bytes lie between the least and the most.
    pub(in crate::firewall) fn spread(self, ascii: bool) -> usize {
        self.farthest.of(ascii).saturating_sub(self.nearest)
    }

    /// The reach of parts in a row.
    pub(super) fn of(parts: &[Hir]) -> Self {
        parts.iter().map(Self::of_one).fold(Self::default(), Self::and)
    }

    pub(super) fn of_one(hir: &Hir) -> Self {
        let properties = hir.properties();
        let any = properties.maximum_len().unwrap_or(UNBOUNDED);
        let nearest = properties.minimum_len().unwrap_or(0);
        let ascii = if any == nearest { any } else { most_ascii(hir) };
        Self { nearest, farthest: Most { any, ascii } }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            nearest: self.nearest.saturating_add(other.nearest),
            farthest: self.farthest.and(other.farthest),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            nearest: self.nearest.min(other.nearest),
            farthest: self.farthest.or(other.farthest),
        }
    }
}

fn most_ascii(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(_) | Class::Unicode(_)) => 1,
        HirKind::Capture(capture) => most_ascii(&capture.sub),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.and_then(|most| usize::try_from(most).ok());
            most.unwrap_or(UNBOUNDED).saturating_mul(most_ascii(&repetition.sub))
        }
        HirKind::Concat(parts) => parts.iter().map(most_ascii).fold(0, usize::saturating_add),
        HirKind::Alternation(parts) => parts.iter().map(most_ascii).max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_bytes_in_ascii_and_up_to_four_elsewhere() {
        let reach = |pattern| Reach::of_one(&regex_syntax::parse(pattern).expect("parses"));
        let most = |any, ascii| Most { any, ascii };
        assert_eq!(reach("a[^.]{2,10}"), Reach { nearest: 3, farthest: most(41, 11) });
        assert_eq!(reach("(?:ab|[x-z]{3})?"), Reach { nearest: 0, farthest: most(3, 3) });
        assert_eq!(reach("a.*").farthest, most(UNBOUNDED, UNBOUNDED));
    }
}
