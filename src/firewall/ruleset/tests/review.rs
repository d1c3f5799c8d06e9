//! What lint says beyond the faults, and the comparison with an older state.

use super::lint::{against, lint};
use super::*;

/// A rule about which there is nothing to say.
pub(super) const SPOTLESS: &str = r#"schema = 1

[[rule]]
id = "test.word"
version = 1
title = "A word"
severity = "low"
confidence = "low"
level = 1
surfaces = ["tool_result", "tool_arguments"]
pattern = '\b(word)[0-9]'
capture = 1
action = "flag"
message = "A text has the word."
tags = ["owasp-llm:LLM01"]
references = ["https://example.org"]
examples.match = ["a word1", "word2"]
examples.no_match = ["sword1", "words"]
"#;

#[track_caller]
fn advises(replace: &str, by: &str, line: &str) {
    assert!(SPOTLESS.contains(replace), "{replace}");
    let advice = lint(&[source(SPOTLESS.replacen(replace, by, 1))]);
    let [one] = advice.as_slice() else { panic!("{advice:?}") };
    assert!(one.to_string().starts_with(line) && !one.is_error(), "{one}");
}

#[test]
fn a_spotless_rule_gets_no_advice_and_a_fault_is_an_error() {
    assert_eq!(lint(&[source(SPOTLESS.to_owned())]), []);
    let faults = lint(&[source(SPOTLESS.replace("level = 1", "level = 9"))]);
    assert!(faults.len() == 1 && faults[0].is_error(), "{faults:?}");
}

#[test]
fn what_could_be_better_is_a_warning_with_its_place() {
    advises(", \"word2\"", "", "mine.toml:4: warning[R0026]: ");
    advises("\"sword1\", \"words\"", "\"a\", \"b\"", "mine.toml:4: warning[R0027]: ");
    advises("[0-9]'", "[0-9].*'", "mine.toml:11: warning[R0028]: a pattern of `test.word` has");
    advises(
        "'\\b(word)",
        "'.*\\b(word)",
        "mine.toml:11: warning[R0028]: a pattern of `test.word` begins",
    );
    advises("LLM01", "LLM99", "mine.toml:4: warning[R0029]: ");
    advises("references = [\"https://example.org\"]\n", "", "mine.toml:4: warning[R0031]: ");
}

fn compiled(text: &str) -> Ruleset {
    Ruleset::compile(&[source(text.to_owned())]).expect("sound")
}

#[track_caller]
fn compared(new: &str) -> Vec<String> {
    against(&compiled(SOUND), &compiled(new)).iter().map(ToString::to_string).collect()
}

#[test]
fn a_change_of_what_a_rule_finds_raises_its_version() {
    assert!(compared(SOUND).is_empty());
    assert!(compared(&SOUND.replace("A word", "Some word")).is_empty());
    assert!(compared(&SOUND.replace("[\"sword1\"]", "[\"sword1\", \"x\"]")).is_empty());
    let changed = SOUND.replace("[0-9]", "[0-8]");
    let faults = compared(&changed);
    let wanted = "mine.toml:4: error[R0024]: version of `test.word` did not rise with its change; \
                  write `version = 2`";
    assert_eq!(faults, [wanted]);
    assert!(compared(&changed.replace("version = 1", "version = 2")).is_empty());
    assert_eq!(compared(&SOUND.replace("version = 1", "version = 0")).len(), 1);
}

#[test]
fn a_rule_goes_away_only_with_a_redirect() {
    let renamed = SOUND.replace("test.word", "test.other");
    let faults = compared(&renamed);
    assert!(
        faults.len() == 1 && faults[0].contains("error[R0025]: `test.word` is gone"),
        "{faults:?}"
    );
    assert!(compared(&renamed.replace("level", "formerly = [\"test.word\"]\nlevel")).is_empty());
}
