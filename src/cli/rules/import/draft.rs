//! A rule on its way from another tool: written as TOML, and proven with an example made from its own
//! pattern where that comes out.

use std::collections::BTreeSet;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::super::sample::{Length, sample};
use crate::firewall::{
    Ruleset, Source,
    diagnostic::{Code, Diagnostic},
};

/// What another tool's rule says, in our words.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) title: String,
    /// `low`, `medium`, `high` or `critical`.
    pub(super) severity: &'static str,
    pub(super) pattern: Option<String>,
    pub(super) literals: Vec<String>,
    pub(super) capture: Option<i64>,
    pub(super) entropy: Option<f64>,
    pub(super) except: Vec<String>,
    pub(super) references: Vec<String>,
    pub(super) tags: Vec<&'static str>,
    /// Whether it finds secrets; else it finds texts to be flagged.
    pub(super) secret: bool,
    /// What could not be carried over.
    pub(super) notes: Vec<String>,
}

/// A draft in TOML.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) id: String,
    pub(super) text: String,
    /// Whether its examples come out.
    pub(super) proven: bool,
    pub(super) notes: Vec<String>,
}

/// A text in which no draft should find anything.
const HARMLESS: &str = "The meeting is on Tuesday at ten.";
/// Drafts are of the level that `balanced` does not run.
const LEVEL: i64 = 3;

impl Draft {
    /// The draft as a rule.
    ///
    /// # Errors
    /// Why no rule of this engine can say it.
    pub(super) fn write(
        &self,
        prefix: &str,
        ids: &mut BTreeSet<String>,
    ) -> Result<Written, String> {
        let id = self.id(prefix, ids);
        let mut notes = self.notes.clone();
        let example = self.example(Length::Right);
        let near = self.example(Length::Half).filter(|near| Some(near) != example.as_ref());
        let harmless = vec![HARMLESS.to_owned()];
        let misses = match near {
            Some(near) => vec![vec![near, HARMLESS.to_owned()], harmless],
            None => vec![harmless],
        };
        let mut proven = None;
        for miss in misses {
            let matching: Vec<String> = example.iter().cloned().collect();
            let table = self.table(&id, &matching, &miss);
            match check(&table) {
                Ok(()) => {
                    proven = Some(table);
                    break;
                }
                Err(fault) => fatal(&fault)?,
            }
        }
        let is_proven = proven.is_some();
        if !is_proven {
            notes.push("no example could be made from the pattern; fill them in".to_owned());
        }
        let table = proven.unwrap_or_else(|| self.table(&id, &[], &[]));
        let text = comment(&notes) + &document(table, false);
        ids.insert(id.clone());
        Ok(Written { id, text, proven: is_proven, notes })
    }

    fn id(&self, prefix: &str, ids: &BTreeSet<String>) -> String {
        let (prefix, name) = (slug(prefix), slug(&self.name));
        let id = format!("{prefix}.{name}");
        let numbered = (2..).map(|number| format!("{id}-{number}"));
        let free = std::iter::once(id.clone()).chain(numbered).find(|id| !ids.contains(id));
        free.unwrap_or(id)
    }

    fn example(&self, length: Length) -> Option<String> {
        match (&self.pattern, self.literals.first()) {
            (Some(pattern), _) => sample(pattern, length),
            (None, Some(literal)) if length == Length::Right => Some(literal.clone()),
            (None, _) => None,
        }
    }

    fn table(&self, id: &str, matching: &[String], no_match: &[String]) -> Table {
        let (surfaces, action): (&[&str], _) = match self.secret {
            true => (&["tool_result", "resource", "prompt", "error"], "redact"),
            false => (&["tool_result", "resource", "prompt", "error", "tool_arguments"], "flag"),
        };
        let mut table = Table::new();
        table.insert("id", value(id));
        table.insert("version", value(1));
        table.insert("title", value(short(&self.title)));
        table.insert("severity", value(self.severity));
        table.insert("confidence", value("low"));
        table.insert("level", value(LEVEL));
        table.insert("surfaces", list(surfaces.iter().copied()));
        if let Some(pattern) = &self.pattern {
            table.insert("pattern", value(pattern));
        }
        if !self.literals.is_empty() {
            table.insert("literals", list(self.literals.iter().map(String::as_str)));
        }
        if let Some(capture) = self.capture {
            table.insert("capture", value(capture));
        }
        if let Some(entropy) = self.entropy {
            table.insert("entropy", value(entropy));
        }
        if !self.except.is_empty() {
            table.insert("except", list(self.except.iter().map(String::as_str)));
        }
        table.insert("action", value(action));
        table.insert("message", value(format!("A text matches: {}.", short(&self.title))));
        table.insert("tags", list(self.tags.iter().copied()));
        table.insert("references", list(self.references.iter().map(String::as_str)));
        let mut examples = Table::new();
        examples.set_dotted(true);
        examples.insert("match", list(matching.iter().map(String::as_str)));
        examples.insert("no_match", list(no_match.iter().map(String::as_str)));
        table.insert("examples", Item::Table(examples));
        table
    }
}

/// Characters of a title.
const TITLE_CHARS_MAX: usize = 80;

fn short(title: &str) -> String {
    let line = title.split(['\n', '\r']).next().unwrap_or_default().trim().trim_end_matches('.');
    line.chars().take(TITLE_CHARS_MAX).collect()
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> Item {
    let array: Array = items.map(Value::from).collect();
    value(array)
}

fn document(table: Table, schema: bool) -> String {
    let mut document = DocumentMut::new();
    if schema {
        document.insert("schema", value(1));
    }
    let mut rules = ArrayOfTables::new();
    rules.push(table);
    document.insert("rule", Item::ArrayOfTables(rules));
    document.to_string()
}

fn comment(notes: &[String]) -> String {
    let line = |note: &String| format!("# {}\n", note.replace(['\n', '\r'], " "));
    notes.iter().map(line).collect()
}

fn check(table: &Table) -> Result<(), Vec<Diagnostic>> {
    let source = Source { name: "draft".to_owned(), text: document(table.clone(), true) };
    Ruleset::compile(&[source]).map(drop)
}

/// A fault that no example mends.
fn fatal(faults: &[Diagnostic]) -> Result<(), String> {
    let mendable = |code| {
        matches!(
            code,
            Code::ExampleMissing
                | Code::ExampleUnmatched
                | Code::ExampleMatched
                | Code::ExamplePlaceholder
        )
    };
    match faults.iter().find(|fault| !mendable(fault.code)) {
        Some(fault) => Err(format!("[{}] {}", fault.code.name(), fault.message)),
        None => Ok(()),
    }
}

/// A name as ids have it.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    let letter = slug.starts_with(|c: char| c.is_ascii_lowercase());
    if letter { slug.to_owned() } else { format!("rule-{slug}").trim_end_matches('-').to_owned() }
}
