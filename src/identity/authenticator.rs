//! What an authenticator is, what it is shown, and how it says no.

use axum::http::HeaderMap;

use super::Principal;

/// What a caller shows. Tokens in the query string are not among it: the listener refuses those.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    pub headers: &'a HeaderMap,
    /// The peer's address is this machine's loopback.
    pub loopback: bool,
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Headers hold credentials, so none are shown.
        formatter
            .debug_struct("Presented")
            .field("loopback", &self.loopback)
            .finish_non_exhaustive()
    }
}

/// Knows one kind of credential.
#[async_trait::async_trait]
pub trait Authenticator: Send + Sync + std::fmt::Debug {
    /// `Ok(None)` if the caller shows no credential of this kind.
    ///
    /// # Errors
    /// A credential of this kind that is not good. No other authenticator is asked then.
    async fn authenticate(
        &self,
        presented: &Presented<'_>,
    ) -> Result<Option<Principal>, Unidentified>;
}

/// Why a caller has no principal. Variants carry nothing of what was shown: the message and
/// [`Unidentified::code`] go into records, [`Unidentified::public`] to the caller.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum Unidentified {
    #[error("no credential of a known kind")]
    Missing,
    #[error("development mode serves direct loopback callers alone")]
    NotLoopback,
    #[error("the run header is not one short name")]
    RunHeader,
    #[error("more than one authorization header")]
    SeveralHeaders,
    #[error("the token is longer than the limit")]
    TooLong,
    #[error("the token is not a signed JWT")]
    Malformed,
    #[error("the token's algorithm is not on the allow-list")]
    Algorithm,
    #[error("the token's type is not on the allow-list")]
    TokenType,
    #[error("the token demands an extension that is not understood")]
    Critical,
    #[error("no one key fits the token")]
    UnknownKey,
    #[error("the issuer's keys are older than the limit")]
    KeysUnavailable,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token's issuer is not the pinned one")]
    Issuer,
    #[error("the token is not meant for this gateway")]
    Audience,
    #[error("the token has no usable expiry")]
    NoExpiry,
    #[error("the token has expired")]
    Expired,
    #[error("the token has no usable time of issue")]
    NoIssuedAt,
    #[error("the token lives longer than the limit")]
    LongLived,
    #[error("the token is not valid yet")]
    NotYetValid,
    #[error("the token has no usable subject")]
    NoSubject,
    #[error("a claim of the token has the wrong form")]
    Claim,
    #[error("the token is bound to a key that was not proved")]
    KeyBound,
    #[error("the token lacks a required scope")]
    Scope,
}

impl Unidentified {
    /// The stable name for records and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotLoopback => "not-loopback",
            Self::RunHeader => "run-header",
            Self::SeveralHeaders => "several-headers",
            Self::TooLong => "too-long",
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::TokenType => "token-type",
            Self::Critical => "critical",
            Self::UnknownKey => "unknown-key",
            Self::KeysUnavailable => "keys-unavailable",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::NoExpiry => "no-expiry",
            Self::Expired => "expired",
            Self::NoIssuedAt => "no-issued-at",
            Self::LongLived => "long-lived",
            Self::NotYetValid => "not-yet-valid",
            Self::NoSubject => "no-subject",
            Self::Claim => "claim",
            Self::KeyBound => "key-bound",
            Self::Scope => "scope",
        }
    }

    /// What the caller is told. Coarse, so that a forger learns nothing from it.
    pub const fn public(self) -> &'static str {
        match self {
            Self::Missing => "authentication is required",
            Self::NotLoopback => "this listener serves local callers only",
            Self::RunHeader | Self::SeveralHeaders => "the request's credentials are malformed",
            Self::KeysUnavailable => "authentication is not available at the moment",
            Self::Expired => "the token has expired",
            Self::Scope => "the token lacks a required scope",
            _ => "the token is not accepted",
        }
    }

    /// The HTTP status (RFC 6750 §3.1).
    pub const fn status(self) -> u16 {
        match self {
            Self::RunHeader | Self::SeveralHeaders => 400,
            Self::NotLoopback | Self::Scope => 403,
            Self::KeysUnavailable => 503,
            _ => 401,
        }
    }

    /// The `error` of a challenge (RFC 6750 §3.1); none where no token was shown.
    pub const fn challenge(self) -> Option<&'static str> {
        match self {
            Self::Missing | Self::NotLoopback | Self::RunHeader | Self::KeysUnavailable => None,
            Self::SeveralHeaders => Some("invalid_request"),
            Self::Scope => Some("insufficient_scope"),
            _ => Some("invalid_token"),
        }
    }
}
