//! What must hold of one upstream's section, and what it becomes.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    Config, ConfigError,
    file::{TransportName, Upstream},
    secret::{MEND, address_holds_secret, word_holds_secret},
    text::Text,
};
use crate::classes::{Catalogue, NO_ENTRY};
use crate::upstream::{
    Settings, Transport,
    child::{ENV_ALLOW_DEFAULT, Launch},
    client::Target,
    route::Route,
};

/// Seconds for the first connection and its lists, unless stated.
const START_TIMEOUT_S: u64 = 10;

/// Seconds of one call without a sign of progress, unless stated.
const CALL_TIMEOUT_S: u64 = 120;

const HOLDS: &str = "holds a secret, which may not stand in the configuration:";

/// What is wrong with an upstream's section, and the path of the key below it.
#[derive(Debug)]
pub(super) struct Fault {
    key: Vec<String>,
    what: String,
}

impl Fault {
    fn new(key: &[&str], what: impl Into<String>) -> Self {
        Self { key: key.iter().map(|part| (*part).to_owned()).collect(), what: what.into() }
    }
}

impl Upstream {
    /// What is wrong with this section, in words that say how to mend it.
    pub(super) fn check(&self, name: &str) -> Result<(), Fault> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        // `a_` with `x` and `a` with `_x` would share the name `a___x`.
        let edges = name.starts_with('_') || name.ends_with('_');
        let inside = name.contains("__") || !name.bytes().all(plain);
        if name.is_empty() || name.len() > 32 || edges || inside {
            let what = "the name may have 1 to 32 letters, digits, `-`, and single `_` inside";
            return Err(Fault::new(&[], what));
        }
        match (&self.command, &self.url) {
            (Some(_), Some(_)) => {
                return Err(Fault::new(&[], "there are `command` and `url`; keep one"));
            }
            (Some(command), None) if command.is_empty() => {
                return Err(Fault::new(&["command"], "`command` is empty; name the program"));
            }
            // `wrap --server` brings the command; only then may both be missing.
            _ => {}
        }
        if self.start_timeout.is_some() && self.start_timeout_s.is_some() {
            let what = "`start_timeout` and `start_timeout_s` are the same; keep one";
            return Err(Fault::new(&["start_timeout"], what));
        }
        if self.auth.is_some() && self.url.is_none() {
            return Err(Fault::new(&["auth"], "`auth` needs a `url`; write one, or drop it"));
        }
        self.check_catalogue()?;
        self.check_secrets()?;
        self.check_target()
    }

    fn check_catalogue(&self) -> Result<(), Fault> {
        let Some(name) = self.catalogue.as_deref().filter(|name| *name != NO_ENTRY) else {
            return Ok(());
        };
        if Catalogue::shipped().server(name).is_some() {
            return Ok(());
        }
        let what = format!(
            "`catalogue` names `{name}`, of which the catalogue knows nothing; see `bartizan \
             classify --list`, or write `none`"
        );
        Err(Fault::new(&["catalogue"], what))
    }

    /// Secrets that were written out. None of them is shown.
    fn check_secrets(&self) -> Result<(), Fault> {
        for (kind, map) in [("env", &self.env), ("headers", &self.headers)] {
            for (key, value) in map {
                if value.is_inline_secret(key) {
                    return Err(Fault::new(&[kind, key], format!("`{kind}.{key}` {HOLDS} {MEND}")));
                }
            }
        }
        let mut before = None;
        for (index, word) in self.command.iter().flatten().enumerate() {
            if word_holds_secret(before, word.written()) {
                let what = format!(
                    "word {} of `command` {HOLDS} {MEND}; `prefix = \"--token=\"` in the same \
                     braces is what stands before it",
                    index + 1
                );
                return Err(Fault::new(&["command", &index.to_string()], what));
            }
            before = Some(word.written()).filter(|_| !word.is_reference());
        }
        if self.url.as_ref().is_some_and(|url| address_holds_secret(url.written())) {
            let what = format!(
                "`url` {HOLDS} send it in `headers`, or {MEND}; `prefix` in the same braces is \
                 the address before it"
            );
            return Err(Fault::new(&["url"], what));
        }
        Ok(())
    }

    /// An address and headers that stand in the file; those by reference are seen when they are
    /// read.
    fn check_target(&self) -> Result<(), Fault> {
        if let Some(Text::Plain(url)) = &self.url {
            address(url)?;
        }
        for (name, value) in &self.headers {
            if let Text::Plain(value) = value {
                header(name, value)?;
            }
        }
        Ok(())
    }

    /// Whether there is anything to connect to.
    pub const fn is_reachable(&self) -> bool {
        self.command.is_some() || self.url.is_some()
    }
}

impl Config {
    /// The connection settings of upstream `name`.
    ///
    /// # Errors
    /// A secret cannot be read, or an address or header is not valid.
    pub fn upstream_settings(&self, name: &str) -> Result<Settings, ConfigError> {
        let none = || self.wrong(&["upstreams"], format!("there is no upstream `{name}`"));
        let stated = self.file.upstreams.get(name).ok_or_else(none)?;
        let (transport, route) =
            self.transport(stated).map_err(|fault| self.fault(name, &fault))?;
        let start = stated.start_timeout_s.or(stated.start_timeout).unwrap_or(START_TIMEOUT_S);
        Ok(Settings {
            transport,
            route,
            start_timeout: Duration::from_secs(start),
            call_timeout: Duration::from_secs(stated.call_timeout_s.unwrap_or(CALL_TIMEOUT_S)),
            limits: self.file.limits.message(),
        })
    }

    /// A fault of an upstream's section, with its place.
    pub(super) fn fault(&self, name: &str, fault: &Fault) -> ConfigError {
        let mut path = vec!["upstreams", name];
        path.extend(fault.key.iter().map(String::as_str));
        self.wrong(&path, format!("upstream `{name}`: {}", fault.what))
    }

    fn transport(&self, stated: &Upstream) -> Result<(Transport, Route), Fault> {
        match (&stated.command, &stated.url) {
            (Some(command), _) => {
                let launch = self.launch(command, stated)?;
                let route = Route::stated_command(command, launch.directory.as_deref());
                Ok((Transport::Stdio(launch), route))
            }
            (None, Some(url)) => {
                let (parsed, target) = target(&reveal(&["url"], url)?, stated)?;
                Ok(match stated.transport {
                    Some(TransportName::Sse) => {
                        (Transport::Sse(target), Route::address(url, &parsed, Some("sse")))
                    }
                    Some(TransportName::Http) | None => {
                        (Transport::Http(target), Route::address(url, &parsed, None))
                    }
                })
            }
            (None, None) => Err(Fault::new(&[], "there is neither `command` nor `url`; add one")),
        }
    }

    fn launch(&self, command: &[Text], stated: &Upstream) -> Result<Launch, Fault> {
        let words = command.iter().enumerate();
        let words = words.map(|(index, word)| reveal(&["command", &index.to_string()], word));
        let env = stated.env.iter();
        let env = env.map(|(key, value)| Ok((key.clone(), reveal(&["env", key], value)?)));
        let defaults = ENV_ALLOW_DEFAULT.iter().map(|name| (*name).to_owned());
        Ok(Launch {
            command: words.collect::<Result<_, _>>()?,
            env: env.collect::<Result<_, Fault>>()?,
            env_allow: defaults.chain(stated.env_allow.iter().cloned()).collect(),
            directory: stated.cwd.as_ref().map(|folder| self.resolve(folder)),
        })
    }
}

fn reveal(key: &[&str], text: &Text) -> Result<String, Fault> {
    text.reveal().map_err(|error| Fault::new(key, error.to_string()))
}

fn target(url: &str, stated: &Upstream) -> Result<(url::Url, Target), Fault> {
    let parsed = address(url)?;
    let wrong = |_| Fault::new(&["url"], "`url` is no address");
    let uri = parsed.as_str().parse().map_err(wrong)?;
    let mut headers = HeaderMap::new();
    for (name, value) in &stated.headers {
        let (name, value) = header(name, &reveal(&["headers", name], value)?)?;
        headers.insert(name, value);
    }
    Ok((parsed, Target { uri, headers, tokens: None }))
}

fn address(url: &str) -> Result<url::Url, Fault> {
    let parsed = url::Url::parse(url)
        .map_err(|error| Fault::new(&["url"], format!("`url`: {error}; write `https://…`")))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.fragment().is_some() {
        return Err(Fault::new(&["url"], "`url` must be http or https, without a fragment"));
    }
    Ok(parsed)
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Fault> {
    let wrong = || {
        let what =
            format!("`headers.{name}` is no valid header; take out what HTTP has no room for");
        Fault::new(&["headers", name], what)
    };
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok((key, value))
}
