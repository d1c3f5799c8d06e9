//! The JOSE header of a token. It says which key to take and never which kinds are allowed; keys
//! that it brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.

use super::Settings;
use crate::identity::Unidentified;
use crate::identity::jwks::SigningAlgorithm;
use crate::mcp::Json;

/// The longest `kid`.
const KID_BYTES_MAX: usize = 256;

pub(super) struct Head {
    pub(super) algorithm: SigningAlgorithm,
    pub(super) kid: Option<String>,
}

impl Head {
    pub(super) fn parse(head: &Json, settings: &Settings) -> Result<Self, Unidentified> {
        let algorithm = head.get("alg").and_then(Json::as_str).ok_or(Unidentified::Malformed)?;
        let algorithm = SigningAlgorithm::from_name(algorithm)
            .filter(|algorithm| settings.algorithms.contains(algorithm))
            .ok_or(Unidentified::Algorithm)?;
        if !head.get("typ").and_then(Json::as_str).is_some_and(|found| is_listed(found, settings)) {
            return Err(Unidentified::TokenType);
        }
        // RFC 7515 §4.1.11: none is understood here, so all are refused.
        if head.get("crit").is_some() {
            return Err(Unidentified::Critical);
        }
        let kid = match head.get("kid") {
            None => None,
            Some(Json::String(kid)) if kid.len() <= KID_BYTES_MAX => Some(kid.clone()),
            Some(_) => return Err(Unidentified::Malformed),
        };
        Ok(Self { algorithm, kid })
    }
}

/// Media types compare without case, and `application/` may be left out (RFC 7515 §4.1.9).
fn is_listed(found: &str, settings: &Settings) -> bool {
    let found = found.to_ascii_lowercase();
    let bare = found.strip_prefix("application/").unwrap_or(&found);
    settings.token_types.iter().any(|listed| listed.eq_ignore_ascii_case(bare))
}
