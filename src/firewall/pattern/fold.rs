//! Case that does not matter: one form for all cases of a character.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// The form of a character that all its cases share. Letters outside ASCII whose case is an ASCII
/// letter (`ſ`, the Kelvin sign) take that letter's.
pub(in crate::firewall) fn folded(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        // Cases of each other by case folding alone: their capitals are several characters.
        '\u{1FD3}' => '\u{390}',
        '\u{1FE3}' => '\u{3B0}',
        '\u{FB05}' => '\u{FB06}',
        c => {
            let upper = single(c.to_uppercase()).unwrap_or(c);
            single(upper.to_lowercase()).unwrap_or(c)
        }
    }
}

/// The form of every character of a text.
pub(in crate::firewall) fn folded_text(text: &str) -> String {
    text.chars().map(folded).collect()
}

/// All characters beyond ASCII that have this form, or the form itself within ASCII.
pub(in crate::firewall) fn cases(form: char) -> Vec<char> {
    if form.is_ascii() {
        return vec![form];
    }
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(form, form)]);
    // Patterns may know fewer letters than the standard library, never the other way round.
    if class.try_case_fold_simple().is_err() {
        class = ClassUnicode::new([ClassUnicodeRange::new(form, form)]);
    }
    let upper = single(form.to_uppercase()).unwrap_or(form);
    class.union(&ClassUnicode::new([ClassUnicodeRange::new(upper, upper)]));
    class.iter().flat_map(|range| range.start()..=range.end()).collect()
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    characters.next().filter(|_| characters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cases_of_every_character_share_one_form() {
        for c in (char::MIN..=char::MAX).filter(|c| !c.is_ascii()) {
            let form = folded(c);
            if form.is_ascii() {
                continue;
            }
            for case in cases(c) {
                assert_eq!(folded(case), form, "{c:?} {case:?}");
            }
            assert!(cases(form).contains(&c), "{c:?} is none of the cases of {form:?}");
        }
    }

    #[test]
    fn cyrillic_and_greek_fold_and_chinese_stays() {
        assert_eq!(folded_text("Привет ΛΌΓΟΣ λόγος 忽略 ABC"), "привет λόγοσ λόγοσ 忽略 abc");
    }
}
