//! Takes the changes of an install back out of the clients' files.
//!
//! The upstreams in the Bartizan configuration and the secrets' files stay: others may use them,
//! and a later install finds them again.

use super::backup::{Backup, Reverted};
use super::client::{Client, Place};
use super::plan::{FileChange, Plan, Step};
use super::{Error, Request, file, install};

/// Plans an uninstall.
///
/// # Errors
/// A file that can't be read or a damaged copy.
pub(super) fn uninstall(request: &Request) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    for client in super::client::chosen(&request.clients)? {
        for place in client.files(&request.home) {
            restore(request, &client, &place, &mut plan)?;
        }
    }
    if !plan.files.is_empty() {
        plan.notes.push(format!(
            "the upstreams in {} and the secrets under {} stay; delete them if you don't come back",
            request.gateway.configuration.display(),
            request.gateway.data.join("secrets").display()
        ));
    }
    Ok(plan)
}

fn restore(
    request: &Request,
    client: &Client,
    place: &Place,
    plan: &mut Plan,
) -> Result<(), Error> {
    let backup = Backup::of(&place.path, place.scope, &request.gateway);
    let Some(saved) = backup.load()? else { return Ok(()) };
    let Some(current) = file::read(&place.path)? else {
        let copy = backup.copy.display();
        plan.notes.push(format!("{} is gone; its copy is {copy}", place.path.display()));
        return Ok(());
    };
    let unreadable = |fault| Error::Unreadable { path: place.path.clone(), fault };
    let Reverted { text, exact, kept } =
        saved.revert(client.format, &current).map_err(unreadable)?;
    let mut changes = Vec::new();
    if exact {
        changes.push("~ the whole file, byte for byte as it was".to_owned());
    } else {
        let change = "~ our entries only: the file was changed since, and those changes stay";
        changes.push(change.to_owned());
    }
    if !kept.is_empty() {
        plan.notes.push(format!("{}: {}", place.path.display(), install::kept(&kept)));
    }
    plan.notes.push(format!("{}: to load it, {}", place.path.display(), client.reload));
    plan.files.push(FileChange {
        client: client.title,
        scope: place.scope,
        path: place.path.clone(),
        backup,
        changes,
        before: current,
        after: text,
        step: if kept.is_empty() { Step::Discard } else { Step::Keep },
    });
    Ok(())
}
