//! A server as a client's file describes it, whatever the client calls the fields.
//!
//! Reads only. A description that Bartizan can't carry over is a [`Refused`] with the reason, so
//! that the entry is left as it is and the report says why.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::client::Place;
use super::template::{Expansion, Part, Template};
use crate::hex::sha256;

/// One server of one file.
#[derive(Debug, Clone)]
pub struct Server {
    /// What the client calls it.
    pub name: String,
    /// The keys from the root of the file to its entry.
    pub path: Vec<String>,
    /// How it is reached.
    pub launch: Launch,
}

/// How a server is reached.
#[derive(Debug, Clone)]
pub enum Launch {
    /// A program that the client starts.
    Stdio(Program),
    /// A Streamable HTTP endpoint.
    Http(Remote),
    /// An endpoint of the older HTTP+SSE transport.
    Sse(Remote),
}

/// A program and what it is started with. Its `cwd` stays in the client's file.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program.
    pub command: Template,
    /// Its arguments.
    pub args: Vec<Template>,
    /// Its environment.
    pub env: Vec<Field>,
}

/// An endpoint and what is sent to it.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Where it is.
    pub url: Template,
    /// The headers of every request.
    pub headers: Vec<Field>,
    /// A client registered beforehand, as Cursor keeps it under `auth`.
    pub oauth: Option<OauthClient>,
    /// Whether the entry says its `type`.
    pub typed: bool,
}

/// An OAuth client registered beforehand.
#[derive(Debug, Clone)]
pub struct OauthClient {
    /// Its public name.
    pub id: String,
    /// Its secret, if it has one.
    pub secret: Option<Template>,
    /// The scopes it asks for.
    pub scopes: Vec<String>,
    /// The keys from the entry to it.
    pub path: Vec<String>,
}

/// A named value.
#[derive(Debug, Clone)]
pub struct Field {
    /// The variable or header.
    pub name: String,
    /// Its value.
    pub value: Template,
    /// The keys from the entry to where it is written.
    pub path: Vec<String>,
}

/// A server that is left as it is.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What the client calls it.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl Server {
    /// What makes two descriptions the same server, wherever they are written: a digest over
    /// command, arguments, environment, URL and headers, secrets included.
    pub fn fingerprint(&self) -> String {
        let (fixed, named): (Vec<&str>, &[Field]) = match &self.launch {
            Launch::Stdio(program) => {
                let command = std::iter::once(&program.command);
                (command.chain(&program.args).map(Template::source).collect(), &program.env)
            }
            Launch::Http(remote) | Launch::Sse(remote) => {
                (vec![remote.url.source()], &remote.headers)
            }
        };
        let named: BTreeMap<&str, &str> =
            named.iter().map(|field| (field.name.as_str(), field.value.source())).collect();
        sha256(format!("{fixed:?}{named:?}").as_bytes())
    }
}

/// Every server of a file, and those that can't be carried over.
pub fn servers(file: &Value, place: &Place, expansion: Expansion) -> Vec<Result<Server, Refused>> {
    let mut found = Vec::new();
    for root in place.roots {
        for (path, table) in tables(file, root, Vec::new()) {
            for (name, entry) in table {
                let mut path = path.clone();
                path.push(name.clone());
                let launch = entry.as_object().ok_or("its entry is no object".to_owned());
                let launch = launch.and_then(|entry| launch_of(entry, expansion));
                found.push(match launch {
                    Ok(launch) => Ok(Server { name: name.clone(), path, launch }),
                    Err(reason) => Err(Refused { name: name.clone(), reason }),
                });
            }
        }
    }
    found
}

/// VS Code's inputs: each id, and whether it is asked for as a password.
pub fn inputs(file: &Value) -> BTreeMap<String, bool> {
    let inputs = file.get("inputs").and_then(Value::as_array).into_iter().flatten();
    let id = |input: &Value| Some(input.get("id")?.as_str()?.to_owned());
    let password = |input: &Value| input.get("password").and_then(Value::as_bool) == Some(true);
    inputs.filter_map(|input| Some((id(input)?, password(input)))).collect()
}

type Tables<'v> = Vec<(Vec<String>, &'v Map<String, Value>)>;

fn tables<'v>(value: &'v Value, root: &[&str], path: Vec<String>) -> Tables<'v> {
    let Some(object) = value.as_object() else { return Vec::new() };
    let Some((key, rest)) = root.split_first() else { return vec![(path, object)] };
    let wanted = object.iter().filter(|(name, _)| *key == "*" || name == key);
    wanted
        .flat_map(|(name, inner)| {
            let mut path = path.clone();
            path.push(name.clone());
            tables(inner, rest, path)
        })
        .collect()
}

fn launch_of(entry: &Map<String, Value>, expansion: Expansion) -> Result<Launch, String> {
    let kind = entry.get("type").and_then(Value::as_str);
    if let Some(command) = entry.get("command") {
        let command = text(command, "command")?;
        let command = Template::parse(command, expansion);
        let args = strings(entry.get("args"), "args")?;
        let args = args.iter().map(|arg| Template::parse(arg, expansion)).collect();
        let env = fields(entry, "env", expansion)?;
        return Ok(Launch::Stdio(Program { command, args, env }));
    }
    let Some(url) = entry.get("url") else {
        return Err("it has neither a command nor a url".to_owned());
    };
    if entry.contains_key("headersHelper") {
        return Err("`headersHelper` runs a program for its headers; move what it prints into \
                    the Bartizan configuration"
            .to_owned());
    }
    let url = Template::parse(text(url, "url")?, expansion);
    let remote = Remote {
        headers: headers(entry, expansion)?,
        oauth: oauth_client(entry, expansion)?,
        typed: kind.is_some(),
        url,
    };
    match kind {
        Some("sse") => Ok(Launch::Sse(remote)),
        None if ends_in_sse(remote.url.source()) => Ok(Launch::Sse(remote)),
        None | Some("http" | "streamable-http" | "streamableHttp") => Ok(Launch::Http(remote)),
        Some(other) => Err(format!("its type `{other}` is none that Bartizan speaks")),
    }
}

/// Where no type is written, clients try both transports; the old one lives at `/sse` by custom.
fn ends_in_sse(url: &str) -> bool {
    url.split(['?', '#']).next().is_some_and(|path| path.trim_end_matches('/').ends_with("/sse"))
}

/// `headers`, and what Codex has instead: `http_headers`, `env_http_headers` and
/// `bearer_token_env_var`.
fn headers(entry: &Map<String, Value>, expansion: Expansion) -> Result<Vec<Field>, String> {
    let mut found = fields(entry, "headers", expansion)?;
    found.extend(fields(entry, "http_headers", expansion)?);
    for mut field in fields(entry, "env_http_headers", Expansion::None)? {
        field.value = Template::environment("", field.value.source());
        found.push(field);
    }
    if let Some(variable) = entry.get("bearer_token_env_var") {
        let variable = text(variable, "bearer_token_env_var")?;
        found.push(Field {
            name: "Authorization".to_owned(),
            value: Template::environment("Bearer ", variable),
            path: vec!["bearer_token_env_var".to_owned()],
        });
    }
    Ok(found)
}

fn oauth_client(
    entry: &Map<String, Value>,
    expansion: Expansion,
) -> Result<Option<OauthClient>, String> {
    let Some(auth) = entry.get("auth").and_then(Value::as_object) else { return Ok(None) };
    let Some(id) = auth.get("CLIENT_ID").and_then(Value::as_str) else { return Ok(None) };
    if !matches!(Template::parse(id, expansion).parts(), [Part::Literal(_)]) {
        return Err("its OAuth client id is a placeholder; write it out".to_owned());
    }
    let secret = auth.get("CLIENT_SECRET").and_then(Value::as_str);
    Ok(Some(OauthClient {
        id: id.to_owned(),
        secret: secret.map(|secret| Template::parse(secret, expansion)),
        scopes: strings(auth.get("scopes"), "scopes")?,
        path: vec!["auth".to_owned()],
    }))
}

fn fields(
    entry: &Map<String, Value>,
    key: &str,
    expansion: Expansion,
) -> Result<Vec<Field>, String> {
    let table = match entry.get(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(table)) => table,
        Some(_) => return Err(format!("its `{key}` is no object")),
    };
    let field = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(format!("`{name}` in its `{key}` is no string")),
        };
        let path = vec![key.to_owned(), name.clone()];
        Ok(Field { name: name.clone(), value: Template::parse(&value, expansion), path })
    };
    table.iter().map(field).collect()
}

fn strings(value: Option<&Value>, key: &str) -> Result<Vec<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| text(item, key).map(str::to_owned)).collect()
        }
        Some(_) => Err(format!("its `{key}` is no array")),
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("its `{key}` is no string"))
}
