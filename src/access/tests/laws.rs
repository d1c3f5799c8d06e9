//! Laws over random small policy sets, and what decisions may cost.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::*;
use crate::access::decide::Outcome;

const PRINCIPALS: [&str; 7] = [
    "principal",
    "principal == Agent::\"a\"",
    "principal == Agent::\"b\"",
    "principal in Group::\"g\"",
    "principal is Agent",
    "principal is Agent in Group::\"h\"",
    "principal in Agent::\"a\"",
];
const ACTIONS: [&str; 4] = [
    "action",
    "action == Action::\"call\"",
    "action == Action::\"list\"",
    "action in [Action::\"list\", Action::\"call\"]",
];
const RESOURCES: [&str; 8] = [
    "resource",
    "resource == Tool::\"s/t\"",
    "resource == Prompt::\"s/t\"",
    "resource in Server::\"s\"",
    "resource in Server::\"r\"",
    "resource is Tool",
    "resource is Tool in Server::\"s\"",
    "resource in Tool::\"s/t\"",
];
const CONDITIONS: [&str; 6] = [
    "",
    " when { resource.risk == Risk::\"low\" }",
    " unless { resource.classes.contains(\"mail\") }",
    " when { context has run }",
    " when { principal.proof == Proof::\"dpop\" }",
    // Overflows for a late time, and so errs at evaluation.
    " when { context.time * 1000000000 > 0 }",
];
/// Conditions on arguments need the action to be a call.
const ARGUMENTS: [&str; 2] = [
    " when { context.arguments.n > 3 }",
    " when { context.arguments has p && context.arguments.p like \"/tmp/*\" }",
];

fn policy() -> impl Strategy<Value = String> {
    let head = (any::<bool>(), any::<bool>(), select(&PRINCIPALS[..]), select(&RESOURCES[..]));
    let rest = prop_oneof![
        3 => (select(&ACTIONS[..]), select(&CONDITIONS[..])),
        1 => (Just(ACTIONS[1]), select(&ARGUMENTS[..])),
    ];
    (head, rest).prop_map(|((permit, hold, principal, resource), (action, condition))| {
        let effect = match (permit, hold && action != ACTIONS[2]) {
            (true, _) => "permit",
            (false, true) => "@hold(\"ask\") forbid",
            (false, false) => "forbid",
        };
        format!("{effect} ({principal}, {action}, {resource}){condition};\n")
    })
}

/// Owned, because a strategy cannot lend.
#[derive(Clone, Debug)]
struct Asked {
    agent: &'static str,
    groups: Vec<String>,
    kind: TargetKind,
    server: &'static str,
    risk: &'static str,
    classes: Vec<String>,
    run: Option<&'static str>,
    arguments: Option<Value>,
    time: i64,
}

fn asked() -> impl Strategy<Value = Asked> {
    let strings = |all: &'static [&'static str]| {
        proptest::sample::subsequence(all.to_vec(), 0..=all.len())
            .prop_map(|some| some.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let arguments = select(vec![
        None,
        Some(json!({})),
        Some(json!({"n": 4, "p": "/tmp/x"})),
        Some(json!({"n": "x"})),
    ]);
    let who =
        (select(vec!["a", "b", "c"]), strings(&["g", "h", "i"]), select(vec![None, Some("run")]));
    let what = (
        select(TargetKind::ALL.to_vec()),
        select(vec!["s", "r"]),
        select(vec!["low", "high"]),
        strings(&["mail", "web"]),
    );
    let when = select(vec![1, i64::MAX / 2]);
    (who, what, arguments, when).prop_map(|(who, what, arguments, time)| Asked {
        agent: who.0,
        groups: who.1,
        run: who.2,
        kind: what.0,
        server: what.1,
        risk: what.2,
        classes: what.3,
        arguments,
        time,
    })
}

impl Asked {
    fn question(&self, action: Action) -> Question<'_> {
        Question {
            caller: Caller {
                agent: self.agent,
                user: None,
                groups: &self.groups,
                proof: "dpop",
                run: self.run,
            },
            action,
            target: Target {
                kind: self.kind,
                server: self.server,
                name: "t",
                risk: self.risk,
                classes: &self.classes,
            },
            arguments: self.arguments.as_ref(),
            time: self.time,
        }
    }
}

fn compiled(texts: &[String]) -> Policies {
    policies(&texts.concat())
}

fn shape(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Allow { permits } => format!("allow {permits:?}"),
        Outcome::Hold { reason, forbids, permits } => {
            format!("hold {reason} {forbids:?} {permits:?}")
        }
        // Cedar's errors come in no fixed order.
        Outcome::Deny { forbids, errors, .. } => {
            let mut errors = errors.to_vec();
            errors.sort();
            format!("deny {forbids:?} {errors:?}")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_may_be_called_is_listed(
        texts in proptest::collection::vec(policy(), 1..7),
        asked in proptest::collection::vec(asked(), 12),
    ) {
        let policies = compiled(&texts);
        for asked in asked {
            let call = policies.decide(&asked.question(Action::Call));
            let list = policies.decide(&asked.question(Action::List));
            let listed = matches!(list, Decision::Allow { .. });
            match call {
                Decision::Allow { .. } | Decision::Hold { .. } => prop_assert!(listed),
                Decision::Deny { listed: says, .. } => prop_assert_eq!(says, listed),
            }
            prop_assert!(!matches!(list, Decision::Hold { .. }), "nobody waits for a list");
        }
    }

    #[test]
    fn a_slice_decides_as_the_whole_set(
        texts in proptest::collection::vec(policy(), 1..7),
        asked in proptest::collection::vec(asked(), 12),
    ) {
        let policies = compiled(&texts);
        let whole: Vec<u32> = (0..policies.count() as u32).collect();
        for asked in asked {
            for action in Action::ALL {
                let question = asked.question(action);
                let slice = policies.index.candidates(&question, action);
                let sliced = policies.weigh_members(&question, action, &slice).outcome;
                let unsliced = policies.weigh_members(&question, action, &whole).outcome;
                prop_assert_eq!(shape(&sliced), shape(&unsliced));
            }
        }
    }

    #[test]
    fn a_remembered_answer_is_the_answer(
        texts in proptest::collection::vec(policy(), 1..7),
        asked in proptest::collection::vec(asked(), 12),
    ) {
        let (warm, cold) = (compiled(&texts), || compiled(&texts));
        for asked in &asked {
            let _first = warm.decide(&asked.question(Action::Call));
        }
        let fresh = cold();
        for asked in &asked {
            let question = asked.question(Action::Call);
            let whole: Vec<u32> = (0..fresh.count() as u32).collect();
            let call = fresh.weigh_members(&question, Action::Call, &whole).outcome;
            let list = fresh.weigh_members(&question, Action::List, &whole).outcome;
            let allowed = matches!(call, Outcome::Allow { .. }) && matches!(list, Outcome::Allow { .. });
            prop_assert_eq!(matches!(warm.decide(&question), Decision::Allow { .. }), allowed);
        }
    }
}

#[test]
fn a_thousand_irrelevant_policies_are_not_asked() {
    let few = "permit (principal, action, resource in Server::\"files\");\n";
    let many: String = (0..250)
        .map(|n| {
            format!(
                "permit (principal == Agent::\"agent{n}\", action, resource);\n\
                 forbid (principal, action, resource == Tool::\"files/tool{n}\");\n\
                 forbid (principal in Group::\"group{n}\", action, resource == Tool::\"files/write\");\n\
                 permit (principal, action, resource in Server::\"server{n}\");\n"
            )
        })
        .collect();
    let small = policies(few);
    let large = policies(&format!("{few}{many}"));
    assert_eq!(large.count(), small.count() + 1000);
    assert_eq!(large.candidates(&call()), small.candidates(&call()));
    assert_eq!(decided(&large, &call()), decided(&small, &call()));
}

#[test]
fn answers_are_kept_only_where_the_context_cannot_change_them() {
    let steady =
        policies("permit (principal, action, resource) when { resource.risk == Risk::\"low\" };");
    let first = steady.decide(&call());
    assert_eq!(steady.memo.len(), 2, "one for `list`, one for `call`");
    assert_eq!(steady.decide(&call()), first);
    assert_eq!(steady.memo.len(), 2);
    let changing = policies("permit (principal, action, resource) when { context.hour < 6 };");
    assert!(matches!(changing.decide(&call()), Decision::Allow { .. }));
    assert_eq!(changing.memo.len(), 0);
    let late = Question { time: 36_000_000, ..call() };
    assert!(matches!(changing.decide(&late), Decision::Deny { .. }));
}

#[test]
fn kept_answers_differ_by_everything_that_a_policy_can_read() {
    let policies = policies(
        "permit (principal, action, resource) when { principal.proof == Proof::\"mtls\" ||\n\
         (principal has user && principal.user == \"ada\") || resource.classes.contains(\"x\") ||\n\
         resource.risk == Risk::\"medium\" };",
    );
    assert_eq!(decided(&policies, &call()), "deny");
    let classes = ["x".to_owned()];
    let mut variants = [call(), call(), call(), call()];
    variants[0].caller.proof = "mtls";
    variants[1].caller.user = Some("ada");
    variants[2].target.classes = &classes;
    variants[3].target.risk = "medium";
    for question in variants {
        assert_eq!(decided(&policies, &question), "allow test.cedar:1", "{question:?}");
    }
    assert_eq!(decided(&policies, &call()), "deny");
}

#[test]
fn kept_answers_and_slices_are_bounded() {
    let limits = crate::access::Limits { slices: 4, answers: 320, ..Default::default() };
    let text: String = (0..40)
        .map(|n| format!("permit (principal in Group::\"g{n}\", action, resource);\n"))
        .collect();
    let policies = Policies::with_limits(&[source("test.cedar", &text)], limits).expect("good");
    for n in 0..2000 {
        let (agent, groups) = (format!("agent{n}"), [format!("g{}", n % 40)]);
        let mut question = call();
        question.caller.agent = &agent;
        question.caller.groups = &groups;
        assert!(matches!(policies.decide(&question), Decision::Allow { .. }), "{n}");
    }
    assert!(policies.memo.len() <= 320, "{}", policies.memo.len());
    assert!(policies.slices.len() <= 4, "{}", policies.slices.len());
}
