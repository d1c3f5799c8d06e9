//! Checks rules and compiles them into a set.

use std::collections::BTreeSet;

use super::check::Check;
use super::{Branch, Compiled, Ruleset, Side, Source, digest_of, example, parse};
use crate::firewall::diagnostic::{Code, Diagnostic, Place};
use crate::firewall::engine::memory::Memory;
use crate::firewall::finding::Direction;
use crate::firewall::prefilter::{Owner, Prefilter};
use crate::firewall::rule::{Rule, Status};

/// The most rules of one set.
const RULES_MAX: usize = 4096;

pub(super) fn compile(sources: &[Source], level: u8) -> Result<Ruleset, Vec<Diagnostic>> {
    compile_with(sources, level, |_| false)
}

/// Compiles; of sources that are proven already, patterns are compiled by need and examples not run.
pub(super) fn compile_with(
    sources: &[Source],
    level: u8,
    proven_before: impl Fn(&Source) -> bool,
) -> Result<Ruleset, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let mut parsed = Vec::new();
    for source in sources {
        let known = proven_before(source);
        let rules = parse::parse(source, &mut faults);
        parsed.extend(rules.into_iter().map(|(rule, place)| (rule, place, known)));
    }
    let mut ids = BTreeSet::new();
    let mut rules = Vec::new();
    let mut places = Vec::new();
    for (rule, place, known) in parsed {
        let mut check = Check { rule: &rule, place: &place, known, faults: &mut faults };
        check.written(&mut ids);
        if let Some(compiled) = check.compiled() {
            rules.push(compiled);
            places.push((place, known));
        }
    }
    former(&rules, &places, &mut ids, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let digest = digest_of(sources, level);
    let in_force = Runs { level, drafts: false };
    if places.iter().all(|(_, known)| *known) {
        return assemble(rules, in_force, digest).map_err(|fault| vec![fault]);
    }
    let all = Runs { level: Ruleset::LEVEL_MAX, drafts: true };
    let proven = assemble(rules, all, digest).map_err(|fault| vec![fault])?;
    for (compiled, (place, known)) in proven.rules.iter().zip(&places) {
        if *known {
            continue;
        }
        example::prove(&proven, compiled, place, &mut faults);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    match proven.rules.iter().all(|compiled| in_force.runs(&compiled.rule)) {
        true => Ok(proven),
        false => assemble(proven.rules, in_force, proven.digest).map_err(|fault| vec![fault]),
    }
}

/// Ids that rules had before stay taken.
fn former(
    rules: &[Compiled],
    places: &[(Place<'_>, bool)],
    ids: &mut BTreeSet<String>,
    faults: &mut Vec<Diagnostic>,
) {
    for (compiled, (place, _)) in rules.iter().zip(places) {
        for former in &compiled.rule.formerly {
            if !ids.insert(former.get_ref().clone()) {
                let message = format!("the former id `{}` is in use", former.get_ref());
                let mend = "an id leads to one rule and is never given to another";
                faults.push(place.diagnostic(
                    Code::Former,
                    &former.span(),
                    message,
                    Some(mend.into()),
                ));
            }
        }
    }
}

/// Which rules of a set run.
#[derive(Clone, Copy)]
struct Runs {
    level: u8,
    drafts: bool,
}

impl Runs {
    fn runs(self, rule: &Rule) -> bool {
        *rule.level.get_ref() <= self.level && (self.drafts || rule.maturity() != Status::Draft)
    }
}

fn assemble(rules: Vec<Compiled>, runs: Runs, digest: String) -> Result<Ruleset, Diagnostic> {
    let limit = |message: String| {
        let mend = Some("use fewer rules".into());
        Place::new("ruleset", "").diagnostic(Code::Limit, &(0..0), message, mend)
    };
    if rules.len() > RULES_MAX {
        return Err(limit(format!("more than {RULES_MAX} rules")));
    }
    let inbound = side(&rules, runs, Direction::Inbound).map_err(limit)?;
    let outbound = side(&rules, runs, Direction::Outbound).map_err(limit)?;
    Ok(Ruleset { rules, level: runs.level, digest, inbound, outbound, memory: Memory::default() })
}

fn side(rules: &[Compiled], which: Runs, direction: Direction) -> Result<Side, String> {
    let mut literals = Vec::new();
    let mut branches = Vec::new();
    let mut literal_free = Vec::new();
    let mut signals = Vec::new();
    let runs = |compiled: &Compiled| {
        let mut surfaces = compiled.rule.surfaces.get_ref().iter();
        which.runs(&compiled.rule) && surfaces.any(|surface| surface.direction() == direction)
    };
    for (index, compiled) in rules.iter().enumerate().filter(|(_, compiled)| runs(compiled)) {
        if !compiled.signals().is_empty() {
            signals.push(index);
            continue;
        }
        if compiled.pattern.branches.is_empty() {
            literal_free.push(branches.len());
            branches.push(Branch { rule: index, place: 0 });
        }
        for (place, sets) in compiled.pattern.branches.iter().enumerate() {
            for (set, required) in sets.iter().enumerate() {
                let owner = Owner { branch: branches.len(), set };
                literals.extend(required.literals.iter().map(|text| (text.clone(), owner)));
            }
            branches.push(Branch { rule: index, place });
        }
    }
    Ok(Side { prefilter: Prefilter::build(literals)?, branches, literal_free, signals })
}
