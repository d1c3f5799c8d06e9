//! The published schema and the pages about codes say what the program does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `UPDATE_EXPECT=1` renews the file.
#[test]
fn the_published_schema_is_what_the_types_say() {
    let path = root().join("rulesets/schema/rule.schema.json");
    let fresh = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &fresh).expect("rulesets/schema is there");
    }
    let kept = std::fs::read_to_string(&path).expect("the schema is there");
    assert!(kept == fresh, "{} is stale; run this test with UPDATE_EXPECT=1", path.display());
}

#[test]
fn the_shipped_rules_satisfy_the_published_schema() {
    let schema = jsonschema::validator_for(&schema()).expect("a schema");
    for file in Ruleset::core_sources() {
        let value: serde_json::Value = toml::from_str(&file.text).expect("TOML");
        let fault = schema.iter_errors(&value).next();
        assert!(fault.is_none(), "{}: {}", file.name, fault.expect("checked"));
    }
    let unknown = serde_json::json!({ "schema": 1, "rule": [{ "colour": 1 }] });
    assert!(!schema.is_valid(&unknown));
}

fn page(code: Code) -> PathBuf {
    root().join(code.page())
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let folder = root().join("docs/reference/diagnostics");
    let entries = std::fs::read_dir(&folder).expect("the folder of pages");
    let found: BTreeSet<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    let wanted: BTreeSet<PathBuf> =
        Code::ALL.iter().map(|code| page(*code)).chain([folder.join("README.md")]).collect();
    assert_eq!(found, wanted);
    let index = std::fs::read_to_string(folder.join("README.md")).expect("an index");
    for code in Code::ALL {
        let text = std::fs::read_to_string(page(code)).expect("a page");
        let head = format!("# {}: ", code.name());
        assert!(text.starts_with(&head), "{}", code.name());
        let level = format!("*{}*", code.level().name());
        assert!(text.contains(&level), "{} does not say {level}", code.name());
        assert!(index.contains(&format!("]({}.md)", code.name())), "{}", code.name());
    }
}

/// The lines of the page's fenced block of this kind.
fn block<'a>(page: &'a str, kind: &str) -> Option<&'a str> {
    let (_, after) = page.split_once(&format!("```toml {kind}\n"))?;
    after.split_once("```").map(|(block, _)| block)
}

/// A sound rule file in which the block's keys replace those of the same name.
fn with(block: &str) -> String {
    let key = |line: &str| line.split_once(" =").map(|(key, _)| key.trim().to_owned());
    let keys: BTreeSet<String> = block.lines().filter_map(key).collect();
    let replaces_pattern =
        ["pattern", "literals", "any", "unicode"].iter().any(|it| keys.contains(*it));
    let stays = |line: &&str| match key(line).as_deref() {
        Some("pattern" | "capture") if replaces_pattern => false,
        Some(key) => !keys.contains(key),
        None => true,
    };
    let (head, rule): (Vec<&str>, Vec<&str>) =
        block.lines().partition(|line| matches!(key(line).as_deref(), Some("schema" | "engine")));
    let kept: Vec<&str> = review::SPOTLESS.lines().filter(stays).collect();
    let at = kept.iter().position(|line| *line == "[[rule]]").expect("a rule");
    let (before, after) = kept.split_at(at);
    [before, &head, after, &rule].concat().join("\n")
}

#[test]
fn the_examples_of_the_pages_are_what_they_are_said_to_be() {
    for code in Code::ALL {
        let text = std::fs::read_to_string(page(code)).expect("a page");
        let (Some(wrong), Some(right)) = (block(&text, "wrong"), block(&text, "right")) else {
            let without =
                [Code::DuplicateId, Code::Limit, Code::Encoding, Code::Version, Code::Removed];
            assert!(without.contains(&code), "{} has no examples", code.name());
            continue;
        };
        let found = lint::lint(&[source(with(wrong))]);
        assert!(found.iter().any(|it| it.code == code), "{} wrong: {found:?}", code.name());
        let found = lint::lint(&[source(with(right))]);
        assert!(found.is_empty(), "{} right: {}", code.name(), found[0].render());
    }
}

#[test]
fn the_file_on_the_reference_page_is_spotless_and_the_page_names_every_key() {
    let page = std::fs::read_to_string(root().join("docs/reference/rules.md")).expect("a page");
    let block = page.split("```toml\n").nth(1).and_then(|it| it.split("```").next());
    let found = lint::lint(&[source(block.expect("an example").to_owned())]);
    assert!(found.is_empty(), "{}", found[0].render());
    let schema = schema();
    let rule = schema["$defs"]["rule"]["properties"].as_object().expect("keys of a rule");
    for key in rule.keys().filter(|key| *key != "examples") {
        assert!(page.contains(&format!("`{key}")) || page.contains(&format!("{key} = ")), "{key}");
    }
}
