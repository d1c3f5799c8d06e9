//! Keys, tokens and an issuer for the tests of this module.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::{Value, json};

pub(super) const ISSUER: &str = "https://login.example";
pub(super) const AUDIENCE: &str = "https://gateway.example/mcp";

pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock before the year 292 billion")
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A key pair that signs tokens.
pub(super) enum Signer {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
    /// HMAC with what should be a public key.
    Hmac(Vec<u8>),
    Nothing,
}

impl Signer {
    pub(super) fn p256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self::P256(pair.expect("a key pair"))
    }

    pub(super) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().expect("a key pair"))
    }

    pub(super) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key pair"))
    }

    pub(super) fn public(&self) -> Vec<u8> {
        match self {
            Self::P256(pair) => pair.public_key().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Self::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Self::Hmac(_) | Self::Nothing => panic!("no public key"),
        }
    }

    pub(super) fn jwk(&self, kid: &str) -> Value {
        let public = self.public();
        match self {
            Self::P256(_) => json!({
                "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
                "x": encode(&public[1..33]), "y": encode(&public[33..]),
            }),
            Self::Ed25519(_) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encode(&public) })
            }
            Self::Rsa(pair) => json!({
                "kty": "RSA", "kid": kid, "alg": "RS256",
                "n": encode(pair.public_key().modulus().big_endian_without_leading_zero()),
                "e": encode(pair.public_key().exponent().big_endian_without_leading_zero()),
            }),
            Self::Hmac(_) | Self::Nothing => panic!("no public key"),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) => pair.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("a signature");
                signature
            }
            Self::Hmac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Self::Nothing => Vec::new(),
        }
    }

    pub(super) fn token(&self, head: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(head.to_string()), encode(claims.to_string()));
        let signature = encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A good header for a P-256 key named `one`.
pub(super) fn head() -> Value {
    json!({ "alg": "ES256", "typ": "at+jwt", "kid": "one" })
}

/// Good claims.
pub(super) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "client_id": "agent-7",
        "iat": now(), "exp": now() + 600,
    })
}

/// `value` with one member set, or removed if `member` is null.
pub(super) fn with(mut value: Value, key: &str, member: Value) -> Value {
    let object = value.as_object_mut().expect("an object");
    if member.is_null() {
        object.remove(key);
    } else {
        object.insert(key.to_owned(), member);
    }
    value
}

/// An issuer that publishes its keys and counts who asks.
pub(super) struct Issuer {
    pub(super) url: String,
    pub(super) keys: Arc<Mutex<Value>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    pub(super) async fn start(keys: Value) -> Self {
        let (keys, asked) = (Arc::new(Mutex::new(keys)), Arc::new(AtomicUsize::new(0)));
        let (served, counted) = (Arc::clone(&keys), Arc::clone(&asked));
        let answer = async move || {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            served.lock().to_string()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/jwks", listener.local_addr().expect("an address"));
        let app = Router::new().route("/jwks", get(answer));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, keys, asked }
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
