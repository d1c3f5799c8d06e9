//! What the operator pins about tokens.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::identity::jwks::{self, SigningAlgorithm, Source};

/// The longest life that any configuration may allow, in seconds: fifteen minutes.
const LIFETIME_SECONDS_MAX: u32 = 900;

/// The most that two clocks may differ, in seconds.
const LEEWAY_SECONDS_MAX: u32 = 30;

/// Accepted tokens: one issuer, one audience, short lives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The `iss` that a token must carry, compared as it stands.
    pub issuer: String,
    /// The `aud` that a token must contain: the gateway's canonical URI (RFC 8707).
    pub audience: String,
    /// The issuer's keys.
    pub jwks: Source,
    #[serde(default)]
    pub jwks_limits: jwks::Limits,
    /// Accepted `alg` values.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<SigningAlgorithm>,
    /// Accepted `typ` values. `at+jwt` (RFC 9068) keeps ID tokens and other JWTs of the issuer
    /// out; issuers that do not set it need `JWT`.
    #[serde(default = "token_types")]
    pub token_types: Vec<String>,
    /// From `iat` to `exp`, at most 900 s.
    #[serde(default = "lifetime")]
    pub lifetime_max_seconds: u32,
    /// For clocks that differ, at most 30 s.
    #[serde(default)]
    pub leeway_seconds: u32,
    /// The claim with the user's groups.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// The claim with the run.
    #[serde(default = "run_claim")]
    pub run_claim: String,
    /// Scopes that every token must have.
    #[serde(default)]
    pub required_scopes: Vec<String>,
    /// Accepts tokens that are bound to a key (`cnf`) without proof of that key. They count as
    /// plain bearer tokens then.
    #[serde(default)]
    pub accept_key_bound_as_bearer: bool,
    /// The longest token.
    #[serde(default = "token_bytes")]
    pub token_bytes_max: usize,
    /// Actors in a chain of delegation (RFC 8693 `act`); a longer chain is refused.
    #[serde(default = "actors")]
    pub actors_max: usize,
    /// Groups of one user; more are refused.
    #[serde(default = "groups")]
    pub groups_max: usize,
}

/// A setting that contradicts a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SettingsError {
    #[error("`issuer` and `audience` must be pinned: neither may be empty")]
    NotPinned,
    #[error("`lifetime_max_seconds` is 1 to {LIFETIME_SECONDS_MAX}")]
    Lifetime,
    #[error("`leeway_seconds` is at most {LEEWAY_SECONDS_MAX}")]
    Leeway,
    #[error("`algorithms` and `token_types` must name at least one value each")]
    NothingAllowed,
}

impl Settings {
    /// The shortest settings; the rest are defaults.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, jwks: Source) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            jwks,
            jwks_limits: jwks::Limits::default(),
            algorithms: algorithms(),
            token_types: token_types(),
            lifetime_max_seconds: lifetime(),
            leeway_seconds: 0,
            groups_claim: groups_claim(),
            run_claim: run_claim(),
            required_scopes: Vec::new(),
            accept_key_bound_as_bearer: false,
            token_bytes_max: token_bytes(),
            actors_max: actors(),
            groups_max: groups(),
        }
    }

    /// # Errors
    /// The first setting that contradicts a rule.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.issuer.is_empty() || self.audience.is_empty() {
            return Err(SettingsError::NotPinned);
        }
        if !(1..=LIFETIME_SECONDS_MAX).contains(&self.lifetime_max_seconds) {
            return Err(SettingsError::Lifetime);
        }
        if self.leeway_seconds > LEEWAY_SECONDS_MAX {
            return Err(SettingsError::Leeway);
        }
        if self.algorithms.is_empty() || self.token_types.is_empty() {
            return Err(SettingsError::NothingAllowed);
        }
        Ok(())
    }
}

fn algorithms() -> Vec<SigningAlgorithm> {
    vec![SigningAlgorithm::RS256, SigningAlgorithm::ES256, SigningAlgorithm::EdDSA]
}

fn token_types() -> Vec<String> {
    vec!["at+jwt".to_owned()]
}

const fn lifetime() -> u32 {
    LIFETIME_SECONDS_MAX
}

fn groups_claim() -> String {
    "groups".to_owned()
}

fn run_claim() -> String {
    "bartizan_run".to_owned()
}

const fn token_bytes() -> usize {
    8 << 10
}

const fn actors() -> usize {
    4
}

const fn groups() -> usize {
    256
}
