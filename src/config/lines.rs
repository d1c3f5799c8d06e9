//! On which line of the file each key stands, so that what is found out later can say where. Holds
//! the names of keys, never their values.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// Lines, counted from 1, by the path of a key. Elements of a list have their number as name.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(BTreeMap<Vec<String>, usize>);

impl Lines {
    /// The lines of a file that was read before; of one that cannot be read, none.
    pub(super) fn of(text: &str) -> Self {
        let mut reader = Reader { text, path: Vec::new(), lines: BTreeMap::new() };
        if let Ok(table) = DeTable::parse(text) {
            reader.table(table.get_ref());
        }
        Self(reader.lines)
    }

    /// The line of the key at `path`, or of the closest table around it that the file has.
    pub(super) fn line(&self, path: &[&str]) -> Option<usize> {
        let mut path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
        while !path.is_empty() {
            if let Some(line) = self.0.get(&path) {
                return Some(*line);
            }
            path.pop();
        }
        None
    }
}

/// The line of a byte offset in a text.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

struct Reader<'t> {
    text: &'t str,
    path: Vec<String>,
    lines: BTreeMap<Vec<String>, usize>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            self.entry(key.get_ref(), key.span().start, value.get_ref());
        }
    }

    fn entry(&mut self, name: &str, offset: usize, value: &DeValue<'_>) {
        self.path.push(name.to_owned());
        self.lines.insert(self.path.clone(), line_at(self.text, offset));
        match value {
            DeValue::Table(table) => self.table(table),
            DeValue::Array(list) => {
                for (index, element) in list.iter().enumerate() {
                    self.entry(&index.to_string(), element.span().start, element.get_ref());
                }
            }
            _ => {}
        }
        self.path.pop();
    }
}
