//! What a rule is known to err on, as documents of their own: where, why, who answers for it, and until
//! when. The reference page is `docs/reference/exclusions.md`.
//!
//! An exclusion takes a finding away; it never makes one. One whose time is over no longer applies,
//! and loads all the same. Pure: the time is given by the caller.

use std::sync::Arc;

use super::{finding::Surface, rule::matches_glob};

mod date;
mod document;
mod fault;
mod parse;

#[cfg(test)]
mod tests;

pub use date::Date;
pub use document::{Case, Document, Match};
pub use fault::{Code, Fault};
pub use parse::DAYS_MAX;

/// The exclusions in force.
#[derive(Clone, Debug, Default)]
pub struct Exclusions {
    each: Vec<Excluding>,
}

/// An exclusion that was read and checked.
#[derive(Clone, Debug)]
pub struct Excluding {
    pub id: Arc<str>,
    pub document: Document,
    /// The first millisecond since 1970 UTC at which it no longer applies.
    pub ends: i64,
}

/// Where a finding lies.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'a> {
    pub surface: Surface,
    pub server: Option<&'a str>,
    pub tool: Option<&'a str>,
    pub principal: Option<&'a str>,
    /// A JSON pointer into the message's arguments, result or definition.
    pub pointer: &'a str,
}

/// What is said to a finding.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// It is no finding.
    Excluded(&'a Arc<str>),
    /// It would have been none, if the exclusion still applied.
    Expired(&'a Arc<str>),
}

impl Exclusions {
    /// Reads documents as they hold at a time in milliseconds since 1970 UTC. Faults that are mere
    /// warnings come with the exclusions.
    ///
    /// # Errors
    /// Every fault that was found, warnings included.
    pub fn read(
        sources: &[super::Source],
        rules: Option<&super::Ruleset>,
        now: i64,
    ) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        parse::read(sources, rules, now)
    }

    /// Those that were read, expired ones included.
    pub fn each(&self) -> &[Excluding] {
        &self.each
    }

    /// What is said to a finding of this rule there. `digest` gives the SHA-256 of the text in
    /// hexadecimal; it is only asked for where all else fits.
    pub fn say<'a>(
        &'a self,
        rule: &str,
        spot: Spot<'_>,
        now: i64,
        digest: &mut dyn FnMut() -> String,
    ) -> Option<Said<'a>> {
        let mut said = None;
        for excluding in self.each.iter().filter(|it| it.document.rule == rule) {
            if !excluding.document.at.covers(spot, digest) {
                continue;
            }
            if now < excluding.ends {
                return Some(Said::Excluded(&excluding.id));
            }
            said.get_or_insert(Said::Expired(&excluding.id));
        }
        said
    }
}

impl Match {
    /// Whether the place and the text are meant. What is not known is not meant.
    pub fn covers(&self, spot: Spot<'_>, digest: &mut dyn FnMut() -> String) -> bool {
        let fits = |glob: &Option<String>, name: Option<&str>| {
            glob.as_ref().is_none_or(|glob| name.is_some_and(|name| matches_glob(glob, name)))
        };
        self.surface.is_none_or(|surface| surface == spot.surface)
            && fits(&self.server, spot.server)
            && fits(&self.tool, spot.tool)
            && fits(&self.principal, spot.principal)
            && fits(&self.pointer, Some(spot.pointer))
            && self.content_sha256.as_ref().is_none_or(|wanted| *wanted == digest())
    }
}
