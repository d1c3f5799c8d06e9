use super::*;

fn rule(id: &str, severity: &str) -> Rule {
    let source = crate::firewall::Source {
        name: "test.toml".to_owned(),
        text: format!(
            "schema = 1\n[[rule]]\nid = \"{id}\"\nversion = 1\ntitle = \"t\"\nstatus = \"stable\"\n\
            severity = \"{severity}\"\nconfidence = \"high\"\nlevel = 1\n\
            surfaces = [\"tool_result\"]\nliterals = [\"zanzibar\"]\naction = \"flag\"\n\
            message = \"m\"\nexamples.match = [\"zanzibar\"]\nexamples.no_match = [\"zebra\"]\n"
        ),
    };
    let set = crate::firewall::Ruleset::compile(&[source]).expect("it compiles");
    set.rules().next().expect("one rule").clone()
}

fn stages(placement: Placement) -> Stages {
    Stages::new([(Arc::from("a.b"), placement)])
}

#[test]
fn a_rule_that_nobody_placed_acts() {
    assert_eq!(Stages::default().effect("a.b", None, 0), Effect::Acts);
}

#[test]
fn a_shadow_is_recorded_and_a_draft_is_not() {
    let effect = |stage| stages(Placement::lasting(stage, 100)).effect("a.b", Some("r"), 0);
    assert_eq!(effect(Stage::Shadow), Effect::Recorded);
    assert_eq!(effect(Stage::Draft), Effect::Off);
    assert_eq!(effect(Stage::Deprecated), Effect::Acts);
}

#[test]
fn a_rule_above_the_blocking_level_is_recorded_and_a_draft_stays_one() {
    let named = || [Arc::from("a.b"), Arc::from("a.c")];
    let stages = stages(Placement::lasting(Stage::Draft, 100)).detecting(named());
    assert_eq!(stages.effect("a.b", None, 0), Effect::Off);
    assert_eq!(stages.effect("a.c", None, 0), Effect::Recorded);
    assert_eq!(stages.effect("a.d", None, 0), Effect::Acts);
}

#[test]
fn what_is_placed_for_a_time_goes_back_by_itself() {
    let placed = Placement {
        stage: Stage::Shadow,
        percent: 100,
        until: Some(1_000),
        before: (Stage::Enforce, 100),
    };
    let stages = stages(placed);
    assert_eq!(stages.effect("a.b", None, 999), Effect::Recorded);
    assert_eq!(stages.effect("a.b", None, 1_000), Effect::Acts);
}

#[test]
fn a_canary_acts_in_its_share_of_the_runs_and_keeps_to_them() {
    let stages = stages(Placement::lasting(Stage::Canary, 20));
    let acts = |run: &str| stages.effect("a.b", Some(run), 0) == Effect::Acts;
    let runs: Vec<String> = (0..1_000).map(|number| format!("run-{number}")).collect();
    let acting = runs.iter().filter(|run| acts(run)).count();
    assert!((140..260).contains(&acting), "{acting}");
    assert!(runs.iter().all(|run| acts(run) == acts(run)));
    assert_eq!(stages.effect("a.b", None, 0), Effect::Acts, "an unknown run is not left out");
}

#[test]
fn new_and_changed_rules_of_an_upgrade_only_watch() {
    let plain = rule("a.b", "critical");
    let own = plain.digest.as_str();
    assert_eq!(on_arrival(&plain, Some(own), false, Upgrades::Shadow), None);
    assert_eq!(on_arrival(&plain, None, true, Upgrades::Shadow), Some(Stage::Enforce));
    assert_eq!(on_arrival(&plain, None, false, Upgrades::Shadow), Some(Stage::Shadow));
    assert_eq!(on_arrival(&plain, Some("0"), false, Upgrades::Shadow), Some(Stage::Shadow));
    assert_eq!(on_arrival(&plain, Some("0"), false, Upgrades::Enforce), Some(Stage::Enforce));
}

#[test]
fn a_critical_secret_never_falls_by_itself() {
    let secret = rule("secret.key", "critical");
    assert_eq!(on_arrival(&secret, Some("0"), false, Upgrades::Shadow), Some(Stage::Enforce));
    let mild = rule("secret.key", "high");
    assert_eq!(on_arrival(&mild, Some("0"), false, Upgrades::Shadow), Some(Stage::Shadow));
}

#[test]
fn a_digest_follows_what_a_rule_does_and_not_what_it_says() {
    assert_ne!(rule("a.b", "low").digest, rule("a.b", "high").digest);
    assert_eq!(rule("a.b", "low").digest, rule("a.b", "low").digest);
}

#[test]
fn a_gate_names_all_that_is_missing() {
    let gate = Gate::default();
    let day = 24 * 3600 * 1000;
    let young =
        Evidence { watched_ms: 6 * day, evaluations: 9_000, hits: 50, ..Evidence::default() };
    let wanted = [Unmet::Time(day), Unmet::Evaluations(1_000), Unmet::Labels(10)];
    assert_eq!(gate.unmet(&young), wanted);
    let old = Evidence { watched_ms: 7 * day, evaluations: 10_000, hits: 50, ..young };
    let wrong = Evidence { real: 9, false_alarms: 1, ..old };
    assert!(matches!(gate.unmet(&wrong).as_slice(), [Unmet::Precision(_)]));
    let good = Evidence { real: 19, false_alarms: 1, ..old };
    assert_eq!(gate.unmet(&good), []);
    assert_eq!(gate.unmet(&Evidence { hits: 0, ..old }), [], "nothing was found, nothing to label");
}
