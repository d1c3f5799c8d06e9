//! Tool servers that are down, and definitions of theirs that could not be taken over.

use serde_json::Value;

use super::{Check, Finding, Patient};

pub(super) const CHECK: Check = Check { name: "upstreams", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let Some(running) = &patient.running else { return Vec::new() };
    let states = running.upstreams.as_object().into_iter().flatten();
    let down = states.filter(|(_, state)| state["state"] == "down").map(|(name, state)| {
        let why = state["why"].as_str().unwrap_or("no reason given");
        Finding::weak(format!("`{name}` is down: {why}"), "start it, or mend its section")
    });
    let left_out = running.status["left_out"].as_array().into_iter().flatten();
    let left_out = left_out.filter_map(Value::as_str).map(|problem| {
        let mend = "mend the definition at its server; until then nobody can use it";
        Finding::note(problem, mend)
    });
    down.chain(left_out).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::examine;
    use crate::doctor::{Weight, fixture::Ward};

    #[test]
    fn what_is_down_is_weak_and_what_was_left_out_is_a_note() {
        let upstreams = json!({
            "web": { "state": "down", "why": "it does not start" },
            "desk": { "state": "ready", "tools": 3 },
        });
        let status = json!({ "left_out": ["desk: the tool `x` is left out: no schema"] });
        let ward = Ward::new("").runs(1, status, upstreams, Value::Null);
        let found = examine(&ward.patient());
        let [down, left_out] = found.as_slice() else { panic!("{found:?}") };
        assert!(down.weight == Weight::Weak && down.what.contains("it does not start"));
        assert!(left_out.weight == Weight::Note && left_out.what.contains("`x`"));
        assert!(examine(&Ward::new("").patient()).is_empty());
    }
}
