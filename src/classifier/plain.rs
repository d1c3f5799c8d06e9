//! A text with its disguises undone: look-alike letters, compatibility forms, invisible characters. A
//! model that never saw them would read letters of no language.

use super::Scored;
use crate::firewall::{self, Mapped};

/// The text that is scored in place of `text`, and the way back where it is another.
pub(super) fn plain(text: String) -> (String, Option<Mapped>) {
    if text.is_ascii() && !text.contains('\u{1b}') {
        return (text, None);
    }
    let view = firewall::undisguised(&text);
    (view.text().to_owned(), Some(view))
}

/// Leads spans back to the text as it was.
pub(super) fn back(view: Option<&Mapped>, scored: &mut [Scored]) {
    let Some(view) = view else { return };
    for part in scored {
        part.span = view.locate(&part.span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_lead_back_to_the_disguise() {
        let disguised = "ok. \u{ff53}\u{ff45}\u{ff4e}\u{ff44} it";
        let (text, view) = plain(disguised.to_owned());
        assert_eq!(text, "ok. send it");
        let mut scored = [Scored { span: 4..8, score: 1.0 }];
        back(view.as_ref(), &mut scored);
        assert_eq!(disguised.get(scored[0].span.clone()), Some("\u{ff53}\u{ff45}\u{ff4e}\u{ff44}"));
        assert!(plain("plain".to_owned()).1.is_none());
    }
}
