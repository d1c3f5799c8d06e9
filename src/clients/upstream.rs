//! A server as the Bartizan configuration describes it, with references where secrets were.

use std::path::PathBuf;

use serde::Serialize;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use super::edit::Fault;
use super::secret::SecretText;

/// `[upstreams.NAME]`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Upstream {
    /// Its name there.
    pub name: String,
    /// The program and its arguments; empty for a server by URL, and where the client's file
    /// keeps the command.
    pub command: Vec<Text>,
    /// The environment of the program.
    pub env: Vec<(String, Text)>,
    /// The endpoint.
    pub url: Option<Text>,
    /// `sse` for the old transport.
    pub transport: Option<&'static str>,
    /// The headers of every request.
    pub headers: Vec<(String, Text)>,
    /// `oauth` where a person has to log in once.
    pub auth: Option<&'static str>,
    /// A client registered beforehand.
    pub oauth: Option<Oauth>,
}

/// `[upstreams.NAME.oauth]`: a client registered beforehand.
#[derive(Debug, Clone, Serialize)]
pub struct Oauth {
    /// Its public name.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Option<Text>,
    /// The scopes it asks for.
    pub scopes: Vec<String>,
}

/// A string of the configuration, or where to find it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// The string.
    Plain(String),
    /// `{ file = "…" }`.
    File {
        /// The file that holds it.
        path: PathBuf,
        /// What it will hold.
        #[serde(skip)]
        text: SecretText,
    },
    /// `{ env = "…" }`, with `prefix = "…"` where text stands before it.
    Env {
        /// The variable.
        name: String,
        /// What stands before it, such as `Bearer `.
        prefix: String,
    },
}

impl Upstream {
    /// Every string of it.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let fields = self.env.iter().chain(&self.headers).map(|(_, text)| text);
        let secret = self.oauth.iter().filter_map(|oauth| oauth.client_secret.as_ref());
        self.command.iter().chain(fields).chain(&self.url).chain(secret)
    }

    /// Whether there is nothing to write: the client's file still says all of it.
    pub fn is_empty(&self) -> bool {
        self.texts().next().is_none()
    }
}

/// The names under `[upstreams]` of a configuration.
///
/// # Errors
/// The configuration is no TOML.
pub fn names(configuration: &str) -> Result<Vec<String>, Fault> {
    let document = document(configuration)?;
    let upstreams = document.get("upstreams").and_then(Item::as_table_like);
    let names = upstreams.map(|table| table.iter().map(|(name, _)| name.to_owned()).collect());
    Ok(names.unwrap_or_default())
}

/// The configuration with `upstreams` in it. Other keys of a table that is there already, and
/// everything else in the file, stay.
///
/// # Errors
/// The configuration is no TOML, or `upstreams` in it is no table.
pub fn merge<'u>(
    configuration: &str,
    upstreams: impl IntoIterator<Item = &'u Upstream>,
) -> Result<String, Fault> {
    let mut document = document(configuration)?;
    for upstream in upstreams {
        let root = document.entry("upstreams").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let misplaced = Fault { line: 1, column: 1, reason: "`upstreams` is no table" };
        let root = root.as_table_like_mut().ok_or(misplaced.clone())?;
        let item = root.entry(&upstream.name).or_insert(Item::Table(Table::new()));
        write(item.as_table_mut().ok_or(misplaced)?, upstream);
    }
    Ok(document.to_string())
}

fn document(text: &str) -> Result<DocumentMut, Fault> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Fault { line, column: 1, reason: "this is no TOML" }
    })
}

fn write(table: &mut Table, upstream: &Upstream) {
    let command: Array = upstream.command.iter().map(value).collect();
    put(table, "command", (!command.is_empty()).then(|| Value::Array(command)));
    put(table, "url", upstream.url.as_ref().map(value));
    put(table, "transport", upstream.transport.map(Value::from));
    put(table, "auth", upstream.auth.map(Value::from));
    put_table(table, "env", &upstream.env);
    put_table(table, "headers", &upstream.headers);
    match &upstream.oauth {
        None => drop(table.remove("oauth")),
        Some(oauth) => {
            let mut inner = Table::new();
            put(&mut inner, "client_id", Some(Value::from(&oauth.client_id)));
            put(&mut inner, "client_secret", oauth.client_secret.as_ref().map(value));
            let scopes: Array = oauth.scopes.iter().collect();
            put(&mut inner, "scopes", (!scopes.is_empty()).then(|| Value::Array(scopes)));
            table.insert("oauth", Item::Table(inner));
        }
    }
}

fn put(table: &mut Table, key: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(table.insert(key, Item::Value(value))),
        None => drop(table.remove(key)),
    }
}

fn put_table(table: &mut Table, key: &str, fields: &[(String, Text)]) {
    if fields.is_empty() {
        table.remove(key);
        return;
    }
    let mut inner = Table::new();
    for (name, text) in fields {
        inner.insert(name, Item::Value(value(text)));
    }
    table.insert(key, Item::Table(inner));
}

fn value(text: &Text) -> Value {
    let reference = |pairs: &[(&str, &str)]| {
        let mut table = InlineTable::new();
        for (key, text) in pairs.iter().filter(|(_, text)| !text.is_empty()) {
            table.insert(*key, Value::from(*text));
        }
        Value::InlineTable(table)
    };
    match text {
        Text::Plain(text) => Value::from(text),
        Text::File { path, .. } => reference(&[("file", &path.to_string_lossy())]),
        Text::Env { name, prefix } => reference(&[("env", name), ("prefix", prefix)]),
    }
}
