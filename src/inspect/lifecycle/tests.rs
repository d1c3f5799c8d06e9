use serde_json::json;

use super::*;
use crate::{
    firewall::{
        Disposition, Ruleset, Source, Surface,
        rule::Origin,
        score::Thresholds,
        stage::{Placement, Stage},
    },
    inspect::{Firewall, Inspection, Mode, Profile, Subject},
    mcp::Json,
};

/// One rule that blocks a word and one that takes a number out.
fn firewall(lifecycle: Lifecycle) -> Firewall {
    let rule = |id: &str, word: &str, action: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\nversion = 1\ntitle = \"t\"\nseverity = \"critical\"\n\
            confidence = \"high\"\nlevel = 1\nsurfaces = [\"tool_result\", \"tool_arguments\"]\n\
            literals = [\"{word}\"]\naction = \"{action}\"\nmessage = \"m\"\n\
            examples.match = [\"{word}\"]\nexamples.no_match = [\"nothing\"]\n"
        )
    };
    let (stop, cut) =
        (rule("test.stop", "zanzibar", "block"), rule("test.cut", "timbuktu", "redact"));
    let source = Source { name: "test.toml".to_owned(), text: format!("schema = 1\n{stop}{cut}") };
    let rules = Ruleset::compile(&[source]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    Firewall {
        rules: Arc::new(rules),
        profile: Profile::Balanced,
        mode: Mode::Enforce,
        thresholds: Thresholds::default(),
        lifecycle: Arc::new(lifecycle),
        classifier: None,
    }
}

fn staged(stage: Stage) -> Lifecycle {
    let placed = |rule: &str| (Arc::from(rule), Placement::lasting(stage, 100));
    let stages = Stages::new([placed("test.stop"), placed("test.cut")]);
    Lifecycle { stages, ..Lifecycle::default() }
}

fn excluding(at: &str) -> Lifecycle {
    let now = crate::ids::now_ms();
    let last = crate::firewall::exclusion::Date::of_ms(now).after(7);
    let text = format!(
        "schema = 1\n[[exclusion]]\nid = \"one\"\nowner = \"ana\"\nreason = \"r\"\n\
        expires = {last}\nrule = \"test.stop\"\nmatch = {{ {at} }}\n"
    );
    let source = Source { name: "one.toml".to_owned(), text };
    let (exclusions, _) = Exclusions::read(&[source], None, now).expect("it is read");
    Lifecycle { exclusions, ..Lifecycle::default() }
}

fn inspected(firewall: &Firewall, value: &mut Json) -> Inspection {
    let origin = Origin { server: Some("wiki"), tool: Some("read"), ..Origin::default() };
    let subject = Subject { origin, agent: Some("scribe"), run: Some("r1") };
    firewall.inspect_from(subject, "", Surface::ToolResult, value)
}

fn result(text: &str) -> Json {
    Json::from_value(json!({"content": [{"type": "text", "text": text}], "rows": [text]}))
}

#[test]
fn a_watched_rule_is_recorded_and_changes_nothing() {
    let text = "to zanzibar and timbuktu";
    let firewall = firewall(staged(Stage::Shadow));
    let mut value = result(text);
    let inspection = inspected(&firewall, &mut value);
    assert_eq!(inspection.would, Disposition::Allow);
    assert!(!inspection.suspicious && !inspection.edited && inspection.rules.is_empty());
    assert_eq!(inspection.score.tenths(), 0);
    assert_eq!(value, result(text));
    assert_eq!(inspection.shadow.len(), 2);
    assert_eq!(firewall.lifecycle.counts.of("test.stop", Fate::Shadow), 1, "once a message");
    let drafts = self::firewall(staged(Stage::Draft));
    let inspection = inspected(&drafts, &mut result(text));
    assert!(inspection.shadow.is_empty() && inspection.spots.is_empty());
}

#[test]
fn a_place_is_told_and_a_text_that_holds_a_secret_has_no_digest() {
    let inspection = inspected(&firewall(Lifecycle::default()), &mut result("zanzibar timbuktu"));
    let spots: Vec<(&str, &str, bool)> = inspection
        .spots
        .iter()
        .map(|spot| (&*spot.rule, spot.pointer.as_str(), spot.sha256.is_some()))
        .collect();
    assert!(spots.contains(&("test.stop", "/content/0/text", true)), "{spots:?}");
    assert!(spots.contains(&("test.cut", "/rows/0", false)), "{spots:?}");
}

#[test]
fn an_exclusion_silences_its_place_alone() {
    let here = firewall(excluding("server = \"wiki\", pointer = \"/content/*/text\""));
    let mut both = result("to zanzibar");
    let inspection = inspected(&here, &mut both);
    assert_eq!(inspection.disposition, Disposition::Block, "the rows are not excluded");
    assert!(inspection.exclusions.contains("one"));
    let mut one = Json::from_value(json!({"content": [{"type": "text", "text": "to zanzibar"}]}));
    assert_eq!(inspected(&here, &mut one).disposition, Disposition::Allow);
    assert_eq!(here.lifecycle.counts.of_exclusion("one"), (2, 0));
    let unknown = here.inspect(Surface::ToolResult, &mut one);
    assert_eq!(unknown.disposition, Disposition::Block, "of no known server");
    let elsewhere = firewall(excluding("server = \"mail\""));
    assert_eq!(inspected(&elsewhere, &mut one).disposition, Disposition::Block);
}
