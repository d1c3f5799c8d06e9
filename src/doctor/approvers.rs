//! Whether anybody can decide with a proof.

use super::{Check, Finding, Patient};

pub(super) const CHECK: Check = Check { name: "approvers", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    if !patient.config.file.approvals.approvers.is_empty() {
        return Vec::new();
    }
    let what = "no approver has an enrolled key: whoever reaches the socket can decide, and every \
        decision is recorded as unproven";
    let mend = "`bartizan approvals enroll --name NAME --key FILE`, with the file where no agent \
        reads, and put what it prints into the configuration";
    vec![Finding::weak(what, mend)]
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::fixture::Ward;

    #[test]
    fn one_enrolled_approver_is_enough() {
        assert_eq!(examine(&Ward::new("").patient()).len(), 1);
        let key = "00".repeat(32);
        let config = format!("[[approvals.approvers]]\nname = \"ana\"\npublic_key = \"{key}\"\n");
        assert!(examine(&Ward::new(&config).patient()).is_empty());
    }
}
