//! Checks one rule and compiles it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::judge::Excuse;
use super::taxonomy::{self, Known};
use super::{Compiled, Ruleset};
use crate::firewall::diagnostic::{Code, Diagnostic, Place};
use crate::firewall::finding::{Direction, Surface};
use crate::firewall::pattern::{LITERAL_BYTES_MIN, Pattern};
use crate::firewall::rule::{Effect, Near, On, Rule, Unless};
use crate::firewall::verdict::Action;

/// How far around a finding a condition may look, in bytes.
const WITHIN_BYTES_MAX: usize = 1024;
/// The highest `min_count`; each match is looked for again.
const COUNT_MAX: u32 = 100;
/// The most patterns in `all`; each is looked for around every match.
const ALL_MAX: usize = 8;
/// Matches nothing: what a rule without a pattern is compiled to.
const NOTHING: &str = r"[^\s\S]";

pub(super) struct Check<'a> {
    pub(super) rule: &'a Rule,
    pub(super) place: &'a Place<'a>,
    /// Whether its source was proven before.
    pub(super) known: bool,
    pub(super) faults: &'a mut Vec<Diagnostic>,
}

impl Check<'_> {
    fn fault(&mut self, code: Code, at: &Range<usize>, message: String, mend: &'static str) {
        self.faults.push(self.place.diagnostic(code, at, message, Some(mend.into())));
    }

    /// Checks all that needs no pattern.
    pub(super) fn written(&mut self, ids: &mut BTreeSet<String>) {
        let rule = self.rule;
        let (id, at) = (rule.id.get_ref(), rule.id.span());
        for id in [&rule.id].into_iter().chain(&rule.formerly).filter(|id| !is_id(id.get_ref())) {
            let mend = "write `topic.name` in lower-case words with hyphens";
            self.fault(Code::Id, &id.span(), format!("`{}` is not an id", id.get_ref()), mend);
        }
        if !ids.insert(id.clone()) {
            let message = format!("`{id}` is used twice");
            self.fault(Code::DuplicateId, &at, message, "give each rule an id of its own");
        }
        if let Some(tag) = rule.tags.iter().find(|tag| taxonomy::look_up(tag) == Known::Nothing) {
            let message = format!("tag `{tag}` of `{id}` has no known taxonomy");
            let mend = "begin it with `owasp-llm:`, `atlas:` or another";
            self.fault(Code::Tag, &at, message, mend);
        }
        if rule.message.trim().is_empty() {
            let message = format!("`{id}` has no message");
            self.fault(Code::Message, &at, message, "say what happened, for people");
        }
        if rule.examples.matching.is_empty() || rule.examples.no_match.is_empty() {
            let message = format!("`{id}` lacks examples of one kind");
            let mend = "give one or more in `examples.match` and in `examples.no_match`";
            self.fault(Code::ExampleMissing, &at, message, mend);
        }
        if let Some(views) = rule.views.as_ref().filter(|views| views.get_ref().is_empty()) {
            let message = format!("`{id}` runs in no view");
            self.fault(Code::View, &views.span(), message, "name a view, or leave `views` out");
        }
        self.ranges();
        self.unless();
        self.surfaces();
    }

    fn ranges(&mut self) {
        let rule = self.rule;
        let near = rule.near.as_ref().map(|near| (near.span(), near.get_ref()));
        self.range("level", Some(&rule.level), |level| (1..=Ruleset::LEVEL_MAX).contains(level));
        self.range("entropy", rule.entropy.as_ref(), |bits| (0.0..=8.0).contains(bits));
        self.range("min_count", rule.min_count.as_ref(), |count| (1..=COUNT_MAX).contains(count));
        let cost = rule.bench.max_us_per_kib.as_ref();
        self.range("bench.max_us_per_kib", cost, |cost| cost.is_finite() && *cost > 0.0);
        if let Some((at, Near { words, within, boost })) = near {
            let sound = (1..=WITHIN_BYTES_MAX).contains(within) && (1..=2).contains(boost);
            if !sound || !are_words(words) {
                let message = format!("`near` of `{}` is out of range", rule.id.get_ref());
                let mend = "it has words that are not empty, `within` 1 to 1024, `boost` 1 or 2";
                self.fault(Code::Range, &at, message, mend);
            }
        }
        if let Some(first) = rule.all.get(ALL_MAX) {
            let message = format!("`all` of `{}` has more than {ALL_MAX}", rule.id.get_ref());
            self.fault(Code::Range, &first.span(), message, "put alternatives into one pattern");
        }
    }

    fn range<T>(&mut self, key: &str, value: Option<&Spanned<T>>, is_in: impl Fn(&T) -> bool) {
        let Some(value) = value.filter(|value| !is_in(value.get_ref())) else { return };
        let message = format!("{key} of `{}` is out of range", self.rule.id.get_ref());
        let mend = match key {
            "level" => "1 hardly ever errs, 4 finds most",
            "entropy" => "it is 0 to 8 bits; 3.0 to 4.0 is usual",
            "min_count" => "it is 1 to 100",
            _ => "it is more than 0",
        };
        self.fault(Code::Range, &value.span(), message, mend);
    }

    /// The text around a finding is written by whom the rule is meant to catch.
    fn unless(&mut self) {
        let Some(spanned) = &self.rule.unless else { return };
        let (unless, at, id) = (spanned.get_ref(), spanned.span(), self.rule.id.get_ref());
        let drops_by_context = unless.on == On::Around && unless.effect() == Effect::Drop;
        if drops_by_context && !self.rule.scope.is_trusted_only() {
            let message = format!("text around a finding would switch `{id}` off");
            let mend = "write `effect = \"lower\"`, or look `on = \"span\"`";
            self.fault(Code::Unless, &at, message, mend);
        }
        if unless.pattern.is_none() && !are_words(&unless.words) {
            let message = format!("`unless` of `{id}` names nothing");
            self.fault(Code::Unless, &at, message, "give `words` or a `pattern`");
        }
        if !(1..=WITHIN_BYTES_MAX).contains(&unless.within) {
            let message = format!("`unless.within` of `{id}` is out of range");
            self.fault(Code::Range, &at, message, "it is 1 to 1024 bytes");
        }
    }

    fn surfaces(&mut self) {
        let rule = self.rule;
        let (id, surfaces) = (rule.id.get_ref(), rule.surfaces.get_ref());
        let at = rule.surfaces.span();
        if surfaces.is_empty() {
            self.fault(Code::Surface, &at, format!("`{id}` runs nowhere"), "name a surface");
        }
        if let Some(surface) = rule.action_on.keys().find(|surface| !surfaces.contains(surface)) {
            let message = format!("`{id}` does not run on `{}`", surface.name());
            self.fault(Code::Surface, &at, message, "add it to `surfaces`");
        }
        let held = surfaces.iter().find(|surface| {
            surface.direction() == Direction::Outbound && action(rule, **surface) == Action::Hold
        });
        if let Some(surface) = held {
            let message = format!("`{id}` holds `{}`, which is no call", surface.name());
            self.fault(Code::Surface, &at, message, "use `block`, or set `action_on`");
        }
    }

    /// Compiles the pattern and what belongs to it.
    pub(super) fn compiled(&mut self) -> Option<Compiled> {
        let rule = self.rule;
        let pattern = match &rule.unicode {
            Some(signals) => {
                self.is_pure(signals).then(|| Pattern::parse(Some(NOTHING), &[]).ok()).flatten()?
            }
            None => self.pattern()?,
        };
        let id = rule.id.get_ref();
        let at = rule.patterns().next().map_or(rule.id.span(), Spanned::span);
        if pattern.branches.is_empty() && !rule.literal_free && rule.unicode.is_none() {
            let message =
                format!("`{id}` requires no literal of {LITERAL_BYTES_MIN} bytes or more");
            self.fault(Code::Literal, &at, message, "add one, or set `literal_free = true`");
        }
        let capture = rule.capture.as_ref().map_or(0, |capture| *capture.get_ref());
        if capture >= pattern.captures {
            let at = rule.capture.as_ref().map_or(at, Spanned::span);
            let message = format!("pattern of `{id}` has no group {capture}");
            self.fault(Code::Capture, &at, message, "count the groups from 1");
        }
        let all: Option<Vec<Pattern>> =
            rule.all.iter().map(|text| self.part(text.get_ref(), &text.span())).collect();
        let unless = match &rule.unless {
            Some(unless) => Some(Box::new(self.excuse(unless)?)),
            None => None,
        };
        Some(Compiled { all: all?, unless, ..compiled(rule, self.place, pattern, capture) })
    }

    /// The patterns and literals as one.
    fn pattern(&mut self) -> Option<Pattern> {
        let rule = self.rule;
        let id = rule.id.get_ref();
        let sources: Vec<&str> = rule.patterns().map(|source| source.get_ref().as_str()).collect();
        if sources.is_empty() && rule.literals.is_empty() {
            let message = format!("`{id}` has nothing to look for");
            let mend = "give `pattern`, `any`, `literals` or `unicode`";
            self.fault(Code::Empty, &rule.id.span(), message, mend);
            return None;
        }
        let joined = match sources.as_slice() {
            [] => None,
            [one] => Some((*one).to_owned()),
            many => Some(many.iter().map(|it| format!("(?:{it})")).collect::<Vec<_>>().join("|")),
        };
        let reason = match self.proven(Pattern::parse(joined.as_deref(), &rule.literals)) {
            Ok(pattern) => return Some(pattern),
            Err(reason) => reason,
        };
        // The joined pattern has no place; the one that is at fault has.
        let mut faulty = rule.patterns().filter_map(|source| {
            let failed = Pattern::parse_second(source.get_ref()).err()?;
            Some((source.span(), failed))
        });
        let first = rule.patterns().next().map_or(rule.id.span(), Spanned::span);
        let (at, reason) = faulty.next().unwrap_or((first, reason));
        self.unreadable(&at, &reason);
        None
    }

    /// A pattern beside the one that the rule looks for.
    fn part(&mut self, text: &str, at: &Range<usize>) -> Option<Pattern> {
        self.proven(Pattern::parse_second(text)).map_err(|reason| self.unreadable(at, &reason)).ok()
    }

    /// Compiles it now if nobody did before.
    fn proven(&self, parsed: Result<Pattern, String>) -> Result<Pattern, String> {
        parsed.and_then(|pattern| match self.known {
            true => Ok(pattern),
            false => pattern.compile().map(|()| pattern),
        })
    }

    fn unreadable(&mut self, at: &Range<usize>, reason: &str) {
        let message = format!("pattern of `{}` does not compile: {reason}", self.rule.id.get_ref());
        self.fault(
            Code::Pattern,
            at,
            message,
            "no look-around; long counted repetitions are large",
        );
    }

    /// Whether a rule about characters asks for nothing that needs a pattern.
    fn is_pure(&mut self, signals: &Spanned<Vec<crate::firewall::unicode::Signal>>) -> bool {
        let rule = self.rule;
        let id = rule.id.get_ref();
        let mixed =
            rule.patterns().next().is_some() || !rule.literals.is_empty() || rule.capture.is_some();
        if mixed {
            let message = format!("`{id}` has `unicode` beside a pattern");
            self.fault(Code::Kind, &signals.span(), message, "make two rules of it");
        }
        if signals.get_ref().is_empty() {
            let message = format!("`unicode` of `{id}` names no signal");
            self.fault(Code::Empty, &signals.span(), message, "name one, such as `\"tags\"`");
        }
        !mixed && !signals.get_ref().is_empty()
    }

    fn excuse(&mut self, unless: &Spanned<Unless>) -> Option<Excuse> {
        let mut written = unless.get_ref().clone();
        written.words = lower(&written.words);
        let pattern = match &written.pattern {
            Some(text) => Some(self.part(text, &unless.span())?),
            None => None,
        };
        Some(Excuse { written, pattern })
    }
}

fn compiled(rule: &Rule, place: &Place<'_>, pattern: Pattern, capture: usize) -> Compiled {
    let runs = |surface: Surface| rule.surfaces.get_ref().contains(&surface);
    let near = rule.near.as_ref().map(|near| {
        let near = near.get_ref();
        Box::new(Near { words: lower(&near.words), ..near.clone() })
    });
    Compiled {
        id: Arc::from(rule.id.get_ref().as_str()),
        title: Arc::from(rule.title.as_str()),
        severity: rule.severity,
        confidence: rule.confidence,
        pattern,
        capture,
        validate: rule.validate,
        entropy: rule.entropy.as_ref().map_or(0.0, |entropy| *entropy.get_ref()),
        except: rule.except.iter().map(|text| text.to_ascii_lowercase()).collect(),
        all: Vec::new(),
        near,
        unless: None,
        min_count: rule.min_count.as_ref().map_or(1, |count| *count.get_ref() as usize),
        spot: place.spot(&rule.id.span()),
        actions: Surface::ALL.map(|surface| runs(surface).then(|| action(rule, surface))),
        rule: rule.clone(),
    }
}

fn lower(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.to_lowercase()).collect()
}

fn are_words(words: &[String]) -> bool {
    !words.is_empty() && words.iter().all(|word| !word.trim().is_empty())
}

fn action(rule: &Rule, surface: Surface) -> Action {
    rule.action_on.get(&surface).copied().unwrap_or(rule.action)
}

/// `topic.name`: lower-case letters, digits and hyphens around one or more dots.
fn is_id(id: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && !word.ends_with('-')
            && word.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))
    };
    id.contains('.') && id.split('.').all(word)
}
