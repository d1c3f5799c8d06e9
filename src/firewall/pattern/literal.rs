//! Finds the literals that every match of a pattern must contain, and how far from them it reaches.
//!
//! White space in a literal stands for any amount of it, so literals go on from word to word.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, Hir, HirKind, Literal, Repetition};

use super::choice::{Choice, best};
use super::fold::{folded, folded_text};
use super::frequency::frequency;
use super::reach::{Most, Reach};
use super::space::{is_space, of_space};

/// More bytes of a literal than this make it no rarer.
const BYTES_MAX: usize = 24;
/// Larger classes end a literal instead of multiplying it.
const CLASS_CHARS_MAX: usize = 6;
/// The most literals that may stand for one pattern.
pub(super) const COUNT_MAX: usize = 128;
/// The most alternatives of one pattern that have sets of their own.
const BRANCHES_MAX: usize = 12;

/// More alternatives are not looked at one by one.
const ALTERNATIVES_MAX: usize = 256;

/// How many places for a match to begin are few.
const STARTS_MAX: usize = 5;

/// Literals of which every match contains one, in the form that [`folded`] gives, white space as
/// single blanks.
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
        few(self.before, ascii)
    }
}

/// Whether so far before a literal few places lie.
pub(super) fn few(before: Reach, ascii: bool) -> bool {
    before.spread(ascii) < STARTS_MAX
}

/// A byte that every match has behind its literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::firewall) struct Follower {
    pub(in crate::firewall) byte: u8,
    /// How far after the literal's start it stands at least.
    pub(in crate::firewall) from: usize,
    /// How far after the literal's start it ends at most.
    pub(in crate::firewall) within: Most,
}

/// For each of the alternatives that a match may be, the sets of literals of each of which it contains
/// one. None if an alternative has no literals.
pub(super) fn required(hir: &Hir) -> Vec<Vec<Required>> {
    let branches = branches(hir).unwrap_or_else(|| match choose(hir) {
        sets if sets.is_empty() => Vec::new(),
        sets => vec![sets],
    });
    let sets = |branch: Vec<Choice>| branch.into_iter().map(Choice::into_required).collect();
    branches.into_iter().map(sets).collect()
}

/// The choices of each alternative apart, those that need one set only together; `None` if that does
/// not pay.
fn branches(hir: &Hir) -> Option<Vec<Vec<Choice>>> {
    let mut apart = Vec::new();
    let (mut starting, mut others) = (Vec::new(), Vec::new());
    for alternative in alternatives(hir) {
        let mut sets = choose(&alternative);
        match (sets.pop()?, sets.is_empty()) {
            (only, true) if only.starts() => starting.push(only),
            (only, true) => others.push(only),
            (last, false) => {
                sets.push(last);
                apart.push(sets);
            }
        }
    }
    for alike in [starting, others] {
        let together = if alike.len() > 1 { Choice::any(alike.clone()) } else { None };
        match together {
            Some(together) => apart.push(vec![together]),
            None => apart.extend(alike.into_iter().map(|only| vec![only])),
        }
    }
    (apart.len() <= BRANCHES_MAX).then_some(apart)
}

/// What a match may be. `\ba|\bb` is read as `\b(?:a|b)`, so what only looks stands around each.
fn alternatives(hir: &Hir) -> Vec<Hir> {
    let whole = || vec![hir.clone()];
    match hir.kind() {
        HirKind::Capture(capture) => alternatives(&capture.sub),
        HirKind::Alternation(parts) if parts.len() <= ALTERNATIVES_MAX => {
            parts.iter().flat_map(alternatives).collect()
        }
        HirKind::Concat(parts) => {
            let takes = |part: &&Hir| !matches!(part.kind(), HirKind::Look(_));
            let mut taking = parts.iter().filter(takes);
            let (Some(one), None) = (taking.next(), taking.next()) else { return whole() };
            let place = parts.iter().position(|part| takes(&part)).unwrap_or_default();
            let (before, rest) = parts.split_at(place);
            let after = rest.get(1..).unwrap_or_default();
            let around = |one| Hir::concat([before, &[one], after].concat());
            alternatives(one).into_iter().map(around).collect()
        }
        HirKind::Alternation(_)
        | HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_) => whole(),
    }
}

/// The sets that make a match of `hir` cheapest to look for.
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
        HirKind::Literal(Literal(bytes)) => match bytes.iter().position(|byte| !is_space(*byte)) {
            Some(place) if place > 0 => {
                let (blank, rest) = bytes.split_at(place);
                return best(within_concat(&[Hir::literal(blank), Hir::literal(rest)]));
            }
            _ => Vec::new(),
        },
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => {
            Vec::new()
        }
    };
    let after = Reach::of_one(hir).farthest;
    choices.extend(prefixes(&lowered(hir), Reach::default(), after));
    best(choices)
}

/// The literals of all alternatives: the first set of each together, the second ones together.
fn within_alternation(parts: &[Hir]) -> Vec<Choice> {
    let mut alternatives: Vec<_> = parts.iter().map(|part| choose(part).into_iter()).collect();
    let all = std::iter::from_fn(|| alternatives.iter_mut().map(Iterator::next).collect());
    all.map_while(Choice::any).collect()
}

/// Literals at the start of any tail of a concatenation, or inside one of its parts.
fn within_concat(parts: &[Hir]) -> Vec<Choice> {
    let forms: Vec<Hir> = parts.iter().map(lowered).collect();
    let mut choices = Vec::new();
    for (start, form) in forms.iter().enumerate() {
        // The rest of a word is no rarer than the word.
        let goes_on = start.checked_sub(1).and_then(|last| forms.get(last)).is_some_and(is_word);
        if goes_on && is_word(form) {
            continue;
        }
        let (head, tail) = parts.split_at(start);
        let Some((part, rest)) = tail.split_first() else { continue };
        let before = Reach::of(head);
        if !matches!(part.kind(), HirKind::Literal(_)) || is_blank_first(part) {
            let after = Reach::of(rest).farthest;
            let inner = choose(part).into_iter().map(|choice| choice.shifted(before, after));
            choices.extend(inner.map(|choice| follow(choice, tail)));
        }
        let form = Hir::concat(beginning(forms.get(start..).unwrap_or_default()).to_vec());
        let own = prefixes(&form, before, Reach::of(tail).farthest);
        choices.extend(own.map(|choice| follow(choice, tail)));
    }
    choices
}

/// Whether a form is letters that go on from those before.
fn is_word(form: &Hir) -> bool {
    matches!(form.kind(), HirKind::Literal(Literal(bytes)) if !bytes.iter().any(|byte| is_space(*byte)))
}

fn is_blank_first(part: &Hir) -> bool {
    matches!(part.kind(), HirKind::Literal(Literal(bytes)) if bytes.first().is_some_and(|byte| is_space(*byte)))
}

/// As many parts as the longest literal can take from.
fn beginning(forms: &[Hir]) -> &[Hir] {
    let mut bytes = 0;
    let enough = forms.iter().position(|form| {
        bytes += form.properties().minimum_len().unwrap_or(0);
        bytes >= BYTES_MAX
    });
    enough.and_then(|last| forms.get(..=last)).unwrap_or(forms)
}

/// Adds the rarest single byte that stands in the tail behind every literal, which starts in the
/// tail's first part.
fn follow(choice: Choice, tail: &[Hir]) -> Choice {
    let longest = choice.longest();
    let bytes = (1..tail.len()).filter_map(|place| {
        let (between, rest) = tail.split_at(place);
        let HirKind::Literal(Literal(bytes)) = rest.first()?.kind() else { return None };
        let byte = *bytes.first().filter(|byte| byte.is_ascii_punctuation())?;
        let within = Reach::of(between).farthest.and(Most { any: 1, ascii: 1 });
        let from = Reach::of(between).nearest;
        (from >= longest).then_some(Follower { byte, from, within })
    });
    let rarer = |one: &Follower, other: &Follower| {
        frequency(&[one.byte]).total_cmp(&frequency(&[other.byte]))
    };
    let found = bytes.min_by(rarer);
    choice.followed_by(found)
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
    let mut form = String::with_capacity(text.len());
    for c in folded_text(text).chars().map(blank_if_space) {
        if !(c == ' ' && form.ends_with(' ')) {
            form.push(c);
        }
    }
    Some(form)
}

fn blank_if_space(c: char) -> char {
    if u8::try_from(c).is_ok_and(is_space) { ' ' } else { c }
}

/// The same pattern with every class that is one letter in its cases as that letter's form, and white
/// space as one blank. `ſ` and `K` (Kelvin) belong to the cases of s and k; the normal view undoes them.
fn lowered(hir: &Hir) -> Hir {
    if of_space(hir) {
        return Hir::literal(*b" ");
    }
    match hir.kind() {
        HirKind::Class(class) => one_letter(class).map_or_else(
            || hir.clone(),
            |letter| Hir::literal(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        ),
        HirKind::Literal(Literal(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => {
                let text: String = folded_text(text).chars().map(blank_if_space).collect();
                Hir::literal(text.into_bytes())
            }
            Err(_) => hir.clone(),
        },
        HirKind::Capture(capture) => lowered(&capture.sub),
        HirKind::Repetition(repetition) => {
            let max = if of_space(&repetition.sub) { Some(1) } else { repetition.max };
            let sub = Box::new(lowered(&repetition.sub));
            Hir::repetition(Repetition { sub, max, ..repetition.clone() })
        }
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
