use proptest::prelude::*;

use super::*;
use crate::firewall::finding::View;

fn finding(rule: &str, severity: Severity, confidence: Confidence, action: Action) -> Finding {
    let (rule, title) = (Arc::from(rule), Arc::from("title"));
    Finding { rule, title, severity, confidence, action, view: View::Raw, span: 0..1 }
}

fn flagged(rule: &str, severity: Severity, confidence: Confidence) -> Finding {
    finding(rule, severity, confidence, Action::Flag)
}

#[test]
fn a_sure_critical_rule_reaches_both_thresholds_alone_and_a_sure_high_one_the_inbound_one() {
    let thresholds = Thresholds::default();
    let critical = Score::of(&[flagged("a", Severity::Critical, Confidence::High)]);
    let high = Score::of(&[flagged("a", Severity::High, Confidence::High)]);
    assert_eq!((critical.tenths(), high.tenths()), (50, 40));
    assert!(thresholds.reached(Direction::Outbound, &critical));
    assert!(thresholds.reached(Direction::Inbound, &high));
    assert!(!thresholds.reached(Direction::Outbound, &high));
}

#[test]
fn a_rule_counts_once_with_its_surest_finding() {
    let weak = flagged("a", Severity::Medium, Confidence::Low);
    let sure = flagged("a", Severity::Medium, Confidence::High);
    let score = Score::of(&[weak.clone(), weak.clone(), sure, weak]);
    assert_eq!((score.tenths(), score.parts().len()), (30, 1));
}

#[test]
fn rules_add_up_and_what_was_taken_away_counts_no_further() {
    let secret = finding("secret.a", Severity::Critical, Confidence::High, Action::Redact);
    let score = Score::of(&[secret, flagged("b", Severity::High, Confidence::Medium)]);
    assert_eq!((score.tenths(), score.open_tenths()), (74, 24));
    assert!(!Thresholds::default().reached(Direction::Outbound, &score));
    let rules: Vec<&str> = score.parts().iter().map(|part| &*part.rule).collect();
    assert_eq!(rules, ["b", "secret.a"]);
}

#[test]
fn a_message_without_findings_reaches_no_threshold() {
    let none = Thresholds { inbound_tenths: 0, outbound_tenths: 0 };
    assert!(!none.reached(Direction::Inbound, &Score::default()));
}

fn findings() -> impl Strategy<Value = Vec<Finding>> {
    let severities = prop::sample::select(vec![
        Severity::Info,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ]);
    let confidences =
        prop::sample::select(vec![Confidence::Low, Confidence::Medium, Confidence::High]);
    let actions = prop::sample::select(vec![Action::Flag, Action::Redact, Action::Block]);
    let one = ("[a-e]", severities, confidences, actions).prop_map(
        |(rule, severity, confidence, action)| finding(&rule, severity, confidence, action),
    );
    prop::collection::vec(one, 0..10)
}

proptest! {
    #[test]
    fn a_further_finding_never_lowers_the_score(some in findings(), more in findings()) {
        let before = Score::of(&some);
        let after = Score::of(some.iter().chain(&more));
        prop_assert!(after.tenths() >= before.tenths() && after.open_tenths() >= before.open_tenths());
    }

    #[test]
    fn the_order_of_findings_does_not_matter(some in findings(), more in findings()) {
        let mut merged = Score::of(&more);
        merged.merge(&Score::of(&some));
        prop_assert_eq!(merged, Score::of(some.iter().chain(&more)));
    }
}
