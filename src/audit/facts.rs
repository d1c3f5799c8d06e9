//! What people look for in a record, out of its OCSF names.

use serde_json::{Value, json};

/// The members of a record that people ask for. A member that the record has not is null.
pub fn facts(payload: &Value) -> Value {
    let own = &payload["unmapped"]["bartizan"];
    json!({
        "time": payload["time"],
        "reference": payload["api"]["request"]["uid"],
        "phase": own["phase"],
        "disposition": own["disposition"],
        "verdict": own["verdict"],
        "refusal": payload["status_code"],
        "mode": own["mode"],
        "method": payload["api"]["operation"],
        "upstream": payload["api"]["service"]["name"],
        "target": payload["resources"][0]["name"],
        "agent": payload["actor"]["app_uid"],
        "user": payload["actor"]["user"]["uid"],
        "run": own["run"],
        "session": payload["actor"]["session"]["uid"],
        "rules": own["findings"],
        "shadow": own["shadow"],
        "exclusions": own["exclusions"],
        "spots": own["spots"],
        "policies": own["policies"],
        "reasons": own["reasons"],
        "approval": own["approval"],
        "candidate": own["candidate"],
        "outcome": own["outcome"],
        "elapsed_us": own["elapsed_us"],
    })
}

/// Whether a record tells of something that was found, refused, held or withheld, or would have
/// been where a door only observes or other policies were in force.
pub fn is_finding(payload: &Value) -> bool {
    let own = &payload["unmapped"]["bartizan"];
    let any = |key: &str| own[key].as_array().is_some_and(|rules| !rules.is_empty());
    let found = any("findings") || any("shadow");
    let stopped = matches!(own["disposition"].as_str(), Some("held" | "blocked" | "observed"));
    let otherwise = own["candidate"].is_string();
    found || stopped || otherwise || payload["status_code"].is_string()
}

#[cfg(test)]
mod tests {
    use super::{facts, is_finding};
    use crate::audit::{Disposition, Entry, Fields, Outcome};

    fn payload(entry: &Entry<'_>) -> serde_json::Value {
        let mut bytes = Vec::new();
        entry.write(&mut bytes);
        serde_json::from_slice(&bytes).expect("records are JSON")
    }

    #[test]
    fn a_written_record_gives_every_fact_back() {
        let fields = Fields {
            request: "req_1",
            agent: Some("scribe"),
            method: Some("tools/call"),
            upstream: Some("desk"),
            target: Some("desk__send_mail"),
            findings: &["secret.private-key"],
            policies: &["demo.all"],
            refusal: Some("approval_pending"),
            approval: Some("apr_1"),
            ..Fields::default()
        };
        let facts = facts(&payload(&Entry::decision(Disposition::Held, fields)));
        for (key, value) in [
            ("reference", "req_1"),
            ("phase", "decision"),
            ("disposition", "held"),
            ("refusal", "approval_pending"),
            ("upstream", "desk"),
            ("target", "desk__send_mail"),
            ("agent", "scribe"),
            ("approval", "apr_1"),
        ] {
            assert_eq!(facts[key], value, "{key}");
        }
        assert_eq!(facts["rules"][0], "secret.private-key");
        assert_eq!(facts["policies"][0], "demo.all");
    }

    #[test]
    fn only_what_was_found_or_stopped_is_a_finding() {
        let fields = Fields { request: "req_1", ..Fields::default() };
        let found = Fields { findings: &["secret.private-key"], ..fields };
        assert!(!is_finding(&payload(&Entry::decision(Disposition::Allowed, fields))));
        assert!(!is_finding(&payload(&Entry::outcome(Outcome::Ok, fields))));
        assert!(is_finding(&payload(&Entry::decision(Disposition::Blocked, fields))));
        assert!(is_finding(&payload(&Entry::decision(Disposition::Observed, fields))));
        assert!(is_finding(&payload(&Entry::outcome(Outcome::Ok, found))));
    }
}
