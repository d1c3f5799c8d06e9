//! Whether agents run as the gateway's own user. Then they can read its keys, answer for people
//! and stop it: its decisions are friction, not a boundary.

use std::os::unix::fs::MetadataExt as _;

use super::{Check, Finding, Patient};

pub(super) const CHECK: Check = Check { name: "user", examine };

const MEND: &str = "run `bartizan serve` as a user of its own, let the clients reach it over HTTP, \
    and keep approvers' keys out of the agents' reach";

fn examine(patient: &Patient) -> Vec<Finding> {
    let gateway = patient.gateway_uid();
    let shares =
        |path: &std::path::Path| std::fs::metadata(path).is_ok_and(|it| it.uid() == gateway);
    let mut names: Vec<&str> = patient
        .client_files()
        .iter()
        .filter(|file| shares(&file.path))
        .map(|file| file.client)
        .collect();
    names.dedup();
    if names.is_empty() {
        return Vec::new();
    }
    let what = format!(
        "the gateway runs as the user (uid {gateway}) of {}: an agent of that user can approve for \
         itself, so approvals are friction only",
        names.join(", ")
    );
    vec![Finding::weak(what, MEND)]
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::fixture::Ward;
    use serde_json::Value;

    const CLIENT: &str = "{\"mcpServers\":{}}";

    #[test]
    fn a_client_of_the_gateways_user_is_weak_and_of_another_user_is_not() {
        let shared = Ward::new("");
        shared.write("home/.cursor/mcp.json", CLIENT);
        let found = examine(&shared.patient());
        assert!(found.iter().any(|it| it.what.contains("Cursor")), "{found:?}");
        let own = Ward::new("").runs(424_242, Value::Null, Value::Null, Value::Null);
        own.write("home/.cursor/mcp.json", CLIENT);
        assert!(examine(&own.patient()).is_empty());
    }

    #[test]
    fn without_clients_nobody_shares() {
        assert!(examine(&Ward::new("").patient()).is_empty());
    }
}
