use axum::http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};

use super::{Jwt, Settings, SettingsError};
use crate::identity::authenticators::OpenError;
use crate::identity::fixture::{AUDIENCE, ISSUER, Signer, claims, encode, head, now, with};
use crate::identity::jwks::{SigningAlgorithm, Source};
use crate::identity::{Authenticators, Presented, Principal, Proof, Unidentified};

/// A door that knows one P-256 key, `one`, and its issuer's signer.
struct Door {
    door: Authenticators,
    signer: Signer,
}

impl Door {
    async fn open(change: impl FnOnce(&mut Settings)) -> Self {
        let signer = Signer::p256();
        let keys = json!({ "keys": [signer.jwk("one")] });
        Self { door: door(&keys, change).await, signer }
    }

    async fn show(&self, token: &str) -> Result<Principal, Unidentified> {
        show(&self.door, &[&format!("Bearer {token}")]).await
    }

    async fn claim(&self, claims: &Value) -> Result<Principal, Unidentified> {
        self.show(&self.signer.token(&head(), claims)).await
    }
}

async fn door(keys: &Value, change: impl FnOnce(&mut Settings)) -> Authenticators {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, keys.to_string()).expect("a file");
    let mut settings = Settings::new(ISSUER, AUDIENCE, Source::File(path));
    change(&mut settings);
    let jwt = Jwt::open(settings).await.expect("an authenticator");
    Authenticators::new(vec![Box::new(jwt)])
}

async fn show(door: &Authenticators, values: &[&str]) -> Result<Principal, Unidentified> {
    let mut headers = HeaderMap::new();
    for value in values {
        let value = HeaderValue::from_str(value).expect("a header value");
        headers.append(header::AUTHORIZATION, value);
    }
    door.authenticate(&Presented { headers: &headers, loopback: false }).await
}

#[tokio::test]
async fn a_good_token_names_its_agent_and_user() {
    let door = Door::open(|_| {}).await;
    let mut claims = claims();
    claims["groups"] = json!(["staff", "finance"]);
    claims["bartizan_run"] = json!("run-1");
    claims["jti"] = json!("token-1");
    claims["act"] =
        json!({ "sub": "planner", "act": { "sub": "desk", "iss": "https://b.example" } });
    let principal = door.claim(&claims).await.expect("a principal");
    assert_eq!(principal.agent, "https://login.example|agent-7");
    assert_eq!(principal.user.as_deref(), Some("ada"));
    assert_eq!(principal.groups, ["staff", "finance"]);
    assert_eq!(principal.run.as_deref(), Some("run-1"));
    assert_eq!(principal.actors, ["https://login.example|planner", "https://b.example|desk"]);
    assert_eq!(principal.proof, Proof::Bearer);
    let instance = principal.instance.expect("an instance");
    assert!(instance.starts_with("jti:") && !instance.contains("token-1"), "{instance}");
}

#[tokio::test]
async fn the_agent_is_the_client_else_the_authorised_party_else_the_subject() {
    let door = Door::open(|_| {}).await;
    let claims = with(claims(), "client_id", Value::Null);
    let alone = door.claim(&claims).await.expect("a principal");
    assert_eq!((alone.agent.as_str(), alone.user), ("https://login.example|ada", None));
    let party = door.claim(&with(claims.clone(), "azp", json!("desk"))).await.expect("a principal");
    assert_eq!(party.agent, "https://login.example|desk");
    assert_eq!(party.user.as_deref(), Some("ada"));
    let itself = door.claim(&with(claims, "client_id", json!("ada"))).await.expect("a principal");
    assert_eq!(itself.user, None);
}

#[tokio::test]
async fn each_allowed_kind_of_key_is_verified() {
    let kinds = [("ES256", Signer::p256()), ("EdDSA", Signer::ed25519()), ("RS256", Signer::rsa())];
    let keys: Vec<_> = kinds.iter().map(|(kid, signer)| signer.jwk(kid)).collect();
    let door = door(&json!({ "keys": keys }), |_| {}).await;
    for (name, signer) in &kinds {
        let head = json!({ "alg": name, "typ": "at+jwt", "kid": name });
        let token = signer.token(&head, &claims());
        assert!(show(&door, &[&format!("Bearer {token}")]).await.is_ok(), "{name}");
        // A name is not needed where one key fits.
        let token = signer.token(&with(head, "kid", Value::Null), &claims());
        assert!(show(&door, &[&format!("bearer {token}")]).await.is_ok(), "{name} without kid");
    }
}

#[tokio::test]
async fn a_bad_header_is_refused() {
    let door = Door::open(|_| {}).await;
    let other = Signer::p256();
    let own = door.signer.public();
    let nothing = Signer::Nothing;
    let hmac = Signer::Hmac(own);
    let cases: [(&str, &Signer, Value, Unidentified); 12] = [
        ("alg none", &nothing, with(head(), "alg", json!("none")), Unidentified::Algorithm),
        ("alg None", &nothing, with(head(), "alg", json!("None")), Unidentified::Algorithm),
        ("hmac", &hmac, with(head(), "alg", json!("HS256")), Unidentified::Algorithm),
        ("hmac as es256", &hmac, head(), Unidentified::Signature),
        ("no alg", &door.signer, with(head(), "alg", Value::Null), Unidentified::Malformed),
        (
            "alg not listed",
            &door.signer,
            with(head(), "alg", json!("PS256")),
            Unidentified::Algorithm,
        ),
        (
            "alg of another key",
            &door.signer,
            with(head(), "alg", json!("EdDSA")),
            Unidentified::UnknownKey,
        ),
        ("id token", &door.signer, with(head(), "typ", json!("JWT")), Unidentified::TokenType),
        ("no typ", &door.signer, with(head(), "typ", Value::Null), Unidentified::TokenType),
        ("unknown kid", &door.signer, with(head(), "kid", json!("two")), Unidentified::UnknownKey),
        ("crit", &door.signer, with(head(), "crit", json!(["exp"])), Unidentified::Critical),
        ("own jwk", &other, with(head(), "jwk", other.jwk("one")), Unidentified::Signature),
    ];
    for (name, signer, head, expected) in cases {
        let shown = door.show(&signer.token(&head, &claims())).await;
        assert_eq!(shown, Err(expected), "{name}");
    }
}

#[tokio::test]
async fn bad_claims_are_refused() {
    let door = Door::open(|_| {}).await;
    let time = |offset: i64| json!(now() + offset);
    let cases: [(&str, Value, Unidentified); 20] = [
        ("iss", json!("https://login.example/"), Unidentified::Issuer),
        ("iss", Value::Null, Unidentified::Issuer),
        ("aud", json!("https://gateway.example/mcp/"), Unidentified::Audience),
        ("aud", json!(["https://other.example"]), Unidentified::Audience),
        ("aud", Value::Null, Unidentified::Audience),
        ("exp", time(0), Unidentified::Expired),
        ("exp", Value::Null, Unidentified::NoExpiry),
        ("exp", json!("soon"), Unidentified::NoExpiry),
        ("exp", json!(1e300), Unidentified::NoExpiry),
        ("exp", time(902), Unidentified::LongLived),
        ("iat", Value::Null, Unidentified::NoIssuedAt),
        ("iat", time(-3600), Unidentified::LongLived),
        ("iat", time(60), Unidentified::NotYetValid),
        ("nbf", time(60), Unidentified::NotYetValid),
        ("nbf", json!("now"), Unidentified::NotYetValid),
        ("sub", Value::Null, Unidentified::NoSubject),
        ("sub", json!("a\nb"), Unidentified::NoSubject),
        ("client_id", json!("x".repeat(257)), Unidentified::Claim),
        ("groups", json!(["staff", 7]), Unidentified::Claim),
        ("bartizan_run", json!("a b"), Unidentified::Claim),
    ];
    for (claim, value, expected) in cases {
        let shown = door.claim(&with(claims(), claim, value.clone())).await;
        assert_eq!(shown, Err(expected), "{claim} = {value}");
    }
}

#[tokio::test]
async fn a_chain_of_actors_is_bounded_and_whole() {
    let door = Door::open(|settings| settings.actors_max = 2).await;
    let two = json!({ "sub": "a", "act": { "sub": "b" } });
    assert!(door.claim(&with(claims(), "act", two.clone())).await.is_ok());
    let three = json!({ "sub": "c", "act": two });
    assert_eq!(door.claim(&with(claims(), "act", three)).await, Err(Unidentified::Claim));
    let broken = json!({ "sub": "a", "act": { "name": "b" } });
    assert_eq!(door.claim(&with(claims(), "act", broken)).await, Err(Unidentified::Claim));
}

#[tokio::test]
async fn a_token_bound_to_a_key_needs_the_operators_word() {
    let bound =
        with(claims(), "cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }));
    let strict = Door::open(|_| {}).await;
    assert_eq!(strict.claim(&bound).await, Err(Unidentified::KeyBound));
    let lenient = Door::open(|settings| settings.accept_key_bound_as_bearer = true).await;
    let principal = lenient.claim(&bound).await.expect("a principal");
    assert!(principal.instance.is_some_and(|instance| instance.starts_with("key:")));
    assert_eq!(principal.proof, Proof::Bearer);
}

#[tokio::test]
async fn required_scopes_are_required() {
    let door = Door::open(|settings| settings.required_scopes = vec!["mcp".to_owned()]).await;
    let scoped = |scope: &str| with(claims(), "scope", json!(scope));
    assert!(door.claim(&scoped("openid mcp")).await.is_ok());
    assert_eq!(door.claim(&scoped("openid mcp:read")).await, Err(Unidentified::Scope));
    assert_eq!(door.claim(&claims()).await, Err(Unidentified::Scope));
}

#[tokio::test]
async fn leeway_covers_clocks_that_differ_and_no_more() {
    let door = Door::open(|settings| settings.leeway_seconds = 30).await;
    let lived = |issued: i64, expires: i64| {
        with(with(claims(), "iat", json!(now() + issued)), "exp", json!(now() + expires))
    };
    assert!(door.claim(&lived(-600, -20)).await.is_ok());
    assert!(door.claim(&lived(20, 300)).await.is_ok());
    assert_eq!(door.claim(&lived(-600, -31)).await, Err(Unidentified::Expired));
    assert_eq!(door.claim(&lived(0, 902)).await, Err(Unidentified::LongLived));
}

#[tokio::test]
async fn a_malformed_credential_is_refused() {
    let door = Door::open(|_| {}).await;
    let good = door.signer.token(&head(), &claims());
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let (front, claims_part) = signed.split_once('.').expect("three parts");
    let twice = encode(r#"{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"one"}"#);
    let malformed = [
        String::new(),
        "opaque".to_owned(),
        signed.to_owned(),
        format!("{good}.extra"),
        format!("{front}=.{claims_part}.{signature}"),
        format!("!{front}.{claims_part}.{signature}"),
        format!("{twice}.{claims_part}.{signature}"),
        format!(" {good}"),
        format!("{good},Bearer {good}"),
    ];
    for token in malformed {
        let refused = door.show(&token).await.expect_err(&token);
        assert!(matches!(refused, Unidentified::Malformed | Unidentified::Signature), "{refused}");
    }
    let cut = signature.strip_suffix(|_: char| true).expect("a last character");
    assert_eq!(door.show(&format!("{signed}.{cut}")).await, Err(Unidentified::Signature));
    let huge = with(claims(), "padding", json!("x".repeat(9000)));
    assert_eq!(door.claim(&huge).await, Err(Unidentified::TooLong));
}

#[tokio::test]
async fn one_authorization_header_of_the_bearer_scheme_is_taken() {
    let door = Door::open(|_| {}).await;
    let good = format!("Bearer {}", door.signer.token(&head(), &claims()));
    assert!(show(&door.door, &[&good]).await.is_ok());
    assert_eq!(show(&door.door, &[&good, &good]).await, Err(Unidentified::SeveralHeaders));
    assert_eq!(show(&door.door, &[&good, "Basic eA=="]).await, Err(Unidentified::SeveralHeaders));
    assert_eq!(show(&door.door, &["Basic eA=="]).await, Err(Unidentified::Missing));
    assert_eq!(show(&door.door, &[]).await, Err(Unidentified::Missing));
}

#[tokio::test]
async fn nothing_of_a_token_is_printed() {
    let door = Door::open(|_| {}).await;
    let token = door.signer.token(&head(), &with(claims(), "exp", json!(now())));
    let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header value");
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
    let presented = Presented { headers: &headers, loopback: false };
    let refused = door.door.authenticate(&presented).await.expect_err("an expired token");
    let printed =
        format!("{presented:?} {refused:?} {refused} {:?} {}", door.door, refused.public());
    for part in token.split('.') {
        assert!(!printed.contains(part), "{printed}");
    }
}

#[tokio::test]
async fn settings_cannot_allow_more_than_the_rules() {
    let refused = async |change: fn(&mut Settings)| {
        let mut settings = Settings::new(ISSUER, AUDIENCE, Source::File("/nowhere".into()));
        change(&mut settings);
        match Jwt::open(settings).await {
            Err(OpenError::Jwt(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused(|settings| settings.lifetime_max_seconds = 901).await,
        SettingsError::Lifetime
    );
    assert_eq!(
        refused(|settings| settings.lifetime_max_seconds = 0).await,
        SettingsError::Lifetime
    );
    assert_eq!(refused(|settings| settings.leeway_seconds = 31).await, SettingsError::Leeway);
    assert_eq!(refused(|settings| settings.issuer.clear()).await, SettingsError::NotPinned);
    assert_eq!(
        refused(|settings| settings.algorithms.clear()).await,
        SettingsError::NothingAllowed
    );
    let parsed: Result<SigningAlgorithm, _> = serde_json::from_str("\"HS256\"");
    assert!(parsed.is_err());
}
