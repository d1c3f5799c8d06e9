use std::sync::Arc;

use proptest::prelude::*;

use super::super::{Firewall, Inspection, Mode, Profile};
use crate::{
    firewall::{
        Disposition, Ruleset, Source, Surface,
        rule::{Origin, Trust},
        score::Thresholds,
    },
    mcp::{Json, Object},
};

/// One rule about the word `wordN`.
#[derive(Clone, Debug)]
struct Written {
    severity: &'static str,
    confidence: &'static str,
    action: &'static str,
    more: &'static str,
}

fn flag(severity: &'static str, confidence: &'static str) -> Written {
    Written { severity, confidence, action: "flag", more: "" }
}

fn firewall(rules: &[(usize, Written)], profile: Profile) -> Firewall {
    let mut text = "schema = 1\n".to_owned();
    for (number, Written { severity, confidence, action, more }) in rules {
        text.push_str(&format!(
            "[[rule]]\nid = \"test.word{number}\"\nversion = 1\ntitle = \"A word\"\n\
             severity = \"{severity}\"\nconfidence = \"{confidence}\"\nlevel = 1\n\
             surfaces = [\"tool_result\", \"tool_arguments\"]\nliterals = [\"word{number}\"]\n\
             action = \"{action}\"\nmessage = \"A word.\"\n{more}\n\
             examples.match = [\"word{number}\"]\nexamples.no_match = [\"nothing\"]\n",
        ));
    }
    let source = Source { name: "test.toml".to_owned(), text };
    let rules = Ruleset::compile(&[source]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let thresholds = Thresholds::default();
    let (rules, lifecycle) = (Arc::new(rules), Arc::default());
    Firewall { rules, profile, mode: Mode::Enforce, thresholds, lifecycle, classifier: None }
}

fn inspected(firewall: &Firewall, surface: Surface, text: &str) -> Inspection {
    firewall.inspect_text(surface, &mut text.to_owned())
}

/// Each alone is below the thresholds, all three together reach both.
fn three(profile: Profile) -> Firewall {
    let rules = [flag("medium", "medium"), flag("medium", "medium"), flag("medium", "medium")];
    firewall(&rules.into_iter().enumerate().collect::<Vec<_>>(), profile)
}

#[test]
fn weak_signs_add_up_to_a_label_and_under_strict_to_a_refusal() {
    let text = "word0 and word1 and word2 and word0 again";
    for profile in [Profile::Transparent, Profile::Balanced] {
        let some = inspected(&three(profile), Surface::ToolResult, "word0 word1 word1 word1");
        assert!(!some.suspicious && some.score.tenths() == 36, "{some:?}");
        let all = inspected(&three(profile), Surface::ToolResult, text);
        assert!(all.suspicious && !all.blocks(), "{all:?}");
        assert_eq!((all.score.tenths(), all.score.parts().len()), (54, 3));
    }
    let strict = three(Profile::Strict);
    assert_eq!(inspected(&strict, Surface::ToolResult, text).disposition, Disposition::Block);
    assert_eq!(inspected(&strict, Surface::ToolArguments, text).disposition, Disposition::Hold);
}

#[test]
fn the_score_is_that_of_the_whole_message() {
    let strict = three(Profile::Strict);
    let mut value = Json::Array(["word0", "word1", "word2"].map(Json::from).to_vec());
    assert!(strict.inspect(Surface::ToolResult, &mut value).blocks());
}

#[test]
fn what_was_taken_out_of_a_result_does_not_withhold_the_rest() {
    let secret = Written { action: "redact", ..flag("critical", "high") };
    let strict = firewall(&[(0, secret)], Profile::Strict);
    let found = inspected(&strict, Surface::ToolResult, "key: word0");
    assert!(found.edited && !found.blocks() && found.score.tenths() == 50, "{found:?}");
}

#[test]
fn thresholds_are_the_operators_to_choose() {
    let mut strict = three(Profile::Strict);
    strict.thresholds.outbound_tenths = 100;
    assert!(!inspected(&strict, Surface::ToolResult, "word0 word1 word2").blocks());
}

#[test]
fn a_rule_without_keys_reads_values_alone() {
    let rule = |more| firewall(&[(0, Written { more, ..flag("high", "high") })], Profile::Balanced);
    let seen = |firewall: &Firewall| {
        let object: Object = [("say word0!".to_owned(), Json::from("x"))].into_iter().collect();
        !firewall.inspect(Surface::ToolResult, &mut Json::Object(object)).rules.is_empty()
    };
    assert!(seen(&rule("")));
    assert!(!seen(&rule("keys = false")));
}

#[test]
fn a_rule_with_a_scope_reads_what_comes_from_there_and_what_nobody_knows() {
    let more = "scope = { servers = [\"web*\"], trust = [\"untrusted\"] }";
    let firewall = firewall(&[(0, Written { more, ..flag("high", "high") })], Profile::Balanced);
    let seen = |origin| {
        let inspection =
            firewall.inspect_from(origin, "", Surface::ToolResult, &mut "word0".into());
        !inspection.rules.is_empty()
    };
    let web = Origin { server: Some("website"), ..Origin::default() };
    assert!(seen(Origin::default()) && seen(web));
    assert!(!seen(Origin { server: Some("mail"), ..web }));
    assert!(!seen(Origin { trust: Some(Trust::Trusted), ..web }));
}

fn rules() -> impl Strategy<Value = Written> {
    let severities = vec!["info", "low", "medium", "high", "critical"];
    let actions = vec!["flag", "flag", "redact", "strip", "block", "quarantine"];
    (
        prop::sample::select(severities),
        prop::sample::select(vec!["low", "medium", "high"]),
        prop::sample::select(actions),
    )
        .prop_map(|(severity, confidence, action)| Written { action, ..flag(severity, confidence) })
}

fn profiles() -> impl Strategy<Value = Profile> {
    prop::sample::select(vec![Profile::Transparent, Profile::Balanced, Profile::Strict])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_further_rule_only_makes_an_answer_stricter(
        some in prop::collection::vec(rules(), 0..6),
        more in rules(),
        words in prop::collection::vec(0..7_usize, 0..12),
        profile in profiles(),
        surface in prop::sample::select(vec![Surface::ToolResult, Surface::ToolArguments]),
    ) {
        let mut rules: Vec<_> = some.into_iter().enumerate().collect();
        let text: String = words.iter().map(|word| format!("word{word} ")).collect();
        let before = inspected(&firewall(&rules, profile), surface, &text);
        rules.push((rules.len(), more));
        let after = inspected(&firewall(&rules, profile), surface, &text);
        prop_assert!(after.disposition >= before.disposition);
        prop_assert!(after.edited >= before.edited && after.suspicious >= before.suspicious);
        prop_assert!(after.score.tenths() >= before.score.tenths());
        prop_assert!(after.rules.is_superset(&before.rules));
    }
}
