use super::*;
use crate::firewall::Source;

const NOW: i64 = 1_000_000;

fn ruleset(rules: &[(&str, &str, &str)]) -> Ruleset {
    let sources: Vec<Source> = rules
        .iter()
        .enumerate()
        .map(|(number, (file, id, word))| Source {
            name: format!("{file}/{number}.toml"),
            text: format!(
                "schema = 1\n[[rule]]\nid = \"{id}\"\nversion = 1\ntitle = \"t\"\n\
                severity = \"critical\"\nconfidence = \"high\"\nlevel = 1\n\
                surfaces = [\"tool_result\"]\nliterals = [\"{word}\"]\naction = \"block\"\n\
                message = \"m\"\nexamples.match = [\"{word}\"]\nexamples.no_match = [\"zebra\"]\n"
            ),
        })
        .collect();
    Ruleset::compile(&sources).expect("they compile")
}

fn config(text: &str) -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bartizan.toml");
    std::fs::write(&path, text).expect("written");
    let config = Config::load(&path).expect("it loads");
    (folder, config)
}

/// The stages of the rules after a start with this configuration.
async fn start(store: &Store, text: &str, rules: &[(&str, &str, &str)]) -> Lifecycle {
    let (_folder, config) = config(text);
    let firewall = Firewall {
        rules: Arc::new(ruleset(rules)),
        profile: crate::inspect::Profile::Balanced,
        mode: crate::inspect::Mode::Enforce,
        thresholds: crate::firewall::score::Thresholds::default(),
        lifecycle: Arc::default(),
        classifier: None,
    };
    let settled = settle(firewall, &config, store, None).await.expect("settled");
    Arc::into_inner(settled.lifecycle).expect("nobody else has it")
}

fn stage(lifecycle: &Lifecycle, rule: &str) -> Stage {
    lifecycle.stages.of(rule, NOW).0
}

#[tokio::test]
async fn a_first_start_enforces_and_an_upgrade_only_watches() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("a store");
    let first = [("core", "a.old", "zanzibar"), ("core", "secret.old", "timbuktu")];
    let started = start(&store, "", &first).await;
    assert_eq!(stage(&started, "a.old"), Stage::Enforce);

    let upgraded = [
        ("core", "a.old", "zanzibar"),
        ("core", "secret.old", "samarkand"),
        ("core", "a.new", "bukhara"),
    ];
    let started = start(&store, "", &upgraded).await;
    assert_eq!(stage(&started, "a.old"), Stage::Enforce, "it did not change");
    assert_eq!(stage(&started, "a.new"), Stage::Shadow);
    assert_eq!(stage(&started, "secret.old"), Stage::Enforce, "a critical secret never falls");
    let again = start(&store, "", &upgraded).await;
    assert_eq!(stage(&again, "a.new"), Stage::Shadow, "a restart keeps stages");

    let enforced = start(&store, "[firewall]\nupgrades = \"enforce\"\n", &upgraded).await;
    assert_eq!(stage(&enforced, "a.new"), Stage::Enforce);
}

#[tokio::test]
async fn a_bundle_that_was_never_there_acts_and_its_next_release_watches() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("a store");
    start(&store, "", &[("core", "a.old", "zanzibar")]).await;
    let both = [("core", "a.old", "zanzibar"), ("bundle acme/x", "b.one", "samarkand")];
    assert_eq!(stage(&start(&store, "", &both).await, "b.one"), Stage::Enforce);
    let next = [("core", "a.old", "zanzibar"), ("bundle acme/x", "b.one", "bukhara")];
    assert_eq!(stage(&start(&store, "", &next).await, "b.one"), Stage::Shadow);
}

#[tokio::test]
async fn what_a_person_placed_stays_and_own_rules_do_as_they_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("a store");
    let rules = [("core", "a.old", "zanzibar"), ("/mine", "own.word", "timbuktu")];
    start(&store, "", &rules).await;
    let set = ruleset(&rules);
    let rule = |id| set.rule(id).expect("it is there");
    let shadow = Placement::lasting(Stage::Shadow, 100);
    let said = Said { by: "ana", reason: "too loud", at: NOW };
    let counts = RuleCounts::default();
    let rows = [
        row_of(rule("a.old"), "core", shadow, said, None, &counts),
        row_of(rule("own.word"), OWN, shadow, said, None, &counts),
    ];
    store.place_rules(&rows).await.expect("placed");
    let text = "[firewall]\nupgrades = \"enforce\"\n";
    let started = start(&store, text, &rules).await;
    assert_eq!(stage(&started, "a.old"), Stage::Shadow);
    assert_eq!(stage(&started, "own.word"), Stage::Shadow);
    let changed = [("core", "a.old", "bukhara"), ("/mine", "own.word", "samarkand")];
    let started = start(&store, text, &changed).await;
    assert_eq!(stage(&started, "a.old"), Stage::Shadow, "a person took it out of force");
    assert_eq!(stage(&started, "own.word"), Stage::Enforce, "the operator wrote it anew");
}
