//! Removes bidirectional isolates (UAX 9) that lack a partner in their paragraph.
//!
//! A pass of its own over what the first one kept, so that a partner that is removed with a
//! terminal sequence is no partner.

use std::borrow::Cow;

use super::{Kept, Kind, Removed};

pub(super) fn remove_unbalanced<'a>(text: &'a str, removed: &mut Removed) -> Cow<'a, str> {
    let mut output = Kept::new(text);
    for at in unbalanced(text) {
        removed.count(Kind::Bidi);
        output.cut(at, at + '\u{2066}'.len_utf8());
    }
    output.finish()
}

/// The byte offsets of isolates without a partner, in order.
fn unbalanced(text: &str) -> Vec<usize> {
    let mut alone = Vec::new();
    let mut open = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '\u{2066}'..='\u{2068}' => open.push(at),
            '\u{2069}' => match open.pop() {
                Some(_) => {}
                None => alone.push(at),
            },
            // An isolate ends with its paragraph.
            '\n' | '\r' | '\u{2029}' => alone.append(&mut open),
            _ => {}
        }
    }
    alone.append(&mut open);
    alone.sort_unstable();
    alone
}
