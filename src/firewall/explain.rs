//! Why a rule found something in a text, or how far it came: for those who write rules. Asks each
//! rule alone and slowly; what counts is [`Ruleset::scan`], whose findings stand first.

mod words;

use std::ops::Range;

use regex::Regex;

use super::{
    engine::Budget,
    finding::{Surface, View},
    rule::Rule,
    ruleset::Ruleset,
    validate::entropy,
    view::normalize,
};

/// Places of one rule that are explained in one reading.
const PLACES_MAX: usize = 8;

/// One rule's look at one place of a text.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    pub rule: &'a Rule,
    /// The reading in which it looked.
    pub view: View,
    /// Bytes of the raw text: of the finding, of what the pattern matched, or of the word alone.
    pub span: Range<usize>,
    pub outcome: Outcome,
}

/// How far a rule came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is a finding.
    Found,
    /// A word of the pattern is there, but the pattern around it does not match.
    NoMatch {
        /// The word.
        literal: String,
    },
    /// The pattern matches, but what it captured is refused.
    Rejected {
        /// The check that refused it.
        reason: String,
    },
    /// It would be a finding, but the rule does not read this surface.
    OtherSurface,
    /// It would be a finding, but the rule's level does not run.
    AboveLevel,
    /// It would be a finding, but the engine reports none: report this.
    Unreported,
}

impl Ruleset {
    /// Every rule that looks at the text: findings first, then those that came less far.
    ///
    /// The readings looked at for what came less far are the raw and the normal one.
    pub fn explain(&self, surface: Surface, text: &str) -> Vec<Look<'_>> {
        let mut budget = Budget::for_message(text.len());
        let mut findings = Vec::new();
        // What is left out when the budget ends is told as unreported.
        self.scan(surface, text, &mut budget, &mut findings).ok();
        let found = findings.iter().filter_map(|finding| {
            let rule = self.rule(&finding.rule)?;
            let (view, span) = (finding.view, finding.span.clone());
            Some(Look { rule, view, span, outcome: Outcome::Found })
        });
        let mut looks: Vec<Look<'_>> = found.collect();
        let normal = normalize(text);
        for rule in self.rules() {
            let Some(asked) = Asked::new(self, rule, surface) else { continue };
            asked.read(View::Raw, text, &Range::clone, &mut looks);
            if normal.text() != text {
                let locate = |range: &Range<usize>| normal.locate(range);
                asked.read(View::Normal, normal.text(), &locate, &mut looks);
            }
        }
        looks
    }
}

/// A rule that is asked about a text.
struct Asked<'a> {
    rule: &'a Rule,
    regex: Regex,
    /// What stands in the pattern and in the literals letter by letter.
    words: Vec<String>,
    runs: Result<(), Outcome>,
}

impl<'a> Asked<'a> {
    fn new(ruleset: &Ruleset, rule: &'a Rule, surface: Surface) -> Option<Self> {
        let source = words::source(rule);
        // The rule compiled, so its pattern does; one that has none is not asked.
        let regex = Regex::new(&source).ok().filter(|_| !source.is_empty())?;
        let words = words::words(&source);
        let runs = if !rule.surfaces.get_ref().contains(&surface) {
            Err(Outcome::OtherSurface)
        } else if *rule.level.get_ref() > ruleset.level() {
            Err(Outcome::AboveLevel)
        } else {
            Ok(())
        };
        Some(Self { rule, regex, words, runs })
    }

    fn read(
        &self,
        view: View,
        text: &str,
        locate: &dyn Fn(&Range<usize>) -> Range<usize>,
        looks: &mut Vec<Look<'a>>,
    ) {
        let mut matched = Vec::new();
        for found in self.regex.find_iter(text).take(PLACES_MAX) {
            matched.push(found.range());
            let span = locate(&found.range());
            let told = |look: &Look<'_>| {
                look.rule.id.get_ref() == self.rule.id.get_ref()
                    && look.span.start < span.end
                    && span.start < look.span.end
            };
            if looks.iter().any(told) {
                continue;
            }
            let captured = self.captured(text, found.range());
            let outcome = self.outcome(text.get(captured).unwrap_or_default());
            looks.push(Look { rule: self.rule, view, span, outcome });
        }
        if view == View::Raw && self.runs.is_ok() {
            self.lone(text, &matched, looks);
        }
    }

    fn captured(&self, text: &str, whole: Range<usize>) -> Range<usize> {
        let group = self.rule.capture.as_ref().map_or(0, |group| *group.get_ref());
        let ahead = text.get(..whole.end).unwrap_or(text);
        let captures = self.regex.captures_at(ahead, whole.start);
        captures.and_then(|it| it.get(group)).map_or(whole, |found| found.range())
    }

    /// Why what was captured is no finding, first of all what the rule itself says.
    fn outcome(&self, captured: &str) -> Outcome {
        let rejected = |reason: String| Outcome::Rejected { reason };
        let lower = captured.to_ascii_lowercase();
        let placeholder = |it: &&String| lower.contains(&it.to_ascii_lowercase());
        if let Some(placeholder) = self.rule.except.iter().find(placeholder) {
            return rejected(format!("it holds the placeholder `{placeholder}`"));
        }
        if !self.rule.validate.accepts(captured) {
            return rejected(format!("it fails the check {:?}", self.rule.validate));
        }
        let least = self.rule.entropy.as_ref().map_or(0.0, |least| *least.get_ref());
        let bits = entropy(captured);
        if bits < least {
            return rejected(format!(
                "its entropy is {bits:.2} bits, and {least:.2} are asked for"
            ));
        }
        self.runs.clone().err().unwrap_or(Outcome::Unreported)
    }

    /// Words of the rule that stand outside of what its pattern matched.
    fn lone(&self, text: &str, matched: &[Range<usize>], looks: &mut Vec<Look<'a>>) {
        let lower = text.to_ascii_lowercase();
        let told = |span: &Range<usize>| {
            matched.iter().any(|it| it.start < span.end && span.start < it.end)
        };
        for literal in &self.words {
            let places = lower.match_indices(literal.as_str());
            let spans = places.map(|(start, found)| start..start + found.len());
            for span in spans.filter(|span| !told(span)).take(PLACES_MAX) {
                let outcome = Outcome::NoMatch { literal: literal.clone() };
                looks.push(Look { rule: self.rule, view: View::Raw, span, outcome });
            }
        }
    }
}
