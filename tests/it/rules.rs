//! The workbench of those who write rules, through the real program.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{
    gateway,
    program::{fed, plain, write},
};

const RULE: &str = r#"schema = 1

[[rule]]
id = "test.word"
version = 1
title = "A word"
severity = "low"
confidence = "low"
level = 1
surfaces = ["tool_result"]
pattern = '\b(sesame)[0-9]'
capture = 1
entropy = 1.0
action = "flag"
message = "A text has the word."
tags = ["owasp-llm:LLM01"]
examples.match = ["a sesame1", "sesame2"]
examples.no_match = ["asesame1", "sesame"]
"#;

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[tokio::test]
async fn lint_points_at_the_line_and_test_counts_examples() {
    let folder = gateway::folder();
    write(folder.path(), "good/a.toml", RULE);
    write(folder.path(), "bad/a.toml", &RULE.replace("[0-9]'", "[0-9'"));
    let (good, bad) = (path(folder.path(), "good"), path(folder.path(), "bad"));
    plain(&["rules", "lint", &good]).await.ended(0).says("1 files, 0 errors, ");
    plain(&["rules", "test", &good]).await.ended(0).says("2 examples found, 2 passed over");
    let ran = plain(&["rules", "lint", &bad]).await;
    ran.ended(1).says("error[R0006]").says("a.toml:11").says("11 | pattern");
    let ran = plain(&["rules", "lint", "--json", &bad]).await;
    let faults: Value = serde_json::from_str(&ran.ended(1).out).expect("JSON");
    assert_eq!((&faults[0]["code"], &faults[0]["line"]), (&json!("R0006"), &json!(11)), "{faults}");
    write(folder.path(), "bad/a.toml", &RULE.replace("a sesame1", "a word"));
    plain(&["rules", "test", &bad]).await.ended(1).says("must be found and is not");
    plain(&["rules", "lint", "/nowhere"]).await.ended(2).complains("/nowhere");
    let report = plain(&["rules", "test", "--json"]).await.json();
    assert!(report["rules"].as_u64() > Some(80) && report["faults"] == json!([]), "{report}");
}

#[tokio::test]
async fn flow_rules_are_linted_and_tested_and_a_failing_trace_is_told_with_its_reason() {
    const FLOW: &str = r#"schema = 1
[[rule]]
id = "flow.acme-print"
version = 1
severity = "low"
title = "A print after a stranger's text"
message = "Something is printed after a stranger's text"
action = "flag"
[rule.when]
sink = ["egress"]
run = { integrity = "untrusted" }
evidence = ["any"]
[rule.examples]
match = [[
  { read = "web/page", classes = ["reads_untrusted"], text = "Fine weather." },
  { call = "printer/print", classes = ["egress"] },
]]
no_match = [[
  { read = "web/page", classes = ["reads_untrusted"], text = "Fine weather." },
  { call = "printer/status", classes = ["computes"] },
]]
"#;
    let folder = gateway::folder();
    write(folder.path(), "old/flow.toml", FLOW);
    let new = path(folder.path(), "new");
    let changed = |from: &str, to: &str| {
        assert!(FLOW.contains(from), "{from}");
        write(folder.path(), "new/flow.toml", &FLOW.replacen(from, to, 1));
    };
    changed("low", "low");
    let ran = plain(&["rules", "lint", &new]).await;
    ran.ended(0).says("warning[R0026]").says("1 files, 0 errors, 1 warnings");
    plain(&["rules", "test", &new]).await.ended(0).says("1 flow rules: 1 traces found, 1 passed");
    changed("[\"egress\"]\nrun", "[\"money\"]\nrun");
    let ran = plain(&["rules", "test", &new]).await;
    ran.ended(1).says("error[R0013]").says("flow.toml:14").says("no class of `sink`");
    changed("[\"computes\"]", "[\"egress\"]");
    let ran = plain(&["rules", "test", &new]).await;
    ran.ended(1).says("error[R0014]").says("flow.toml:18").says("`web/page`");
    changed("\"low\"", "\"high\"");
    let old = path(folder.path(), "old");
    plain(&["rules", "lint", "--base", &old, &new]).await.ended(1).says("did not rise");
    changed("evidence = [\"any\"]", "evidence = [\"word\"]");
    plain(&["rules", "lint", &new]).await.ended(1).says("error[R0003]").says("flow.toml:12");
    let report = plain(&["rules", "test", "--json"]).await.json();
    assert!(report["flow_rules"].as_u64() > Some(5), "{report}");
}

#[tokio::test]
async fn explain_says_how_far_a_rule_came_and_why_no_further() {
    let folder = gateway::folder();
    write(folder.path(), "a.toml", RULE);
    let rules = path(folder.path(), "a.toml");
    let outcome = async |text: &str, more: &[&str]| {
        let words = ["rules", "explain", "-", "--json", "--only", "--rules", &rules];
        let ran = fed(&[&words[..], more].concat(), text).await;
        let looks: Value = serde_json::from_str(&ran.out).expect("JSON");
        looks[0]["outcome"].as_str().unwrap_or("none").to_owned()
    };
    assert_eq!(outcome("open sesame7", &[]).await, "found");
    assert_eq!(outcome("open Sesame", &[]).await, "no_match");
    assert_eq!(outcome("open", &[]).await, "none");
    assert_eq!(outcome("open sesame7", &["--surface", "prompt"]).await, "other_surface");
    // A look-alike letter: the raw reading has no literal, the normal one has the finding.
    assert_eq!(outcome("open s\u{435}same7", &[]).await, "found");
    write(folder.path(), "a.toml", &RULE.replace("level = 1", "level = 3"));
    assert_eq!(outcome("open sesame7", &[]).await, "above_level");
    let card = "4111 1111 1111 1112";
    let ran = plain(&["rules", "explain", card]).await;
    ran.ended(0).says("personal.payment-card").says("fails the check");
}

#[tokio::test]
async fn a_new_rule_lints_once_its_examples_are_filled_in() {
    let folder = gateway::folder();
    for topic in ["injection", "poisoning", "secret", "personal", "exfiltration", "arguments"] {
        let file = path(folder.path(), &format!("{topic}.toml"));
        let id = format!("mine.{topic}");
        plain(&["rules", "new", &id, "--topic", topic, "--out", &file]).await.ended(0);
        plain(&["rules", "lint", &file]).await.ended(1).says("R0012");
        let text = std::fs::read_to_string(&file).expect("written");
        let text =
            text.replace("examples.match = []", "examples.match = [\"replace this phrase\"]");
        let text = text.replace("examples.no_match = []", "examples.no_match = [\"a phrase\"]");
        std::fs::write(&file, text).expect("written");
        plain(&["rules", "lint", &file]).await.ended(0);
    }
}

#[tokio::test]
async fn an_alert_on_a_harmless_text_is_shown_with_it() {
    let folder = gateway::folder();
    write(folder.path(), "rules/a.toml", RULE);
    write(folder.path(), "corpus/deep/one.txt", "Recipe: sesame7 and salt");
    write(folder.path(), "corpus/two.jsonl", "{\"id\":\"x\",\"text\":\"nothing\"}\n");
    let (rules, corpus) = (path(folder.path(), "rules"), path(folder.path(), "corpus"));
    let words = ["rules", "fp", &corpus, "--rules", &rules, "--detectors", "test"];
    plain(&words).await.ended(1).says("Recipe: »sesame«7 and salt").says("2 texts, 1 alerts");
    let words = ["rules", "fp", &corpus, "--detectors", "injection"];
    plain(&words).await.ended(0).says("2 texts, 0 alerts");
    write(folder.path(), "corpus/two.jsonl", "{\"id\":\"x\"}\n");
    plain(&words).await.ended(2).complains("two.jsonl:1");
}

#[tokio::test]
async fn sets_are_compared_and_a_silent_change_is_an_error() {
    let folder = gateway::folder();
    let (old, new) = (path(folder.path(), "old.toml"), path(folder.path(), "new.toml"));
    write(folder.path(), "old.toml", RULE);
    write(folder.path(), "new.toml", &RULE.replace("entropy = 1.0", "entropy = 2.0"));
    let ran = plain(&["rules", "diff", &old, &new]).await;
    ran.ended(1).says("~ test.word v1 → v1: entropy").says("the version must rise");
    let risen = RULE.replace("version = 1", "version = 2").replace("\"sesame2\"", "\"sesame3\"");
    write(folder.path(), "new.toml", &risen);
    let ran = plain(&["rules", "diff", &old, &new]).await;
    ran.ended(0).says("+ match: sesame3").says("- match: sesame2");
    let all = plain(&["rules", "diff", &old, "core", "--json"]).await.json();
    assert_eq!(all["removed"], json!(["test.word"]));
    assert!(all["added"].as_array().map(Vec::len) > Some(80), "{all}");
}

#[tokio::test]
async fn rules_are_listed_counted_and_measured() {
    let rows = plain(&["rules", "list", "--topic", "secret", "--json"]).await.json();
    let rows = rows.as_array().expect("rows");
    assert!(rows.iter().all(|row| row["id"].as_str().is_some_and(|id| id.starts_with("secret"))));
    assert!(rows.len() > 10, "{}", rows.len());
    let coverage = plain(&["rules", "coverage", "--json"]).await.json();
    let llm = &coverage["taxonomies"][0];
    assert_eq!((&llm["title"], &llm["of"]), (&json!("OWASP LLM 2025"), &json!(10)));
    assert!(llm["entries"][0]["rules"].as_array().map(Vec::len) > Some(5), "{llm}");
    plain(&["rules", "coverage", "--holes"]).await.ended(0).says("none");

    let folder = gateway::folder();
    write(folder.path(), "a.toml", RULE);
    let rules = path(folder.path(), "a.toml");
    let words = ["rules", "bench", "--only", "--rules", &rules, "--json"];
    let costs = plain(&words).await.json();
    assert!(costs["rules"][0]["us_per_kib"].as_f64() > Some(0.0), "{costs}");
    let words = ["rules", "bench", "--only", "--rules", &rules, "--max-us-per-kib", "0.000001"];
    plain(&words).await.ended(1).says("cost more than");
}

const GITLEAKS: &str = r#"
[allowlist]
paths = ["x"]
[[rules]]
id = "Acme Key"
description = "Acme API key."
regex = '''(?i)[\w.-]{0,50}?(?:acme)(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|:)[\s"]{0,5}([a-f0-9]{32})(?:["\s;]|$)'''
entropy = 3
keywords = ["acme"]
[[rules.allowlists]]
stopwords = ["placeholder"]
regexes = ['''^x+$''']
[[rules]]
id = "file"
path = '''\.p12$'''
[[rules]]
id = "anything"
regex = '''[a-z0-9]{40}'''
"#;

const YARA: &str = r#"
// rule Commented { condition: true }
rule Marked : tag {
    meta:
        description = "Marks // of it"
    strings:
        $a = "open the {gate}" nocase
        $b = /gate-[0-9]{4}\/x/
        $c = { 67 61 74 65 21 }
        $d = { 4d 5a ?? }
    condition:
        any of them
}
rule Both { strings: $a = "first words" $b = "second words" condition: $a and $b }
"#;

const SIGMA: &str = "title: Odd Words\nlevel: high\nreferences:\n    - https://s.example/a\n\
detection:\n    keywords:\n        - 'cat /etc/shadow'\n        - 'x'\n    condition: keywords\n";

#[tokio::test]
async fn rules_of_other_tools_become_drafts_that_lint() {
    let folder = gateway::folder();
    let at = |name: &str| path(folder.path(), name);
    for (kind, text, code, ids, left) in [
        ("gitleaks", GITLEAKS, 1, vec!["gitleaks.acme-key"], vec!["file", "anything"]),
        ("yara", YARA, 0, vec!["yara.marked", "yara.both"], vec![]),
        ("sigma", SIGMA, 0, vec!["sigma.odd-words"], vec![]),
    ] {
        write(folder.path(), kind, text);
        let out = at(&format!("{kind}.toml"));
        let ran = plain(&["rules", "import", kind, &at(kind), "--out", &out]).await;
        ran.ended(code);
        for name in left {
            ran.complains(&format!("left out: {name}"));
        }
        plain(&["rules", "lint", &out]).await.ended(0);
        let drafts = std::fs::read_to_string(&out).expect("written");
        for id in ids {
            assert!(drafts.contains(&format!("id = \"{id}\"")), "{id}: {drafts}");
        }
        // What is there already is never overwritten.
        plain(&["rules", "import", kind, &at(kind), "--out", &out]).await.ended(2);
    }
    let key = format!("ACME_KEY = \"{}\"", "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
    let words = ["scan", "--profile", "strict", "--detectors", "gitleaks", "--rules"];
    let ran = fed(&[&words[..], &[&at("gitleaks.toml")]].concat(), &key).await;
    ran.ended(1).says("gitleaks.acme-key");
    let gitleaks = std::fs::read_to_string(at("gitleaks.toml")).expect("written");
    assert!(gitleaks.contains("except = [\"placeholder\"]"), "{gitleaks}");
    assert!(gitleaks.contains("<hex:32>"), "the example is no secret: {gitleaks}");
}
