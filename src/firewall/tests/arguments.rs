//! What clients send to tools: bodies about attacks pass, values that are attacks do not.

use std::sync::{Arc, LazyLock};

use serde_json::json;

use super::*;
use crate::inspect::{Firewall, Mode, Profile};
use crate::mcp::Json;

mod attacks;
mod bodies;
mod marks;

static FIREWALL: LazyLock<Firewall> = LazyLock::new(|| firewall(Profile::Balanced));

fn firewall(profile: Profile) -> Firewall {
    let (sources, level) = match profile {
        Profile::Strict => (Ruleset::shipped_sources(), Ruleset::LEVEL_MAX),
        _ => (Ruleset::core_sources(), Ruleset::LEVEL),
    };
    let rules = Ruleset::compile_in_force(&sources, level).expect("the shipped rules compile");
    let thresholds = crate::firewall::score::Thresholds::default();
    Firewall {
        rules: Arc::new(rules),
        profile,
        mode: Mode::Enforce,
        thresholds,
        lifecycle: Arc::default(),
        classifier: None,
    }
}

/// What becomes of a call with these arguments, and which rules saw something.
fn judged(firewall: &Firewall, arguments: serde_json::Value) -> (Disposition, String) {
    let mut arguments = Json::from_value(arguments);
    let inspection = firewall.inspect(Surface::ToolArguments, &mut arguments);
    (inspection.disposition, format!("{:?}", inspection.rules))
}

#[test]
fn scripts_queries_and_texts_about_attacks_pass_in_bodies() {
    let mut stopped = Vec::new();
    for body in bodies::BODIES {
        for member in ["content", "body", "text", "query"] {
            let (disposition, rules) = judged(&FIREWALL, json!({ member: body, "title": "Notes" }));
            if disposition != Disposition::Allow {
                stopped.push(format!("{member}: {rules}: {body}"));
            }
        }
    }
    assert!(bodies::BODIES.len() >= 40);
    assert!(stopped.is_empty(), "{}", stopped.join("\n---\n"));
}

#[test]
fn honest_values_pass() {
    let mut stopped = Vec::new();
    for (member, value) in bodies::VALUES {
        let (disposition, rules) = judged(&FIREWALL, json!({ *member: value }));
        if disposition != Disposition::Allow {
            stopped.push(format!("{member}: {rules}: {value}"));
        }
    }
    assert!(stopped.is_empty(), "{}", stopped.join("\n"));
}

#[test]
fn values_that_are_attacks_are_held_or_blocked() {
    let mut passed = Vec::new();
    for (member, value) in attacks::VALUES {
        let (disposition, rules) = judged(&FIREWALL, json!({ *member: value, "limit": 5 }));
        if disposition == Disposition::Allow {
            passed.push(format!("{member}: {rules}: {value}"));
        }
    }
    assert!(passed.is_empty(), "{}", passed.join("\n"));
}

#[test]
fn an_attack_is_found_however_deep_it_lies_and_in_keys() {
    let nested = json!({ "a": [{ "b": { "path": "../../../etc/passwd" } }] });
    assert_eq!(judged(&FIREWALL, nested).0, Disposition::Block);
    let key = json!({ "profile": { "__proto__": { "admin": true } } });
    assert_eq!(judged(&FIREWALL, key).0, Disposition::Hold);
}

#[test]
fn what_is_only_unusual_waits_under_strict_alone() {
    let strict = firewall(Profile::Strict);
    for value in ["../../../../shared/a.ts", "http://10.0.0.5/status", "SELECT pg_sleep(20)"] {
        assert_eq!(judged(&FIREWALL, json!({ "value": value })).0, Disposition::Allow, "{value}");
        assert_eq!(judged(&strict, json!({ "value": value })).0, Disposition::Hold, "{value}");
    }
}
