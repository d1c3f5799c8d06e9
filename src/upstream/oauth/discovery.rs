//! Finds an upstream's authorization server and refuses one that does not do what MCP demands.

use std::sync::Arc;

use rmcp::transport::auth::{AuthorizationManager, AuthorizationMetadata};
use url::Url;

use super::exchange::Exchange;
use super::{OauthError, Target};
use crate::net::is_loopback_host;

/// An authorization server that may be used.
pub(super) struct Discovered {
    pub(super) manager: AuthorizationManager,
    pub(super) issuer: String,
    /// It takes the URL of a Client ID Metadata Document for a client id.
    pub(super) takes_metadata_url: bool,
}

pub(super) async fn discover(target: &Target) -> Result<Discovered, OauthError> {
    let failed = |error| OauthError::Discovery(target.name.clone(), Arc::new(error));
    let exchange = Arc::new(Exchange::new(target)?);
    let challenge = exchange.challenge(target).await;
    let url = target.url.as_str();
    let mut manager =
        AuthorizationManager::new_with_oauth_http_client(url, exchange).await.map_err(failed)?;
    let resolved = manager.resolve_metadata_from_challenge(challenge.as_deref()).await;
    let resolution = resolved.map_err(failed)?;
    // Endpoints that were only guessed are not asked for tokens.
    if !resolution.source.is_discovered() {
        return Err(OauthError::NoMetadata(target.name.clone()));
    }
    let metadata = resolution.metadata;
    let issuer = check(&metadata, &target.url)?;
    let additional = metadata.additional_fields.get("client_id_metadata_document_supported");
    let takes_metadata_url = additional.and_then(serde_json::Value::as_bool).unwrap_or(false);
    manager.set_metadata(metadata);
    Ok(Discovered { manager, issuer, takes_metadata_url })
}

/// The issuer, if everything else is as it must be.
fn check(metadata: &AuthorizationMetadata, upstream: &Url) -> Result<String, OauthError> {
    let issuer = metadata.issuer.clone().ok_or(OauthError::NoIssuer)?;
    let methods = metadata.code_challenge_methods_supported.as_deref().unwrap_or_default();
    if !methods.iter().any(|method| method == "S256") {
        return Err(OauthError::NoPkce);
    }
    let endpoints = [
        ("issuer", Some(&issuer)),
        ("authorization endpoint", Some(&metadata.authorization_endpoint)),
        ("token endpoint", Some(&metadata.token_endpoint)),
        ("registration endpoint", metadata.registration_endpoint.as_ref()),
    ];
    for (name, endpoint) in endpoints {
        if endpoint.is_some_and(|endpoint| !is_secure(endpoint, upstream)) {
            return Err(OauthError::Insecure(name));
        }
    }
    Ok(issuer)
}

/// https, or http from a loopback upstream to loopback.
fn is_secure(endpoint: &str, upstream: &Url) -> bool {
    let loopback = |url: &Url| url.host_str().is_some_and(is_loopback_host);
    Url::parse(endpoint).is_ok_and(|url| match url.scheme() {
        "https" => url.has_host(),
        "http" => loopback(&url) && loopback(upstream),
        _ => false,
    })
}
