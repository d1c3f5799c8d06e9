//! Finds the literals that every match of a pattern must contain, and how far from them it reaches.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, Hir, HirKind, Literal, Repetition};

use super::frequency::frequency;

/// The shortest literal that narrows down where a rule can match, in bytes.
pub(in crate::firewall) const BYTES_MIN: usize = 3;
/// More bytes of a literal than this make it no rarer.
const BYTES_MAX: usize = 24;
/// Larger classes end a literal instead of multiplying it.
const CLASS_CHARS_MAX: usize = 6;
/// The most literals that may stand for one pattern.
const COUNT_MAX: usize = 128;
/// Bytes by which a reach may be off: a literal inside another starts later, boundaries look at
/// one character more, and some letters are longer than the ASCII letters that stand for them.
const SLACK: usize = BYTES_MAX + 8;
/// A reach without a bound.
const UNBOUNDED: usize = usize::MAX;

/// Literals of which every match contains one, in lower case.
#[derive(Clone, Debug)]
pub(in crate::firewall) struct Required {
    pub(in crate::firewall) literals: Vec<String>,
    /// How far before the literal's start a match may begin, in bytes.
    pub(in crate::firewall) before: usize,
    /// How far after the literal's start a match may end, in bytes.
    pub(in crate::firewall) after: usize,
}

/// The rarest literals of which every match of `hir` contains one.
pub(super) fn required(hir: &Hir) -> Option<Required> {
    let choice = choose(&lowered(hir))?;
    let texts: Result<_, _> = choice.literals.into_iter().map(String::from_utf8).collect();
    let before = choice.before.saturating_add(SLACK);
    Some(Required { literals: texts.ok()?, before, after: choice.after.saturating_add(SLACK) })
}

/// Literals, how far a match reaches around them, and how often they are likely to occur.
#[derive(Debug)]
struct Choice {
    literals: Vec<Vec<u8>>,
    before: usize,
    after: usize,
    frequency: f64,
}

impl Choice {
    fn new(mut literals: Vec<Vec<u8>>, before: usize, after: usize) -> Option<Self> {
        for literal in &mut literals {
            literal.make_ascii_lowercase();
            shorten(literal);
        }
        literals.sort_unstable();
        literals.dedup();
        let shortest = literals.iter().map(Vec::len).min()?;
        if shortest < BYTES_MIN || literals.len() > COUNT_MAX {
            return None;
        }
        // A literal that contains another is found with it.
        let contains = |long: &[u8], short: &[u8]| long.windows(short.len()).any(|w| w == short);
        let all = literals.clone();
        literals.retain(|long| !all.iter().any(|short| short != long && contains(long, short)));
        let frequency = literals.iter().map(|literal| frequency(literal)).sum();
        Some(Self { literals, before, after, frequency })
    }

    /// The literals that stand for all alternatives together.
    fn any(choices: Vec<Self>) -> Option<Self> {
        let before = choices.iter().map(|choice| choice.before).max()?;
        let after = choices.iter().map(|choice| choice.after).max()?;
        let literals = choices.into_iter().flat_map(|choice| choice.literals).collect();
        Self::new(literals, before, after)
    }

    fn rarer(self, other: Self) -> Self {
        if other.frequency < self.frequency { other } else { self }
    }

    fn shifted(self, before: usize, after: usize) -> Self {
        let (before, after) =
            (self.before.saturating_add(before), self.after.saturating_add(after));
        Self { before, after, ..self }
    }
}

fn choose(hir: &Hir) -> Option<Choice> {
    let inner = match hir.kind() {
        HirKind::Capture(capture) => choose(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            choose(&repetition.sub).map(|choice| choice.shifted(UNBOUNDED, UNBOUNDED))
        }
        HirKind::Concat(parts) => within_concat(parts),
        HirKind::Alternation(parts) => {
            parts.iter().map(choose).collect::<Option<Vec<_>>>().and_then(Choice::any)
        }
        HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_) => None,
    };
    prefixes(hir, 0).into_iter().chain(inner).reduce(Choice::rarer)
}

/// Literals at the start of any tail of a concatenation, or inside one of its parts.
fn within_concat(parts: &[Hir]) -> Option<Choice> {
    let reach = |parts: &[Hir]| {
        let bytes = |part: &Hir| part.properties().maximum_len().unwrap_or(UNBOUNDED);
        parts.iter().map(bytes).fold(0, usize::saturating_add)
    };
    let choices = (0..parts.len()).flat_map(|start| {
        let (head, tail) = parts.split_at(start);
        let before = reach(head);
        let nested = tail.split_first().and_then(|(part, rest)| {
            choose(part).map(|choice| choice.shifted(before, reach(rest)))
        });
        prefixes(&Hir::concat(tail.to_vec()), before).into_iter().chain(nested)
    });
    choices.reduce(Choice::rarer)
}

/// Literals with which every match of `hir` begins.
fn prefixes(hir: &Hir, before: usize) -> Option<Choice> {
    let mut extractor = Extractor::new();
    extractor.limit_class(CLASS_CHARS_MAX);
    extractor.limit_total(COUNT_MAX).limit_literal_len(BYTES_MAX);
    let mut seq = extractor.extract(hir);
    seq.dedup();
    let literals = seq.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    Choice::new(literals, before, hir.properties().maximum_len().unwrap_or(UNBOUNDED))
}

/// Cuts a literal to its limit, between characters.
fn shorten(literal: &mut Vec<u8>) {
    literal.truncate(BYTES_MAX);
    while std::str::from_utf8(literal).is_err_and(|error| error.error_len().is_none()) {
        literal.pop();
    }
}

/// The same pattern with every class that is one ASCII letter in its cases as that letter in lower
/// case. `ſ` and `K` (Kelvin) belong to the cases of s and k; the normal view undoes them.
fn lowered(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Class(class) => {
            one_letter(class).map_or_else(|| hir.clone(), |letter| Hir::literal([letter]))
        }
        HirKind::Literal(Literal(bytes)) => Hir::literal(bytes.to_ascii_lowercase()),
        HirKind::Capture(capture) => lowered(&capture.sub),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(lowered(&repetition.sub)),
            ..repetition.clone()
        }),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(lowered).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(lowered).collect()),
        HirKind::Empty | HirKind::Look(_) => hir.clone(),
    }
}

fn one_letter(class: &Class) -> Option<u8> {
    let lower = |c: char| match c {
        'ſ' => 's',
        '\u{212A}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    let mut letters: Vec<char> = match class {
        Class::Unicode(class) if class.ranges().len() <= 4 => class
            .iter()
            .flat_map(|range| (range.start()..=range.end()).take(3))
            .map(lower)
            .collect(),
        Class::Bytes(class) if class.ranges().len() <= 4 => {
            let each = class.iter().flat_map(|range| (range.start()..=range.end()).take(3));
            each.map(|byte| lower(char::from(byte))).collect()
        }
        _ => return None,
    };
    letters.dedup();
    match letters.as_slice() {
        [one] if one.is_ascii_alphabetic() => u8::try_from(*one).ok(),
        _ => None,
    }
}
