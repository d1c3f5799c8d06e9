//! Whether a gateway answers: without one, its state cannot be looked at.

use super::{Check, Finding, Patient};

pub(super) const CHECK: Check = Check { name: "running", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    if patient.running.is_some() {
        return Vec::new();
    }
    let folder = patient.config.data_dir();
    let what = format!(
        "no gateway answers in `{}`, so its mode, upstreams and pins were not looked at",
        folder.display()
    );
    vec![Finding::note(what, "start it with `bartizan serve`, then ask again")]
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::fixture::Ward;
    use serde_json::Value;

    #[test]
    fn a_gateway_that_answers_is_no_finding() {
        assert_eq!(examine(&Ward::new("").patient()).len(), 1);
        let ward = Ward::new("").runs(1, Value::Null, Value::Null, Value::Null);
        assert!(examine(&ward.patient()).is_empty());
    }
}
