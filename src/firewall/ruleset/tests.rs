use super::*;
use crate::firewall::engine::Budget;

mod conditions;
mod pages;
mod review;

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
    reports("schema = 1", "schema = 1\nengine = \"9.0\"", "mine.toml:2: error[R0020]: ");
    reports("schema = 1", "schema = 1\nengine = \"new\"", "mine.toml:2: error[R0020]: ");
    reports(
        "version = 1",
        "version = 1\nflow = {}",
        "mine.toml:6: error[R0018]: rules of the kind `flow`",
    );
    reports("capture = 1", "capture = 1\nviews = []", "mine.toml:13: error[R0022]: ");
    reports("capture = 1", "unicode = [\"tags\"]", "mine.toml:12: error[R0018]: ");
    reports("capture = 1", "min_count = 0", "mine.toml:12: error[R0010]: min_count");
    reports("capture = 1", "near = { words = [] }", "mine.toml:12: error[R0010]: `near`");
    reports("capture = 1", "all = ['(']", "mine.toml:12: error[R0006]: ");
    reports("capture = 1", "any = ['ok_word', '(?=x)']", "mine.toml:12: error[R0006]: ");
    reports("A text has the word.", " ", "mine.toml:4: error[R0030]: ");
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
fn a_misspelt_key_or_value_is_met_with_the_word_that_was_meant() {
    reports(
        "severity =",
        "severty =",
        "mine.toml:7: error[R0003]: unknown field `severty`; did you mean `severity`?",
    );
    reports(
        "\"low\"",
        "\"lwo\"",
        "mine.toml:7: error[R0003]: unknown variant `lwo`; did you mean `low`?",
    );
    reports(
        "[[rule]]",
        "rules = 1\n[[rule]]",
        "mine.toml:3: error[R0003]: unknown key `rules`; did you mean `rule`?",
    );
    reports(
        "capture = 1",
        "near = { wors = [] }",
        "mine.toml:12: error[R0003]: unknown field `wors`; did you mean `words`?",
    );
}

#[test]
fn a_file_that_is_not_utf_8_is_refused_with_its_line() {
    let bytes = [b"schema = 1\n# ".as_slice(), &[0xC3, 0x28]].concat();
    let fault = Source::from_bytes("mine.toml", bytes).expect_err("not UTF-8");
    assert!(fault.to_string().starts_with("mine.toml:2: error[R0021]: byte 13 "), "{fault}");
    assert!(Source::from_bytes("mine.toml", SOUND.into()).is_ok());
}

#[test]
fn a_draft_is_checked_and_does_not_run() {
    let found = |status: &str| {
        let text = SOUND.replace("level = 1", &format!("level = 1\nstatus = \"{status}\""));
        let rules = Ruleset::compile(&[source(text)]).expect("sound");
        let (mut findings, mut budget) = (Vec::new(), Budget::for_message(5));
        rules.scan(Surface::ToolResult, "word5", &mut budget, &mut findings).expect("short");
        findings.len()
    };
    assert_eq!((found("draft"), found("test"), found("deprecated")), (0, 1, 1));
    reports(
        "action = \"flag\"",
        "action = \"flag\"\nstatus = \"draft\"\nunless = { words = [\"word\"] }",
        "mine.toml:18: error[R0013]: ",
    );
}

#[test]
fn a_file_speaks_for_its_rules_and_a_rule_for_itself() {
    let head = "schema = 1\nengine = \"0.1\"\nstatus = \"stable\"\nowner = \"a@example.org\"\n";
    let rule = SOUND.replace("schema = 1\n", "");
    let own =
        rule.replace("test.word", "test.own").replace("level = 1", "level = 1\nstatus = \"test\"");
    let rules = Ruleset::compile(&[source(format!("{head}{rule}{own}"))]).expect("sound");
    let says = |id| rules.rule(id).map(|rule| (rule.maturity(), rule.owner.as_deref()));
    assert_eq!(
        says("test.word"),
        Some((crate::firewall::rule::Status::Stable, Some("a@example.org")))
    );
    assert_eq!(
        says("test.own"),
        Some((crate::firewall::rule::Status::Test, Some("a@example.org")))
    );
}

#[test]
fn a_former_id_leads_to_its_rule_and_stays_taken() {
    let renamed = SOUND.replace("version = 1", "version = 1\nformerly = [\"test.old\"]");
    let rules = Ruleset::compile(&[source(renamed.clone())]).expect("sound");
    assert_eq!(rules.rule("test.old").map(|rule| rule.id.get_ref().as_str()), Some("test.word"));
    let other = SOUND.replace("test.word", "test.old").replace("schema = 1\n", "");
    let faults = Ruleset::compile(&[source(format!("{renamed}{other}"))]).expect_err("taken");
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    assert!(fault.to_string().starts_with("mine.toml:6: error[R0023]: "), "{fault}");
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
