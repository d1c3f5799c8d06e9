use serde_json::json;

use super::*;

const ALL: &str = r#"@id("all") permit (principal, action, resource);"#;

fn with_all(text: &str) -> Policies {
    policies(&format!("{ALL}\n{text}"))
}

#[test]
fn nothing_is_permitted_by_default() {
    let policies =
        policies(r#"@id("other") permit (principal == Agent::"else", action, resource);"#);
    assert_eq!(decided(&policies, &call()), "deny");
    assert_eq!(decided(&policies, &list()), "deny");
}

#[test]
fn forbid_wins_over_permit() {
    let policies =
        with_all(r#"@id("no") forbid (principal, action, resource == Tool::"files/write");"#);
    assert_eq!(decided(&policies, &call()), "deny no");
    let mut other = call();
    other.target.name = "read";
    assert_eq!(decided(&policies, &other), "allow all");
}

#[test]
fn what_is_not_listed_is_refused_with_any_arguments() {
    let policies =
        policies(r#"@id("call") permit (principal, action == Action::"call", resource);"#);
    assert_eq!(decided(&policies, &call()), "deny");
    assert!(matches!(policies.decide(&call()), Decision::Deny { listed: false, .. }));
    assert!(!policies.explain(&call()).listed);
}

#[test]
fn what_is_listed_but_refused_says_that_it_is_listed() {
    let policies = with_all(r#"@id("no") forbid (principal, action == Action::"call", resource);"#);
    assert_eq!(decided(&policies, &list()), "allow all");
    assert!(matches!(policies.decide(&call()), Decision::Deny { listed: true, .. }));
}

#[test]
fn a_liftable_forbid_holds_a_call_and_shows_it_in_lists() {
    let policies =
        with_all(r#"@id("ask") @hold("costs money") forbid (principal, action, resource);"#);
    assert_eq!(decided(&policies, &call()), "hold ask (costs money)");
    assert_eq!(decided(&policies, &list()), "allow all");
}

#[test]
fn a_hold_needs_every_forbid_to_be_liftable() {
    let policies = with_all(
        r#"@id("ask") @hold("costs money") forbid (principal, action == Action::"call", resource);
           @id("no") forbid (principal, action == Action::"call", resource);"#,
    );
    assert_eq!(decided(&policies, &call()), "deny ask no");
}

#[test]
fn a_hold_needs_a_permit_that_remains() {
    let policies = policies(
        r#"@id("see") permit (principal, action == Action::"list", resource);
           @id("ask") @hold("costs money") forbid (principal, action == Action::"call", resource);"#,
    );
    assert_eq!(decided(&policies, &call()), "deny ask");
}

#[test]
fn several_reasons_to_hold_are_joined_once_each() {
    let policies = with_all(
        r#"@id("a") @hold("money") forbid (principal, action, resource);
           @id("b") @hold("harm") forbid (principal, action, resource);
           @id("c") @hold("money") forbid (principal, action, resource);"#,
    );
    assert_eq!(decided(&policies, &call()), "hold a b c (harm; money)");
}

#[test]
fn an_evaluation_error_is_a_refusal_even_beside_a_permit() {
    let policies = with_all(
        r#"@id("no") forbid (principal, action == Action::"call", resource)
           when { context.arguments.path like "/etc/*" };"#,
    );
    let fine = json!({"path": "/tmp/x"});
    assert_eq!(decided(&policies, &call_with(&fine)), "allow all");
    for wrong in [json!({}), json!({"path": 7}), json!({"path": null})] {
        let found = decided(&policies, &call_with(&wrong));
        assert!(found.starts_with("deny, error: ") && found.contains("`no`"), "{found}");
    }
}

#[test]
fn an_error_is_a_refusal_even_if_the_forbid_that_fired_is_liftable() {
    let policies = with_all(
        r#"@id("ask") @hold("harm") forbid (principal, action == Action::"call", resource);
           @id("no") forbid (principal, action == Action::"call", resource)
           when { context.arguments.size > 10 };"#,
    );
    assert_eq!(decided(&policies, &call_with(&json!({"size": 1}))), "hold ask (harm)");
    assert!(decided(&policies, &call_with(&json!({"size": 1.5}))).starts_with("deny, error: "));
}

#[test]
fn a_permit_can_ask_for_arguments_of_every_type() {
    let policies = policies(
        r#"@id("see") permit (principal, action == Action::"list", resource);
           @id("do") permit (principal, action == Action::"call", resource) when {
             context.arguments.path like "/tmp/*" && context.arguments.size < 100 &&
             context.arguments.dry && ["a", "b"].contains(context.arguments.mode) &&
             context.arguments.tags.containsAll(["x"]) && context.arguments.options.level == 3 &&
             (if context.arguments has note then context.arguments.note == resource.name else true)
           };"#,
    );
    let good = json!({
        "path": "/tmp/x", "size": 9, "dry": true, "mode": "b", "tags": ["y", "x", null],
        "options": {"level": 3, "unread": 1.5}, "note": "write",
    });
    assert_eq!(decided(&policies, &call_with(&good)), "allow do");
    let bad = [
        ("path", json!("/etc/x")),
        ("size", json!(100)),
        ("dry", json!(false)),
        ("mode", json!("c")),
        ("tags", json!([])),
        ("options", json!({"level": 4})),
        ("note", json!("other")),
    ];
    for (name, value) in bad {
        let mut arguments = good.clone();
        arguments[name] = value;
        assert_eq!(decided(&policies, &call_with(&arguments)), "deny", "{name}");
    }
}

#[test]
fn arguments_beyond_the_bounds_are_refused_where_a_policy_reads_arguments() {
    let deep = (0..20).fold(json!(1), |inner, _| json!({ "x": inner }));
    let wide = json!({"pad": vec![1; 5000], "path": "/etc/x"});
    let reading = with_all(
        r#"forbid (principal, action == Action::"call", resource)
           when { context.arguments has path && context.arguments.path like "/etc/*" };"#,
    );
    for arguments in [deep, wide, json!([1]), json!("text")] {
        let found = decided(&reading, &call_with(&arguments));
        assert!(found.starts_with("deny, error: the arguments "), "{found}");
        assert_eq!(decided(&with_all(""), &call_with(&arguments)), "allow all");
    }
}

#[test]
fn words_outside_the_schema_are_refused() {
    let policies = with_all("");
    let mut risk = call();
    risk.target.risk = "mild";
    let mut proof = call();
    proof.caller.proof = "cookie";
    let mut server = call();
    server.target.server = "files/write";
    for question in [risk, proof, server] {
        assert!(decided(&policies, &question).starts_with("deny, error: "));
    }
}

#[test]
fn groups_users_classes_runs_and_time_can_decide() {
    let groups = ["staff".to_owned()];
    let classes = ["mail".to_owned()];
    let mut full = call();
    full.caller.groups = &groups;
    full.caller.user = Some("ada");
    full.caller.run = Some("run-1");
    full.target.classes = &classes;
    full.time = 1_704_103_200_000; // 2024-01-01 10:00 UTC, a Monday
    for condition in [
        r#"principal in Group::"staff""#,
        r#"principal has user && principal.user == "ada""#,
        r#"resource.classes.contains("mail")"#,
        r#"context has run && context.run == "run-1""#,
        "context.weekday == 1 && context.hour == 10 && context.time > 1704103199999",
        r#"resource in Server::"files" && principal.proof == Proof::"dpop""#,
    ] {
        let policies = policies(&format!(
            r#"@id("p") permit (principal, action, resource) when {{ {condition} }};"#
        ));
        assert_eq!(decided(&policies, &full), "allow p", "{condition}");
        let mut other = Question { time: 0, ..call() };
        other.target.server = "web";
        other.caller.proof = "mtls";
        assert_eq!(decided(&policies, &other), "deny", "{condition}");
    }
}

#[test]
fn a_bearer_token_never_reaches_what_is_dangerous() {
    for (risk, expected) in [("medium", "allow all"), ("high", "deny"), ("critical", "deny")] {
        let mut question = call();
        question.caller.proof = "bearer";
        question.target.risk = risk;
        assert!(decided(&with_all(""), &question).starts_with(expected), "{risk}");
    }
}

#[test]
fn an_explanation_names_policies_places_and_what_is_needed() {
    let policies = with_all(
        "@hold(\"costs money\")\nforbid (principal, action == Action::\"call\", resource);",
    );
    let told = policies.explain(&call()).to_string();
    for part in ["write", ": hold", "forbid `test.cedar:2` (test.cedar:2)", "a person has to agree"]
    {
        assert!(told.contains(part), "{part} is missing in {told}");
    }
    let narrow = super::policies(
        r#"@id("night") permit (principal, action, resource) when { context.hour < 6 };"#,
    );
    let late = Question { time: 36_000_000, ..call() };
    let told = narrow.explain(&late).to_string();
    assert!(told.contains("the condition of permit `night` (test.cedar:1)"), "{told}");
    assert!(serde_json::to_string(&narrow.explain(&late)).is_ok_and(|json| json.contains("night")));
}

#[test]
fn an_explanation_tells_a_missing_permit_from_a_forbid_that_stands() {
    let see = r#"@id("see") permit (principal, action == Action::"list", resource);
        @id("ask") @hold("money") forbid (principal, action == Action::"call", resource);"#;
    let needed = |text: &str| policies(text).explain(&call()).needed;
    let told = needed(see);
    assert_eq!(told, ["a permit for `call` that covers this caller and this target; none does"]);
    let told = needed(&format!(
        r#"{see} @id("no") forbid (principal, action == Action::"call", resource);"#
    ));
    assert_eq!(told, ["forbid `no` (test.cedar:2) must not apply"]);
    let told = needed(r#"@id("call") permit (principal, action == Action::"call", resource);"#);
    assert!(told[0].starts_with("`list` has to be allowed first") && told[1].contains("`list`"));
}
