//! One login, from discovery to the sealed record.

use rmcp::transport::auth::AuthError;
use url::Url;

use super::callback::Callback;
use super::client::{RegisteredClient, Registration};
use super::discovery::discover;
use super::token::Access;
use super::vault::{self, Store, Vault};
use super::{OauthError, Target};

/// What a login came to, to be shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoggedIn {
    pub issuer: String,
    pub client_id: String,
    pub registration: Registration,
    pub scopes: Vec<String>,
    /// Whether the login outlasts its first token.
    pub refreshable: bool,
}

/// Logs the gateway in to `target`. `show` gets the URL that a person has to open (print it, and
/// perhaps call [`super::browser::open`]); then the login waits for the person.
///
/// # Errors
/// Anything on the way; nothing is stored then.
pub async fn login(
    target: &Target,
    show: impl FnOnce(&Url) + Send,
) -> Result<LoggedIn, OauthError> {
    login_for(target, &[], show).await
}

/// As [`login`], for `more` scopes beside those that the last login was granted.
///
/// # Errors
/// As [`login`].
pub async fn login_for(
    target: &Target,
    more: &[String],
    show: impl FnOnce(&Url) + Send,
) -> Result<LoggedIn, OauthError> {
    let vault = Vault::new(target)?;
    let settings = &target.settings;
    let mut discovered = discover(target).await?;
    let callback = Callback::listen(settings.redirect_port).await?;
    let mut scopes = if settings.scopes.is_empty() {
        discovered.manager.select_initial_scopes(&[]).await
    } else {
        settings.scopes.clone()
    };
    if !more.is_empty() {
        let granted = granted(&vault).await;
        scopes.extend(granted.into_iter().chain(more.iter().cloned()));
        let mut known = std::collections::HashSet::new();
        scopes.retain(|scope| known.insert(scope.clone()));
    }
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let redirect = callback.redirect_uri();
    let client = RegisteredClient::register(&mut discovered, settings, &redirect, &scopes).await?;
    let mut manager = discovered.manager;
    client.configure(&mut manager, settings)?;
    manager.set_credential_store(Store { vault: vault.clone(), client });
    let url = manager.get_authorization_url(&scopes).await;
    let url = url.ok().and_then(|url| Url::parse(&url).ok()).ok_or(OauthError::Unexpected)?;
    let state = url.query_pairs().find(|(key, _)| key == "state");
    let state = state.ok_or(OauthError::Unexpected)?.1.into_owned();
    show(&url);
    let answer = callback.wait(&state, settings.login_timeout_seconds).await?;
    let (code, issuer) = (answer.code.as_str(), answer.issuer.as_deref());
    let exchanged = manager.exchange_code_for_token_with_issuer(code, &state, issuer).await;
    exchanged.map_err(|error| exchange_error(&error))?;
    finish(&vault, target).await
}

/// The scopes of the last login; one that cannot be read granted nothing.
async fn granted(vault: &Vault) -> Vec<String> {
    let record = vault::blocking(vault, Vault::read).await.ok().flatten();
    record.map(|record| record.credentials.granted_scopes).unwrap_or_default()
}

/// Reads back what was stored, and drops it again if it is of no use.
async fn finish(vault: &Vault, target: &Target) -> Result<LoggedIn, OauthError> {
    let record = vault::blocking(vault, Vault::read).await?.ok_or(OauthError::Unexpected)?;
    let access = match Access::new(&record.credentials, &target.settings) {
        Ok(access) => access,
        Err(error) => {
            vault::blocking(vault, Vault::clear).await?;
            return Err(error);
        }
    };
    Ok(LoggedIn {
        issuer: record.credentials.issuer.unwrap_or_default(),
        client_id: record.client.id,
        registration: record.client.registration,
        scopes: record.credentials.granted_scopes,
        refreshable: access.is_refreshable(),
    })
}

/// Without rmcp's text, which may repeat what the server sent.
fn exchange_error(error: &AuthError) -> OauthError {
    match error {
        AuthError::AuthorizationServerMismatch { .. }
        | AuthError::AuthorizationServerMissingIssuer { .. }
        | AuthError::AuthorizationFailed(_) => OauthError::WrongIssuer,
        _ => OauthError::Exchange,
    }
}
