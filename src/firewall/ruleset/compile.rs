//! Checks rules and compiles them into a set.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Compiled, Ruleset, Side, Source, digest_of, example, parse};
use crate::firewall::diagnostic::{Code, Diagnostic, Place};
use crate::firewall::engine::memory::Memory;
use crate::firewall::finding::{Direction, Surface};
use crate::firewall::pattern::{LITERAL_BYTES_MIN, Pattern};
use crate::firewall::prefilter::{Owner, Prefilter};
use crate::firewall::rule::Rule;
use crate::firewall::verdict::Action;

/// The most rules of one set.
const RULES_MAX: usize = 4096;
/// Prefixes of tags.
const TAXONOMIES: [&str; 6] =
    ["owasp-llm:", "owasp-asi:", "owasp-mcp:", "atlas:", "safe-mcp:", "cwe:"];

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
    if !faults.is_empty() {
        return Err(faults);
    }
    let digest = digest_of(sources, level);
    if places.iter().all(|(_, known)| *known) {
        return assemble(rules, level, digest).map_err(|fault| vec![fault]);
    }
    let proven = assemble(rules, Ruleset::LEVEL_MAX, digest).map_err(|fault| vec![fault])?;
    for (compiled, (place, known)) in proven.rules.iter().zip(&places) {
        if *known {
            continue;
        }
        example::prove(&proven, compiled, place, &mut faults);
    }
    match (faults.is_empty(), level) {
        (false, _) => Err(faults),
        (true, Ruleset::LEVEL_MAX..) => Ok(proven),
        (true, _) => assemble(proven.rules, level, proven.digest).map_err(|fault| vec![fault]),
    }
}

fn assemble(rules: Vec<Compiled>, level: u8, digest: String) -> Result<Ruleset, Diagnostic> {
    let limit = |message: String| {
        Place::new("ruleset", "").diagnostic(Code::Limit, 0, message, Some("use fewer rules"))
    };
    if rules.len() > RULES_MAX {
        return Err(limit(format!("more than {RULES_MAX} rules")));
    }
    let inbound = side(&rules, level, Direction::Inbound).map_err(limit)?;
    let outbound = side(&rules, level, Direction::Outbound).map_err(limit)?;
    Ok(Ruleset { rules, level, digest, inbound, outbound, memory: Memory::default() })
}

fn side(rules: &[Compiled], level: u8, direction: Direction) -> Result<Side, String> {
    let mut literals = Vec::new();
    let mut literal_free = Vec::new();
    let runs = |compiled: &Compiled| {
        let mut surfaces = compiled.rule.surfaces.get_ref().iter();
        *compiled.rule.level.get_ref() <= level
            && surfaces.any(|surface| surface.direction() == direction)
    };
    for (index, compiled) in rules.iter().enumerate().filter(|(_, compiled)| runs(compiled)) {
        if compiled.pattern.required.is_empty() {
            literal_free.push(index);
        }
        for (set, required) in compiled.pattern.required.iter().enumerate() {
            let owner = Owner { rule: index, set };
            literals.extend(required.literals.iter().map(|text| (text.clone(), owner)));
        }
    }
    Ok(Side { prefilter: Prefilter::build(literals)?, literal_free })
}

struct Check<'a> {
    rule: &'a Rule,
    place: &'a Place<'a>,
    /// Whether its source was proven before.
    known: bool,
    faults: &'a mut Vec<Diagnostic>,
}

impl Check<'_> {
    fn fault(&mut self, code: Code, offset: usize, message: String, mend: &'static str) {
        self.faults.push(self.place.diagnostic(code, offset, message, Some(mend)));
    }

    /// Checks all that needs no pattern.
    fn written(&mut self, ids: &mut BTreeSet<String>) {
        let rule = self.rule;
        let (id, at) = (rule.id.get_ref(), rule.id.span().start);
        if !is_id(id) {
            let mend = "write `topic.name` in lower-case words with hyphens";
            self.fault(Code::Id, at, format!("`{id}` is not an id"), mend);
        }
        if !ids.insert(id.clone()) {
            let message = format!("`{id}` is used twice");
            self.fault(Code::DuplicateId, at, message, "give each rule an id of its own");
        }
        if !(1..=Ruleset::LEVEL_MAX).contains(rule.level.get_ref()) {
            let message = format!("level of `{id}` is not 1 to {}", Ruleset::LEVEL_MAX);
            self.fault(Code::Range, rule.level.span().start, message, "1 hardly ever errs");
        }
        if let Some(entropy) = rule.entropy.as_ref().filter(|e| !(0.0..=8.0).contains(e.get_ref()))
        {
            let message = format!("entropy of `{id}` is not 0 to 8 bits");
            self.fault(Code::Range, entropy.span().start, message, "3.0 to 4.0 is usual");
        }
        if let Some(tag) =
            rule.tags.iter().find(|tag| !TAXONOMIES.iter().any(|t| tag.starts_with(t)))
        {
            let message = format!("tag `{tag}` of `{id}` has no known taxonomy");
            self.fault(Code::Tag, at, message, "begin it with `owasp-llm:`, `atlas:` or another");
        }
        if rule.examples.matching.is_empty() || rule.examples.no_match.is_empty() {
            let message = format!("`{id}` lacks examples of one kind");
            let mend = "give one or more in `examples.match` and in `examples.no_match`";
            self.fault(Code::ExampleMissing, at, message, mend);
        }
        self.surfaces();
    }

    fn surfaces(&mut self) {
        let rule = self.rule;
        let (id, surfaces) = (rule.id.get_ref(), rule.surfaces.get_ref());
        let at = rule.surfaces.span().start;
        if surfaces.is_empty() {
            self.fault(Code::Surface, at, format!("`{id}` runs nowhere"), "name a surface");
        }
        if let Some(surface) = rule.action_on.keys().find(|surface| !surfaces.contains(surface)) {
            let message = format!("`{id}` does not run on `{}`", surface.name());
            self.fault(Code::Surface, at, message, "add it to `surfaces`");
        }
        let held = surfaces.iter().find(|surface| {
            surface.direction() == Direction::Outbound && action(rule, **surface) == Action::Hold
        });
        if let Some(surface) = held {
            let message = format!("`{id}` holds `{}`, which is no call", surface.name());
            self.fault(Code::Surface, at, message, "use `block`, or set `action_on`");
        }
    }

    /// Compiles the pattern and what belongs to it.
    fn compiled(&mut self) -> Option<Compiled> {
        let rule = self.rule;
        let id = rule.id.get_ref();
        let source = rule.pattern.as_ref();
        let at = source.map_or(rule.id.span().start, |pattern| pattern.span().start);
        if source.is_none() && rule.literals.is_empty() {
            let message = format!("`{id}` has neither `pattern` nor `literals`");
            self.fault(Code::Empty, at, message, "give one of them");
            return None;
        }
        let parsed = Pattern::parse(source.map(|p| p.get_ref().as_str()), &rule.literals);
        let compiled_now = parsed.and_then(|pattern| match self.known {
            true => Ok(pattern),
            false => pattern.compile().map(|()| pattern),
        });
        let pattern = match compiled_now {
            Ok(pattern) => pattern,
            Err(reason) => {
                let message = format!("pattern of `{id}` does not compile: {reason}");
                self.fault(
                    Code::Pattern,
                    at,
                    message,
                    "no look-around; long counted repetitions are large",
                );
                return None;
            }
        };
        if pattern.required.is_empty() && !rule.literal_free {
            let message =
                format!("`{id}` requires no literal of {LITERAL_BYTES_MIN} bytes or more");
            self.fault(Code::Literal, at, message, "add one, or set `literal_free = true`");
        }
        let capture = rule.capture.as_ref().map_or(0, |capture| *capture.get_ref());
        if capture >= pattern.captures {
            let at = rule.capture.as_ref().map_or(at, |capture| capture.span().start);
            let message = format!("pattern of `{id}` has no group {capture}");
            self.fault(Code::Capture, at, message, "count the groups from 1");
        }
        Some(compiled(rule, pattern, capture))
    }
}

fn compiled(rule: &Rule, pattern: Pattern, capture: usize) -> Compiled {
    let runs = |surface: Surface| rule.surfaces.get_ref().contains(&surface);
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
        actions: Surface::ALL.map(|surface| runs(surface).then(|| action(rule, surface))),
        rule: rule.clone(),
    }
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
