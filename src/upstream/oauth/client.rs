//! Which client the gateway is at an authorization server, and how it became that client.

use std::fmt;

use rmcp::transport::auth::{AuthorizationManager, OAuthClientConfig};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::discovery::Discovered;
use super::{OauthError, Settings};

/// What people see when they are asked to let the gateway in.
const CLIENT_NAME: &str = "Bartizan";

/// How a client id was come by, in the order of preference.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registration {
    /// Registered beforehand by a person.
    Beforehand,
    /// The URL of a Client ID Metadata Document.
    MetadataDocument,
    /// Dynamic registration (RFC 7591), which MCP deprecates.
    Dynamic,
}

/// The gateway at one authorization server.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct RegisteredClient {
    pub(super) id: String,
    /// Only one that dynamic registration issued. A configured one stays where it lies.
    secret: Option<String>,
    redirect_uri: String,
    pub(super) registration: Registration,
}

impl fmt::Debug for RegisteredClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("RegisteredClient");
        debug.field("id", &self.id).field("registration", &self.registration);
        debug.finish_non_exhaustive()
    }
}

impl RegisteredClient {
    /// Chooses, and registers if it must.
    pub(super) async fn register(
        discovered: &mut Discovered,
        settings: &Settings,
        redirect_uri: &str,
        scopes: &[&str],
    ) -> Result<Self, OauthError> {
        let known = |id: &str, registration| Self {
            id: id.to_owned(),
            secret: None,
            redirect_uri: redirect_uri.to_owned(),
            registration,
        };
        match (&settings.client_id, &settings.client_metadata_url) {
            (None, _) if settings.client_secret.is_some() => Err(OauthError::SecretWithoutClient),
            (Some(id), _) => Ok(known(id, Registration::Beforehand)),
            (None, Some(url)) if discovered.takes_metadata_url => {
                check_metadata_url(url)?;
                Ok(known(url, Registration::MetadataDocument))
            }
            _ => {
                let manager = &mut discovered.manager;
                let registered = manager.register_client(CLIENT_NAME, redirect_uri, scopes).await;
                let config = registered.map_err(|_| OauthError::Registration)?;
                let mut client = known(&config.client_id, Registration::Dynamic);
                client.secret = config.client_secret;
                Ok(client)
            }
        }
    }

    /// Makes `manager` act as this client.
    pub(super) fn configure(
        &self,
        manager: &mut AuthorizationManager,
        settings: &Settings,
    ) -> Result<(), OauthError> {
        let mut config = OAuthClientConfig::new(&self.id, &self.redirect_uri);
        if let Some(secret) = &self.secret {
            config = config.with_client_secret(secret);
        }
        if let (Registration::Beforehand, Some(secret)) =
            (self.registration, &settings.client_secret)
        {
            config = config.with_client_secret(secret.reveal()?.expose());
        }
        manager.configure_client(config).map_err(|_| OauthError::Unexpected)
    }
}

fn check_metadata_url(url: &str) -> Result<(), OauthError> {
    let fits = |url: Url| url.scheme() == "https" && url.has_host() && url.path() != "/";
    if Url::parse(url).is_ok_and(fits) { Ok(()) } else { Err(OauthError::MetadataUrl) }
}

/// The Client ID Metadata Document to publish at `url`. Its redirect URI has no port: on loopback
/// any port fits (RFC 8252 §7.3).
pub fn client_metadata(url: &Url) -> Value {
    json!({
        "client_id": url.as_str(),
        "client_name": CLIENT_NAME,
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    })
}
