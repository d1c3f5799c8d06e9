//! Tokens that prove nothing, over real HTTP against keys in a file.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Rows, happened};
use crate::support::{Client, Era, Fixture, Gateway, gateway, texts};

pub(super) const ROWS: &[&str] = &[
    "no-token",
    "expired-token",
    "long-lived-token",
    "future-token",
    "endless-token",
    "alg-none-token",
    "alg-confused-token",
    "foreign-key-token",
    "wrong-issuer-token",
    "wrong-audience-token",
    "id-token",
    "altered-token",
    "two-tokens",
    "bearer-at-high-risk",
    "session-of-another-subject",
];

const ISSUER: &str = "https://login.example";
const AUDIENCE: &str = "https://gateway.example/mcp";

struct Issuer {
    pair: EcdsaKeyPair,
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn now() -> i64 {
    bartizan::ids::now_ms() / 1000
}

fn head(alg: &str) -> Value {
    json!({"alg": alg, "typ": "at+jwt", "kid": "one"})
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "client_id": "agent-7",
        "iat": now(), "exp": now() + 600})
}

fn with(mut claims: Value, key: &str, value: Value) -> Value {
    claims[key] = value;
    claims
}

impl Issuer {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self { pair: pair.expect("a key pair") }
    }

    fn jwks(&self) -> String {
        let public = self.pair.public_key().as_ref();
        let key = json!({"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig",
            "x": encode(&public[1..33]), "y": encode(&public[33..])});
        json!({"keys": [key]}).to_string()
    }

    fn token(&self, head: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(head.to_string()), encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        format!("{signed}.{}", encode(signature.expect("a signature")))
    }

    /// Signed with the public key as if it were a shared secret.
    fn confused(&self) -> String {
        let signed =
            format!("{}.{}", encode(head("HS256").to_string()), encode(claims().to_string()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.pair.public_key().as_ref());
        format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes())))
    }
}

const POLICY: &str = "permit (principal, action, resource);";

fn client(gateway: &Gateway, token: &str) -> Client {
    gateway.client(Era::Modern).header("authorization", &format!("Bearer {token}"))
}

async fn listed(client: &Client) -> String {
    happened(client.request("tools/list", json!({})).await).await
}

#[tokio::test]
async fn a_bad_token_is_refused() {
    let issuer = Issuer::new();
    let folder = gateway::folder();
    std::fs::write(folder.path().join("jwks.json"), issuer.jwks()).expect("written");
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::write(folder.path().join("policies/all.cedar"), POLICY).expect("written");
    let fixture = Fixture::start(&[]).await;
    let jwks = folder.path().join("jwks.json");
    let text = format!(
        "[identity.jwt]\nissuer = {ISSUER:?}\naudience = {AUDIENCE:?}\njwks = {{ file = {jwks:?} }}\n\
         [access]\npolicies = \"policies\"\n\
         [upstreams.f]\n{}\n[upstreams.f.tools.add]\nrisk = \"high\"\n",
        fixture.url()
    );
    let gateway = Gateway::start_strict(folder, &text).await;
    let good = issuer.token(&head("ES256"), &claims());
    let echoed = client(&gateway, &good).call("f__echo", json!({"text": "in"})).await;
    assert_eq!(texts(&echoed), ["in"], "a good token is taken: {echoed}");

    let mut rows = Rows::new(ROWS);
    rows.row("no-token", listed(&gateway.client(Era::Modern)).await);
    for (name, token) in bad_tokens(&issuer, &good) {
        rows.row(name, listed(&client(&gateway, &token)).await);
    }
    let twice = client(&gateway, &good).header("authorization", &format!("Bearer {good}"));
    rows.row("two-tokens", listed(&twice).await);
    let high = client(&gateway, &good);
    assert!(!high.names("tools/list").await.contains(&"f__add".to_owned()));
    let params = json!({"name": "f__add", "arguments": {"a": 1, "b": 2}});
    rows.row("bearer-at-high-risk", happened(high.request("tools/call", params).await).await);
    rows.row("session-of-another-subject", another_subject(&gateway, &issuer, &good).await);
    rows.finish();
    assert_eq!(fixture.started().await, 1, "only the good token's call ran");
    gateway.end().await;
}

fn bad_tokens(issuer: &Issuer, good: &str) -> Vec<(&'static str, String)> {
    let es = head("ES256");
    let signed = |claims: Value| issuer.token(&es, &claims);
    let late = with(with(claims(), "iat", json!(now() - 700)), "exp", json!(now() - 100));
    let long = with(claims(), "exp", json!(now() + 3600));
    let early = with(with(claims(), "iat", json!(now() + 300)), "exp", json!(now() + 600));
    let mut endless = claims();
    endless.as_object_mut().expect("claims").remove("exp");
    let unsigned =
        format!("{}.{}.", encode(head("none").to_string()), encode(claims().to_string()));
    let id_token = issuer.token(&with(head("ES256"), "typ", json!("JWT")), &claims());
    let mut parts: Vec<&str> = good.split('.').collect();
    let other = encode(with(claims(), "sub", json!("root")).to_string());
    parts[1] = &other;
    vec![
        ("expired-token", signed(late)),
        ("long-lived-token", signed(long)),
        ("future-token", signed(early)),
        ("endless-token", signed(endless)),
        ("alg-none-token", unsigned),
        ("alg-confused-token", issuer.confused()),
        ("foreign-key-token", Issuer::new().token(&es, &claims())),
        ("wrong-issuer-token", signed(with(claims(), "iss", json!("https://evil.example")))),
        ("wrong-audience-token", signed(with(claims(), "aud", json!("https://other.example")))),
        ("id-token", id_token),
        ("altered-token", parts.join(".")),
    ]
}

async fn another_subject(gateway: &Gateway, issuer: &Issuer, good: &str) -> String {
    let bearer = |token: &str| {
        gateway.client(Era::Legacy).header("authorization", &format!("Bearer {token}"))
    };
    let owner = bearer(good).ready().await;
    let token = issuer.token(&head("ES256"), &with(claims(), "sub", json!("eve")));
    let mut thief = bearer(&token);
    thief.session.clone_from(&owner.session);
    listed(&thief).await
}
