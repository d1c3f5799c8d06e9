//! What must hold of a configuration before anything is built from it. Nothing outside the file is
//! looked at: a file that passes here may still name what is not there.

use std::{collections::BTreeSet, net::SocketAddr};

use axum::http::Uri;

use super::{Config, ConfigError};
use crate::{
    identity::{
        authenticators::jwt::{Settings, SettingsError},
        jwks::Source,
        metadata::{MetadataError, ResourceMetadata},
    },
    net::Guard,
};

/// An Ed25519 public key (RFC 8032), in hex digits.
const PUBLIC_KEY_DIGITS: usize = 64;

impl Config {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.check_listen()?;
        self.check_identity()?;
        self.check_approvers()?;
        self.check_marks()?;
        for (name, upstream) in &self.file.upstreams {
            upstream.check(name).map_err(|fault| self.fault(name, &fault))?;
        }
        Ok(())
    }

    fn check_listen(&self) -> Result<(), ConfigError> {
        let listen = &self.file.listen;
        if !is_address(&listen.address) {
            return Err(self.wrong(
                &["listen", "address"],
                "`address` is an address and a port, such as `127.0.0.1:8420`",
            ));
        }
        match listen.public_url.as_deref().map(url::Url::parse) {
            Some(Ok(url)) if matches!(url.scheme(), "http" | "https") => Ok(()),
            None => Ok(()),
            Some(_) => Err(self.wrong(
                &["listen", "public_url"],
                "`public_url` is a whole address, such as `https://gateway.example/mcp`",
            )),
        }
    }

    fn check_identity(&self) -> Result<(), ConfigError> {
        let Some(jwt) = &self.file.identity.jwt else { return Ok(()) };
        jwt.check().map_err(|error| {
            let key = key_of(jwt, error);
            self.wrong(&["identity", "jwt", key], error.to_string())
        })?;
        if let Source::Url(url) = &jwt.jwks {
            check_key_set(url)
                .map_err(|what| self.wrong(&["identity", "jwt", "jwks", "url"], what))?;
        }
        self.check_metadata(jwt)
    }

    /// What clients are told to ask a token for.
    fn check_metadata(&self, jwt: &Settings) -> Result<(), ConfigError> {
        let listen = &self.file.listen;
        let default = || format!("http://{}/mcp", listen.address);
        let resource = listen.public_url.clone().unwrap_or_else(default);
        let servers = vec![jwt.issuer.clone()];
        let made = ResourceMetadata::new(&resource, servers, listen.scopes.clone());
        let Err(error) = made else { return Ok(()) };
        let (key, mend) = match &error {
            MetadataError::Scope(_) => ("scopes", "take it out of `listen.scopes`"),
            _ => ("public_url", "write `public_url = \"https://…/mcp\"` into `[listen]`"),
        };
        Err(self.wrong(&["listen", key], format!("{error}; {mend}")))
    }

    fn check_approvers(&self) -> Result<(), ConfigError> {
        let mut names = BTreeSet::new();
        for (index, approver) in self.file.approvals.approvers.iter().enumerate() {
            let index = index.to_string();
            let at = |key: &str, what: String| {
                self.wrong(&["approvals", "approvers", &index, key], what)
            };
            if approver.name.is_empty() || !names.insert(&approver.name) {
                return Err(at("name", "each approver has a name of their own".to_owned()));
            }
            let key = approver.public_key.as_bytes();
            if key.len() != PUBLIC_KEY_DIGITS || !key.iter().all(u8::is_ascii_hexdigit) {
                let what = format!(
                    "`public_key` of `{}` is no Ed25519 key of {PUBLIC_KEY_DIGITS} hex digits; \
                     `bartizan approvals enroll` prints one",
                    approver.name
                );
                return Err(at("public_key", what));
            }
        }
        Ok(())
    }
}

/// The key that a rule about tokens is broken by.
fn key_of(jwt: &Settings, error: SettingsError) -> &'static str {
    match error {
        SettingsError::NotPinned if jwt.issuer.is_empty() => "issuer",
        SettingsError::NotPinned => "audience",
        SettingsError::Lifetime => "lifetime_max_seconds",
        SettingsError::Leeway => "leeway_seconds",
        SettingsError::NothingAllowed if jwt.algorithms.is_empty() => "algorithms",
        SettingsError::NothingAllowed => "token_types",
    }
}

/// The rule that the fetch of the keys keeps, asked early.
fn check_key_set(url: &str) -> Result<(), String> {
    let no_url = || "`url` is no address; write `https://…`, as the issuer names it".to_owned();
    let uri: Uri = url.parse().map_err(|_| no_url())?;
    if uri.scheme().is_none() {
        return Err(no_url());
    }
    Guard::new(uri.host()).check(&uri).map_err(|error| format!("`url`: {error}"))
}

/// Whether something can be listened at: an IP address or a host name, and a port.
fn is_address(text: &str) -> bool {
    if text.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    // A last label of digits is a mistyped address, and no name.
    let numeric = host.rsplit('.').next().is_none_or(|it| it.bytes().all(|b| b.is_ascii_digit()));
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    digits && port.parse::<u16>().is_ok() && !numeric && host.bytes().all(allowed)
}
