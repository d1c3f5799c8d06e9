//! A careful guess at what a tool does, from its name, description and schema, for a person to
//! accept. Nothing reads a guess by itself: a server writes all three, and would write them well.
//!
//! Doubt makes it stricter. Annotations only ever add to what the words say.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::words::Topic;
use super::{Class, Destination, DestinationKind};
use crate::settings::Risk;

/// What one tool is guessed to do.
#[derive(Clone, Debug)]
pub struct Suggestion {
    pub tool: String,
    /// Without repeats, in the order of [`Class::ALL`].
    pub classes: Vec<Class>,
    pub risk: Risk,
    pub destinations: Vec<Destination>,
    /// Why, one sentence for each thing that counted.
    pub reasons: Vec<String>,
    /// Its name says that it reads, and no word of it that it does anything else.
    pub only_reads: bool,
    /// Whether its words say plainly what it does; else it got what an unknown tool gets.
    pub plain: bool,
}

/// Characters of a description that are read: what comes later is rarely what the tool does.
const DESCRIPTION_CHARS_MAX: usize = 400;

/// Guesses at the tool that `definition` defines, as `tools/list` answers it.
pub fn suggest(definition: &Value) -> Suggestion {
    let tool = definition["name"].as_str().unwrap_or("").to_owned();
    let mut guess = Guess::default();
    let named = words::split(&tool);
    guess.read_name(&named);
    let described: String = definition["description"]
        .as_str()
        .unwrap_or("")
        .chars()
        .take(DESCRIPTION_CHARS_MAX)
        .collect();
    guess.read_description(&words::split(&described));
    let destinations = destinations(&definition["inputSchema"], &guess.classes);
    guess.read_destinations(&destinations);
    guess.settle(&named, &definition["inputSchema"]);
    guess.read_annotations(&definition["annotations"]);
    guess.finish(tool, destinations)
}

#[derive(Default)]
struct Guess {
    classes: BTreeSet<Class>,
    reasons: Vec<String>,
    /// The name begins with a word for reading.
    reads: bool,
    only_reads: bool,
    plain: bool,
}

impl Guess {
    fn add(&mut self, classes: &[Class], why: impl FnOnce() -> String) {
        let before = self.classes.len();
        self.classes.extend(classes);
        if self.classes.len() > before {
            self.reasons.push(why());
        }
    }

    /// What the name says it does, and with what.
    fn read_name(&mut self, named: &[String]) {
        // `set_status` begins with what it does.
        let acts_first = named.first().is_some_and(|word| !words::classes_of(word).is_empty());
        let reading = |word: &String| words::READS.contains(&word.as_str());
        self.reads = named.first().is_some_and(reading) || !acts_first && named.iter().any(reading);
        self.only_reads = self.reads && named.iter().all(|word| words::classes_of(word).is_empty());
        for (word, acts) in self.acting(named) {
            self.plain |= !acts.is_empty();
            self.add(acts, || format!("the name says `{word}`"));
        }
        self.plain |= self.reads;
        if self.reads && named.iter().any(|word| matches!(word.as_str(), "web" | "internet")) {
            self.add(&[Class::Egress], || {
                "the name speaks of the web, which hears the words".into()
            });
        }
        for topic in named.iter().filter_map(|word| Topic::of(word)) {
            self.add(topic.classes(self.reads), || format!("the name speaks of {}", topic.name()));
        }
    }

    /// The words that say what is done. After a word for reading, `order` and `start` are things that
    /// are read; what follows an `and`, or destroys, is done all the same.
    fn acting<'w>(&self, words: &'w [String]) -> Vec<(&'w str, &'static [Class])> {
        let mut found = Vec::new();
        let mut before = "";
        for (index, word) in words.iter().enumerate() {
            let acts = words::classes_of(word);
            let joined = index == 0 || matches!(before, "and" | "or" | "then" | "also");
            if !self.reads || joined || acts.contains(&Class::Destructive) {
                found.push((word.as_str(), acts));
            }
            before = word;
        }
        found
    }

    /// A description adds what the name left out. In its first words it says what the tool does;
    /// later ones may speak of what it does not do, and count all the same.
    fn read_description(&mut self, described: &[String]) {
        for (word, acts) in self.acting(described) {
            self.add(acts, || format!("the description says `{word}`"));
        }
        for topic in described.iter().filter_map(|word| Topic::of(word)) {
            // What a call that writes is about tells not whom it reaches; its verbs do.
            let classes =
                if self.reads || topic == Topic::Memory { topic.classes(self.reads) } else { &[] };
            self.add(classes, || format!("the description speaks of {}", topic.name()));
        }
    }

    fn read_destinations(&mut self, destinations: &[Destination]) {
        for Destination { pointer, kind } in destinations {
            let classes: &[Class] = match kind {
                DestinationKind::Url => &[Class::Egress, Class::ReadsUntrusted],
                DestinationKind::Email => &[Class::Egress],
                DestinationKind::Command if self.reads => {
                    &[Class::Exec, Class::ReadsPrivate, Class::ReadsUntrusted]
                }
                DestinationKind::Command => &[Class::Exec],
                DestinationKind::Path if self.reads => &[Class::ReadsFiles],
                _ => &[],
            };
            self.add(classes, || format!("`{pointer}` looks like where something goes"));
        }
    }

    /// What is left open is decided for the worse.
    fn settle(&mut self, named: &[String], schema: &Value) {
        let computes = named.iter().any(|word| words::COMPUTES.contains(&word.as_str()));
        if computes && self.classes.is_empty() && is_closed(schema) {
            self.plain = true;
            self.add(&[Class::Computes], || {
                "the name says it computes, and its arguments hold no free text".to_owned()
            });
            return;
        }
        if !self.plain || self.classes.is_empty() && !self.reads {
            self.plain = false;
            self.add(&Class::UNCLASSIFIED, || {
                "its words do not say what it does, so it counts as an unknown tool".to_owned()
            });
            return;
        }
        if self.reads && !self.classes.iter().any(|class| is_reading(*class)) {
            self.add(&[Class::ReadsUntrusted, Class::ReadsFiles], || {
                "it reads, and nothing says whose text that is".to_owned()
            });
        }
        if !self.reads && !self.classes.iter().any(|class| is_reading(*class)) {
            self.reasons
                .push("what it answers counts as its own words, not a stranger's".to_owned());
        }
    }

    /// Annotations are the server's own word: they count only where they admit something.
    fn read_annotations(&mut self, annotations: &Value) {
        let says = |key: &str, value: bool| annotations[key].as_bool() == Some(value);
        if says("readOnlyHint", false) && !self.reads {
            self.add(&[Class::StateChange], || "its annotations do not say read-only".to_owned());
        }
        if says("destructiveHint", true) && !says("readOnlyHint", true) {
            let classes = [Class::StateChange, Class::Destructive];
            self.add(&classes, || "its annotations say destructive".to_owned());
        }
        if says("openWorldHint", true) {
            let classes = [Class::Egress, Class::ReadsUntrusted];
            self.add(&classes, || "its annotations say open world".to_owned());
        }
    }

    fn finish(mut self, tool: String, destinations: Vec<Destination>) -> Suggestion {
        if self.classes.len() > 1 {
            self.classes.remove(&Class::Computes);
        }
        let has = |class| self.classes.contains(&class);
        let runs_any = destinations.iter().any(|it| it.kind == DestinationKind::Command);
        let risk = if has(Class::Money) || has(Class::Exec) && runs_any || has(Class::Destructive) {
            Risk::High
        } else if self.plain && self.classes.iter().all(|class| is_harmless(*class)) {
            Risk::Low
        } else {
            Risk::Medium
        };
        Suggestion {
            tool,
            classes: self.classes.into_iter().collect(),
            risk,
            destinations,
            reasons: self.reasons,
            only_reads: self.only_reads,
            plain: self.plain,
        }
    }
}

const fn is_reading(class: Class) -> bool {
    matches!(class, Class::ReadsFiles | Class::ReadsPrivate | Class::ReadsUntrusted)
}

const fn is_harmless(class: Class) -> bool {
    matches!(class, Class::ReadsFiles | Class::Computes)
}

/// Whether no argument has room for a text of the caller's choice.
fn is_closed(schema: &Value) -> bool {
    let Some(properties) = schema["properties"].as_object() else { return true };
    properties.values().all(|property| {
        let kind = property["type"].as_str();
        matches!(kind, Some("number" | "integer" | "boolean")) || property["enum"].is_array()
    })
}

/// The arguments that look like they say where something goes, by the names of their properties.
fn destinations(schema: &Value, classes: &BTreeSet<Class>) -> Vec<Destination> {
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let mut found = BTreeMap::new();
    for (name, property) in properties {
        let kind = words::split(name).iter().rev().find_map(|word| words::destination(word));
        let Some(kind) = kind else { continue };
        // A query is a command where it is run, and words to search for elsewhere.
        let asks = words::split(name).iter().any(|word| word == "query");
        if asks && kind == DestinationKind::Command && !classes.contains(&Class::Exec) {
            continue;
        }
        let escaped = name.replace('~', "~0").replace('/', "~1");
        let every = if property["type"] == "array" { "/*" } else { "" };
        found.insert(format!("/{escaped}{every}"), kind);
    }
    found.into_iter().map(|(pointer, kind)| Destination { pointer, kind }).collect()
}
