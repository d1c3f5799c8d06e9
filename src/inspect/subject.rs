//! Whose texts are read, and where in a message the reading stands.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::firewall::rule::Origin;

/// Whose message it is, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The server and the tool, and how far they are trusted.
    pub origin: Origin<'a>,
    /// The agent's lasting name.
    pub agent: Option<&'a str>,
    /// The run of the agent.
    pub run: Option<&'a str>,
}

impl<'a> From<Origin<'a>> for Subject<'a> {
    fn from(origin: Origin<'a>) -> Self {
        Self { origin, ..Self::default() }
    }
}

impl<'a> Subject<'a> {
    /// Texts of a server as a whole.
    pub fn of_server(server: &'a str) -> Self {
        Origin { server: Some(server), ..Origin::default() }.into()
    }

    /// A name for the agent's run, for what must stay the same through it.
    pub(super) fn run_key(&self) -> Option<String> {
        let agent = self.agent?;
        Some(self.run.map_or_else(|| agent.to_owned(), |run| format!("{agent}\0{run}")))
    }
}

/// The JSON pointer of the text that is read, in one buffer that grows and shrinks with the walk.
#[derive(Clone, Debug, Default)]
pub(super) struct Pointer {
    text: String,
    /// Keys in which something was found: they are not written down.
    found: BTreeSet<String>,
}

/// Bytes of a pointer; deeper places are told by the place above them.
const POINTER_BYTES_MAX: usize = 512;
/// Bytes of a key that is written as it is.
const KEY_BYTES_MAX: usize = 64;

impl Pointer {
    /// The place of what stands beside the arguments.
    pub(super) fn beside() -> Self {
        Self { text: "@".to_owned(), ..Self::default() }
    }

    /// The place of the message itself, with keys that are not written down.
    pub(super) fn hiding(found: BTreeSet<String>) -> Self {
        Self { found, ..Self::default() }
    }

    /// Keys in which something was found.
    pub(super) fn hidden(self) -> BTreeSet<String> {
        self.found
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// How long it is, for [`Pointer::back`].
    pub(super) fn mark(&self) -> usize {
        self.text.len()
    }

    pub(super) fn back(&mut self, mark: usize) {
        self.text.truncate(mark);
    }

    /// Something was found in the key itself.
    pub(super) fn hide(&mut self, key: &str) {
        self.found.insert(key.to_owned());
    }

    /// Goes on to a member. A key that is no plain word, or in which something was found, is written
    /// as `*`: a record may not hold what a key says.
    pub(super) fn key(&mut self, key: &str) {
        let plain = key.len() <= KEY_BYTES_MAX
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.$@:".contains(&byte))
            && (self.found.is_empty() || !self.found.contains(key));
        if self.text.len() < POINTER_BYTES_MAX {
            self.text.push('/');
            self.text.push_str(if plain { key } else { "*" });
        }
    }

    /// Goes on to an element.
    pub(super) fn index(&mut self, index: usize) {
        if self.text.len() < POINTER_BYTES_MAX {
            write!(self.text, "/{index}").expect("a String takes all that is written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_names_plain_keys_and_hides_others() {
        let mut pointer = Pointer::default();
        pointer.key("rows");
        let mark = pointer.mark();
        pointer.index(3);
        pointer.key("a sentence of a stranger");
        assert_eq!(pointer.as_str(), "/rows/3/*");
        pointer.back(mark);
        pointer.hide("AKIA");
        pointer.key("AKIA");
        assert_eq!(pointer.as_str(), "/rows/*");
        (0..1_000).for_each(|_| pointer.key("deeper"));
        assert!(pointer.as_str().len() < POINTER_BYTES_MAX + KEY_BYTES_MAX);
    }
}
