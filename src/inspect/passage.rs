//! The texts of a message as one, for a reader that reads on: the classifier. What stands in several
//! fields is one sentence to a model, so it is scored as one.

use std::ops::Range;

use super::{binary_member, encoded::is_encoded, is_plain_key, join::is_kind, subject::Pointer};
use crate::{
    firewall::Surface,
    mcp::{Json, Object},
    spotlight,
};

/// Texts of a message, a line each.
#[derive(Debug, Default)]
pub(super) struct Passage {
    pub(super) text: String,
    /// Where each text stands in it, in the order of [`visit`].
    parts: Vec<Range<usize>>,
    /// The structured content says what the text blocks say.
    repeats: bool,
}

impl Passage {
    pub(super) fn of(surface: Surface, value: &Json) -> Self {
        let repeats =
            surface == Surface::ToolResult && value.as_object().is_some_and(spotlight::repeats);
        let mut passage = Self { repeats, ..Self::default() };
        visit(value, surface, repeats, &mut Pointer::default(), &mut |_, text| {
            if !passage.text.is_empty() {
                passage.text.push('\n');
            }
            let start = passage.text.len();
            passage.text.push_str(text);
            passage.parts.push(start..passage.text.len());
        });
        passage
    }

    /// The places of the texts that `span` touches.
    pub(super) fn places(&self, span: &Range<usize>) -> Range<usize> {
        let first = self.parts.partition_point(|part| part.end <= span.start);
        let last = self.parts.partition_point(|part| part.start < span.end);
        // A span of nothing stands in the text at which it lies.
        let last = last.max(first + 1).min(self.parts.len());
        first.min(last.saturating_sub(1))..last
    }

    /// Calls `read` once with each text, its place and its pointer.
    pub(super) fn each(
        &self,
        surface: Surface,
        value: &Json,
        pointer: &mut Pointer,
        mut read: impl FnMut(usize, &Pointer, &str),
    ) {
        let mut passed = 0;
        visit(value, surface, self.repeats, pointer, &mut |pointer, text| {
            read(passed, pointer, text);
            passed += 1;
        });
    }
}

/// Every text that a model may see, in order, keys that are more than a word among them. Bytes that are
/// no text are none, nor are the names of kinds of blocks, nor what says the same once more.
fn visit(
    value: &Json,
    surface: Surface,
    repeats: bool,
    pointer: &mut Pointer,
    read: &mut dyn FnMut(&Pointer, &str),
) {
    match value {
        Json::String(text) if !text.is_empty() => read(pointer, text),
        Json::Array(items) => {
            let mark = pointer.mark();
            for (index, item) in items.iter().enumerate() {
                pointer.index(index);
                visit(item, surface, false, pointer, read);
                pointer.back(mark);
            }
        }
        Json::Object(object) => {
            let mark = pointer.mark();
            for (key, value) in object.iter() {
                let silent = repeats && key == "structuredContent"
                    || is_kind(key, value)
                    || is_bytes(surface, object, key, value);
                if !is_plain_key(key) {
                    read(pointer, key);
                }
                if !silent {
                    pointer.key(key);
                    visit(value, surface, false, pointer, read);
                    pointer.back(mark);
                }
            }
        }
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn is_bytes(surface: Surface, object: &Object, key: &str, value: &Json) -> bool {
    surface.carries_blocks()
        && binary_member(object) == Some(key)
        && value.as_str().is_some_and(is_encoded)
}
