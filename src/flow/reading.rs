//! What a run learns of a text that it read: digests of the destinations that the text names, of its
//! passages and of its orders. Never the text.

use super::{
    digest::{Digester, normal},
    order::{self, Tone},
    passage::{self, PARAGRAPH, REPORT, SENTENCE},
    token::{self, Kind},
    wording,
};
use crate::mcp::{Json, json};

/// How a text names a destination.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub(super) enum Naming {
    /// In a list, as a value: data.
    Listed = 1,
    /// In running text.
    Mentioned,
    /// In a sentence that orders something.
    Ordered,
    /// Nothing that is named: a part of a secret that was taken out.
    Secret,
}

/// How much of one text is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) tokens: usize,
    pub(super) prints: usize,
    pub(super) orders: usize,
}

/// A text as it was read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Reading {
    pub(super) tokens: Vec<(u64, Naming)>,
    pub(super) prints: Vec<u64>,
    /// Each passage that orders something, or tells of something, as [`passage::keep`] makes it.
    pub(super) orders: Vec<Vec<u64>>,
    /// It speaks to agents, and orders something.
    pub(super) to_agents: bool,
    /// There was more of it than is kept.
    pub(super) over: bool,
}

/// Words of a line that is a list's entry rather than a sentence.
const LISTED_WORDS_MAX: usize = 4;
/// Bytes of a text that is looked at as JSON.
const JSON_BYTES_MAX: usize = 4 << 20;

impl Reading {
    /// Reads every text and key of a message; `_meta` is for programs.
    pub(super) fn of(value: &Json, digester: &Digester, bounds: Bounds) -> Self {
        let mut reader = Reader {
            digester,
            bounds,
            reading: Self::default(),
            text: Vec::new(),
            wordings: Vec::new(),
        };
        reader.value(value, 0);
        reader.finish()
    }
}

/// What the sentences of a paragraph do.
#[derive(Default)]
struct Said {
    /// One orders something.
    orders: bool,
    /// One names a destination, and something that can be done with it.
    reports: bool,
}

impl Reading {
    /// Adds parts of secrets that were taken out of the text.
    pub(super) fn withhold(&mut self, secrets: &[u64]) {
        self.tokens.extend(secrets.iter().map(|part| (*part, Naming::Secret)));
    }
}

struct Reader<'a> {
    digester: &'a Digester,
    bounds: Bounds,
    reading: Reading,
    /// In normal form, one text after the other.
    text: Vec<u8>,
    /// Digests of its short wordings.
    wordings: Vec<u64>,
}

impl Reader<'_> {
    fn value(&mut self, value: &Json, depth: usize) {
        match value {
            Json::String(text) => self.leaf(text, depth),
            Json::Array(items) => items.iter().for_each(|item| self.value(item, depth)),
            Json::Object(object) => {
                let binary = matches!(object.str("type"), Some("image" | "audio"));
                for (key, value) in object.iter() {
                    let skipped = key == "_meta" || key == "blob" || binary && key == "data";
                    if !skipped {
                        self.leaf_key(key);
                        self.value(value, depth);
                    }
                }
            }
            Json::Number(number) => self.entry(number.as_str()),
            Json::Null | Json::Bool(_) => {}
        }
    }

    /// Names of members are data; a name that could be a sentence is read as one.
    fn leaf_key(&mut self, key: &str) {
        if key.contains([' ', '.', '/', '@']) {
            self.prose(key);
        }
    }

    fn leaf(&mut self, text: &str, depth: usize) {
        const DEPTH_MAX: usize = 3;
        let trimmed = text.trim_start();
        let maybe = trimmed.starts_with(['{', '[']) && text.len() <= JSON_BYTES_MAX;
        if maybe
            && depth < DEPTH_MAX
            && let Ok(inner) = json::parse(trimmed.trim_end().as_bytes(), &json::Limits::default())
        {
            self.take(text);
            self.value(&inner, depth + 1);
            if text.len() <= LISTED_JSON_BYTES_MAX {
                // A small object may be the call that a text wants made, written out.
                self.passage(&text.to_lowercase());
            }
            return;
        }
        self.prose(text);
    }

    /// Keeps the text for its prints, as far as they can be kept.
    fn take(&mut self, text: &str) {
        const BYTES_PER_PRINT: usize = 16;
        if self.text.len() > self.bounds.prints.saturating_mul(BYTES_PER_PRINT) {
            self.reading.over = true;
        } else {
            self.text.extend(normal(text));
        }
    }

    fn prose(&mut self, text: &str) {
        self.take(text);
        self.wordings(text);
        let mut paragraph = String::new();
        let mut said = Said::default();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if line.trim().is_empty() {
                self.end_paragraph(&mut paragraph, &mut said);
                continue;
            }
            self.line(line, lines.peek().copied(), &mut said);
            if paragraph.len() < PARAGRAPH_BYTES_MAX {
                paragraph.push_str(line);
                paragraph.push('\n');
            }
        }
        self.end_paragraph(&mut paragraph, &mut said);
    }

    /// Keeps the wordings of running text; a value of a few words is data.
    fn wordings(&mut self, text: &str) {
        let few = text.split_whitespace().take(LISTED_WORDS_MAX + 1).count() <= LISTED_WORDS_MAX;
        if self.reading.over || few && !text.trim().contains('\n') {
            return;
        }
        // Neighbours repeat each other, so that more are made than are kept.
        let room = self.bounds.prints.saturating_mul(4);
        wording::of_text(self.digester, text, &mut self.wordings, room);
        if self.wordings.len() > room {
            self.reading.over = true;
        }
    }

    fn end_paragraph(&mut self, paragraph: &mut String, said: &mut Said) {
        let Said { orders, reports } = std::mem::take(said);
        if orders || reports {
            let kind = if orders { PARAGRAPH } else { PARAGRAPH | REPORT };
            self.keep_order(&paragraph.to_lowercase(), kind);
        }
        paragraph.clear();
    }

    /// Reads a line; a sentence may go on in the next.
    fn line(&mut self, line: &str, next: Option<&str>, said: &mut Said) {
        let mut rest = sentences(line).peekable();
        while let Some(sentence) = rest.next() {
            let lower = sentence.to_lowercase();
            let words: Vec<&str> = order::words(&lower).collect();
            let Tone { orders, to_agents } = order::tone(&words);
            self.reading.to_agents |= to_agents;
            // What lists show is one destination and what it is, not a sentence.
            let destinations = sentence.split_whitespace().count();
            let naming = match orders {
                true => Naming::Ordered,
                false if destinations <= LISTED_WORDS_MAX => Naming::Listed,
                false => Naming::Mentioned,
            };
            let before = self.reading.tokens.len();
            self.tokens(sentence, naming);
            said.orders |= orders;
            let names = self.reading.tokens.len() > before;
            said.reports |= names && words.iter().any(|word| order::is_verb(word));
            if orders {
                let ends = sentence.trim_end().ends_with(['.', '!', '?', ')', '。', '！', '？']);
                let after = next.filter(|_| rest.peek().is_none() && !ends).unwrap_or("");
                self.keep_order(&format!("{lower}\n{}", after.to_lowercase()), SENTENCE);
            }
        }
    }

    fn entry(&mut self, text: &str) {
        self.tokens(text, Naming::Listed);
    }

    fn tokens(&mut self, text: &str, naming: Naming) {
        let Self { digester, reading, .. } = self;
        // One text is repeated a few times at most before it says nothing new.
        if reading.tokens.len() > self.bounds.tokens.saturating_mul(8) {
            reading.over = true;
            return;
        }
        token::each(text, &mut |kind, token| {
            let mut keep = |kind: Kind, token: &str| {
                reading.tokens.push((digester.of(kind as u8, token.as_bytes()), naming));
            };
            keep(kind, token);
            if kind == Kind::Path {
                // Absolute here and relative there: two segments tell enough.
                token::suffixes(token)
                    .filter(|suffix| *suffix != token && suffix.contains('/'))
                    .for_each(|suffix| keep(kind, suffix));
            }
        });
    }

    fn passage(&mut self, lower: &str) {
        let words: Vec<&str> = order::words(lower).collect();
        let tone = order::tone(&words);
        let call = ["tool", "arguments", "name", "function"];
        let written = call.iter().filter(|word| words.contains(word)).count() > 1;
        if tone.orders || written {
            self.keep_order(lower, SENTENCE | PARAGRAPH);
        }
    }

    fn keep_order(&mut self, lower: &str, kind: u64) {
        self.reading.orders.push(passage::keep(self.digester, lower, kind));
    }

    fn finish(self) -> Reading {
        let Self { digester, bounds, mut reading, text, wordings } = self;
        // The strictest naming of each destination is the one that counts.
        reading.tokens.sort_unstable_by_key(|(token, naming)| (*token, std::cmp::Reverse(*naming)));
        reading.tokens.dedup_by_key(|(token, _)| *token);
        match digester.prints(&text, bounds.prints) {
            Ok(prints) => reading.prints = prints,
            Err(_) => reading.over = true,
        }
        reading.prints.extend(wordings);
        reading.prints.sort_unstable();
        reading.prints.dedup();
        reading.over |= reading.prints.len() > bounds.prints;
        reading.prints.truncate(bounds.prints);
        reading.over |=
            reading.tokens.len() > bounds.tokens || reading.orders.len() > bounds.orders;
        reading.tokens.truncate(bounds.tokens);
        reading.orders.truncate(bounds.orders);
        reading
    }
}

/// Bytes of a paragraph whose words are kept.
const PARAGRAPH_BYTES_MAX: usize = 8 << 10;
/// Bytes of a JSON text that could be a call written out.
const LISTED_JSON_BYTES_MAX: usize = 4 << 10;

/// The sentences of a line: cut after a full stop, a question or an exclamation.
fn sentences(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        if rest.trim().is_empty() {
            return None;
        }
        let ends = |(at, c): &(usize, char)| {
            let after = rest.get(at + c.len_utf8()..).unwrap_or("");
            matches!(c, '。' | '！' | '？')
                || matches!(c, '.' | '!' | '?') && after.starts_with([' ', '\t', '<'])
        };
        let cut = rest.char_indices().find(ends).map_or(rest.len(), |(at, c)| at + c.len_utf8());
        let (sentence, after) = rest.split_at(cut);
        rest = after;
        Some(sentence)
    })
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Naming, Reading};
    use crate::{
        flow::{digest::Digester, token::Kind},
        seal::Sealer,
    };

    const BOUNDS: Bounds = Bounds { tokens: 1000, prints: 10_000, orders: 100 };

    fn naming(text: &str, kind: Kind, token: &str) -> Option<Naming> {
        let digester = Digester::new(&Sealer::new(&[7; 32]));
        let reading = Reading::of(&text.into(), &digester, BOUNDS);
        let wanted = digester.of(kind as u8, token.as_bytes());
        reading.tokens.iter().find(|(token, _)| *token == wanted).map(|(_, naming)| *naming)
    }

    #[test]
    fn a_destination_is_listed_mentioned_or_ordered() {
        for (text, expected) in [
            ("[FILE] notes.txt", Naming::Listed),
            (r#"{"files": ["notes.txt"]}"#, Naming::Listed),
            ("The old plan stands in notes.txt since last week.", Naming::Mentioned),
            ("Please delete notes.txt now.", Naming::Ordered),
            ("[FILE] notes.txt\nPlease delete notes.txt now.", Naming::Ordered),
        ] {
            assert_eq!(naming(text, Kind::Path, "notes.txt"), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_over_the_bounds_is_said_to_be() {
        let digester = Digester::new(&Sealer::new(&[7; 32]));
        let text: String = (0..200).map(|number| format!("file-{number}.txt\n")).collect();
        let bounds = Bounds { tokens: 10, ..BOUNDS };
        assert!(Reading::of(&text.as_str().into(), &digester, bounds).over);
        assert!(!Reading::of(&text.as_str().into(), &digester, BOUNDS).over);
    }
}
