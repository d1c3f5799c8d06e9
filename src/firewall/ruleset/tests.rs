use super::*;
use crate::firewall::engine::Budget;

/// A file with one sound rule, in which a test replaces a part.
const SOUND: &str = r#"schema = 1

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
examples.match = ["a word1"]
examples.no_match = ["sword1"]
"#;

fn source(text: String) -> Source {
    Source { name: "mine.toml".to_owned(), text }
}

#[track_caller]
fn reports(replace: &str, by: &str, line: &str) {
    assert!(SOUND.contains(replace), "{replace}");
    let faults = Ruleset::compile(&[source(SOUND.replacen(replace, by, 1))]).expect_err(by);
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    assert!(fault.to_string().starts_with(line), "{fault}");
}

#[test]
fn the_core_rules_compile_and_their_examples_come_out() {
    let core = Ruleset::core()
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    let core = core.unwrap_or_else(|faults| panic!("{faults}"));
    assert!(core.rules().len() >= 80, "{} rules", core.rules().len());
    assert!(core.rule("injection.override-previous").is_some());
}

#[test]
fn faults_are_reported_with_their_code_and_line() {
    reports("schema = 1", "schema = 2", "mine.toml:1: error[R0002]: ");
    reports("schema = 1", "", "mine.toml:1: error[R0002]: no `schema`");
    reports("version = 1", "version = ", "mine.toml:5: error[R0001]: ");
    reports(
        "version = 1",
        "version = 1\ncolour = 3",
        "mine.toml:6: error[R0003]: unknown field `colour`",
    );
    reports("severity = \"low\"", "severity = \"awful\"", "mine.toml:7: error[R0003]: ");
    reports("title = \"A word\"\n", "", "mine.toml:3: error[R0003]: missing field `title`");
    reports("test.word", "Test Word", "mine.toml:4: error[R0005]: `Test Word` is not an id");
    reports("[0-9]'", "[0-9'", "mine.toml:11: error[R0006]: pattern of `test.word`");
    reports("(word)", "(?=word)", "mine.toml:11: error[R0006]: ");
    reports("(word)", "([a-z]+)", "mine.toml:11: error[R0007]: ");
    reports("pattern = '\\b(word)[0-9]'\ncapture = 1", "", "mine.toml:4: error[R0008]: ");
    reports("capture = 1", "capture = 2", "mine.toml:12: error[R0009]: ");
    reports("level = 1", "level = 5", "mine.toml:9: error[R0010]: ");
    reports("action = \"flag\"", "action = \"hold\"", "mine.toml:10: error[R0011]: ");
    reports(
        "action = \"flag\"",
        "action = \"flag\"\naction_on = { error = \"block\" }",
        "mine.toml:10: error[R0011]: ",
    );
    reports("[\"sword1\"]", "[]", "mine.toml:4: error[R0012]: ");
    reports("a word1", "a ward1", "mine.toml:16: error[R0013]: ");
    reports("sword1", "no word2", "mine.toml:17: error[R0014]: ");
    reports("a word1", "a word1<hex:0>", "mine.toml:16: error[R0015]: ");
    reports("owasp-llm:LLM01", "LLM01", "mine.toml:4: error[R0016]: ");
}

#[test]
fn an_id_may_be_used_once_over_all_files() {
    let other = Source { name: "other.toml".to_owned(), text: SOUND.to_owned() };
    let faults = Ruleset::compile(&[source(SOUND.to_owned()), other]).expect_err("doubled");
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    assert!(fault.to_string().starts_with("other.toml:4: error[R0004]: `test.word` is used twice"));
}

#[test]
fn every_fault_is_reported_at_once() {
    let rules = SOUND.replace("schema = 1", "");
    let text = format!("{SOUND}{}{}", rules.replace("word)", "("), rules.replace("low", "none"));
    let faults = Ruleset::compile(&[source(text)]).expect_err("faulty");
    let codes: Vec<&str> = faults.iter().map(|fault| fault.code.name()).collect();
    assert_eq!(codes, ["R0003", "R0004", "R0006"]);
}

#[test]
fn a_rule_above_the_level_is_checked_but_does_not_run() {
    let sources = [source(SOUND.replace("level = 1", "level = 3"))];
    for (level, found) in [(2, 0), (3, 1)] {
        let rules = Ruleset::compile_at(&sources, level).expect("sound");
        let mut findings = Vec::new();
        let mut budget = Budget::for_message(5);
        let scan = rules.scan(Surface::ToolResult, "word5", &mut budget, &mut findings);
        assert_eq!((scan, findings.len()), (Ok(()), found));
        assert_eq!(rules.rules().len(), 1);
    }
}

#[test]
fn the_digest_changes_with_a_name_a_text_or_the_level() {
    let digest = |text: &str, level| {
        Ruleset::compile_at(&[source(text.to_owned())], level).expect("sound").digest().to_owned()
    };
    let first = digest(SOUND, 4);
    assert_eq!(first, digest(SOUND, 4));
    assert_eq!(first.len(), 64);
    assert_ne!(first, digest(SOUND, 3));
    assert_ne!(first, digest(&format!("{SOUND}# more"), 4));
}

#[test]
fn placeholders_stand_for_characters_and_other_brackets_for_themselves() {
    let expand = example::expand;
    let hex = expand("x<hex:40>").expect("expands");
    assert!(hex.len() == 41 && hex.chars().skip(1).all(|c| c.is_ascii_hexdigit()), "{hex}");
    assert_eq!(expand("<hex:40>"), expand("<hex:40>"));
    assert_eq!(expand("<IMPORTANT> a < b <x:1>").as_deref(), Ok("<IMPORTANT> a < b <x:1>"));
    assert!(expand("<alnum:99999>").is_err());
}
