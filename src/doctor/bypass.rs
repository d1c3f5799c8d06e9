//! Clients whose servers do not run through Bartizan.

use super::{Check, Finding, Patient};

pub(super) const CHECK: Check = Check { name: "bypass", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Err(why) = &patient.clients {
        found.push(Finding::weak(format!("the clients cannot be told: {why}"), "mend that file"));
    }
    for file in patient.client_files() {
        let path = file.path.display();
        if let Some(fault) = &file.fault {
            let what = format!("{} cannot be told: {fault}", file.client);
            found.push(Finding::weak(what, "mend the file, then ask again"));
        }
        if !file.direct.is_empty() {
            let (servers, number) = (file.direct.join(", "), file.direct.len());
            let what = format!(
                "{} reaches {number} of its servers past the gateway: {servers} ({path})",
                file.client
            );
            found.push(Finding::weak(what, "`bartizan clients install`"));
        }
        if file.changed {
            let what = format!("{} was changed since `clients install` ({path})", file.client);
            let mend = "look at `bartizan clients status`, and install again";
            found.push(Finding::note(what, mend));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::fixture::Ward;

    #[test]
    fn a_server_past_the_gateway_is_named_and_a_wrapped_one_is_not() {
        let ward = Ward::new("");
        let servers = r#"{"mcpServers":{
            "files":{"command":"npx","args":["server-filesystem","/tmp"]},
            "git":{"command":"/usr/bin/bartizan","args":["wrap","--server","git"]}}}"#;
        ward.write("home/.cursor/mcp.json", servers);
        let found = examine(&ward.patient());
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert!(finding.what.contains("files") && !finding.what.contains("git"), "{finding:?}");
    }

    #[test]
    fn a_broken_file_is_said_to_be_broken() {
        let ward = Ward::new("");
        ward.write("home/.cursor/mcp.json", "{\"mcpServers\":");
        assert!(examine(&ward.patient()).iter().any(|it| it.what.contains("cannot be told")));
    }
}
