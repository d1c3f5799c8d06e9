//! Hands out the upstream's access token, refreshed before it expires. However many calls ask,
//! there is one refresh at a time, and a caller that hangs up does not end it (a refresh token
//! that was rotated and not stored is lost).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use rmcp::transport::auth::{AuthError, AuthorizationManager, StoredCredentials};
use serde_json::Value;
use tokio::sync::Mutex;

use super::client::RegisteredClient;
use super::discovery::discover;
use super::vault::{self, Record, Store, Vault};
use super::{OauthError, Settings, Target};
use crate::config::secret::Revealed;

/// The life that is assumed of a token whose server names none, in seconds, if it can be renewed.
const LIFETIME_SECONDS_ASSUMED: u64 = 300;

/// An upstream that refuses a token which is younger than this is not helped by another one.
const REJECTION_GRACE: Duration = Duration::from_secs(30);

/// An access token and the times that matter. Seconds since 1970.
pub(super) struct Access {
    token: Arc<Revealed>,
    refresh_at: u64,
    expires_at: u64,
    refreshable: bool,
}

impl Access {
    pub(super) fn new(
        credentials: &StoredCredentials,
        settings: &Settings,
    ) -> Result<Self, OauthError> {
        // The types of the OAuth crate below rmcp are not exported; its wire form says the same.
        let response = serde_json::to_value(&credentials.token_response);
        let response = response.map_err(|_| OauthError::Unexpected)?;
        let text = |key: &str| response.get(key).and_then(Value::as_str);
        let bearer = text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
        let token = text("access_token").filter(|token| bearer && is_b64token(token));
        let token = token.ok_or(OauthError::NotBearer)?.to_owned();
        let refreshable = text("refresh_token").is_some();
        let lifetime = match response.get("expires_in").and_then(Value::as_u64) {
            Some(seconds) => seconds,
            None if refreshable => LIFETIME_SECONDS_ASSUMED,
            None => u64::from(u32::MAX),
        };
        let received = credentials.token_received_at.unwrap_or_default();
        let expires_at = received.saturating_add(lifetime);
        let ahead = settings.refresh_ahead_seconds.min(lifetime / 2);
        let refresh_at = expires_at.saturating_sub(ahead);
        Ok(Self { token: Arc::new(Revealed::from(token)), refresh_at, expires_at, refreshable })
    }

    pub(super) const fn is_refreshable(&self) -> bool {
        self.refreshable
    }

    /// Good for now, and not to be refreshed yet (or never, where that is impossible).
    fn is_fresh(&self) -> bool {
        now() < if self.refreshable { self.refresh_at } else { self.expires_at }
    }
}

/// Characters of a bearer token (RFC 6750 §2.1), which are all that may stand in its header.
fn is_b64token(token: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    !token.is_empty() && token.bytes().all(allowed)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The tokens of one upstream.
pub struct TokenSource {
    target: Target,
    vault: Vault,
    access: ArcSwapOption<Access>,
    renewal: Mutex<Renewal>,
}

/// What the one caller that renews may change.
#[derive(Default)]
struct Renewal {
    session: Option<(RegisteredClient, AuthorizationManager)>,
    failed: Option<(Instant, OauthError)>,
    renewed: Option<Instant>,
    rejected: Option<Arc<Revealed>>,
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("TokenSource");
        debug.field("upstream", &self.target.name).finish_non_exhaustive()
    }
}

impl TokenSource {
    /// Reads nothing yet: an upstream without a login is an error of its calls, not of the start.
    ///
    /// # Errors
    /// A name that cannot name a file.
    pub fn new(target: Target) -> Result<Arc<Self>, OauthError> {
        let vault = Vault::new(&target)?;
        let (access, renewal) = (ArcSwapOption::empty(), Mutex::default());
        Ok(Arc::new(Self { target, vault, access, renewal }))
    }

    /// A token to show to this upstream and to nobody else.
    ///
    /// # Errors
    /// [`OauthError::LoginRequired`] if only a person can help; others may pass by themselves.
    pub async fn bearer(self: &Arc<Self>) -> Result<Arc<Revealed>, OauthError> {
        if let Some(access) = &*self.access.load()
            && access.is_fresh()
        {
            return Ok(Arc::clone(&access.token));
        }
        let source = Arc::clone(self);
        let renewed = tokio::spawn(async move { source.renew().await }).await;
        renewed.unwrap_or(Err(OauthError::Unexpected))
    }

    /// To be told when the upstream answers 401 to `token`: the next [`Self::bearer`] brings
    /// another one or an error.
    pub async fn reject(&self, token: &Arc<Revealed>) {
        let mut renewal = self.renewal.lock().await;
        let current = self.access.load();
        if current.as_ref().is_some_and(|access| access.token.expose() == token.expose()) {
            renewal.rejected = Some(Arc::clone(token));
            self.access.store(None);
        }
    }

    /// Makes the next [`Self::bearer`] read the record again, which a new login may have changed.
    pub fn look_again(&self) {
        self.access.store(None);
    }

    async fn renew(&self) -> Result<Arc<Revealed>, OauthError> {
        let mut renewal = self.renewal.lock().await;
        let current = self.access.load_full();
        if let Some(access) = current.as_ref().filter(|access| access.is_fresh()) {
            return Ok(Arc::clone(&access.token));
        }
        let outcome = match renewal.recent_failure(&self.target.settings) {
            Some(error) => Err(error),
            None => self.load_or_refresh(&mut renewal).await,
        };
        match (outcome, current) {
            (Ok(access), _) => {
                let token = Arc::clone(&access.token);
                self.access.store(Some(Arc::new(access)));
                Ok(token)
            }
            // Refreshing comes early, so a failure leaves time.
            (Err(_), Some(access)) if now() < access.expires_at => Ok(Arc::clone(&access.token)),
            (Err(error), _) => Err(error),
        }
    }

    async fn load_or_refresh(&self, renewal: &mut Renewal) -> Result<Access, OauthError> {
        let outcome = self.try_load_or_refresh(renewal).await;
        if let Err(error) = &outcome {
            renewal.session = None;
            renewal.failed = Some((Instant::now(), error.clone()));
        }
        outcome
    }

    async fn try_load_or_refresh(&self, renewal: &mut Renewal) -> Result<Access, OauthError> {
        let record = self.record().await?;
        let stored = Access::new(&record.credentials, &self.target.settings)?;
        let rejected = renewal.rejected.as_ref();
        let rejected = rejected.is_some_and(|token| token.expose() == stored.token.expose());
        if stored.is_fresh() && !rejected {
            return Ok(stored);
        }
        if rejected && renewal.renewed.is_some_and(|at| at.elapsed() < REJECTION_GRACE) {
            return Err(OauthError::Rejected(self.target.name.clone()));
        }
        if !stored.refreshable {
            return Err(self.login_required());
        }
        self.refresh(renewal, &record).await?;
        renewal.renewed = Some(Instant::now());
        renewal.rejected = None;
        Access::new(&self.record().await?.credentials, &self.target.settings)
    }

    async fn record(&self) -> Result<Record, OauthError> {
        let record = vault::blocking(&self.vault, Vault::read).await?;
        record.ok_or_else(|| self.login_required())
    }

    async fn refresh(&self, renewal: &mut Renewal, record: &Record) -> Result<(), OauthError> {
        if renewal.session.as_ref().is_none_or(|(client, _)| *client != record.client) {
            let manager = self.connect(record).await?;
            renewal.session = Some((record.client.clone(), manager));
        }
        let (_, manager) = renewal.session.as_ref().expect("the session was set just above");
        match manager.refresh_token().await {
            Ok(_) => Ok(()),
            Err(AuthError::AuthorizationRequired | AuthError::TokenRefreshRejected(_)) => {
                Err(self.login_required())
            }
            Err(_) => Err(OauthError::Refresh),
        }
    }

    /// Finds the authorization server again and insists that it is the one of the login.
    async fn connect(&self, record: &Record) -> Result<AuthorizationManager, OauthError> {
        let discovered = discover(&self.target).await?;
        let then = record.credentials.issuer.clone().unwrap_or_default();
        if discovered.issuer != then {
            let (name, now) = (self.target.name.clone(), discovered.issuer);
            return Err(OauthError::IssuerChanged { name, then, now });
        }
        let mut manager = discovered.manager;
        record.client.configure(&mut manager, &self.target.settings)?;
        let (vault, client) = (self.vault.clone(), record.client.clone());
        manager.set_credential_store(Store { vault, client });
        Ok(manager)
    }

    fn login_required(&self) -> OauthError {
        OauthError::LoginRequired(self.target.name.clone())
    }
}

impl Renewal {
    fn recent_failure(&self, settings: &Settings) -> Option<OauthError> {
        let (at, error) = self.failed.as_ref()?;
        let recent = at.elapsed() < Duration::from_secs(settings.retry_after_seconds);
        recent.then(|| error.clone())
    }
}
