//! What the clients on this machine can do without any gateway seeing it. Whether a setting is
//! made cannot be told from here: it may stand in a policy of the organisation.

use super::{Check, Finding, Patient};
use crate::clients::{
    blind_spots::{self, Reach},
    client::CLIENTS,
};

pub(super) const CHECK: Check = Check { name: "blind-spots", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let files = patient.client_files();
    let here = CLIENTS.iter().filter(|client| files.iter().any(|it| it.client == client.title));
    here.flat_map(|client| {
        blind_spots::of(client.name).map(|spot| {
            let what = format!("{} can use {} unseen", client.title, spot.tool);
            let how = if spot.reach == Reach::Closed { "closes it" } else { "narrows it" };
            let mend = format!("{how}: {}: {} ({})", spot.setting, spot.close, spot.source);
            Finding::note(what, mend)
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::{Weight, fixture::Ward};

    #[test]
    fn only_clients_on_this_machine_are_told_of_each_with_its_setting() {
        let ward = Ward::new("");
        ward.write("home/.codex/config.toml", "");
        let found = examine(&ward.patient());
        assert!(found.iter().all(|it| it.what.starts_with("Codex")), "{found:?}");
        assert!(
            found.iter().any(|it| it.what.contains("shell") && it.mend.contains("config.toml"))
        );
        assert!(found.iter().all(|it| it.weight == Weight::Note));
        assert!(examine(&Ward::new("").patient()).is_empty());
    }
}
