//! What must hold of one upstream's section, and what it becomes.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    Config,
    file::{TransportName, Upstream},
};
use crate::upstream::{
    Settings, Transport,
    child::{ENV_ALLOW_DEFAULT, Launch},
    client::Target,
    route::Route,
};

impl Upstream {
    /// What is wrong with this section, in words that say how to mend it.
    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        // `a_` with `x` and `a` with `_x` would share the name `a___x`.
        let edges = name.starts_with('_') || name.ends_with('_');
        let inside = name.contains("__") || !name.bytes().all(plain);
        if name.is_empty() || name.len() > 32 || edges || inside {
            return Err(format!(
                "the upstream name `{name}` may have 1 to 32 letters, digits, `-`, and single `_` inside"
            ));
        }
        match (&self.command, &self.url) {
            (Some(_), Some(_)) => {
                return Err(format!("upstream `{name}` has `command` and `url`; keep one"));
            }
            (Some(command), None) if command.is_empty() => {
                return Err(format!("`command` of upstream `{name}` is empty; name the program"));
            }
            // `wrap --server` brings the command; only then may both be missing.
            _ => {}
        }
        for (kind, map) in [("env", &self.env), ("headers", &self.headers)] {
            for (key, value) in map {
                if value.is_inline_secret(key) {
                    let mend = super::secret::MEND;
                    return Err(format!(
                        "`{kind}.{key}` of upstream `{name}` holds a secret: {mend}"
                    ));
                }
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
    pub fn upstream_settings(&self, name: &str) -> Result<Settings, String> {
        let stated =
            self.file.upstreams.get(name).ok_or_else(|| format!("no upstream `{name}`"))?;
        let (transport, route) = match (&stated.command, &stated.url) {
            (Some(words), _) => {
                let launch = self.launch(stated)?;
                let route = Route::stated_command(words, launch.directory.as_deref());
                (Transport::Stdio(launch), route)
            }
            (None, Some(url)) => {
                let revealed = url.reveal().map_err(|error| error.to_string())?;
                let (parsed, target) = target(&revealed, stated)?;
                match stated.transport {
                    Some(TransportName::Sse) => {
                        (Transport::Sse(target), Route::address(url, &parsed, Some("sse")))
                    }
                    Some(TransportName::Http) | None => {
                        (Transport::Http(target), Route::address(url, &parsed, None))
                    }
                }
            }
            (None, None) => {
                return Err(format!("upstream `{name}` has neither `command` nor `url`"));
            }
        };
        Ok(Settings {
            transport,
            route,
            start_timeout: Duration::from_secs(stated.start_timeout_s.unwrap_or(10)),
            call_timeout: Duration::from_secs(stated.call_timeout_s.unwrap_or(120)),
            limits: self.file.limits.message(),
        })
    }

    fn launch(&self, stated: &Upstream) -> Result<Launch, String> {
        let reveal = |text: &super::text::Text| text.reveal().map_err(|error| error.to_string());
        let command = stated.command.iter().flatten().map(reveal).collect::<Result<_, _>>()?;
        let env = stated.env.iter().map(|(key, value)| Ok((key.clone(), reveal(value)?)));
        let defaults = ENV_ALLOW_DEFAULT.iter().map(|name| (*name).to_owned());
        Ok(Launch {
            command,
            env: env.collect::<Result<_, String>>()?,
            env_allow: defaults.chain(stated.env_allow.iter().cloned()).collect(),
            directory: stated.cwd.as_ref().map(|folder| self.resolve(folder)),
        })
    }
}

fn target(url: &str, stated: &Upstream) -> Result<(url::Url, Target), String> {
    let parsed = url::Url::parse(url).map_err(|error| format!("`url`: {error}"))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.fragment().is_some() {
        return Err("`url` must be http or https, without a fragment".to_owned());
    }
    let uri = parsed.as_str().parse().map_err(|_| "`url` is no address".to_owned())?;
    let mut headers = HeaderMap::new();
    for (name, value) in &stated.headers {
        let value = value.reveal().map_err(|error| error.to_string())?;
        let wrong = || format!("`headers.{name}` is no valid header");
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok((parsed, Target { uri, headers, tokens: None }))
}
