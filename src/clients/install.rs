//! Leads the servers of the clients' files through Bartizan. `import` describes them to Bartizan
//! and leaves the files alone.
//!
//! A second install starts from the file without our changes, so it comes to the same end.

use std::collections::BTreeMap;

use serde_json::Value;

use super::backup::{Backup, Manifest};
use super::client::{Client, Place, Scope};
use super::convert::{Conversion, Rules};
use super::edit::{self, Edit};
use super::ledger::Ledger;
use super::plan::{self, FileChange, Plan, Step};
use super::secret::{has_secret_shape, is_secret};
use super::server::{self, Server};
use super::template::Template;
use super::upstream;
use super::{Error, Request, file};
use crate::config::Config;

/// What the servers are gathered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Install,
    Import,
}

/// Plans an install.
///
/// # Errors
/// A file that can't be read, a damaged copy, a Bartizan configuration that is no TOML.
pub(super) fn install(request: &Request) -> Result<Plan, Error> {
    gather(request, Aim::Install)
}

/// Plans an import.
///
/// # Errors
/// As for [`install`].
pub(super) fn import(request: &Request) -> Result<Plan, Error> {
    let mut plan = gather(request, Aim::Import)?;
    if !plan.secrets.is_empty() {
        plan.notes.push(
            "the clients' own files still hold these secrets; `bartizan clients install` takes \
             them out"
                .to_owned(),
        );
    }
    Ok(plan)
}

fn gather(request: &Request, aim: Aim) -> Result<Plan, Error> {
    let gateway = &request.gateway;
    let configuration = file::read(&gateway.configuration)?.unwrap_or_default();
    let unreadable = |fault| Error::Unreadable { path: gateway.configuration.clone(), fault };
    let configured = upstream::names(&configuration).map_err(unreadable)?;
    let mut gathering = Gathering {
        request,
        aim,
        plan: Plan::default(),
        ledger: Ledger::load(&gateway.data, configured)?,
    };
    for client in super::client::chosen(&request.clients)? {
        for place in client.files(&request.home) {
            gathering.place(&client, &place)?;
        }
    }
    let Gathering { mut plan, ledger, .. } = gathering;
    let merged = upstream::merge(&configuration, &plan.upstreams).map_err(unreadable)?;
    // Clients are led nowhere that the gateway could not start from.
    Config::parse(&merged, &gateway.configuration)?;
    plan.drop_written_secrets()?;
    if merged == configuration && plan.secrets.is_empty() {
        plan.upstreams.clear();
    }
    plan.configuration = (merged != configuration).then(|| gateway.configuration.clone());
    plan.ledger = (!plan.is_empty()).then(|| (gateway.data.clone(), ledger));
    Ok(plan)
}

struct Gathering<'r> {
    request: &'r Request,
    aim: Aim,
    plan: Plan,
    ledger: Ledger,
}

/// The servers of one file that are led through Bartizan.
type Changed = Vec<(Vec<String>, Vec<Edit>)>;

impl Gathering<'_> {
    fn place(&mut self, client: &Client, place: &Place) -> Result<(), Error> {
        let Some(current) = file::read(&place.path)? else { return Ok(()) };
        let unreadable = |fault| Error::Unreadable { path: place.path.clone(), fault };
        edit::read(client.format, &current).map_err(unreadable)?;
        let backup = Backup::of(&place.path, place.scope, &self.request.gateway);
        let base = match backup.load()? {
            None => current.clone(),
            Some(saved) => {
                let reverted = saved.revert(client.format, &current).map_err(unreadable)?;
                if !reverted.kept.is_empty() {
                    self.note(place, &kept(&reverted.kept));
                    return Ok(());
                }
                reverted.text
            }
        };
        let value = edit::read(client.format, &base).map_err(unreadable)?;
        let changed = self.servers(client, place, &value);
        if self.aim == Aim::Import || changed.is_empty() {
            return Ok(());
        }
        let edits: Vec<Edit> = changed.iter().flat_map(|(_, edits)| edits.clone()).collect();
        let after = edit::apply(client.format, &base, &edits).map_err(unreadable)?;
        let written = edit::read(client.format, &after).map_err(unreadable)?;
        self.leftovers(client, place, &written, &changed);
        if after == current {
            return Ok(());
        }
        self.plan.files.push(FileChange {
            client: client.title,
            scope: place.scope,
            path: place.path.clone(),
            backup,
            changes: edits.iter().map(plan::line).collect(),
            before: current,
            step: Step::Save { manifest: Manifest::new(&base, &after, &changed), original: base },
            after,
        });
        self.note(place, &format!("to load it, {}", client.reload));
        if place.scope == Scope::Project {
            self.note(place, "whoever shares this file needs Bartizan at the same place");
        }
        Ok(())
    }

    fn servers(&mut self, client: &Client, place: &Place, value: &Value) -> Changed {
        let inputs = server::inputs(value);
        let mut changed = Vec::new();
        for server in server::servers(value, place, client.expansion) {
            match server {
                Err(refused) => {
                    self.note(place, &format!("`{}` stays: {}", refused.name, refused.reason));
                }
                Ok(server) if self.request.gateway.leads(&server) => {}
                Ok(server) => match self.server(client, place, &inputs, &server) {
                    Ok(conversion) => {
                        for note in &conversion.notes {
                            self.note(place, &format!("`{}`: {note}", server.name));
                        }
                        changed.push((server.path, conversion.edits));
                        self.plan.add(conversion.upstream);
                    }
                    Err(reason) => self.note(place, &format!("`{}` stays: {reason}", server.name)),
                },
            }
        }
        changed
    }

    fn server(
        &mut self,
        client: &Client,
        place: &Place,
        inputs: &BTreeMap<String, bool>,
        server: &Server,
    ) -> Result<Conversion, String> {
        let rules = Rules { gateway: &self.request.gateway, client, inputs };
        let convert = |name: &str| match self.aim {
            Aim::Install => rules.install(server, name),
            Aim::Import => rules.import(server, name),
        };
        // Asked first with a name that isn't kept: a server that stays must not use one up.
        convert("server")?;
        let owner = format!("{}#{}", place.path.display(), server.path.join("/"));
        let name = self.ledger.name(&owner, &server.name, client.name, &server.fingerprint());
        convert(&name.ok_or("there is no name left for it")?)
    }

    /// What still looks like a secret in an entry that was changed, in a field unknown here.
    fn leftovers(&mut self, client: &Client, place: &Place, written: &Value, changed: &Changed) {
        for (path, _) in changed {
            let Some(entry) = edit::at(written, path) else { continue };
            let mut found = Vec::new();
            secrets_in(entry, "", client, &mut found);
            for key in found {
                self.note(
                    place,
                    &format!("`{key}` of `{}` still looks like a secret", path.join(".")),
                );
            }
        }
    }

    fn note(&mut self, place: &Place, text: &str) {
        let note = format!("{}: {text}", place.path.display());
        if !self.plan.notes.contains(&note) {
            self.plan.notes.push(note);
        }
    }
}

/// Why a file is left alone.
pub(super) fn kept(servers: &[String]) -> String {
    format!(
        "changed since install in `{}`; undo that change, or put the copy back by hand",
        servers.join("`, `")
    )
}

fn secrets_in(value: &Value, key: &str, client: &Client, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| secrets_in(value, key, client, found));
        }
        Value::Array(items) => {
            items.iter().for_each(|value| secrets_in(value, key, client, found));
        }
        Value::String(text) => {
            let template = Template::parse(text, client.expansion);
            let secret = match template.literal() {
                Some(text) if DESCRIBED.contains(&key) => has_secret_shape(text),
                Some(text) => is_secret(key, text),
                None => template.literals().any(has_secret_shape),
            };
            if secret {
                found.push(key.to_owned());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Keys of entries whose names tell of secrets and whose values are none.
const DESCRIBED: [&str; 3] = ["oauth", "env_vars", "args"];
