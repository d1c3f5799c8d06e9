//! The issuer's public keys: from a file or a URL, loaded at start, refreshed in the background
//! and when a token names a key that is not known, but seldom enough that a flood of made-up
//! names costs the issuer one request.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use axum::http::{Request, StatusCode, Uri, header};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::sync::Mutex;

use super::Unidentified;
use crate::net::{self, Client, Guard, NetError};

mod key;

#[cfg(test)]
mod tests;

use key::KeySet;
pub use key::{SigningAlgorithm, VerifyingKey};

/// Where the keys are.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A JSON Web Key Set (RFC 7517) in a file.
    File(PathBuf),
    /// The issuer's `jwks_uri`: https, or http on loopback.
    Url(String),
}

/// How often, how long and how much.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Between refreshes in the background. A key that the issuer withdrew lives this much longer.
    pub refresh_seconds: u64,
    /// Between refreshes that unknown keys may cause.
    pub unknown_key_seconds: u64,
    /// How long the last good keys serve while none can be fetched.
    pub stale_max_seconds: u64,
    /// For one fetch.
    pub timeout_seconds: u64,
    /// Bytes of the key set.
    pub bytes_max: usize,
    /// Keys that are looked at.
    pub keys_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            refresh_seconds: 300,
            unknown_key_seconds: 30,
            stale_max_seconds: 3600,
            timeout_seconds: 5,
            bytes_max: 256 << 10,
            keys_max: 64,
        }
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    #[error("the key set's URL is not one")]
    NotAUrl,
    #[error("the key set cannot be fetched: {0}")]
    Fetch(#[from] NetError),
    #[error("the key set's URL answers with status {0}")]
    Status(StatusCode),
    #[error("the key set `{path}` cannot be read: {source}", path = .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the key set is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("the key set is not a JSON Web Key Set")]
    Malformed,
    #[error("the key set holds no public key that can verify a signature")]
    Empty,
}

#[derive(Debug)]
enum Opened {
    File(PathBuf),
    Url { uri: Uri, client: Box<Client> },
}

struct Snapshot {
    keys: KeySet,
    loaded: Instant,
}

/// Keys that are looked up while they are exchanged.
pub struct Jwks {
    source: Opened,
    limits: Limits,
    snapshot: ArcSwap<Snapshot>,
    /// When a fetch was last tried; held while one is, so that there is one at a time.
    tried: Mutex<Instant>,
}

impl std::fmt::Debug for Jwks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Jwks").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Jwks {
    /// Loads the keys and goes on refreshing them in the background while the value lives.
    ///
    /// # Errors
    /// Keys that cannot be had now: a gateway does not start without.
    pub async fn open(source: &Source, limits: Limits) -> Result<Arc<Self>, JwksError> {
        let source = Opened::new(source, &limits)?;
        let keys = source.load(&limits).await?;
        let now = Instant::now();
        let snapshot = ArcSwap::from_pointee(Snapshot { keys, loaded: now });
        // The first unknown key may cause a fetch at once.
        let due = now.checked_sub(limits.unknown_key()).unwrap_or(now);
        let jwks = Arc::new(Self { source, limits, snapshot, tried: Mutex::new(due) });
        tokio::spawn(refresh_while_used(Arc::downgrade(&jwks)));
        Ok(jwks)
    }

    /// The one key that fits a token's header.
    ///
    /// # Errors
    /// [`Unidentified::UnknownKey`] if none or several fit, [`Unidentified::KeysUnavailable`] if
    /// the last good keys are too old.
    pub async fn key(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: SigningAlgorithm,
    ) -> Result<Arc<VerifyingKey>, Unidentified> {
        let first = self.lookup(kid, algorithm);
        // Without a name there is nothing that a fetch could bring.
        let worth_a_fetch = matches!(first, Err(Unidentified::KeysUnavailable)) || kid.is_some();
        if first.is_ok() || !worth_a_fetch {
            return first;
        }
        let jwks = Arc::clone(self);
        // In a task of its own: a caller that hangs up must not end the fetch for all others.
        let refreshed = tokio::spawn(async move { jwks.refresh_if_due().await }).await;
        if refreshed.unwrap_or(false) { self.lookup(kid, algorithm) } else { first }
    }

    fn lookup(
        &self,
        kid: Option<&str>,
        algorithm: SigningAlgorithm,
    ) -> Result<Arc<VerifyingKey>, Unidentified> {
        let snapshot = self.snapshot.load();
        if snapshot.loaded.elapsed() > Duration::from_secs(self.limits.stale_max_seconds) {
            return Err(Unidentified::KeysUnavailable);
        }
        snapshot.keys.find(kid, algorithm).ok_or(Unidentified::UnknownKey)
    }

    /// Whether the keys may be newer than when the caller looked.
    async fn refresh_if_due(&self) -> bool {
        let asked = Instant::now();
        let mut tried = self.tried.lock().await;
        if *tried >= asked {
            // Another caller fetched while this one waited.
            return true;
        }
        if tried.elapsed() < self.limits.unknown_key() {
            return false;
        }
        self.refresh(&mut tried).await
    }

    async fn refresh(&self, tried: &mut Instant) -> bool {
        let loaded = self.source.load(&self.limits).await;
        *tried = Instant::now();
        match loaded {
            Ok(keys) => {
                self.snapshot.store(Arc::new(Snapshot { keys, loaded: *tried }));
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the last good keys stay in use for a while");
                false
            }
        }
    }
}

/// Ends when the last user of the keys is gone.
async fn refresh_while_used(jwks: Weak<Jwks>) {
    while let Some(seconds) = jwks.upgrade().map(|jwks| jwks.limits.refresh_seconds.max(1)) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let Some(jwks) = jwks.upgrade() else { break };
        let mut tried = jwks.tried.lock().await;
        jwks.refresh(&mut tried).await;
    }
}

impl Limits {
    fn unknown_key(&self) -> Duration {
        Duration::from_secs(self.unknown_key_seconds)
    }
}

impl Opened {
    fn new(source: &Source, limits: &Limits) -> Result<Self, JwksError> {
        let url = match source {
            Source::File(path) => return Ok(Self::File(path.clone())),
            Source::Url(url) => url,
        };
        let uri: Uri = url.parse().map_err(|_| JwksError::NotAUrl)?;
        let guard = Guard::new(uri.host());
        guard.check(&uri).map_err(NetError::from)?;
        let limits = net::Limits {
            total: Duration::from_secs(limits.timeout_seconds),
            body_bytes_max: limits.bytes_max,
            ..net::Limits::default()
        };
        Ok(Self::Url { uri, client: Box::new(Client::new(guard, limits)?) })
    }

    async fn load(&self, limits: &Limits) -> Result<KeySet, JwksError> {
        let bytes = match self {
            Self::File(path) => read(path, limits.bytes_max).await?,
            Self::Url { uri, client } => fetch(uri, client).await?,
        };
        KeySet::parse(&bytes, limits.keys_max)
    }
}

async fn read(path: &PathBuf, limit: usize) -> Result<Bytes, JwksError> {
    let unreadable = |source| JwksError::Unreadable { path: path.clone(), source };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).await.map_err(unreadable)?;
    if bytes.len() > limit { Err(JwksError::TooLong { limit }) } else { Ok(bytes.into()) }
}

async fn fetch(uri: &Uri, client: &Client) -> Result<Bytes, JwksError> {
    let request = Request::get(uri.clone())
        .header(header::ACCEPT, "application/jwk-set+json, application/json")
        .body(Bytes::new())
        .expect("a parsed URI and a constant header make a request");
    let response = client.send(request).await?;
    match response.status() {
        StatusCode::OK => Ok(response.into_body()),
        status => Err(JwksError::Status(status)),
    }
}
