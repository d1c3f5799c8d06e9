//! Sets of literals to choose from, and what each costs to look for.

use super::LITERAL_BYTES_MIN;
use super::frequency::{frequency, frequency_of_gram};
use super::literal::{COUNT_MAX, Follower, Required, few};
use super::reach::{Most, Reach};

/// The most sets of literals that are looked for together.
pub(in crate::firewall) const SETS_MAX: usize = 3;

// Nanoseconds of one core, as `cargo bench --bench firewall` showed them when these were chosen. Only
// what they are to each other matters.

/// A place that the filter compares with a literal.
const COMPARE: f64 = 8.0;
/// A literal that is found.
const HIT: f64 = 20.0;
/// Looking for a match at one place.
const TRY: f64 = 300.0;
/// Looking for a match in a window.
const SEARCH: f64 = 3000.0;
/// What one more literal costs every byte of a text.
const LITERAL: f64 = 1e-5;
/// Literals of different sets that are no farther apart, in bytes, have to be verified.
const NEAR: f64 = 100.0;
/// Guesses below this are not told apart: words are more frequent than their letters say.
const FREQUENCY_MIN: f64 = 1e-8;
/// A further set must save this share.
const SAVING_MIN: f64 = 0.1;

/// Literals, how far a match reaches around them, and how often they are likely to occur.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    literals: Vec<String>,
    before: Reach,
    after: Most,
    follower: Option<Follower>,
    /// The share of places of a text at which one is found.
    frequency: f64,
    /// The share of places that have to be compared.
    compared: f64,
}

impl Choice {
    /// A choice of these literals; `None` if one is too short to look for, or if there are too many.
    pub(super) fn new(mut literals: Vec<String>, before: Reach, after: Most) -> Option<Self> {
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
        // Where a run of white space begins that a match takes a part of is not known.
        if kept.is_empty() || kept.len() > COUNT_MAX || kept.iter().any(|one| one.starts_with(' '))
        {
            return None;
        }
        let compared: Option<f64> = kept.iter().map(|literal| rarest(literal)).sum();
        let found: f64 = kept.iter().map(|literal| frequency(literal.as_bytes())).sum();
        let frequency = found.max(FREQUENCY_MIN);
        let compared = compared?.max(frequency);
        Some(Self { literals: kept, before, after, follower: None, frequency, compared })
    }

    /// The literals that stand for all alternatives together.
    pub(super) fn any(choices: Vec<Self>) -> Option<Self> {
        let before = choices.iter().map(|choice| choice.before).reduce(Reach::or)?;
        let after = choices.iter().map(|choice| choice.after).reduce(Most::or)?;
        let literals = choices.into_iter().flat_map(|choice| choice.literals).collect();
        Self::new(literals, before, after)
    }

    pub(super) fn into_required(self) -> Required {
        let Self { literals, before, after, follower, .. } = self;
        Required { literals, before, after, follower }
    }

    /// Whether each place where a match may begin can be tried.
    pub(super) fn starts(&self) -> bool {
        few(self.before, true)
    }

    /// Bytes of the longest literal.
    pub(super) fn longest(&self) -> usize {
        self.literals.iter().map(String::len).max().unwrap_or_default()
    }

    pub(super) fn followed_by(self, byte: Option<Follower>) -> Self {
        Self { follower: self.follower.or(byte), ..self }
    }

    pub(super) fn shifted(self, before: Reach, after: Most) -> Self {
        Self { before: self.before.and(before), after: self.after.and(after), ..self }
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
}

/// The share of places that have the rarest four bytes of a literal, or three; `None` if white space
/// leaves no more than two together.
fn rarest(literal: &str) -> Option<f64> {
    let starts = 0..literal.len();
    starts.filter_map(|start| solid(literal, start)).map(frequency_of_gram).min_by(f64::total_cmp)
}

/// Four bytes of a literal from a place on, or three, that stand together in every text that has it:
/// white space between them could be more than one byte there.
pub(in crate::firewall) fn solid(literal: &str, start: usize) -> Option<&[u8]> {
    let together = |bytes: usize| {
        let window = literal.as_bytes().get(start..start + bytes)?;
        let inner = window.get(1..bytes - 1).unwrap_or_default();
        (!inner.contains(&b' ')).then_some(window)
    };
    together(LITERAL_BYTES_MIN + 1).or_else(|| together(LITERAL_BYTES_MIN))
}

/// The choices that are cheapest to look for together; first the one that tells where a match begins.
pub(super) fn best(mut choices: Vec<Choice>) -> Vec<Choice> {
    let mut kept: Vec<Choice> = Vec::new();
    let mut spent = f64::INFINITY;
    while kept.len() < SETS_MAX {
        let apart = |choice: &Choice| {
            !kept.iter().any(|one| one.starts() && choice.starts() || one.overlaps(choice))
        };
        let mut costs: Vec<(f64, usize)> = choices
            .iter()
            .enumerate()
            .map(|(place, choice)| (cost(&kept, choice), place))
            .collect();
        costs.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        let cheap = costs.into_iter().take_while(|(cost, _)| *cost < spent * (1.0 - SAVING_MIN));
        let found = cheap.into_iter().find(|(_, place)| choices.get(*place).is_some_and(apart));
        let Some((cost, place)) = found else { break };
        spent = cost;
        kept.push(choices.swap_remove(place));
    }
    kept.sort_by(|one, other| {
        let order = other.starts().cmp(&one.starts());
        order.then(one.frequency.total_cmp(&other.frequency))
    });
    kept
}

/// What looking for all of these costs each byte of a text.
fn cost(kept: &[Choice], more: &Choice) -> f64 {
    let all = || kept.iter().chain([more]);
    let found: f64 = all()
        .map(|one| {
            one.compared * COMPARE + one.frequency * HIT + one.literals.len() as f64 * LITERAL
        })
        .sum();
    let near = |one: &Choice| (one.frequency * NEAR).min(1.0);
    let together = all().map(near).product::<f64>() / NEAR;
    let verify = if all().any(Choice::starts) { TRY } else { SEARCH };
    found + together * verify
}
