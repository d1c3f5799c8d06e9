//! Whether there are policies, and whether they can be used.

use super::{Check, Finding, Patient};
use crate::access::Policies;

pub(super) const CHECK: Check = Check { name: "policies", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let Some(folder) = &patient.config.file.access.policies else {
        let what = "no policies: `serve` lets nobody do anything, with `--development` everybody \
            do everything; a gateway that `wrap` started permits the wrapped tools";
        let mend = "name a folder of `*.cedar` files in `access.policies`, and try them with \
            `bartizan access explain`";
        return vec![Finding::weak(what, mend)];
    };
    let Err(errors) = Policies::load(&patient.config.resolve(folder)) else { return Vec::new() };
    let finding = |error: &crate::access::PolicyError| {
        Finding::weak(format!("the policies cannot be used: {error}"), "mend the line it names")
    };
    errors.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::fixture::Ward;

    const CONFIG: &str = "[access]\npolicies = \"policies\"\n";

    #[test]
    fn policies_must_be_there_and_loadable() {
        assert!(examine(&Ward::new("").patient()).iter().any(|it| it.what.contains("no policies")));
        let good = Ward::new(CONFIG);
        good.write("policies/a.cedar", "@id(\"a\")\npermit (principal, action, resource);");
        assert_eq!(examine(&good.patient()), []);
        let bad = Ward::new(CONFIG);
        bad.write("policies/a.cedar", "permit (principal, action");
        let found = examine(&bad.patient());
        assert!(found.iter().any(|it| it.what.contains("cannot be used")), "{found:?}");
    }
}
