//! The way back: models copy what they read, marks included, into the arguments of the next call.
//! The nonces among them prove where the text came from; the tool should get it without marks.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::{Captures, Regex};

use super::{Marking, Nonce, Nonces};
use crate::{firewall::readings, mcp::Object};

/// Distinct words of one message that may be nonces and are looked at.
const WORDS_MAX: usize = 1024;

/// A header as [`super::envelope`] writes it, or a footer, with the line break that a copy may have
/// beside it.
static FENCE: LazyLock<Regex> = LazyLock::new(|| {
    let nonce = "[1-9A-HJ-NP-Za-km-z]{8}";
    let header = format!(
        r"\[UNTRUSTED TOOL DATA id=(?<head>{nonce}) from=(?s:.{{0,400}}?)tell the user about them\.\]\n?"
    );
    Regex::new(&format!(r"{header}|\n?\[END (?<foot>{nonce})\]")).expect("a constant pattern")
});

/// The words in arguments that have the form of a nonce, in every reading of every text and key. Which
/// of them are live, [`Nonces`] knows.
pub fn marks_in(arguments: &Object) -> Vec<Nonce> {
    let mut found = BTreeSet::new();
    let mut text = |text: &str| {
        let mut visit = |_, reading: &str, _: crate::firewall::Locate<'_>| {
            let words = reading.split(|c: char| !c.is_ascii_alphanumeric());
            for nonce in words.filter_map(Nonce::parse) {
                if found.len() < WORDS_MAX {
                    found.insert(nonce);
                }
            }
            Ok(())
        };
        // What is nested too deep was refused by the firewall, if that is in force.
        let _cut_short = readings(text, &mut visit);
    };
    for (key, value) in arguments.iter() {
        text(key);
        value.visit_strings(&mut text);
    }
    found.into_iter().collect()
}

/// Takes copies of live marks off the texts of arguments, and says whether there were any. Whatever
/// the gateway did not write itself for this party stays.
pub fn take_off(arguments: &mut Object, nonces: &Nonces, party: u64) -> bool {
    if !nonces.knows(party) {
        return false;
    }
    let markings = nonces.markings(party);
    let mut any = false;
    let mut text = |text: &mut String| {
        let bare = without_fences(text, nonces);
        let bare = markings.iter().fold(bare, |text, marking| without(&text, marking));
        if bare != *text {
            *text = bare;
            any = true;
        }
    };
    arguments.values_mut().for_each(|value| value.visit_strings_mut(&mut text));
    any
}

fn without_fences(text: &str, nonces: &Nonces) -> String {
    let bare = |found: &Captures<'_>| {
        let nonce = found.name("head").or_else(|| found.name("foot"));
        let nonce = nonce.and_then(|nonce| Nonce::parse(nonce.as_str()));
        match nonce.is_some_and(|nonce| nonces.is_live(&nonce)) {
            true => String::new(),
            false => found.get_match().as_str().to_owned(),
        }
    };
    FENCE.replace_all(text, bare).into_owned()
}

fn without(text: &str, marking: &Marking) -> String {
    match marking {
        Marking::Lines(_) => marking.take_off(text).into_owned(),
        Marking::Blanks(mark) => without_blanks(text, *mark),
        // Who encodes an argument means it.
        Marking::Base64 => text.to_owned(),
    }
}

/// Signs for blanks are signs of their own too (`x^2`), so only a run of three words is a copy.
fn without_blanks(text: &str, mark: char) -> String {
    const JOINED_MIN: usize = 2;
    let is_copy = |word: &str| word.trim_matches(mark).matches(mark).count() >= JOINED_MIN;
    let word = |word: &str| if is_copy(word) { word.replace(mark, " ") } else { word.to_owned() };
    text.split_inclusive(char::is_whitespace).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::{Marking, Nonce, Nonces, marks_in, take_off};
    use crate::{
        mcp::{Json, Object},
        spotlight::{Issue, Mode, Origin, fence_text, mark_blocks},
    };

    const PARTY: u64 = 7;
    const ORIGIN: Origin<'_> =
        Origin { upstream: "web", name: "fetch", rules: &[], uninspected: false };

    fn issued(nonce: &Nonce, marking: Option<Marking>) -> Nonces {
        let nonces = Nonces::default();
        nonces.issue(nonce.clone(), Issue { party: PARTY, source: "web/fetch".into(), marking });
        nonces
    }

    fn arguments(text: &str) -> Object {
        Object::from([("note", Object::from([("text", text.into())]).into())])
    }

    fn bare(text: &str, nonces: &Nonces) -> (bool, String) {
        let mut arguments = arguments(text);
        let any = take_off(&mut arguments, nonces, PARTY);
        let text = arguments.get("note").and_then(|note| note.get("text"));
        (any, text.and_then(Json::as_str).expect("a text").to_owned())
    }

    #[test]
    fn a_copied_fence_comes_off_and_a_forged_one_stays() {
        let mut text = "one\ntwo".to_owned();
        let nonce = fence_text(&mut text, ORIGIN).nonce.expect("a fence");
        assert_eq!(bare(&text, &issued(&nonce, None)), (true, "one\ntwo".to_owned()));
        let other = issued(&Nonce::draw(), None);
        assert_eq!(bare(&text, &other), (false, text.clone()));
        assert!(marks_in(&arguments(&text)).contains(&nonce));
    }

    #[test]
    fn copied_marks_inside_come_off() {
        for mode in [Mode::Linemark, Mode::Datamark] {
            let text = "One two three four.\nFive six seven eight.";
            let block = Object::from([("type", "text".into()), ("text", text.into())]);
            let mut result = Object::from([("content", vec![block.into()].into())]);
            let marked = mark_blocks(&mut result, mode.into(), false, None, ORIGIN);
            let blocks = result.get("content").and_then(Json::as_array).expect("blocks");
            let shown = blocks[1].get("text").and_then(Json::as_str).expect("a text");
            assert_ne!(shown, text);
            let nonces = issued(&marked.nonce.expect("a fence"), marked.marking);
            assert_eq!(bare(shown, &nonces), (true, text.to_owned()), "{mode:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_stays() {
        let nonce = Nonce::parse("7Kq2mXw9").expect("a nonce");
        let nonces = issued(&nonce, Some(Marking::Blanks('^')));
        for text in ["x^2 + y^2 = z^2", "ab| cell", "7Kq2mXw9 alone", "[END 11aaAA22]"] {
            assert_eq!(bare(text, &nonces), (false, text.to_owned()));
        }
    }

    #[test]
    fn an_encoded_nonce_is_found_too() {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let encoded = BASE64_STANDARD.encode("copied from [END 7Kq2mXw9] of the page");
        let found = marks_in(&arguments(&encoded));
        assert!(found.contains(&Nonce::parse("7Kq2mXw9").expect("a nonce")), "{found:?}");
    }
}
