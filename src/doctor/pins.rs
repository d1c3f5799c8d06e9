//! Definitions that are kept back until a person looks at them.

use super::{Check, Finding, Patient};

pub(super) const CHECK: Check = Check { name: "pins", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let pins = patient.running.as_ref().and_then(|running| running.pins.as_array());
    let waiting = pins.into_iter().flatten().filter(|pin| pin["state"] != "accepted");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
    waiting
        .map(|pin| {
            let (upstream, name) = (text(&pin["upstream"]), text(&pin["name"]));
            let (kind, reason) = (text(&pin["kind"]), text(&pin["reason"]));
            let (what, accept) = match kind.as_str() {
                "server" => (format!("all of server `{upstream}`"), format!("--server {upstream}")),
                _ => (format!("the {kind} `{upstream}/{name}`"), format!("{upstream}/{name}")),
            };
            let mend = format!(
                "`bartizan pins diff --server {upstream}`, then `bartizan pins accept {accept}` \
                 or leave it out at its server"
            );
            Finding::note(format!("{what} is kept back: {reason}"), mend)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::examine;
    use crate::doctor::fixture::Ward;

    #[test]
    fn only_definitions_that_wait_are_named() {
        let pin = |name: &str, state: &str| {
            json!({ "upstream": "web", "kind": "tool", "name": name, "state": state,
                "reason": "it changed" })
        };
        let pins = json!([pin("a", "accepted"), pin("b", "changed")]);
        let found = examine(&Ward::new("").runs(1, Value::Null, Value::Null, pins).patient());
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert!(finding.what.contains("`web/b`") && finding.mend.contains("--server web"));
    }
}
