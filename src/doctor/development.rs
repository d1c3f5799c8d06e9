//! Whether callers prove who they are.

use super::{Check, Finding, Patient};

pub(super) const CHECK: Check = Check { name: "identity", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let status = patient.running.as_ref().map(|running| &running.status);
    let says =
        |key: &str| status.is_some_and(|status| status[key] == serde_json::Value::Bool(true));
    let configured = patient.config.file.identity.jwt.is_some();
    if says("development") {
        let what = "the gateway runs in development mode: every process on this machine may call, \
            and proves nothing";
        let mend = "start it without `--development`, and configure `[identity.jwt]`";
        return vec![Finding::weak(what, mend)];
    }
    if configured || says("local") {
        return Vec::new();
    }
    let what = "no way to identify callers is configured: over HTTP nobody gets in but in \
        development mode";
    let mend = "configure `[identity.jwt]` with the issuer of the agents' tokens";
    vec![Finding::note(what, mend)]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::examine;
    use crate::doctor::{Weight, fixture::Ward};

    #[test]
    fn development_mode_is_weak_however_it_is_configured() {
        let ward = Ward::new("").runs(1, json!({ "development": true }), Value::Null, Value::Null);
        let found = examine(&ward.patient());
        assert_eq!(found.first().map(|it| it.weight), Some(Weight::Weak));
    }

    #[test]
    fn a_gateway_of_one_user_needs_no_identity_over_http() {
        let found = examine(&Ward::new("").patient());
        assert_eq!(found.first().map(|it| it.weight), Some(Weight::Note));
        let ward = Ward::new("").runs(1, json!({ "local": true }), Value::Null, Value::Null);
        assert!(examine(&ward.patient()).is_empty());
    }
}
