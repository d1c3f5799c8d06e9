//! Makes the readings of a text one after the other and hands each to who asked.
//!
//! Escapes are undone first, then disguises; markup, squashed words and encodings are read in what is
//! left. What was encoded or spelled unseen is a text of its own and read in the same ways.

use std::ops::Range;

use memchr::memchr;

use super::Mapped;
use super::decode::decode;
use super::markdown::markdown;
use super::markup::{Markup, markup};
use super::normal::normalize;
use super::quoted::unquote;
use super::squash::squash;
use super::tags::decode_tags;
use super::unescape::unescape;
use crate::firewall::engine::Incomplete;
use crate::firewall::finding::View;
use crate::firewall::sanitize::is_plain;
use crate::firewall::{Locate, Visit};

/// How often escapes inside escapes, and encodings inside encodings, are undone.
pub(super) const DEPTH_MAX: usize = 3;

/// Hands every reading of the text to `visit`, the text itself first, and returns the ranges of the
/// text that a person does not see.
///
/// # Errors
/// What `visit` returns; and [`Incomplete`] when a text is encoded deeper, or expands to more, than
/// is read.
pub(in crate::firewall) fn read(
    text: &str,
    visit: Visit<'_>,
) -> Result<Vec<Range<usize>>, Incomplete> {
    let mut reader = Reader { visit, unseen: Vec::new() };
    reader.layer(View::Raw, text, &Range::clone, 0)?;
    Ok(reader.unseen)
}

struct Reader<'a> {
    visit: Visit<'a>,
    unseen: Vec<Range<usize>>,
}

/// Where a reading stands.
#[derive(Clone, Copy)]
struct Layer<'a> {
    /// What it was found in: the raw text, or what was encoded in it.
    origin: View,
    /// How many encodings lie around it.
    depth: usize,
    locate: Locate<'a>,
}

impl Layer<'_> {
    /// The name of a reading of this kind here.
    fn name(&self, own: View) -> View {
        if self.origin == View::Raw { own } else { self.origin }
    }
}

impl Reader<'_> {
    /// Reads a text in all ways.
    fn layer(
        &mut self,
        origin: View,
        text: &str,
        locate: Locate<'_>,
        depth: usize,
    ) -> Result<(), Incomplete> {
        (self.visit)(origin, text, locate)?;
        let layer = Layer { origin, depth, locate };
        let changed = self.escapes(text, layer, 0)?;
        if changed { self.encoded(text, layer) } else { Ok(()) }
    }

    /// Undoes escapes until none is left, reads on in what is left, and says whether there were any.
    fn escapes(&mut self, text: &str, layer: Layer<'_>, pass: usize) -> Result<bool, Incomplete> {
        let Some(inner) = unescape(text).or_else(|| unquote(text)) else {
            if pass > 0 {
                (self.visit)(layer.name(View::Unescaped), text, layer.locate)?;
            }
            self.disguised(text, layer)?;
            return Ok(pass > 0);
        };
        if pass == DEPTH_MAX {
            return Err(Incomplete::Depth);
        }
        let locate = |range: &Range<usize>| (layer.locate)(&inner.locate(range));
        self.escapes(inner.text(), Layer { locate: &locate, ..layer }, pass + 1)?;
        Ok(true)
    }

    /// Reads what is disguised in a text that is more than printable ASCII.
    fn disguised(&mut self, text: &str, layer: Layer<'_>) -> Result<(), Incomplete> {
        if is_plain(text) {
            return self.plain(text, layer);
        }
        for tags in decode_tags(text) {
            let locate = |range: &Range<usize>| (layer.locate)(&tags.locate(range));
            self.deeper(View::Tags, tags.text(), Layer { locate: &locate, ..layer })?;
        }
        let normal = normalize(text);
        if normal.text() == text {
            return self.plain(text, layer);
        }
        let locate = |range: &Range<usize>| (layer.locate)(&normal.locate(range));
        (self.visit)(layer.name(View::Normal), normal.text(), &locate)?;
        self.plain(normal.text(), Layer { locate: &locate, ..layer })
    }

    /// Reads words, markup and encodings of a text without escapes and disguises.
    fn plain(&mut self, text: &str, layer: Layer<'_>) -> Result<(), Incomplete> {
        if let Some(squashed) = squash(text) {
            self.visit(View::Squash, &squashed, layer)?;
        }
        let tags = markup(text);
        if let Some(Markup { visible, .. }) = &tags {
            self.visit(View::Visible, visible, layer)?;
        }
        let mut markup = tags.unwrap_or_default();
        if memchr(b']', text.as_bytes()).is_some() {
            markdown(text, &mut markup);
        }
        self.visit(View::Hidden, &markup.hidden, layer)?;
        if layer.depth == 0 {
            self.unseen.extend(markup.regions.iter().map(|range| (layer.locate)(range)));
        }
        self.encoded(text, layer)
    }

    /// Reads what is encoded.
    fn encoded(&mut self, text: &str, layer: Layer<'_>) -> Result<(), Incomplete> {
        let Some(decoded) = decode(text)? else { return Ok(()) };
        let locate = |range: &Range<usize>| (layer.locate)(&decoded.locate(range));
        self.deeper(View::Decoded, decoded.text(), Layer { locate: &locate, ..layer })
    }

    fn deeper(&mut self, own: View, text: &str, layer: Layer<'_>) -> Result<(), Incomplete> {
        if layer.depth == DEPTH_MAX {
            return Err(Incomplete::Depth);
        }
        self.layer(layer.name(own), text, layer.locate, layer.depth + 1)
    }

    fn visit(&mut self, own: View, view: &Mapped, layer: Layer<'_>) -> Result<(), Incomplete> {
        if view.text().is_empty() {
            return Ok(());
        }
        let locate = |range: &Range<usize>| (layer.locate)(&view.locate(range));
        (self.visit)(layer.name(own), view.text(), &locate)
    }
}
