//! What is counted of each rule and each exclusion. Labels are their ids, so there are as many as the
//! operator wrote.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::RwLock;

use super::{head, line};
use crate::firewall::{Surface, rule::Rule};

/// What became of a rule's findings in one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The rule acted.
    Acted,
    /// It was only recorded.
    Shadow,
    /// An exclusion took it away.
    Excluded,
    /// It acted, and a person let the call run all the same.
    Overridden,
}

impl Fate {
    const ALL: [Self; 4] = [Self::Acted, Self::Shadow, Self::Excluded, Self::Overridden];

    /// The word in metrics and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acted => "acted",
            Self::Shadow => "shadow",
            Self::Excluded => "excluded",
            Self::Overridden => "overridden",
        }
    }
}

/// Names that are counted. Ids of rules are bounded; this bounds them again.
const NAMES_MAX: usize = 16_384;

type Tallies = RwLock<BTreeMap<Arc<str>, [AtomicU64; 4]>>;

/// Counts since the store was made: what was counted before a start is added to what comes.
#[derive(Debug, Default)]
pub struct RuleCounts {
    messages: [AtomicU64; Surface::ALL.len()],
    rules: Tallies,
    /// By exclusion: what it took away, and what it would have if it still applied.
    exclusions: Tallies,
}

impl RuleCounts {
    /// Counts a message, or a part of one, that the rules of a surface read.
    pub fn message(&self, surface: Surface) {
        if let Some(count) = self.messages.get(surface as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts what became of a rule's findings in a message.
    pub fn rule(&self, rule: &Arc<str>, fate: Fate) {
        add(&self.rules, rule, fate as usize, 1);
    }

    /// Counts a finding that an exclusion took away, or would have taken away before it expired.
    pub fn exclusion(&self, id: &Arc<str>, expired: bool) {
        add(&self.exclusions, id, usize::from(expired), 1);
    }

    /// How many messages a rule read on its surfaces.
    pub fn evaluations(&self, rule: &Rule) -> u64 {
        let surfaces = rule.surfaces.get_ref().iter();
        surfaces.map(|surface| self.read(*surface)).sum()
    }

    /// In how many messages a rule's findings met this fate.
    pub fn of(&self, rule: &str, fate: Fate) -> u64 {
        count_of(&self.rules, rule, fate as usize)
    }

    /// In how many messages a rule found something that no exclusion took away.
    pub fn hits(&self, rule: &str) -> u64 {
        self.of(rule, Fate::Acted) + self.of(rule, Fate::Shadow)
    }

    /// How often an exclusion took something away, and how often it would have since it expired.
    pub fn of_exclusion(&self, id: &str) -> (u64, u64) {
        (count_of(&self.exclusions, id, 0), count_of(&self.exclusions, id, 1))
    }

    fn read(&self, surface: Surface) -> u64 {
        self.messages.get(surface as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Every count, as kind, name and number, for the store.
    pub fn rows(&self) -> Vec<(&'static str, String, u64)> {
        let mut rows = Vec::new();
        for surface in Surface::ALL {
            rows.push(("surface", surface.name().to_owned(), self.read(surface)));
        }
        for (name, tally) in self.rules.read().iter() {
            let counts = Fate::ALL.iter().zip(tally);
            rows.extend(counts.map(|(fate, count)| {
                (fate.name(), name.to_string(), count.load(Ordering::Relaxed))
            }));
        }
        for (name, tally) in self.exclusions.read().iter() {
            for (kind, count) in ["exclusion", "exclusion_expired"].into_iter().zip(tally) {
                rows.push((kind, name.to_string(), count.load(Ordering::Relaxed)));
            }
        }
        rows.retain(|(.., count)| *count > 0);
        rows
    }

    /// Adds a row of the store.
    pub fn restore(&self, kind: &str, name: &str, count: u64) {
        let name: Arc<str> = Arc::from(name);
        match kind {
            "surface" => {
                let surface = Surface::ALL.into_iter().find(|surface| surface.name() == &*name);
                let place = surface.and_then(|surface| self.messages.get(surface as usize));
                if let Some(place) = place {
                    place.fetch_add(count, Ordering::Relaxed);
                }
            }
            "exclusion" => add(&self.exclusions, &name, 0, count),
            "exclusion_expired" => add(&self.exclusions, &name, 1, count),
            fate => {
                if let Some(fate) = Fate::ALL.into_iter().find(|it| it.name() == fate) {
                    add(&self.rules, &name, fate as usize, count);
                }
            }
        }
    }

    /// Writes the metrics of the rules given. Rules that found nothing have no line but that of
    /// their evaluations.
    pub(crate) fn render<'a>(&self, rules: impl Iterator<Item = &'a Rule>, text: &mut String) {
        let name = "bartizan_rule_evaluations_total";
        head(text, name, "counter", "Messages that a rule read on its surfaces.");
        for rule in rules {
            let (id, count) = (rule.id.get_ref(), self.evaluations(rule));
            if count > 0 {
                line(text, format_args!("{name}{{rule=\"{id}\"}} {count}"));
            }
        }
        let name = "bartizan_rule_hits_total";
        head(text, name, "counter", "Messages that a rule found something in, by what followed.");
        for (id, tally) in self.rules.read().iter() {
            for (fate, count) in Fate::ALL.iter().zip(tally) {
                let (fate, count) = (fate.name(), count.load(Ordering::Relaxed));
                if count > 0 {
                    line(text, format_args!("{name}{{rule=\"{id}\",fate=\"{fate}\"}} {count}"));
                }
            }
        }
        let name = "bartizan_exclusion_hits_total";
        head(
            text,
            name,
            "counter",
            "Findings that an exclusion took away, or did before it ended.",
        );
        for (id, tally) in self.exclusions.read().iter() {
            for (state, count) in ["active", "expired"].into_iter().zip(tally) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let labels = format_args!("exclusion=\"{id}\",state=\"{state}\"");
                    line(text, format_args!("{name}{{{labels}}} {count}"));
                }
            }
        }
    }
}

fn add(tallies: &Tallies, name: &Arc<str>, index: usize, count: u64) {
    if let Some(counter) = tallies.read().get(name).and_then(|tally| tally.get(index)) {
        counter.fetch_add(count, Ordering::Relaxed);
        return;
    }
    let mut tallies = tallies.write();
    if tallies.len() >= NAMES_MAX && !tallies.contains_key(name) {
        return;
    }
    if let Some(counter) = tallies.entry(Arc::clone(name)).or_default().get(index) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

fn count_of(tallies: &Tallies, name: &str, index: usize) -> u64 {
    let tallies = tallies.read();
    let counter = tallies.get(name).and_then(|tally| tally.get(index));
    counter.map_or(0, |count| count.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_on_after_a_restart() {
        let before = RuleCounts::default();
        let rule: Arc<str> = Arc::from("a.b");
        before.message(Surface::ToolResult);
        before.rule(&rule, Fate::Shadow);
        before.rule(&rule, Fate::Acted);
        before.exclusion(&Arc::from("x"), true);
        let after = RuleCounts::default();
        for (kind, name, count) in before.rows() {
            after.restore(kind, &name, count);
        }
        after.rule(&rule, Fate::Acted);
        assert_eq!((after.hits("a.b"), after.of("a.b", Fate::Acted)), (3, 2));
        assert_eq!(after.of_exclusion("x"), (0, 1));
        assert_eq!(after.read(Surface::ToolResult), 1);
        let mut text = String::new();
        after.render(std::iter::empty(), &mut text);
        assert!(text.contains("bartizan_rule_hits_total{rule=\"a.b\",fate=\"acted\"} 2"), "{text}");
        let line = "bartizan_exclusion_hits_total{exclusion=\"x\",state=\"expired\"} 1";
        assert!(text.contains(line), "{text}");
    }
}
