//! Reviews files of flow rules as `rules lint` and `rules test` do those of the firewall.

use std::collections::BTreeMap;

use super::rule::{self, Rule};
use crate::firewall::{
    Source,
    diagnostic::{Code, Diagnostic, Place},
};

/// Traces of either kind that a rule should have.
const TRACES_MIN: usize = 2;

/// Flow rules that were read, and what is wrong or could be better about them.
#[derive(Debug, Default)]
pub struct Review {
    pub faults: Vec<Diagnostic>,
    /// How many rules there are, none if they cannot be used.
    pub rules: usize,
    /// Traces that were found, and traces that were passed over.
    pub traces: [usize; 2],
}

/// Whether a file is one of flow rules: one of its rules says `when`. What is no TOML is none.
pub fn is_flow(source: &Source) -> bool {
    let Ok(file) = toml::from_str::<toml::Table>(&source.text) else { return false };
    let rules = file.get("rule").and_then(toml::Value::as_array);
    rules.into_iter().flatten().any(|rule| rule.get("when").is_some())
}

/// Reads flow rules, runs all their traces and compares them with an older state of theirs, in which
/// rules that have changed since had lower versions.
pub fn review(sources: &[Source], base: Option<&[Source]>) -> Review {
    let read = |sources| rule::read_with(sources, |_| false);
    let rules = match read(sources) {
        Ok(rules) => rules,
        Err(faults) => return Review { faults, ..Review::default() },
    };
    let texts = sources.iter().map(|source| (source.name.as_str(), source.text.as_str()));
    let places = Places(texts.collect());
    let mut faults: Vec<Diagnostic> = rules.iter().filter_map(|it| places.few_traces(it)).collect();
    match base.map(read) {
        Some(Ok(base)) => faults.extend(base.iter().filter_map(|old| places.against(old, &rules))),
        Some(Err(of_base)) => faults.extend(of_base),
        None => {}
    }
    let examples = || rules.iter().map(|rule| &rule.written.examples);
    let matching = examples().map(|it| it.matching.len()).sum();
    let no_match = examples().map(|it| it.no_match.len()).sum();
    Review { faults, rules: rules.len(), traces: [matching, no_match] }
}

/// The texts of files by their names.
struct Places<'a>(BTreeMap<&'a str, &'a str>);

impl Places<'_> {
    fn note(&self, rule: &Rule, code: Code, what: String, mend: String) -> Diagnostic {
        let text = self.0.get(&*rule.file).copied().unwrap_or_default();
        let place = Place::new(&rule.file, text);
        place.diagnostic(code, &rule.written.id.span(), what, Some(mend.into()))
    }

    fn few_traces(&self, rule: &Rule) -> Option<Diagnostic> {
        let examples = &rule.written.examples;
        let few = examples.matching.len().min(examples.no_match.len()) < TRACES_MIN;
        few.then(|| {
            let what = format!("`{}` has fewer than {TRACES_MIN} traces of one kind", rule.id);
            self.note(rule, Code::FewExamples, what, "add some that differ from the first".into())
        })
    }

    fn against(&self, old: &Rule, rules: &[Rule]) -> Option<Diagnostic> {
        let Some(new) = rules.iter().find(|rule| rule.id == old.id) else {
            let what = format!("`{}` is gone", old.id);
            let mend = "keep it with `action = \"off\"`: configurations may name it".to_owned();
            return Some(self.note(old, Code::Removed, what, mend));
        };
        let (before, after) = (old.written.version, new.written.version);
        let changed = what_it_decides(old) != what_it_decides(new);
        (after < before || (changed && after == before)).then(|| {
            let verb = if after < before { "fell" } else { "did not rise with its change" };
            let what = format!("version of `{}` {verb}", new.id);
            let mend = format!("write `version = {}`", before.saturating_add(1));
            self.note(new, Code::Version, what, mend)
        })
    }
}

/// The rule without what only people read and without its traces.
fn what_it_decides(rule: &Rule) -> String {
    format!("{:?}", (rule.written.severity, rule.action, &rule.written.when))
}
