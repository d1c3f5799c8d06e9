//! The gateway as OAuth client of an HTTP upstream: a person logs in once, tokens are kept
//! encrypted and refreshed before they expire. They are the gateway's own; a caller's token never
//! comes here. Protocol work (RFC 9728, 8414, 8707, 9207, PKCE, registration) is rmcp's, over a
//! client of ours, and what it tolerates but MCP forbids is refused here.
//!
//! rmcp logs authorization codes at debug level: keep its target at `warn` or above.

use std::path::PathBuf;
use std::sync::Arc;

use rmcp::transport::auth::AuthError;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::config::secret::{Secret, SecretError};
use crate::net::NetError;

pub mod browser;
mod callback;
mod client;
mod discovery;
mod exchange;
mod login;
mod token;
mod vault;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use crate::config::secret::Revealed;
pub use client::{Registration, client_metadata};
pub use login::{LoggedIn, login, login_for};
pub use token::TokenSource;
pub use vault::VaultError;

/// How the gateway presents itself to an upstream's authorization server. Registration goes in the
/// order that MCP demands: `client_id`, then `client_metadata_url`, then dynamic registration.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A client that was registered beforehand.
    pub client_id: Option<String>,
    /// The secret of that client, if it has one.
    pub client_secret: Option<Secret>,
    /// Where the gateway's Client ID Metadata Document is published (https, with a path).
    pub client_metadata_url: Option<String>,
    /// Scopes to ask for; without any, those that the upstream names.
    pub scopes: Vec<String>,
    /// Hosts beside the upstream's own that may lie at private addresses.
    pub private_hosts: Vec<String>,
    /// The loopback port to come back to after the login; 0 takes a free one.
    pub redirect_port: u16,
    /// How long a login waits for the person.
    pub login_timeout_seconds: u64,
    /// For each request to the authorization server.
    pub request_timeout_seconds: u64,
    /// How long before its expiry a token is refreshed, at most half its life.
    pub refresh_ahead_seconds: u64,
    /// After a failed refresh, how long callers get the same answer without a new request.
    pub retry_after_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            client_id: None,
            client_secret: None,
            client_metadata_url: None,
            scopes: Vec::new(),
            private_hosts: Vec::new(),
            redirect_port: 0,
            login_timeout_seconds: 300,
            request_timeout_seconds: 15,
            refresh_ahead_seconds: 60,
            retry_after_seconds: 5,
        }
    }
}

/// One upstream to log in to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The upstream's configured name.
    pub name: String,
    /// Its MCP endpoint.
    pub url: Url,
    pub settings: Settings,
    /// Where the gateway keeps its state; tokens lie in `oauth/` below.
    pub state_dir: PathBuf,
}

/// Why there is no token. Carries nothing that an authorization server sent, except names of
/// standard errors.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OauthError {
    #[error("not logged in to upstream `{0}`; run `bartizan upstreams login {0}`")]
    LoginRequired(String),
    #[error("`{0}` cannot name a file; use letters, digits, `-` and `_`, at most 64")]
    Name(String),
    #[error("upstream `{0}` publishes no OAuth metadata")]
    NoMetadata(String),
    #[error("the OAuth metadata of upstream `{0}` cannot be had or is not valid")]
    Discovery(String, #[source] Arc<AuthError>),
    #[error("the authorization server names no issuer")]
    NoIssuer,
    #[error("the authorization server does not say that it supports PKCE with S256")]
    NoPkce,
    #[error("the authorization server's {0} is not https")]
    Insecure(&'static str),
    #[error("the authorization server of `{name}` is `{now}` now, the login was at `{then}`")]
    IssuerChanged { name: String, then: String, now: String },
    #[error(
        "the authorization server registers no client; set `client_id` or `client_metadata_url`"
    )]
    Registration,
    #[error("`client_metadata_url` must be an https URL with a path")]
    MetadataUrl,
    #[error("`client_secret` stands without `client_id`")]
    SecretWithoutClient,
    #[error(transparent)]
    ClientSecret(Arc<SecretError>),
    #[error("no listener on 127.0.0.1 port {port}: {source}")]
    Listen {
        port: u16,
        #[source]
        source: Arc<std::io::Error>,
    },
    #[error("nobody came back from the login within {0} s")]
    TimedOut(u64),
    #[error("the authorization server refused the login: {0}")]
    Denied(String),
    #[error("the login's answer does not come from the expected authorization server")]
    WrongIssuer,
    #[error("the authorization server gave no token for the login")]
    Exchange,
    #[error("the authorization server gave a token that is no bearer token")]
    NotBearer,
    #[error("the token could not be refreshed; it will be tried again")]
    Refresh,
    #[error("upstream `{0}` refuses tokens that were only just issued")]
    Rejected(String),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Net(Arc<NetError>),
    #[error("the OAuth client failed in an unexpected way")]
    Unexpected,
}

impl From<SecretError> for OauthError {
    fn from(error: SecretError) -> Self {
        Self::ClientSecret(Arc::new(error))
    }
}

impl From<NetError> for OauthError {
    fn from(error: NetError) -> Self {
        Self::Net(Arc::new(error))
    }
}
