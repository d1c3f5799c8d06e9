//! Finds the literals that every match of a pattern must contain, and how far from them it reaches.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, Hir, HirKind, Literal, Repetition};

use super::fold::{folded, folded_text};
use super::frequency::frequency;
use super::reach::{Most, Reach};

/// The shortest literal that narrows down where a rule can match, in bytes.
pub(in crate::firewall) const BYTES_MIN: usize = 3;
/// More bytes of a literal than this make it no rarer.
const BYTES_MAX: usize = 24;
/// Larger classes end a literal instead of multiplying it.
const CLASS_CHARS_MAX: usize = 6;
/// The most literals that may stand for one pattern.
const COUNT_MAX: usize = 128;

/// How many places for a match to begin are few.
const STARTS_MAX: usize = 5;
/// The most sets of literals that are looked for together.
pub(in crate::firewall) const SETS_MAX: usize = 3;
/// Sets that occur together less often need no further one beside them. Words are more frequent than
/// they are taken for, so this is low.
const RARE: f64 = 1e-10;
/// A second set that occurs more often costs more than it saves.
const COMMON: f64 = 3e-3;

/// Literals of which every match contains one, in the form that [`folded`] gives.
#[derive(Clone, Debug)]
pub(in crate::firewall) struct Required {
    pub(in crate::firewall) literals: Vec<String>,
    /// How far before the literal's start a match begins.
    pub(in crate::firewall) before: Reach,
    /// How far after the literal's start a match may end.
    pub(in crate::firewall) after: Most,
    /// A byte that follows the literal.
    pub(in crate::firewall) follower: Option<Follower>,
}

impl Required {
    /// Whether a match begins at one of few places before the literal, so that each can be tried.
    pub(in crate::firewall) fn starts(&self, ascii: bool) -> bool {
        self.before.spread(ascii) < STARTS_MAX
    }
}

/// A byte that every match has behind its literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::firewall) struct Follower {
    pub(in crate::firewall) byte: u8,
    /// How far after the literal's start it ends at most.
    pub(in crate::firewall) within: Most,
}

/// The rarest literals of which every match of `hir` contains one; first the rarest of all, then up to
/// two sets more that it must contain as well, if the first is not rare enough alone.
pub(super) fn required(hir: &Hir) -> Vec<Required> {
    let sets = choose(hir).into_iter().map(|choice| {
        let Choice { literals, before, after, follower, .. } = choice;
        Required { literals, before, after, follower }
    });
    sets.collect()
}

/// Literals, how far a match reaches around them, and how often they are likely to occur.
#[derive(Clone, Debug)]
struct Choice {
    literals: Vec<String>,
    before: Reach,
    after: Most,
    follower: Option<Follower>,
    frequency: f64,
}

impl Choice {
    fn new(mut literals: Vec<String>, before: Reach, after: Most) -> Option<Self> {
        literals.sort_unstable();
        literals.dedup();
        // A literal is found with the one that it begins with, which comes right before it or before
        // others that begin so too.
        let mut kept: Vec<String> = Vec::new();
        for literal in literals {
            if kept.last().is_none_or(|last| !literal.starts_with(last.as_str())) {
                kept.push(literal);
            }
        }
        let shortest = kept.iter().map(String::len).min()?;
        if shortest < BYTES_MIN || kept.len() > COUNT_MAX {
            return None;
        }
        let frequency = kept.iter().map(|literal| frequency(literal.as_bytes())).sum();
        Some(Self { literals: kept, before, after, follower: None, frequency })
    }

    /// The literals that stand for all alternatives together.
    fn any(choices: Vec<Self>) -> Option<Self> {
        let before = choices.iter().map(|choice| choice.before).reduce(Reach::or)?;
        let after = choices.iter().map(|choice| choice.after).reduce(Most::or)?;
        let literals = choices.into_iter().flat_map(|choice| choice.literals).collect();
        Self::new(literals, before, after)
    }

    fn starts(&self) -> bool {
        self.before.spread(true) < STARTS_MAX && self.frequency < COMMON
    }

    /// Whether a literal of one is found with a literal of the other.
    fn overlaps(&self, other: &Self) -> bool {
        let within = |one: &Self, other: &Self| {
            let mut pairs =
                one.literals.iter().flat_map(|a| other.literals.iter().map(move |b| (a, b)));
            pairs.any(|(a, b)| a.contains(b.as_str()))
        };
        within(self, other) || within(other, self)
    }

    fn shifted(self, before: Reach, after: Most) -> Self {
        Self { before: self.before.and(before), after: self.after.and(after), ..self }
    }
}

fn choose(hir: &Hir) -> Vec<Choice> {
    let mut choices = match hir.kind() {
        HirKind::Capture(capture) => choose(&capture.sub),
        // The first of the repetitions is enough.
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            let rest = Reach::of_one(hir).farthest;
            let inner = choose(&repetition.sub).into_iter();
            inner.map(|choice| choice.shifted(Reach::default(), rest)).collect()
        }
        HirKind::Concat(parts) => return best(within_concat(parts)),
        HirKind::Alternation(parts) => within_alternation(parts),
        HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_) => Vec::new(),
    };
    let after = Reach::of_one(hir).farthest;
    choices.extend(prefixes(&lowered(hir), Reach::default(), after));
    best(choices)
}

/// The rarest choice, and those that make it rarer together: first of all the one that tells where a
/// match begins.
fn best(mut choices: Vec<Choice>) -> Vec<Choice> {
    let order = |choice: &Choice| (!choice.starts(), choice.frequency);
    choices.sort_by(|one, other| {
        let (one, other) = (order(one), order(other));
        one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
    });
    let rarest = choices.iter().map(|choice| choice.frequency).fold(1.0, f64::min);
    let mut kept: Vec<Choice> = Vec::new();
    for choice in choices {
        let together: f64 = kept.iter().map(|choice| choice.frequency).product();
        let long =
            choice.starts() || choice.literals.iter().all(|literal| literal.len() > BYTES_MIN);
        let pays =
            long && together > RARE && choice.frequency < COMMON || choice.frequency <= rarest;
        let apart =
            !kept.iter().any(|one| one.starts() && choice.starts() || one.overlaps(&choice));
        if kept.is_empty() && (pays || !choice.starts()) || kept.len() < SETS_MAX && pays && apart {
            kept.push(choice);
        }
    }
    kept
}

/// The literals of all alternatives: the rarest of each together, the second rarest together.
fn within_alternation(parts: &[Hir]) -> Vec<Choice> {
    let mut alternatives: Vec<_> = parts.iter().map(|part| choose(part).into_iter()).collect();
    let all = std::iter::from_fn(|| alternatives.iter_mut().map(Iterator::next).collect());
    all.map_while(Choice::any).collect()
}

/// Literals at the start of any tail of a concatenation, or inside one of its parts.
fn within_concat(parts: &[Hir]) -> Vec<Choice> {
    let forms: Vec<Hir> = parts.iter().map(lowered).collect();
    let choices = (0..parts.len()).flat_map(|start| {
        let (head, tail) = parts.split_at(start);
        let before = Reach::of(head);
        let (part, rest) = tail.split_first().expect("start is a place in it");
        let inner =
            if matches!(part.kind(), HirKind::Literal(_)) { Vec::new() } else { choose(part) };
        let after = Reach::of(rest).farthest;
        let nested = inner.into_iter().map(move |choice| choice.shifted(before, after));
        let form = Hir::concat(forms.get(start..).unwrap_or_default().to_vec());
        let own = prefixes(&form, before, Reach::of(tail).farthest);
        own.into_iter().chain(nested).map(|choice| follow(choice, tail))
    });
    choices.collect()
}

/// Adds the rarest single byte that stands in the tail behind every literal, which starts in the
/// tail's first part.
fn follow(choice: Choice, tail: &[Hir]) -> Choice {
    let longest = choice.literals.iter().map(String::len).max().unwrap_or_default();
    let bytes = (1..tail.len()).filter_map(|place| {
        let (between, rest) = tail.split_at(place);
        let HirKind::Literal(Literal(bytes)) = rest.first()?.kind() else { return None };
        let byte = *bytes.first().filter(|byte| byte.is_ascii_punctuation())?;
        let within = Reach::of(between).farthest.and(Most { any: 1, ascii: 1 });
        let apart = Reach::of(between).nearest >= longest;
        apart.then_some(Follower { byte, within })
    });
    let rarer = |one: &Follower, other: &Follower| {
        frequency(&[one.byte]).total_cmp(&frequency(&[other.byte]))
    };
    let follower = choice.follower.or(bytes.min_by(rarer));
    Choice { follower, ..choice }
}

/// Literals with which every match of `form` begins.
fn prefixes(form: &Hir, before: Reach, after: Most) -> Option<Choice> {
    let mut extractor = Extractor::new();
    extractor.limit_class(CLASS_CHARS_MAX);
    extractor.limit_total(COUNT_MAX).limit_literal_len(BYTES_MAX);
    let mut seq = extractor.extract(form);
    seq.dedup();
    let literals: Option<_> = seq.literals()?.iter().map(|one| shortened(one.as_bytes())).collect();
    Choice::new(literals?, before, after)
}

/// A literal cut to its limit between characters, in its form.
fn shortened(literal: &[u8]) -> Option<String> {
    let bytes = literal.get(..BYTES_MAX).unwrap_or(literal);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    Some(folded_text(text))
}

/// The same pattern with every class that is one letter in its cases as that letter's form. `ſ` and
/// `K` (Kelvin) belong to the cases of s and k; the normal view undoes them.
fn lowered(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Class(class) => one_letter(class).map_or_else(
            || hir.clone(),
            |letter| Hir::literal(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        ),
        HirKind::Literal(Literal(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Hir::literal(folded_text(text).into_bytes()),
            Err(_) => hir.clone(),
        },
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

fn one_letter(class: &Class) -> Option<char> {
    let mut forms: Vec<char> = match class {
        Class::Unicode(class) if class.ranges().len() <= 4 => {
            let each = class.iter().flat_map(|range| (range.start()..=range.end()).take(3));
            each.map(folded).collect()
        }
        Class::Bytes(class) if class.ranges().len() <= 4 && class.is_ascii() => {
            let each = class.iter().flat_map(|range| (range.start()..=range.end()).take(3));
            each.map(|byte| folded(char::from(byte))).collect()
        }
        _ => return None,
    };
    forms.dedup();
    match forms.as_slice() {
        [one] if one.is_alphabetic() => Some(*one),
        _ => None,
    }
}
