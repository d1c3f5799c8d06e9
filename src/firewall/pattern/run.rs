//! What a pattern without a literal can be looked for by: a run of few kinds of characters, as
//! tokens, card numbers and checksums are.

use std::ops::Range;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::reach::Reach;

/// Shorter runs are in every text.
const BYTES_MIN: usize = 8;
/// How rare a run must be, in bits: its length times the bits that each of its bytes is worth.
const BITS_MIN: f64 = 10.0;

/// A run of ASCII characters of one set, which every match contains.
#[derive(Clone, Copy, Debug)]
pub(in crate::firewall) struct Run {
    set: Set,
    /// Those of the set that are no options: what every match has in that number.
    core: Set,
    /// The fewest bytes of the run.
    least: usize,
    /// How far before the run's start a match may begin, in bytes.
    pub(in crate::firewall) before: usize,
    /// How far after the run's end a match may end, in bytes.
    pub(in crate::firewall) after: usize,
}

impl Run {
    /// Every longest run in the text that is long enough, from left to right.
    ///
    /// Looks at the end of each place first and skips what cannot be one, so that of most texts it
    /// reads one byte in many.
    pub(in crate::firewall) fn find(self, bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            while let Some(place) = bytes.get(at..at + self.least) {
                if let Some(stranger) = place.iter().rposition(|byte| !self.set.has(*byte)) {
                    at += stranger + 1;
                    continue;
                }
                let (start, rest) = (at, bytes.get(at + self.least..).unwrap_or_default());
                let more = rest.iter().take_while(|byte| self.set.has(**byte)).count();
                at += self.least + more;
                let run = bytes.get(start..at).unwrap_or_default();
                if run.iter().filter(|byte| self.core.has(**byte)).count() >= self.least {
                    return Some(start..at);
                }
            }
            None
        })
    }

    fn bits(self) -> f64 {
        self.least as f64 * (100.0 / f64::from(self.set.0.count_ones().max(1))).log2()
    }

    fn shifted(self, before: &[Hir], after: &[Hir]) -> Self {
        Self {
            before: self.before.saturating_add(Reach::of(before).farthest.any),
            after: self.after.saturating_add(Reach::of(after).farthest.any),
            ..self
        }
    }
}

/// The rarest run that every match of `hir` contains.
pub(super) fn run(hir: &Hir) -> Option<Run> {
    let inner = match hir.kind() {
        HirKind::Capture(capture) => run(&capture.sub),
        HirKind::Concat(parts) => within_concat(parts),
        HirKind::Alternation(parts) => within_alternation(parts),
        _ => None,
    };
    whole(std::slice::from_ref(hir)).into_iter().chain(inner).reduce(rarer)
}

/// The run that any of the alternatives has.
fn within_alternation(parts: &[Hir]) -> Option<Run> {
    let runs: Option<Vec<Run>> = parts.iter().map(run).collect();
    let either = |one: Run, other: Run| Run {
        set: Set(one.set.0 | other.set.0),
        core: Set(one.core.0 | other.core.0),
        least: one.least.min(other.least),
        before: one.before.max(other.before),
        after: one.after.max(other.after),
    };
    let run = runs?.into_iter().reduce(either)?;
    (run.bits() >= BITS_MIN).then_some(run)
}

fn within_concat(parts: &[Hir]) -> Option<Run> {
    let starts = 0..parts.len();
    let stretches = starts.flat_map(|start| (start + 1..=parts.len()).map(move |end| start..end));
    let candidates = stretches.filter_map(|stretch| {
        let found = match parts.get(stretch.clone())? {
            [one] => run(one),
            stretch => whole(stretch),
        };
        Some(found?.shifted(parts.get(..stretch.start)?, parts.get(stretch.end..)?))
    });
    candidates.reduce(rarer)
}

/// The run that parts are together, if they take nothing but a few kinds of ASCII characters.
fn whole(parts: &[Hir]) -> Option<Run> {
    let set = Set::union(parts.iter().map(|part| Set::of(part, true)))?;
    let core = Set::union(parts.iter().map(|part| Set::of(part, false)))?;
    let run = Run { set, core, least: Reach::of(parts).nearest, before: 0, after: 0 };
    (run.least >= BYTES_MIN && run.bits() >= BITS_MIN).then_some(run)
}

fn rarer(one: Run, other: Run) -> Run {
    if other.bits() > one.bits() { other } else { one }
}

/// A set of ASCII characters, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set(u128);

impl Set {
    fn has(self, byte: u8) -> bool {
        byte.is_ascii() && self.0 >> byte & 1 == 1
    }

    fn union(mut sets: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        sets.try_fold(Self(0), |all, set| set.map(|set| Self(all.0 | set.0)))
    }

    /// The characters that the pattern takes, with those that it takes by option or without; `None` if
    /// some are not ASCII. As everywhere, `ſ` and the Kelvin sign are left to the normal view.
    fn of(hir: &Hir, options: bool) -> Option<Self> {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Some(Self(0)),
            HirKind::Literal(literal) => Self::union(literal.0.iter().map(|byte| Self::one(*byte))),
            HirKind::Class(Class::Bytes(class)) => Self::union(
                class.iter().flat_map(|range| range.start()..=range.end()).map(Self::one),
            ),
            HirKind::Class(Class::Unicode(class)) => {
                // A class of more characters than ASCII has is not ASCII.
                let each = class.iter().flat_map(|range| (range.start()..=range.end()).take(129));
                let each = each.filter(|c| !matches!(c, 'ſ' | '\u{212A}'));
                Self::union(each.map(|c| u8::try_from(c).ok().and_then(Self::one)))
            }
            HirKind::Capture(capture) => Self::of(&capture.sub, options),
            HirKind::Repetition(repetition) if repetition.min == 0 && !options => Some(Self(0)),
            HirKind::Repetition(repetition) => Self::of(&repetition.sub, options),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                Self::union(parts.iter().map(|part| Self::of(part, options)))
            }
        }
    }

    fn one(byte: u8) -> Option<Self> {
        byte.is_ascii().then(|| Self(1 << byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Option<Run> {
        run(&regex_syntax::parse(pattern).expect("parses"))
    }

    fn found(pattern: &str, text: &str) -> Vec<Range<usize>> {
        of(pattern).expect("a run").find(text.as_bytes()).collect()
    }

    #[test]
    fn long_runs_are_found_and_short_ones_skipped() {
        let pattern = r"\b[0-9a-f]{32}\b";
        let text = format!("{} x {} y {}", "a1".repeat(15), "b2".repeat(17), "c3".repeat(16));
        assert_eq!(found(pattern, &text), [33..67, 70..102]);
        assert!(found(pattern, "").is_empty());
        assert_eq!(found(pattern, &"d4".repeat(16)), std::slice::from_ref(&(0..32)));
    }

    #[test]
    fn a_run_may_have_separators_and_alternatives() {
        let pattern = r"\b4[0-9]{3}(?:[ -]?[0-9]{4}){3}\b|\b37[0-9]{2}[ -]?[0-9]{11}\b";
        let card = found(pattern, "card 4111-1111-1111-1111, ok");
        assert_eq!(card, std::slice::from_ref(&(4..24)));
        assert!(found(pattern, &" - ".repeat(9)).is_empty(), "separators alone are no run");
    }

    #[test]
    fn alternatives_with_runs_have_one_together() {
        let pattern = r"\S {30,90}[a-z]|\S\t{20,90}[a-z]";
        let text = format!("x{}y{}z", " ".repeat(25), "\t".repeat(19));
        assert_eq!(found(pattern, &text), std::slice::from_ref(&(1..26)));
        assert!(of(r"a {30}|[a-z]{4}").is_none());
    }

    #[test]
    fn what_stands_around_a_run_widens_its_reach() {
        let run = of(r"[é-ú]{2}[A-Z0-9]{20}\s{3}").expect("a run");
        assert_eq!((run.before, run.after), (4, 9));
    }

    #[test]
    fn common_letters_and_other_scripts_make_no_run() {
        for pattern in [r"[a-z]{7}", r"\w{40}", r"[\x20-\x7e]{12}", r"(?:[0-9]{20})?", r"é{40}"] {
            assert!(of(pattern).is_none(), "{pattern}");
        }
    }
}
