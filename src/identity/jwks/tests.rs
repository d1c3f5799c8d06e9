use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Jwks, JwksError, Limits, SigningAlgorithm, Source};
use crate::identity::Unidentified;
use crate::identity::fixture::{Issuer, Signer};

const ES256: SigningAlgorithm = SigningAlgorithm::ES256;

async fn open(issuer: &Issuer, limits: Limits) -> Arc<Jwks> {
    Jwks::open(&Source::Url(issuer.url.clone()), limits).await.expect("keys")
}

fn outcome(found: &Result<Arc<super::VerifyingKey>, Unidentified>) -> Result<(), Unidentified> {
    found.as_ref().map(|_| ()).map_err(|refused| *refused)
}

#[tokio::test]
async fn a_flood_of_unknown_keys_makes_one_request() {
    let issuer = Issuer::start(json!({ "keys": [Signer::p256().jwk("one")] })).await;
    let jwks = open(&issuer, Limits::default()).await;
    assert_eq!(issuer.asked(), 1);
    let flood = (0..200).map(|number| {
        let jwks = Arc::clone(&jwks);
        tokio::spawn(async move { jwks.key(Some(&format!("made-up-{number}")), ES256).await })
    });
    for asked in futures_util::future::join_all(flood).await {
        let refused = asked.expect("no panic").expect_err("an unknown key");
        assert_eq!(refused, Unidentified::UnknownKey);
    }
    for number in 0..20 {
        let asked = jwks.key(Some(&format!("later-{number}")), ES256).await;
        assert_eq!(outcome(&asked), Err(Unidentified::UnknownKey));
    }
    assert_eq!(issuer.asked(), 2);
    assert!(jwks.key(Some("one"), ES256).await.is_ok());
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it() {
    let issuer = Issuer::start(json!({ "keys": [Signer::p256().jwk("one")] })).await;
    let jwks = open(&issuer, Limits::default()).await;
    *issuer.keys.lock() = json!({ "keys": [Signer::p256().jwk("two")] });
    assert!(jwks.key(Some("two"), ES256).await.is_ok());
    assert_eq!(outcome(&jwks.key(Some("one"), ES256).await), Err(Unidentified::UnknownKey));
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_end_the_fetch() {
    let issuer = Issuer::start(json!({ "keys": [Signer::p256().jwk("one")] })).await;
    let jwks = open(&issuer, Limits::default()).await;
    *issuer.keys.lock() = json!({ "keys": [Signer::p256().jwk("two")] });
    let impatient = tokio::time::timeout(Duration::from_millis(1), jwks.key(Some("two"), ES256));
    assert!(impatient.await.is_err());
    assert!(jwks.key(Some("two"), ES256).await.is_ok());
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn the_last_good_keys_serve_for_a_bounded_time() {
    let issuer = Issuer::start(json!({ "keys": [Signer::p256().jwk("one")] })).await;
    let limits = Limits { stale_max_seconds: 1, unknown_key_seconds: 0, ..Limits::default() };
    let jwks = open(&issuer, limits).await;
    *issuer.keys.lock() = json!("down");
    assert_eq!(outcome(&jwks.key(Some("two"), ES256).await), Err(Unidentified::UnknownKey));
    assert!(jwks.key(Some("one"), ES256).await.is_ok());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(outcome(&jwks.key(Some("one"), ES256).await), Err(Unidentified::KeysUnavailable));
    *issuer.keys.lock() = json!({ "keys": [Signer::p256().jwk("one")] });
    assert!(jwks.key(Some("one"), ES256).await.is_ok());
}

#[tokio::test]
async fn keys_are_refreshed_in_the_background() {
    let issuer = Issuer::start(json!({ "keys": [Signer::p256().jwk("one")] })).await;
    let _jwks = open(&issuer, Limits { refresh_seconds: 1, ..Limits::default() }).await;
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn without_a_name_only_a_single_fitting_key_is_taken() {
    let (first, second) = (Signer::p256().jwk("one"), Signer::ed25519().jwk("two"));
    let issuer = Issuer::start(json!({ "keys": [first, second] })).await;
    let jwks = open(&issuer, Limits::default()).await;
    assert!(jwks.key(None, ES256).await.is_ok());
    *issuer.keys.lock() = json!({ "keys": [first, Signer::p256().jwk("two")] });
    assert!(jwks.key(Some("two"), ES256).await.is_ok());
    assert_eq!(outcome(&jwks.key(None, ES256).await), Err(Unidentified::UnknownKey));
}

#[tokio::test]
async fn keys_that_could_sign_or_are_too_weak_are_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jwks.json");
    let with =
        |key: &str, value| crate::identity::fixture::with(Signer::p256().jwk("one"), key, value);
    let useless = [
        json!({ "kty": "oct", "kid": "one", "k": "c2VjcmV0" }),
        json!({ "kty": "RSA", "kid": "one", "n": "AQAB", "e": "AQAB" }),
        with("d", json!("c2VjcmV0")),
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("crv", json!("P-521")),
        with("alg", json!("HS256")),
    ];
    for key in useless {
        std::fs::write(&path, json!({ "keys": [key] }).to_string()).expect("a file");
        let opened = Jwks::open(&Source::File(path.clone()), Limits::default()).await;
        assert!(matches!(opened, Err(JwksError::Empty)), "{key}");
    }
}

#[tokio::test]
async fn a_source_that_is_no_key_set_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jwks.json");
    let file = Source::File(path.clone());
    let limits = Limits { bytes_max: 1024, ..Limits::default() };
    let open = async || Jwks::open(&file, limits).await.expect_err("no keys");
    assert!(matches!(open().await, JwksError::Unreadable { .. }));
    std::fs::write(&path, "{\"keys\": []").expect("a file");
    assert!(matches!(open().await, JwksError::Malformed));
    std::fs::write(&path, " ".repeat(1025)).expect("a file");
    assert!(matches!(open().await, JwksError::TooLong { .. }));
    for url in ["http://keys.example/jwks", "ftp://127.0.0.1/jwks", "/jwks"] {
        let opened = Jwks::open(&Source::Url(url.to_owned()), limits).await;
        assert!(matches!(opened, Err(JwksError::Fetch(_))), "{url}");
    }
}
