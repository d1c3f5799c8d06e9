//! Removes what a person would not see but a model would read: terminal sequences, controls,
//! invisible and direction-changing characters.
//!
//! Lossless for honest text: emoji sequences, ideographic variants, joiners of Arabic and Indic
//! scripts, direction marks and balanced isolates stay. Images and links are left to rules.

use std::borrow::Cow;

pub(super) mod ansi;
pub(super) mod character;
mod isolates;
mod step;

#[cfg(test)]
mod tests;

/// A text without what nobody sees, and what was taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sanitized<'a> {
    /// The text; borrowed when nothing was removed.
    pub text: Cow<'a, str>,
    /// How much was removed, by kind.
    pub removed: Removed,
}

/// How many sequences or characters were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Terminal sequences (ECMA-48), each as a whole.
    pub ansi: usize,
    /// Other C0 and C1 controls and DEL; tab, newline and carriage return stay.
    pub control: usize,
    /// Embeddings, overrides, isolates without a partner, direction marks beyond two in a row.
    pub bidi: usize,
    /// Zero-width and other default-ignorable characters without a use where they stand.
    pub invisible: usize,
    /// Tag characters outside a flag.
    pub tags: usize,
    /// Variation selectors without a base that has variants.
    pub variation: usize,
}

impl Removed {
    /// All of them together.
    pub fn total(&self) -> usize {
        let Self { ansi, control, bidi, invisible, tags, variation } = self;
        ansi + control + bidi + invisible + tags + variation
    }

    fn count(&mut self, kind: Kind) {
        let counter = match kind {
            Kind::Ansi => &mut self.ansi,
            Kind::Control => &mut self.control,
            Kind::Bidi => &mut self.bidi,
            Kind::Invisible => &mut self.invisible,
            Kind::Tag => &mut self.tags,
            Kind::Variation => &mut self.variation,
        };
        *counter += 1;
    }
}

/// Why something is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ansi,
    Control,
    Bidi,
    Invisible,
    Tag,
    Variation,
}

/// Whether every byte is printable ASCII, tab, newline or carriage return.
///
/// Such a text has nothing to remove and reads as it is written.
pub(super) fn is_plain(text: &str) -> bool {
    // Whole chunks without an early exit, so that the compiler can use vector instructions.
    let plain = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    text.as_bytes().chunks(256).all(|chunk| chunk.iter().fold(true, |all, byte| all & plain(byte)))
}

/// Removes what nobody sees. Applying it twice changes no more than applying it once.
pub fn sanitize(text: &str) -> Sanitized<'_> {
    let mut removed = Removed::default();
    if is_plain(text) {
        return Sanitized { text: Cow::Borrowed(text), removed };
    }
    let text = remove_characters(text, &mut removed);
    let text = match text {
        Cow::Borrowed(text) => isolates::remove_unbalanced(text, &mut removed),
        Cow::Owned(text) => {
            Cow::Owned(isolates::remove_unbalanced(&text, &mut removed).into_owned())
        }
    };
    Sanitized { text, removed }
}

fn remove_characters<'a>(text: &'a str, removed: &mut Removed) -> Cow<'a, str> {
    let mut output = Kept::new(text);
    let mut context = step::Context::default();
    let mut at = 0;
    while let Some(step) = context.next(text, at) {
        if let Some(kind) = step.removed {
            removed.count(kind);
            output.cut(at, at + step.bytes);
        }
        at += step.bytes;
    }
    output.finish()
}

/// A text with parts cut out, copied only once something is cut.
struct Kept<'a> {
    text: &'a str,
    copy: String,
    copied: usize,
}

impl<'a> Kept<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, copy: String::new(), copied: 0 }
    }

    fn cut(&mut self, start: usize, end: usize) {
        if self.copied == 0 {
            self.copy.reserve(self.text.len());
        }
        self.copy.push_str(self.text.get(self.copied..start).unwrap_or_default());
        self.copied = end;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.copy.push_str(self.text.get(self.copied..).unwrap_or_default());
        Cow::Owned(self.copy)
    }
}
