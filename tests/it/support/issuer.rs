//! An issuer of tokens with a key of its own.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://login.example";
pub(crate) const AUDIENCE: &str = "https://gateway.example/mcp";

pub(crate) struct Issuer {
    pair: EcdsaKeyPair,
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn now() -> i64 {
    bartizan::ids::now_ms() / 1000
}

pub(crate) fn head(alg: &str) -> Value {
    json!({"alg": alg, "typ": "at+jwt", "kid": "one"})
}

pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "client_id": "agent-7",
        "iat": now(), "exp": now() + 600})
}

pub(crate) fn with(mut claims: Value, key: &str, value: Value) -> Value {
    claims[key] = value;
    claims
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self { pair: pair.expect("a key pair") }
    }

    pub(crate) fn jwks(&self) -> String {
        let public = self.pair.public_key().as_ref();
        let key = json!({"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig",
            "x": encode(&public[1..33]), "y": encode(&public[33..])});
        json!({"keys": [key]}).to_string()
    }

    pub(crate) fn token(&self, head: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(head.to_string()), encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        format!("{signed}.{}", encode(signature.expect("a signature")))
    }

    /// Signed with the public key as if it were a shared secret.
    pub(crate) fn confused(&self) -> String {
        let signed =
            format!("{}.{}", encode(head("HS256").to_string()), encode(claims().to_string()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.pair.public_key().as_ref());
        format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes())))
    }
}
