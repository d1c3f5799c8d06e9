use proptest::prelude::*;

use super::*;
use crate::firewall::finding::{Confidence, Severity, View};

fn actions() -> impl Strategy<Value = Action> {
    prop::sample::select(vec![
        Action::Flag,
        Action::Redact,
        Action::Strip,
        Action::Hold,
        Action::Block,
        Action::Quarantine,
    ])
}

fn findings() -> impl Strategy<Value = Vec<Finding>> {
    let finding =
        (actions(), 0..50_usize, 0..20_usize, "[a-c]").prop_map(|(action, start, length, rule)| {
            Finding {
                rule: Arc::from(rule),
                title: Arc::from("title"),
                severity: Severity::High,
                confidence: Confidence::High,
                action,
                view: View::Raw,
                span: start..start + length,
            }
        });
    prop::collection::vec(finding, 0..8)
}

fn scans() -> impl Strategy<Value = Result<(), Incomplete>> {
    prop_oneof![4 => Just(Ok(())), 1 => Just(Err(Incomplete::Findings))]
}

fn at_least_as_strict(after: &Verdict, before: &Verdict) -> bool {
    after.disposition() >= before.disposition()
        && after.action() >= before.action()
        && before.edits().iter().all(|edit| after.edits().contains(edit))
        && (!before.quarantines() || after.quarantines())
        && (before.incomplete().is_none() || after.incomplete().is_some())
}

proptest! {
    #[test]
    fn a_further_finding_never_loosens(some in findings(), scan in scans(), more in findings()) {
        let before = Verdict::of(some, scan);
        let mut after = before.clone();
        for finding in more {
            after.add(finding);
        }
        prop_assert!(at_least_as_strict(&after, &before));
    }

    #[test]
    fn a_merge_is_at_least_as_strict_as_both(
        (left, right) in (findings(), findings()), (one, two) in (scans(), scans()),
    ) {
        let (left, right) = (Verdict::of(left, one), Verdict::of(right, two));
        let mut both = left.clone();
        both.merge(right.clone());
        let mut reverse = right.clone();
        reverse.merge(left.clone());
        prop_assert!(at_least_as_strict(&both, &left) && at_least_as_strict(&both, &right));
        prop_assert_eq!(both.disposition(), reverse.disposition());
        prop_assert_eq!(both.edits(), reverse.edits());
    }
}

#[test]
fn each_action_leads_to_its_disposition() {
    let of = |action| Action::disposition(action);
    assert_eq!(of(Action::Redact), Disposition::Allow);
    assert_eq!(of(Action::Hold), Disposition::Hold);
    assert_eq!(of(Action::Quarantine), Disposition::Block);
}

#[test]
fn an_incomplete_scan_without_findings_blocks() {
    let verdict = Verdict::of([], Err(Incomplete::ViewBytes));
    assert_eq!(verdict.disposition(), Disposition::Block);
    assert_eq!(verdict.action(), Some(Action::Block));
}
