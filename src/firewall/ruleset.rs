//! Rule files compiled once and read by every scan.
//!
//! A set compiles whole or not at all, and only if every example of every rule comes out.

use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::digest;

use super::diagnostic::{Code, Diagnostic, Place, Spot};
use super::engine::memory::Memory;
use super::finding::{Confidence, Direction, Severity, Surface, View};
use super::pattern::Pattern;
use super::prefilter::Prefilter;
use super::rule::{Near, Origin, Rule, RuleFile};
use super::validate::Validate;
use super::verdict::Action;

mod check;
mod compile;
mod content;
mod core;
mod example;
mod gap;
mod judge;
mod parse;
mod suggest;
mod taxonomy;

pub mod lint;

#[cfg(test)]
mod tests;

/// A rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that diagnostics print.
    pub name: String,
    /// Its TOML.
    pub text: String,
}

/// Rules that were compiled and proven by their examples.
#[derive(Clone, Debug)]
pub struct Ruleset {
    rules: Vec<Compiled>,
    level: u8,
    digest: String,
    inbound: Side,
    outbound: Side,
    memory: Memory,
}

/// The rules of one direction.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) prefilter: Prefilter,
    /// What the owners in the filter are.
    pub(super) branches: Vec<Branch>,
    /// Indices of the branches whose rules have no literals.
    pub(super) literal_free: Vec<usize>,
    /// Indices of the rules that look at characters and have no pattern.
    pub(super) signals: Vec<usize>,
}

/// An alternative of a rule's pattern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    /// The index of the rule.
    pub(super) rule: usize,
    /// Which of the alternatives it is.
    pub(super) place: usize,
}

/// A rule with its pattern compiled.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) id: Arc<str>,
    pub(super) title: Arc<str>,
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) pattern: Pattern,
    /// The group that is the finding; 0 is the whole match.
    pub(super) capture: usize,
    validate: Validate,
    entropy: f64,
    except: Vec<String>,
    /// Patterns that must match around the finding.
    all: Vec<Pattern>,
    /// With its words in lower case.
    near: Option<Box<Near>>,
    unless: Option<Box<judge::Excuse>>,
    min_count: usize,
    /// Where its id stands.
    spot: Spot,
    actions: [Option<Action>; Surface::ALL.len()],
    rule: Rule,
}

impl Compiled {
    /// The first surface where it runs.
    #[cfg(test)]
    pub(super) fn surface(&self) -> Option<Surface> {
        self.rule.surfaces.get_ref().first().copied()
    }

    fn action(&self, surface: Surface) -> Option<Action> {
        *self.actions.get(surface as usize)?
    }
}

impl Ruleset {
    /// The sensitivity of [`Ruleset::core`]: rules of level 1 and 2.
    pub const LEVEL: u8 = 2;
    /// The highest sensitivity.
    pub const LEVEL_MAX: u8 = 4;

    /// Compiles rule files, with the rules of every level.
    ///
    /// # Errors
    /// Every fault that was found, in the order of files and lines.
    pub fn compile(sources: &[Source]) -> Result<Self, Vec<Diagnostic>> {
        compile::compile(sources, Self::LEVEL_MAX)
    }

    /// Compiles rule files and lets the rules up to `level` run. All are checked.
    ///
    /// # Errors
    /// As [`Ruleset::compile`].
    pub fn compile_at(sources: &[Source], level: u8) -> Result<Self, Vec<Diagnostic>> {
        compile::compile(sources, level)
    }

    /// As [`Ruleset::compile_at`], for the start of a gateway: the examples of shipped files are
    /// not run again, because the tests of this build ran them on these very bytes.
    ///
    /// # Errors
    /// As [`Ruleset::compile`].
    pub fn compile_in_force(sources: &[Source], level: u8) -> Result<Self, Vec<Diagnostic>> {
        let shipped = Self::shipped_sources();
        compile::compile_with(sources, level, |source| {
            shipped.iter().any(|ours| ours.name == source.name && ours.text == source.text)
        })
    }

    /// What [`Ruleset::digest`] of these files at this level would be.
    pub fn digest_of(sources: &[Source], level: u8) -> String {
        digest_of(sources, level)
    }

    /// The core rules, up to level [`Ruleset::LEVEL`].
    ///
    /// # Errors
    /// None in a released version: the tests compile these files.
    pub fn core() -> Result<Self, Vec<Diagnostic>> {
        Self::compile_at(&Self::core_sources(), Self::LEVEL)
    }

    /// The files of the core rules.
    pub fn core_sources() -> Vec<Source> {
        core::sources()
    }

    /// The files that profile `strict` reads beside the core rules.
    pub fn strict_sources() -> Vec<Source> {
        core::strict()
    }

    /// The files of all rules that are shipped.
    pub fn shipped_sources() -> Vec<Source> {
        let mut sources = Self::core_sources();
        sources.extend(Self::strict_sources());
        sources
    }

    /// The rules as written, those above the level included, sorted by file and place.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.iter().map(|compiled| &compiled.rule)
    }

    /// The rule of this id, or the one that had it before.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        let had = |rule: &&Rule| rule.formerly.iter().any(|former| former.get_ref() == id);
        self.rules().find(|rule| rule.id.get_ref() == id).or_else(|| self.rules().find(had))
    }

    /// As [`Ruleset::rules`], each with the name of the file that it stands in.
    pub fn rules_and_files(&self) -> impl ExactSizeIterator<Item = (&Rule, &str)> {
        self.rules.iter().map(|compiled| (&compiled.rule, compiled.spot.file()))
    }

    /// Whether the rule of this id reads texts from there.
    pub fn covers(&self, id: &str, origin: Origin<'_>) -> bool {
        self.rule(id).is_none_or(|rule| rule.scope.covers(origin))
    }

    /// Whether the rule of this id reads the keys of objects.
    pub fn reads_keys(&self, id: &str) -> bool {
        self.rule(id).is_none_or(|rule| rule.keys)
    }

    /// Rules up to this level run.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// SHA-256 over the level and the names and texts of the files, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(super) fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Inbound => &self.inbound,
            Direction::Outbound => &self.outbound,
        }
    }

    /// Every rule that runs in the raw text, with each of its matching examples.
    #[cfg(test)]
    pub(super) fn examples(&self) -> impl Iterator<Item = (&Compiled, String)> {
        let read = self.rules.iter().filter(|rule| rule.reads(View::Raw));
        let written = read.filter(|rule| rule.signals().is_empty());
        written.flat_map(|rule| {
            let texts = rule.rule.examples.matching.iter();
            texts.filter_map(move |text| Some((rule, example::expand(text.get_ref()).ok()?)))
        })
    }

    /// The rule at `index` and what it asks for on the surface, if it runs there.
    pub(super) fn on(&self, index: usize, surface: Surface) -> Option<(&Compiled, Action)> {
        let rule = self.rules.get(index)?;
        rule.action(surface).map(|action| (rule, action))
    }

    /// As [`Ruleset::on`], if the rule also runs in this reading of a text.
    pub(super) fn reading(
        &self,
        index: usize,
        surface: Surface,
        view: View,
    ) -> Option<(&Compiled, Action)> {
        self.on(index, surface).filter(|(rule, _)| rule.reads(view))
    }
}

impl Source {
    /// A file as it was read.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        let name = name.into();
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let before = error.as_bytes().get(..at).unwrap_or_default();
                let text = String::from_utf8_lossy(before);
                let mend = Some("save the file as UTF-8".into());
                let message = format!("byte {at} of the file is not UTF-8");
                let place = Place::new(&name, &text);
                Err(Box::new(place.diagnostic(Code::Encoding, &(at..at), message, mend)))
            }
        }
    }
}

/// The JSON Schema of rule files, for editors.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RuleFile).to_value()
}

fn digest_of(sources: &[Source], level: u8) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"bartizan ruleset 1\0");
    context.update(&[level]);
    for part in sources.iter().flat_map(|source| [&source.name, &source.text]) {
        // Lengths keep one file's end apart from the next one's name.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hex = String::with_capacity(64);
    for byte in context.finish().as_ref() {
        write!(hex, "{byte:02x}").expect("a String takes all that is written");
    }
    hex
}
