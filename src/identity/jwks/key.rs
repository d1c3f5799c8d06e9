//! Public keys for one signature algorithm each, out of a JSON Web Key Set (RFC 7517). Symmetric
//! and private keys are passed over: what verifies here can sign nothing.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use schemars::JsonSchema;
use serde::Deserialize;

use super::JwksError;
use crate::mcp::json::{self, Json};

/// The smallest RSA modulus (RFC 7518 §3.3: 2048 bits).
const RSA_BYTES_MIN: usize = 256;

/// Signatures with a public key. `none` and HMAC have no variant, so nothing can switch them on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, serde::Serialize)]
pub enum SigningAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl SigningAlgorithm {
    /// The algorithm that a header's `alg` names (RFC 7518 §3.1, RFC 8037, RFC 9864).
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::RS256,
            "RS384" => Self::RS384,
            "RS512" => Self::RS512,
            "PS256" => Self::PS256,
            "PS384" => Self::PS384,
            "PS512" => Self::PS512,
            "ES256" => Self::ES256,
            "ES384" => Self::ES384,
            "EdDSA" | "Ed25519" => Self::EdDSA,
            _ => return None,
        })
    }

    const fn implementation(self) -> Algorithm {
        match self {
            Self::RS256 => Algorithm::RS256,
            Self::RS384 => Algorithm::RS384,
            Self::RS512 => Algorithm::RS512,
            Self::PS256 => Algorithm::PS256,
            Self::PS384 => Algorithm::PS384,
            Self::PS512 => Algorithm::PS512,
            Self::ES256 => Algorithm::ES256,
            Self::ES384 => Algorithm::ES384,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }

    const fn family(self) -> Family {
        match self {
            Self::ES256 => Family::P256,
            Self::ES384 => Family::P384,
            Self::EdDSA => Family::Ed25519,
            _ => Family::Rsa,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Family {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// One public key.
pub struct VerifyingKey {
    kid: Option<String>,
    family: Family,
    /// The key's own `alg`, if it names one: then it serves no other.
    algorithm: Option<SigningAlgorithm>,
    key: DecodingKey,
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("VerifyingKey");
        debug.field("kid", &self.kid).field("family", &self.family).finish_non_exhaustive()
    }
}

impl VerifyingKey {
    /// Whether `signature` (base64url) is this key's over `message`.
    pub fn verifies(&self, algorithm: SigningAlgorithm, message: &[u8], signature: &str) -> bool {
        let algorithm = algorithm.implementation();
        jsonwebtoken::crypto::verify(signature, message, &self.key, algorithm).unwrap_or(false)
    }

    fn serves(&self, algorithm: SigningAlgorithm) -> bool {
        self.family == algorithm.family() && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// `None` for a key that is of no use here.
    fn parse(jwk: &Json) -> Option<Self> {
        let for_signatures = jwk.get("use").is_none_or(|usage| usage.as_str() == Some("sig"));
        let verifies = jwk.get("key_ops").is_none_or(|operations| {
            let operations = operations.as_array().unwrap_or_default();
            operations.iter().any(|operation| operation.as_str() == Some("verify"))
        });
        // A set that publishes a private key has lost it.
        if !for_signatures || !verifies || jwk.get("d").is_some() {
            return None;
        }
        let algorithm = match jwk.get("alg") {
            None => None,
            Some(name) => Some(SigningAlgorithm::from_name(name.as_str()?)?),
        };
        let kid = match jwk.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str()?.to_owned()),
        };
        let (family, key) = material(jwk)?;
        Some(Self { kid, family, algorithm, key })
    }
}

fn material(jwk: &Json) -> Option<(Family, DecodingKey)> {
    let text = |name| jwk.get(name).and_then(Json::as_str);
    match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let bytes = |name| BASE64_URL_SAFE_NO_PAD.decode(text(name)?).ok();
            let (modulus, exponent) = (bytes("n")?, bytes("e")?);
            let strong = modulus.len() >= RSA_BYTES_MIN;
            strong.then(|| (Family::Rsa, DecodingKey::from_rsa_raw_components(&modulus, &exponent)))
        }
        ("EC", Some(curve)) => {
            let family = match curve {
                "P-256" => Family::P256,
                "P-384" => Family::P384,
                _ => return None,
            };
            Some((family, DecodingKey::from_ec_components(text("x")?, text("y")?).ok()?))
        }
        ("OKP", Some("Ed25519")) => {
            Some((Family::Ed25519, DecodingKey::from_ed_components(text("x")?).ok()?))
        }
        _ => None,
    }
}

/// The usable keys of one set.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Arc<VerifyingKey>>);

impl KeySet {
    /// # Errors
    /// Not a key set, or one without a usable key.
    pub(super) fn parse(bytes: &[u8], keys_max: usize) -> Result<Self, JwksError> {
        let limits = json::Limits { bytes_max: bytes.len(), depth_max: 8, values_max: 10_000 };
        let set = json::parse(bytes, &limits).map_err(|_| JwksError::Malformed)?;
        let jwks = set.get("keys").and_then(Json::as_array).ok_or(JwksError::Malformed)?;
        let keys: Vec<_> = jwks.iter().take(keys_max).filter_map(VerifyingKey::parse).collect();
        if keys.is_empty() {
            return Err(JwksError::Empty);
        }
        Ok(Self(keys.into_iter().map(Arc::new).collect()))
    }

    /// The key that fits, if there is exactly one: a choice between several would be a guess.
    pub(super) fn find(
        &self,
        kid: Option<&str>,
        algorithm: SigningAlgorithm,
    ) -> Option<Arc<VerifyingKey>> {
        let fits = |key: &&Arc<VerifyingKey>| {
            key.serves(algorithm) && (kid.is_none() || key.kid.as_deref() == kid)
        };
        let mut fitting = self.0.iter().filter(fits);
        let first = fitting.next()?;
        fitting.next().is_none().then(|| Arc::clone(first))
    }
}
