//! Plain bearer JWTs of one pinned issuer (RFC 9068, RFC 6750): what it takes for such a token to
//! name a caller. Nothing of a token is kept, logged or passed on.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::identity::jwks::Jwks;
use crate::identity::{Authenticator, Presented, Principal, Unidentified};
use crate::mcp::json::{self, Json};

use super::OpenError;

mod claims;
mod head;
mod settings;

#[cfg(test)]
mod tests;

pub use settings::{Settings, SettingsError};

/// Checks bearer JWTs against pinned settings and the issuer's keys.
#[derive(Debug)]
pub struct Jwt {
    settings: Settings,
    keys: Arc<Jwks>,
}

impl Jwt {
    /// Checks the settings and loads the keys.
    ///
    /// # Errors
    /// Settings that contradict a rule, or keys that cannot be loaded.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        settings.check()?;
        let keys = Jwks::open(&settings.jwks, settings.jwks_limits).await?;
        Ok(Self { settings, keys })
    }

    async fn verify(&self, token: &str) -> Result<Principal, Unidentified> {
        let parts = Parts::split(token).ok_or(Unidentified::Malformed)?;
        let head = head::Head::parse(&decode(parts.head)?, &self.settings)?;
        let key = self.keys.key(head.kid.as_deref(), head.algorithm).await?;
        if !key.verifies(head.algorithm, parts.signed.as_bytes(), parts.signature) {
            return Err(Unidentified::Signature);
        }
        claims::principal(&decode(parts.claims)?, &self.settings, now())
    }
}

#[async_trait::async_trait]
impl Authenticator for Jwt {
    async fn authenticate(
        &self,
        presented: &Presented<'_>,
    ) -> Result<Option<Principal>, Unidentified> {
        match bearer(presented.headers, self.settings.token_bytes_max)? {
            Some(token) => self.verify(token).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The one bearer token of a request, if its one credential is of that scheme.
fn bearer(headers: &HeaderMap, bytes_max: usize) -> Result<Option<&str>, Unidentified> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Unidentified::SeveralHeaders);
    }
    if value.len() > bytes_max + "Bearer ".len() {
        return Err(Unidentified::TooLong);
    }
    let text = value.to_str().map_err(|_| Unidentified::Malformed)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    Ok(scheme.eq_ignore_ascii_case("bearer").then_some(token))
}

/// A compact JWS (RFC 7515 §3.1), still encoded.
struct Parts<'a> {
    head: &'a str,
    claims: &'a str,
    signature: &'a str,
    signed: &'a str,
}

impl<'a> Parts<'a> {
    fn split(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        (!claims.contains('.')).then_some(Self { head, claims, signature, signed })
    }
}

/// Strictly: a duplicate key that two parsers read in two ways is refused.
fn decode(part: &str) -> Result<Json, Unidentified> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Unidentified::Malformed)?;
    let limits = json::Limits { bytes_max: bytes.len(), depth_max: 16, values_max: 4096 };
    json::parse(&bytes, &limits).map_err(|_| Unidentified::Malformed)
}

/// Seconds since 1970. A clock before that refuses every token, as each is from the future.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
