//! Reviews rule files: the faults that a compile finds, advice that it does not insist on, and the
//! comparison with an older state of the same rules.

use std::collections::BTreeMap;

use super::taxonomy::{self, Known};
use super::{Compiled, Ruleset, Source, compile, example, gap};
use crate::firewall::diagnostic::{Code, Diagnostic, Place};
use crate::firewall::rule::Rule;

/// Examples of either kind that a rule should have.
const EXAMPLES_MIN: usize = 2;

/// All errors of rule files, or, if there are none, what could be better about them.
pub fn lint(sources: &[Source]) -> Vec<Diagnostic> {
    let ruleset = match compile::compile(sources, Ruleset::LEVEL_MAX) {
        Ok(ruleset) => ruleset,
        Err(faults) => return faults,
    };
    let texts: BTreeMap<&str, &str> =
        sources.iter().map(|source| (source.name.as_str(), source.text.as_str())).collect();
    let mut advice = Vec::new();
    for compiled in &ruleset.rules {
        let file = compiled.spot.file();
        let place = Place::new(file, texts.get(file).copied().unwrap_or_default());
        Review { compiled, rule: &compiled.rule, place, advice: &mut advice }.all();
    }
    advice
}

/// What is wrong with `new` as the successor of `base`: rules that changed without a rise of their
/// version, and rules that went away without a redirect.
pub fn against(base: &Ruleset, new: &Ruleset) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for old in &base.rules {
        let id = &*old.id;
        let had = |rule: &Rule| rule.formerly.iter().any(|former| former.get_ref() == id);
        let same = |it: &&Compiled| *it.id == *id || had(&it.rule);
        let Some(successor) = new.rules.iter().find(same) else {
            let message = format!("`{id}` is gone");
            let mend = "keep it with `status = \"deprecated\"`, or name it in `formerly`";
            faults.push(old.spot.diagnostic(Code::Removed, message, Some(mend.into())));
            continue;
        };
        let (before, after) = (old.rule.version, successor.rule.version);
        let changed = what_it_finds(&old.rule) != what_it_finds(&successor.rule);
        if after < before || (changed && after == before) {
            let verb = if after < before { "fell" } else { "did not rise with its change" };
            let message = format!("version of `{}` {verb}", successor.id);
            let mend = format!("write `version = {}`", before.saturating_add(1));
            faults.push(successor.spot.diagnostic(Code::Version, message, Some(mend.into())));
        }
    }
    faults
}

/// The rule without what only people read, without its examples and without places in a file.
fn what_it_finds(rule: &Rule) -> String {
    let texts = |texts: &[toml::Spanned<String>]| -> Vec<String> {
        texts.iter().map(|text| text.get_ref().clone()).collect()
    };
    let what = (
        (rule.severity, rule.confidence, rule.level.get_ref(), rule.surfaces.get_ref()),
        (&rule.scope, rule.views.as_ref().map(toml::Spanned::get_ref), rule.keys),
        (rule.pattern.as_ref().map(toml::Spanned::get_ref), texts(&rule.any), texts(&rule.all)),
        (&rule.literals, rule.unicode.as_ref().map(toml::Spanned::get_ref)),
        (rule.capture.as_ref().map(toml::Spanned::get_ref), rule.validate, &rule.except),
        (rule.entropy.as_ref().map(toml::Spanned::get_ref), rule.literal_free),
        (
            rule.near.as_ref().map(toml::Spanned::get_ref),
            rule.unless.as_ref().map(toml::Spanned::get_ref),
            rule.min_count.as_ref().map(toml::Spanned::get_ref),
        ),
        (rule.action, &rule.action_on),
    );
    format!("{what:?}")
}

/// The advice about one rule.
struct Review<'a> {
    compiled: &'a Compiled,
    rule: &'a Rule,
    place: Place<'a>,
    advice: &'a mut Vec<Diagnostic>,
}

impl Review<'_> {
    fn all(&mut self) {
        self.examples();
        self.gaps();
        let id = self.rule.id.get_ref();
        for tag in self.rule.tags.iter().filter(|tag| taxonomy::look_up(tag) == Known::Catalogue) {
            let message = format!("tag `{tag}` of `{id}` is not in its catalogue");
            self.note(Code::UnknownTag, message, "look the entry up, or leave the tag out");
        }
        if self.rule.references.is_empty() {
            let message = format!("`{id}` says nowhere what its subject is");
            self.note(Code::References, message, "name a page in `references`");
        }
    }

    fn note(&mut self, code: Code, message: String, mend: &'static str) {
        self.advice.push(self.compiled.spot.diagnostic(code, message, Some(mend.into())));
    }

    fn examples(&mut self) {
        let (id, examples) = (self.rule.id.get_ref(), &self.rule.examples);
        if examples.matching.len().min(examples.no_match.len()) < EXAMPLES_MIN {
            let message = format!("`{id}` has fewer than {EXAMPLES_MIN} examples of one kind");
            self.note(Code::FewExamples, message, "add some that differ from the first");
        }
        // What is written out as literals has no near miss.
        if self.rule.patterns().next().is_none() {
            return;
        }
        let pattern = &self.compiled.pattern;
        if pattern.branches.is_empty() {
            return;
        }
        let comes_near = |text: &str| {
            let text = example::expand(text).unwrap_or_default().to_lowercase();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let mut literals = pattern.sets().flat_map(|set| &set.literals);
            literals.any(|literal| text.contains(literal.trim_end()))
        };
        if !examples.no_match.iter().any(|example| comes_near(example.get_ref())) {
            let message = format!("no example of `{id}` comes near it without matching");
            let mend = "add an honest text with the rule's own words to `examples.no_match`";
            self.note(Code::NearMiss, message, mend);
        }
    }

    fn gaps(&mut self) {
        for pattern in self.rule.patterns().chain(&self.rule.all) {
            let (what, mend) = match gap::find(pattern.get_ref()) {
                None => continue,
                Some(gap::Gap::Leading) => ("begins with a gap", "leave the gap out"),
                Some(gap::Gap::Unbounded) => {
                    ("has a gap without a bound", "bound it, as in `.{0,40}`")
                }
            };
            let message = format!("a pattern of `{}` {what}", self.rule.id.get_ref());
            let note =
                self.place.diagnostic(Code::Gap, &pattern.span(), message, Some(mend.into()));
            self.advice.push(note);
        }
    }
}
