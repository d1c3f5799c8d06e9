//! A text with its disguises undone: look-alike letters, compatibility forms, invisible characters. A
//! model that never saw them would read letters of no language.

use super::{Fault, Scored};
use crate::firewall::{self, Mapped};

/// What is scored in place of a text.
#[derive(Debug)]
pub(super) struct Plain(Option<Mapped>);

impl Plain {
    /// # Errors
    /// [`Fault::TooLong`] for a text of more than `limit` bytes, as it came or undone.
    pub(super) fn of(text: &str, limit: usize) -> Result<Self, Fault> {
        let short = |bytes: usize| match bytes > limit {
            true => Err(Fault::TooLong { bytes, limit }),
            false => Ok(()),
        };
        short(text.len())?;
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t' | b'\r');
        if text.bytes().all(is_plain) {
            return Ok(Self(None));
        }
        let view = firewall::undisguised(text);
        // One sign may stand for eighteen letters (U+FDFA).
        short(view.text().len())?;
        Ok(Self(Some(view)))
    }

    /// The text to score.
    pub(super) fn text<'a>(&'a self, text: &'a str) -> &'a str {
        self.0.as_ref().map_or(text, Mapped::text)
    }

    /// Leads spans back to the text as it was.
    pub(super) fn back(&self, scored: &mut [Scored]) {
        let Some(view) = &self.0 else { return };
        for part in scored {
            part.span = view.locate(&part.span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_lead_back_to_the_disguise() {
        let disguised = "ok. \u{ff53}\u{ff45}\u{ff4e}\u{ff44} it";
        let plain = Plain::of(disguised, 99).expect("short");
        assert_eq!(plain.text(disguised), "ok. send it");
        let mut scored = [Scored { span: 4..8, score: 1.0 }];
        plain.back(&mut scored);
        assert_eq!(disguised.get(scored[0].span.clone()), Some("\u{ff53}\u{ff45}\u{ff4e}\u{ff44}"));
    }

    #[test]
    fn what_grows_beyond_the_limit_is_too_long() {
        assert!(Plain::of("plain", 5).is_ok() && Plain::of("plain.", 5).is_err());
        assert!(Plain::of("\u{fdfa}", 5).is_err());
        assert_eq!(Plain::of("a\u{8}b", 5).expect("short").text("a\u{8}b"), "ab");
    }
}
