use std::path::Path;

use super::*;
use crate::access::{CaseOutcome, run_cases, run_table};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rulesets/access")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("a shipped file")
}

#[test]
fn every_shipped_policy_keeps_its_decision_table() {
    let names = std::fs::read_dir(folder())
        .expect("the shipped policies")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
    let stems: Vec<_> =
        names.filter_map(|name| Some(name.strip_suffix(".cedar")?.to_owned())).collect();
    assert!(stems.len() >= 4, "{stems:?}");
    for stem in stems {
        let policies = match stem.as_str() {
            // The ground rules are part of every set, so they stand alone here.
            "ground" => policies(""),
            _ => policies(&read(&format!("{stem}.cedar"))),
        };
        let name = format!("{stem}.cases.toml");
        let results = run_table(&source(&name, &read(&name)), &policies);
        assert!(!results.is_empty(), "{name} has no case");
        for result in results {
            assert!(result.passed(), "{result}");
        }
    }
}

#[test]
fn the_embedded_policies_load() {
    assert_eq!(decided(&Policies::allow_all(), &call()), "allow allow-all.everything");
    assert_eq!(decided(&Policies::wrapped(), &call()), "deny");
    let mut local = call();
    local.caller.proof = "local";
    assert_eq!(decided(&Policies::wrapped(), &local), "allow wrap.local-caller");
}

#[test]
fn a_failed_case_names_its_line_and_what_was_decided() {
    let table = "schema = 1\n\n[[case]]\nname = \"open\"\nagent = \"a\"\nserver = \"s\"\ntarget = \"t\"\n\
                 expect = \"deny\"\n\n[[case]]\nname = \"why\"\nagent = \"a\"\nserver = \"s\"\n\
                 target = \"t\"\nexpect = \"allow\"\nbecause = \"other\"\n";
    let results = run_table(&source("t.cases.toml", table), &Policies::allow_all());
    let told: Vec<String> = results.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "t.cases.toml:4: case `open`: expected deny, decided allow because of `allow-all.everything`",
            "t.cases.toml:11: case `why`: decided allow as expected, but not because of `other`: \
             because of `allow-all.everything`",
        ]
    );
}

#[test]
fn a_table_that_cannot_be_read_is_a_failed_case() {
    for (table, place, part) in [
        ("schema = 1\n[[case]]\nname = \"x\"\nagnet = \"a\"\n", "t.cases.toml:4: ", "agnet"),
        ("schema = 2\ncase = []\n", "t.cases.toml:1: ", "schema 2 is not known"),
        ("schema = 1\n\ncase = nonsense\n", "t.cases.toml:3: ", ""),
        ("case = []\n", "t.cases.toml:1: ", "schema"),
    ] {
        let results = run_table(&source("t.cases.toml", table), &Policies::allow_all());
        assert!(matches!(&results[..], [one] if matches!(one.outcome, CaseOutcome::Unreadable(_))));
        let told = results[0].to_string();
        assert!(told.starts_with(place) && told.contains(part), "{told}");
    }
    let missing = run_cases(Path::new("/nonexistent/folder"), &Policies::allow_all());
    assert!(matches!(&missing[..], [one] if !one.passed()));
}

#[test]
fn a_folder_of_tables_is_run_in_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["b.cases.toml", "a.cases.toml"] {
        let case = format!(
            "schema = 1\n[[case]]\nname = \"{name}\"\nagent = \"a\"\nserver = \"s\"\ntarget = \"t\"\nexpect = \"allow\"\n"
        );
        std::fs::write(folder.path().join(name), case).expect("written");
    }
    let results = run_cases(folder.path(), &Policies::allow_all());
    let names: Vec<_> =
        results.iter().map(|result| (result.name.as_str(), result.passed())).collect();
    assert_eq!(names, [("a.cases.toml", true), ("b.cases.toml", true)]);
}
