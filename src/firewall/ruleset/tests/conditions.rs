//! What a rule asks for around its matches.

use super::*;
use crate::firewall::finding::Finding;

/// Compiles [`SOUND`] with these lines in it, without its own pattern if they have one.
#[track_caller]
fn rules(lines: &str) -> Ruleset {
    let own = ["pattern", "unicode"].iter().any(|key| lines.starts_with(key));
    let text = match own {
        true => SOUND.replace("pattern = '\\b(word)[0-9]'\ncapture = 1", lines),
        false => SOUND.replace("capture = 1", &format!("capture = 1\n{lines}")),
    };
    let compiled = Ruleset::compile(&[source(text)]);
    compiled.unwrap_or_else(|faults| panic!("{}", faults[0].render()))
}

fn scan(rules: &Ruleset, text: &str) -> Vec<Finding> {
    let (mut findings, mut budget) = (Vec::new(), Budget::for_message(text.len()));
    rules.scan(Surface::ToolResult, text, &mut budget, &mut findings).expect("in budget");
    findings
}

#[track_caller]
fn confidence(rules: &Ruleset, text: &str) -> Option<Confidence> {
    let found = scan(rules, text);
    assert!(found.len() <= 1, "{found:?}");
    found.first().map(|finding| finding.confidence)
}

#[test]
fn words_near_a_finding_make_it_surer() {
    let rules = rules("near = { words = [\"Agent\", \"助手\"], within = 20, boost = 1 }");
    assert_eq!(confidence(&rules, "a word1"), Some(Confidence::Low));
    assert_eq!(confidence(&rules, "the AGENT word1"), Some(Confidence::Medium));
    assert_eq!(confidence(&rules, "word1 for my agent."), Some(Confidence::Medium));
    assert_eq!(confidence(&rules, "助手 word1"), Some(Confidence::Medium));
    assert_eq!(confidence(&rules, "reagents word1"), Some(Confidence::Low));
    let far = format!("agent {} word1", "x ".repeat(20));
    assert_eq!(confidence(&rules, &far), Some(Confidence::Low));
}

#[test]
fn the_finding_itself_may_undo_it() {
    let rules = rules("unless = { pattern = 'WOR' }");
    assert_eq!(confidence(&rules, "WOR word1"), Some(Confidence::Low));
    let rules =
        Ruleset::compile(&[source(SOUND.replace("capture = 1", "unless = { pattern = '[89]$' }"))]);
    let rules = rules.expect("sound");
    assert_eq!(confidence(&rules, "word7"), Some(Confidence::Low));
    assert_eq!(confidence(&rules, "word8"), None);
}

#[test]
fn text_around_a_finding_may_make_it_less_sure_and_never_undo_it() {
    let lines = "unless = { words = [\"quoted\"], on = \"around\" }";
    let sure = SOUND.replace("confidence = \"low\"", "confidence = \"high\"");
    let text = sure.replace("capture = 1", lines);
    let rules = Ruleset::compile(&[source(text)]).expect("sound");
    assert_eq!(confidence(&rules, "a word1"), Some(Confidence::High));
    assert_eq!(confidence(&rules, "quoted: word1"), Some(Confidence::Medium));
    let dropping = "unless = { words = [\"quoted\"], on = \"around\", effect = \"drop\" }";
    reports("capture = 1", dropping, "mine.toml:12: error[R0019]: ");
    reports("capture = 1", "unless = {}", "mine.toml:12: error[R0019]: ");
    let trusted = format!("{dropping}\nscope = {{ trust = [\"trusted\"] }}");
    let text = sure.replace("capture = 1", &trusted);
    let rules = Ruleset::compile(&[source(text)]).expect("nobody else writes there");
    assert_eq!(confidence(&rules, "quoted: word1"), None);
}

#[test]
fn a_rule_may_ask_for_several_matches_close_to_one_another() {
    let text = SOUND
        .replace("capture = 1", "min_count = 3")
        .replace("[\"a word1\"]", "[\"word1 word2 word3\"]");
    let rules = Ruleset::compile(&[source(text)]).expect("sound");
    assert_eq!(scan(&rules, "word1 and word2").len(), 0);
    assert_eq!(scan(&rules, "word1 and word2, word3 too").len(), 3);
    let far = format!("word1 word2 {} word3", "x ".repeat(4096));
    assert_eq!(scan(&rules, &far).len(), 0);
}

#[test]
fn patterns_of_all_must_match_around_and_those_of_any_are_alternatives() {
    let text = SOUND
        .replace("capture = 1", "any = ['(other)[0-9]']\nall = ['(?i)please', 'now']\ncapture = 2")
        .replace("[\"a word1\"]", "[\"Please word1 now\"]");
    let rules = Ruleset::compile(&[source(text)]).expect("sound");
    let found = scan(&rules, "please, now: other7");
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(finding.span, 13..18);
    assert_eq!(scan(&rules, "please: other7").len(), 0);
}

#[test]
fn views_narrow_where_a_rule_runs() {
    let raw = rules("views = [\"raw\"]");
    let both = rules("views = [\"raw\", \"normal\"]");
    let disguised = "a w\u{43e}rd1";
    assert_eq!((scan(&raw, "word1").len(), scan(&raw, disguised).len()), (1, 0));
    assert_eq!(scan(&both, disguised).len(), 1);
}

#[test]
fn characters_are_a_kind_of_rule_of_their_own() {
    let text = SOUND
        .replace(
            "pattern = '\\b(word)[0-9]'\ncapture = 1",
            "unicode = [\"zero_width_in_word\", \"tags\"]",
        )
        .replace("[\"a word1\"]", "[\"ig\\u200bnore\", \"x\\U000E0069\\U000E0067\"]");
    let rules = Ruleset::compile(&[source(text)]).unwrap_or_else(|it| panic!("{}", it[0].render()));
    let found = scan(&rules, "é ig\u{200b}nore");
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(finding.span, 5..8);
    assert!(scan(&rules, "é ignore").is_empty());
}
