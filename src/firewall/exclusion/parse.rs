//! Reads and checks documents of exclusions.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Case, Code, Date, Document, Excluding, Exclusions, Fault, Spot,
    document::{self, Match},
};
use crate::firewall::{Ruleset, Source};

/// How many days ahead an exclusion may end.
pub const DAYS_MAX: u32 = 90;
/// Exclusions of one installation.
const EXCLUSIONS_MAX: usize = 1_000;

pub(super) fn read(
    sources: &[Source],
    rules: Option<&Ruleset>,
    now: i64,
) -> Result<(Exclusions, Vec<Fault>), Vec<Fault>> {
    let mut reading = Reading { rules, now, ids: BTreeSet::new(), faults: Vec::new() };
    let mut each = Vec::new();
    for source in sources {
        reading.file(source, &mut each);
    }
    if reading.faults.iter().any(Fault::is_error) {
        return Err(reading.faults);
    }
    Ok((Exclusions { each }, reading.faults))
}

struct Reading<'a> {
    rules: Option<&'a Ruleset>,
    now: i64,
    ids: BTreeSet<String>,
    faults: Vec<Fault>,
}

/// A place in a file that a fault is told of.
#[derive(Clone, Copy)]
struct Place<'a> {
    source: &'a Source,
    start: usize,
}

impl Reading<'_> {
    fn fault(&mut self, place: Place<'_>, code: Code, message: impl Into<String>) {
        let text = place.source.text.as_bytes();
        let before = text.get(..place.start).unwrap_or(text);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let file = place.source.name.clone();
        self.faults.push(Fault { code, file, line, message: message.into() });
    }

    fn file(&mut self, source: &Source, each: &mut Vec<Excluding>) {
        let file: document::File = match toml::from_str(&source.text) {
            Ok(file) => file,
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                let message = error.message().replace('\n', " ");
                return self.fault(Place { source, start }, Code::X0001, message);
            }
        };
        let top = Place { source, start: 0 };
        if file.schema != 1 {
            return self.fault(top, Code::X0002, "`schema` is not 1; write `schema = 1`");
        }
        for stated in file.exclusion {
            let place = Place { source, start: stated.span().start };
            if each.len() >= EXCLUSIONS_MAX {
                return self.fault(place, Code::X0010, format!("more than {EXCLUSIONS_MAX}"));
            }
            each.extend(self.exclusion(stated.into_inner(), place));
        }
    }

    fn exclusion(&mut self, document: Document, place: Place<'_>) -> Option<Excluding> {
        self.written(&document, place);
        let Some(last) = Date::of_toml(&document.expires) else {
            let message = "`expires` is no day; write it as `2027-01-31`, without quotes";
            self.fault(place, Code::X0004, message);
            return None;
        };
        let today = Date::of_ms(self.now);
        if last > today.after(DAYS_MAX) {
            let message = format!(
                "`expires` lies more than {DAYS_MAX} days ahead; {} is the last day that may stand here",
                today.after(DAYS_MAX)
            );
            self.fault(place, Code::X0004, message);
        }
        if last < today {
            let message = format!(
                "`{}` of {} no longer applies since {last}; look whether it is still needed, and \
                take it out or set a new day",
                document.id, document.owner
            );
            self.fault(place, Code::X0005, message);
        }
        self.cases(&document, place);
        Some(Excluding { id: Arc::from(document.id.as_str()), ends: last.end_ms(), document })
    }

    fn written(&mut self, document: &Document, place: Place<'_>) {
        let Document { id, owner, reason, rule, at, .. } = document;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
        if id.is_empty() || id.len() > 128 || !id.chars().all(plain) {
            self.fault(place, Code::X0010, format!("`{id}` is no id; write words with hyphens"));
        }
        for (key, value) in [("owner", owner), ("reason", reason), ("rule", rule)] {
            if value.trim().is_empty() {
                self.fault(place, Code::X0010, format!("`{key}` is empty"));
            }
        }
        if !self.ids.insert(id.clone()) {
            self.fault(place, Code::X0003, format!("the id `{id}` is used twice"));
        }
        if self.rules.is_some_and(|rules| rules.rule(rule).is_none()) {
            self.fault(place, Code::X0007, format!("no rule in force is called `{rule}`"));
        }
        let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if at
            .content_sha256
            .as_ref()
            .is_some_and(|it| it.len() != 64 || !it.chars().all(hexadecimal))
        {
            let message = "`content_sha256` has 64 digits and letters from a to f";
            self.fault(place, Code::X0010, message);
        }
        if is_empty(at) {
            let message = "`match` names no place; to take the rule out of force, use \
                `bartizan rules disable` or `promote`";
            self.fault(place, Code::X0006, message);
        } else if at.server.is_none() && at.content_sha256.is_none() {
            let message = "it holds for every server; name one in `match.server`";
            self.fault(place, Code::X0008, message);
        }
    }

    fn cases(&mut self, document: &Document, place: Place<'_>) {
        for (number, case) in document.cases.iter().enumerate() {
            let Case { silenced, surface, server, tool, pointer, principal, content_sha256 } = case;
            let spot = Spot {
                surface: *surface,
                server: server.as_deref(),
                tool: tool.as_deref(),
                principal: principal.as_deref(),
                pointer,
            };
            let mut digest = || content_sha256.clone().unwrap_or_default();
            if document.at.covers(spot, &mut digest) != *silenced {
                let what = if *silenced { "is not" } else { "is" };
                let message = format!("case {} {what} silenced", number + 1);
                self.fault(place, Code::X0009, message);
            }
        }
    }
}

fn is_empty(at: &Match) -> bool {
    let Match { server, tool, surface: _, pointer, principal, content_sha256 } = at;
    [server, tool, pointer, principal, content_sha256]
        .into_iter()
        .flatten()
        .all(|glob| glob.chars().all(|c| c == '*'))
}
