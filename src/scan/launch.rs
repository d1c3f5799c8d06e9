//! What a client's file would start or call, and what is unwise in it, looked at before a server is
//! trusted. Starts nothing, asks nobody; the files' forms are [`crate::clients`]'s.

mod package;

use serde_json::Value;

use super::Found;
use crate::{
    clients::{
        client::{Place, Scope},
        secret::{has_secret_shape, is_secret, is_telling},
        server::{self, Field, Launch, Program, Remote},
        template::{Expansion, Template},
    },
    firewall::{
        Action, Severity, Surface,
        finding::{Confidence, View},
    },
};

/// Where the clients that Bartizan knows keep their servers.
const ROOTS: &[&[&str]] = &[
    &["mcpServers"],
    &["projects", "*", "mcpServers"],
    &["servers"],
    &["mcp", "servers"],
    &["mcp_servers"],
];

/// A server of the file.
#[derive(Clone, Debug)]
pub struct Started {
    pub name: String,
    /// How it is reached, with secrets left out.
    pub shown: String,
    /// Its texts, each with what is unwise in it.
    pub parts: Vec<Part>,
}

/// One text of a server.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is, such as `args[1]`.
    pub place: String,
    pub text: String,
    /// Where it would stand if a message carried it.
    pub surface: Surface,
    pub found: Vec<Found>,
}

/// The servers of a file, and the reasons of those that nobody could start.
pub fn servers(file: &Value) -> Vec<Result<Started, server::Refused>> {
    let place = Place { path: "client".into(), scope: Scope::User, roots: ROOTS };
    let found = server::servers(file, &place, Expansion::Editor);
    found.into_iter().map(|server| server.map(|server| started(&server))).collect()
}

fn started(server: &server::Server) -> Started {
    let (shown, mut parts) = match &server.launch {
        Launch::Stdio(program) => stdio(program),
        Launch::Http(remote) | Launch::Sse(remote) => http(remote),
    };
    parts.insert(0, Part::new("name", &server.name, Surface::ToolDefinition));
    Started { name: server.name.clone(), shown, parts }
}

impl Part {
    fn new(place: impl Into<String>, text: &str, surface: Surface) -> Self {
        Self { place: place.into(), text: text.to_owned(), surface, found: Vec::new() }
    }

    fn concern(&mut self, rule: &'static str, severity: Severity, message: impl Into<String>) {
        self.found.push(Found {
            rule: rule.to_owned(),
            severity,
            confidence: Confidence::High,
            view: View::Raw,
            start: 0,
            end: self.text.len(),
            message: Some(message.into()),
            action: Action::Flag,
        });
    }
}

fn stdio(program: &Program) -> (String, Vec<Part>) {
    let words: Vec<&str> =
        std::iter::once(&program.command).chain(&program.args).map(Template::source).collect();
    let mut parts = Vec::new();
    let mut shown = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let place = match index {
            0 => "command".to_owned(),
            _ => format!("args[{}]", index - 1),
        };
        let mut part = Part::new(place, word, Surface::ToolArguments);
        let before = index.checked_sub(1).and_then(|before| words.get(before)).copied();
        let secret = holds_secret(before, word);
        if secret {
            part.concern("launch.secret", Severity::High, "a secret stands in the command line");
        }
        look_at_word(before, &mut part);
        shown.push(if secret { "[secret]".to_owned() } else { (*word).to_owned() });
        parts.push(part);
    }
    if let Some((index, severity, what)) = package::unpinned(&words)
        && let Some(part) = parts.get_mut(index)
    {
        part.concern("launch.unpinned", severity, what);
    }
    parts.extend(program.env.iter().map(environment));
    (shown.join(" "), parts)
}

fn holds_secret(before: Option<&str>, word: &str) -> bool {
    let told = before.is_some_and(|flag| flag.starts_with('-') && is_telling(flag));
    let placed = word.contains("${");
    let pair = word.split_once('=').or_else(|| word.split_once(": "));
    let named = |(name, value): (&str, &str)| !name.contains('/') && is_secret(name, value);
    !placed && (told && !word.starts_with('-') || has_secret_shape(word) || pair.is_some_and(named))
}

fn look_at_word(before: Option<&str>, part: &mut Part) {
    let word = part.text.clone();
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default().trim_end_matches(".exe");
    if part.place == "command" && ["sudo", "doas", "su", "pkexec"].contains(&name) {
        part.concern("launch.privileges", Severity::High, "the server would run as another user");
    }
    if matches!(before, Some("-c" | "/c" | "/C" | "-Command" | "-EncodedCommand")) {
        let fetched = ["curl ", "wget ", "iwr ", "Invoke-WebRequest"];
        if fetched.iter().any(|it| word.contains(it)) && word.contains('|') {
            let what = "a shell would run what it fetches from the network";
            part.concern("launch.download", Severity::Critical, what);
        } else {
            let what = "a shell line is started, so other programs may run beside the server";
            part.concern("launch.shell", Severity::Medium, what);
        }
    }
    let mounted = matches!(before, Some("-v" | "--volume" | "--mount"));
    if word.contains("docker.sock") || word == "--privileged" {
        let what = "the container could take over the machine";
        part.concern("launch.container", Severity::High, what);
    } else if mounted && (word.starts_with("/:") || word.contains("source=/,")) {
        part.concern("launch.container", Severity::High, "the container sees the whole disk");
    }
}

/// Variables that make a program load code, or trust whom it should not.
const LOADING: [&str; 9] = [
    "BASH_ENV",
    "DYLD_INSERT_LIBRARIES",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "PERL5OPT",
    "PYTHONSTARTUP",
    "RUBYOPT",
];

fn environment(field: &Field) -> Part {
    let value = &field.value;
    let mut part = Part::new(format!("env {}", field.name), value.source(), Surface::ToolArguments);
    if value.literal().is_some_and(|text| is_secret(&field.name, text)) {
        let what = "a secret stands in the file, for whoever can read it";
        part.concern("launch.secret", Severity::High, what);
    }
    if LOADING.contains(&field.name.as_str()) {
        let what = format!("`{}` makes the program load other code", field.name);
        part.concern("launch.environment", Severity::High, what);
    }
    if field.name == "NODE_TLS_REJECT_UNAUTHORIZED" && value.source() == "0" {
        let what = "certificates of other servers are not checked";
        part.concern("launch.environment", Severity::High, what);
    }
    part
}

fn http(remote: &Remote) -> (String, Vec<Part>) {
    let source = remote.url.source();
    let mut url = Part::new("url", source, Surface::ToolArguments);
    let parsed = url::Url::parse(source).ok();
    let secret = has_secret_shape(source);
    if secret {
        url.concern("launch.secret", Severity::High, "a secret stands in the address");
    }
    if parsed.as_ref().is_some_and(|it| it.scheme() == "http" && !is_here(it)) {
        let what = "the connection is not encrypted: anybody on the way reads and changes it";
        url.concern("launch.plain-http", Severity::High, what);
    }
    let shown = match (&parsed, secret) {
        (_, false) => source.to_owned(),
        (Some(url), true) => format!("{} [secret]", url.origin().ascii_serialization()),
        (None, true) => "[secret]".to_owned(),
    };
    let headers = remote.headers.iter().map(|field| {
        let mut part = environment(field);
        part.place = format!("headers {}", field.name);
        part
    });
    (shown, std::iter::once(url).chain(headers).collect())
}

fn is_here(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
