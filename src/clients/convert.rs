//! What becomes of one server: the edits of the client's entry and the upstream that takes over.
//!
//! Reads and writes no file. A value travels to the Bartizan configuration only if the gateway can
//! fill it in; what only the client can (`${workspaceFolder}`) stays in the client's entry.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::edit::{Change, Edit};
use super::secret::{SecretText, has_secret_shape, is_secret, is_telling, url_holds_secret};
use super::server::{Field, Launch, Program, Remote, Server};
use super::template::{Part, Template};
use super::upstream::{Oauth, Text, Upstream};
use super::{Gateway, client::Client};

mod arguments;

/// What becomes of one server.
#[derive(Debug, Clone)]
pub(super) struct Conversion {
    /// The changes of the client's entry, from the root of its file. Empty for an import.
    pub(super) edits: Vec<Edit>,
    /// What the Bartizan configuration gets; [`Upstream::is_empty`] if nothing.
    pub(super) upstream: Upstream,
    /// What a person has to know or do.
    pub(super) notes: Vec<String>,
}

/// What a conversion goes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'r> {
    /// Where Bartizan is.
    pub(super) gateway: &'r Gateway,
    /// Whose file it is.
    pub(super) client: &'r Client,
    /// The inputs that the file declares, and which of them are passwords.
    pub(super) inputs: &'r BTreeMap<String, bool>,
}

impl Rules<'_> {
    /// Leads `server` through Bartizan under the upstream name `name`.
    ///
    /// # Errors
    /// Why the entry has to stay as it is.
    pub(super) fn install(&self, server: &Server, name: &str) -> Result<Conversion, String> {
        let moving = Moving::new(*self, name);
        match &server.launch {
            Launch::Stdio(program) => moving.wrap(server, program),
            Launch::Http(remote) => moving.lead(server, remote, None),
            Launch::Sse(remote) => moving.lead(server, remote, Some("sse")),
        }
    }

    /// Describes `server` as an upstream and leaves the client's entry alone.
    ///
    /// # Errors
    /// Why it can't be described there.
    pub(super) fn import(&self, server: &Server, name: &str) -> Result<Conversion, String> {
        let mut moving = Moving::new(*self, name);
        match &server.launch {
            Launch::Stdio(program) => moving.describe(program)?,
            Launch::Http(remote) => moving.endpoint(remote, None)?,
            Launch::Sse(remote) => moving.endpoint(remote, Some("sse"))?,
        }
        Ok(moving.done(Vec::new()))
    }
}

struct Moving<'r> {
    rules: Rules<'r>,
    upstream: Upstream,
    notes: Vec<String>,
}

impl<'r> Moving<'r> {
    fn new(rules: Rules<'r>, name: &str) -> Self {
        let upstream = Upstream { name: name.to_owned(), ..Upstream::default() };
        Self { rules, upstream, notes: Vec::new() }
    }

    fn done(self, edits: Vec<Edit>) -> Conversion {
        Conversion { edits, upstream: self.upstream, notes: self.notes }
    }

    /// A program: the client starts `bartizan wrap`, which starts the program.
    fn wrap(mut self, server: &Server, program: &Program) -> Result<Conversion, String> {
        let secret_args = arguments::hold_secret(program);
        let secret_env = program.env.iter().any(holds_secret);
        let line = std::iter::once(&program.command).chain(&program.args);
        if !secret_args && !secret_env {
            let inline = line.map(|part| part.source().to_owned()).collect();
            return Ok(self.done_wrapping(server, Some(inline), &[]));
        }
        let movable = line.clone().all(|part| part.literal().is_some());
        if secret_args && !movable {
            return Err(
                "its arguments hold a secret beside a placeholder that only the client can \
                        fill in; put the secret into `env`"
                    .to_owned(),
            );
        }
        let inline = line.map(|part| part.source().to_owned()).collect();
        if let Some(odd) = program.env.iter().find(|field| hides_secret(field)) {
            return Err(format!(
                "`{}` in its `env` mixes a secret with a placeholder; make it one or the other",
                odd.name
            ));
        }
        // With the command goes the plain part of its environment, so that it isn't in two places.
        let moves =
            |field: &&Field| field.value.literal().is_some() && (movable || holds_secret(field));
        let moved: Vec<&Field> = program.env.iter().filter(moves).collect();
        for field in &moved {
            let text = self.carry(&field.name, &field.value, "env")?;
            self.upstream.env.push((field.name.clone(), text));
        }
        if movable {
            self.upstream.command = arguments::command(&self, program)?;
            return Ok(self.done_wrapping(server, None, &moved));
        }
        Ok(self.done_wrapping(server, Some(inline), &moved))
    }

    fn done_wrapping(
        self,
        server: &Server,
        inline: Option<Vec<String>>,
        moved: &[&Field],
    ) -> Conversion {
        let gateway = self.rules.gateway;
        let mut args = vec!["wrap".to_owned()];
        args.extend(gateway.wrap_options.iter().cloned());
        args.extend(["--server".to_owned(), self.upstream.name.clone()]);
        if let Some(inline) = inline {
            args.push("--".to_owned());
            args.extend(inline);
        }
        let mut edits = vec![
            set(server, &["command"], Value::from(gateway.program.as_str())),
            set(server, &["args"], Value::from(args)),
        ];
        edits.extend(moved.iter().map(|field| remove(server, &field.path)));
        self.done(edits)
    }

    /// A program, wholly in the Bartizan configuration.
    fn describe(&mut self, program: &Program) -> Result<(), String> {
        self.upstream.command = arguments::command(self, program)?;
        for field in &program.env {
            let text = self.carry(&field.name, &field.value, "env")?;
            self.upstream.env.push((field.name.clone(), text));
        }
        Ok(())
    }

    /// An endpoint: the client asks the gateway, which asks the endpoint.
    fn lead(
        mut self,
        server: &Server,
        remote: &Remote,
        transport: Option<&'static str>,
    ) -> Result<Conversion, String> {
        if !self.rules.client.remote {
            return Err(format!(
                "{} loads no servers by `url` from this file",
                self.rules.client.title
            ));
        }
        self.endpoint(remote, transport)?;
        let url = format!("{}/mcp/{}", self.rules.gateway.base, self.upstream.name);
        let mut edits = vec![set(server, &["url"], Value::from(url))];
        if transport.is_some() && remote.typed {
            edits.push(set(server, &["type"], Value::from("http")));
        }
        edits.extend(remote.headers.iter().map(|field| remove(server, &field.path)));
        edits.extend(remote.oauth.iter().map(|oauth| remove(server, &oauth.path)));
        Ok(self.done(edits))
    }

    fn endpoint(&mut self, remote: &Remote, transport: Option<&'static str>) -> Result<(), String> {
        let secret_url = remote.url.literal().is_some_and(url_holds_secret);
        self.upstream.url = Some(self.carry("url", &remote.url, "url")?);
        self.upstream.transport = transport;
        for field in &remote.headers {
            let text = self.carry(&field.name, &field.value, "headers")?;
            self.upstream.headers.push((field.name.clone(), text));
        }
        if let Some(client) = &remote.oauth {
            let secret = client.secret.as_ref();
            let secret = secret.map(|secret| self.carry("client_secret", secret, "auth"));
            self.upstream.oauth = Some(Oauth {
                client_id: client.id.clone(),
                client_secret: secret.transpose()?,
                scopes: client.scopes.clone(),
            });
        }
        self.notes.push(
            "answers only to callers that `bartizan serve` can identify (`[identity.jwt]`), or on \
             your own machine with `--development`"
                .to_owned(),
        );
        let authorised = secret_url || remote.headers.iter().any(authorises);
        if remote.oauth.is_some() || (!authorised && !is_loopback(&remote.url)) {
            self.upstream.auth = Some("oauth");
            let name = &self.upstream.name;
            self.notes.push(format!("log in once with `bartizan upstreams login {name}`"));
        }
        Ok(())
    }

    /// One value on its way to the Bartizan configuration.
    fn carry(&mut self, key: &str, value: &Template, place: &str) -> Result<Text, String> {
        if let Some(text) = value.literal() {
            let secret = if place == "url" { url_holds_secret(text) } else { is_secret(key, text) };
            return Ok(if secret { self.store(key, text) } else { Text::Plain(text.to_owned()) });
        }
        let (prefix, last) = match value.parts() {
            [last] => ("", last),
            [Part::Literal(prefix), last] if !has_secret_shape(prefix) => (prefix.as_str(), last),
            _ => return Err(unmovable(key, place)),
        };
        match last {
            Part::Environment { name, default: None } => {
                self.notes.push(format!("`{name}` is now read from the gateway's environment"));
                Ok(Text::Env { name: name.clone(), prefix: prefix.to_owned() })
            }
            Part::Input(id) => Ok(self.ask(id, prefix)),
            _ => Err(unmovable(key, place)),
        }
    }

    /// A value that the editor asked for: the gateway has nobody to ask and reads a variable.
    fn ask(&mut self, id: &str, prefix: &str) -> Text {
        let name: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        let kind = match self.rules.inputs.get(id) {
            Some(true) => "password",
            _ => "value",
        };
        self.notes.push(format!(
            "{} asked for the {kind} `{id}`; set `{name}` in the environment of the gateway, or \
             write {{ file = \"…\" }} in its place under `[upstreams.{}]`",
            self.rules.client.title, self.upstream.name
        ));
        Text::Env { name, prefix: prefix.to_owned() }
    }

    fn store(&self, key: &str, text: &str) -> Text {
        let path = secret_path(&self.rules.gateway.data, &self.upstream.name, key);
        Text::File { path, text: SecretText::new(text) }
    }
}

/// The file of a secret. Names and keys come from others, so only plain characters stay.
fn secret_path(data: &Path, name: &str, key: &str) -> std::path::PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    let key: String = key.chars().map(plain).collect();
    data.join("secrets").join(format!("{name}.{key}"))
}

fn unmovable(key: &str, place: &str) -> String {
    let place = if place == key { String::new() } else { format!(" in its `{place}`") };
    format!(
        "`{key}`{place} has a placeholder that the gateway can't fill in; write it out, or as text \
         followed by one variable"
    )
}

/// A literal that is a secret.
fn holds_secret(field: &Field) -> bool {
    field.value.literal().is_some_and(|text| is_secret(&field.name, text)) || hides_secret(field)
}

/// A secret between or behind placeholders: `${TOKEN:-the token itself}`.
fn hides_secret(field: &Field) -> bool {
    let telling = is_telling(&field.name);
    let default = |part: &Part| match part {
        Part::Environment { default: Some(text), .. } => telling && is_secret(&field.name, text),
        _ => false,
    };
    field.value.literal().is_none()
        && (field.value.parts().iter().any(default) || field.value.literals().any(has_secret_shape))
}

/// A header that says who asks.
fn authorises(field: &Field) -> bool {
    is_telling(&field.name) || field.value.literal().is_none_or(has_secret_shape)
}

fn is_loopback(url: &Template) -> bool {
    let url = url.literal().and_then(|text| url::Url::parse(text).ok());
    match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn set(server: &Server, keys: &[&str], value: Value) -> Edit {
    let keys = keys.iter().map(|key| (*key).to_owned());
    Edit { path: server.path.iter().cloned().chain(keys).collect(), change: Change::Set(value) }
}

fn remove(server: &Server, keys: &[String]) -> Edit {
    Edit {
        path: server.path.iter().cloned().chain(keys.iter().cloned()).collect(),
        change: Change::Remove,
    }
}
