//! Finds where a rule could match: one automaton over the required literals of all rules of a
//! direction, so that most texts are read once and verified nowhere.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::finding::Direction;

/// Automaton over the literals of many rules.
#[derive(Clone, Debug)]
pub(super) struct Prefilter {
    /// `None` when no rule has a literal.
    automaton: Option<AhoCorasick>,
    /// For each literal of the automaton, the rules that require it.
    rules: Vec<Vec<usize>>,
}

impl Prefilter {
    /// Builds the automaton over pairs of a rule's index and one of its literals.
    ///
    /// # Errors
    /// When the automaton would be too large.
    pub(super) fn build(
        mut literals: Vec<(String, usize)>,
        direction: Direction,
    ) -> Result<Self, String> {
        literals.sort_unstable();
        literals.dedup();
        let mut texts: Vec<String> = Vec::new();
        let mut rules: Vec<Vec<usize>> = Vec::new();
        for (text, rule) in literals {
            match rules.last_mut() {
                Some(last) if texts.last() == Some(&text) => last.push(rule),
                _ => {
                    texts.push(text);
                    rules.push(vec![rule]);
                }
            }
        }
        // What comes back is most of what is read. Arguments are short as a rule, and a tenth of the
        // memory is worth half of the speed there.
        let kind = match direction {
            Direction::Inbound => AhoCorasickKind::ContiguousNFA,
            Direction::Outbound => AhoCorasickKind::DFA,
        };
        let build = || {
            AhoCorasick::builder()
                .kind(Some(kind))
                .match_kind(MatchKind::Standard)
                .ascii_case_insensitive(true)
                .build(&texts)
                .map_err(|error| error.to_string())
        };
        let automaton = if texts.is_empty() { None } else { Some(build()?) };
        Ok(Self { automaton, rules })
    }

    /// Calls `hit` with a rule's index and the range of one of its literals, from left to right by
    /// the literals' ends, until it fails.
    ///
    /// # Errors
    /// The first one that `hit` returns.
    pub(super) fn scan<E>(
        &self,
        text: &str,
        mut hit: impl FnMut(usize, Range<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(automaton) = &self.automaton else { return Ok(()) };
        for found in automaton.find_overlapping_iter(text) {
            for rule in self.rules.get(found.pattern().as_usize()).into_iter().flatten() {
                hit(*rule, found.range())?;
            }
        }
        Ok(())
    }
}
