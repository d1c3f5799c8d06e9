//! Tokens that prove nothing, over real HTTP against keys in a file.

use serde_json::{Value, json};

use super::{Rows, happened};
use crate::support::{
    Client, Era, Fixture, Gateway,
    client::{MODERN, REVISIONS},
    gateway,
    issuer::{AUDIENCE, ISSUER, Issuer, claims, encode, head, now, with},
    texts,
};

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
    "scope-missing",
    "scope-missing-legacy",
    "bearer-at-high-risk",
    "session-of-another-subject",
];

/// Claims that nothing is wrong with.
fn scoped() -> Value {
    with(claims(), "scope", json!("mcp:call"))
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
         required_scopes = [\"mcp:call\"]\n[access]\npolicies = \"policies\"\n\
         [upstreams.f]\n{}\n[upstreams.f.tools.add]\nrisk = \"high\"\n",
        fixture.url()
    );
    let gateway = Gateway::start_strict(folder, &text).await;
    let good = issuer.token(&head("ES256"), &scoped());
    let echoed = client(&gateway, &good).call("f__echo", json!({"text": "in"})).await;
    assert_eq!(texts(&echoed), ["in"], "a good token is taken: {echoed}");

    let mut rows = Rows::new(ROWS);
    rows.row("no-token", listed(&gateway.client(Era::Modern)).await);
    for (name, token) in bad_tokens(&issuer, &good) {
        rows.row(name, listed(&client(&gateway, &token)).await);
    }
    let twice = client(&gateway, &good).header("authorization", &format!("Bearer {good}"));
    rows.row("two-tokens", listed(&twice).await);
    let unscoped = issuer.token(&head("ES256"), &claims());
    rows.row("scope-missing", listed(&client(&gateway, &unscoped)).await);
    rows.row("scope-missing-legacy", without_scope(&gateway, &good, &unscoped).await);
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
    let late = with(with(scoped(), "iat", json!(now() - 700)), "exp", json!(now() - 100));
    let long = with(scoped(), "exp", json!(now() + 3600));
    let early = with(with(scoped(), "iat", json!(now() + 300)), "exp", json!(now() + 600));
    let mut endless = scoped();
    endless.as_object_mut().expect("claims").remove("exp");
    let unsigned =
        format!("{}.{}.", encode(head("none").to_string()), encode(scoped().to_string()));
    let id_token = issuer.token(&with(head("ES256"), "typ", json!("JWT")), &scoped());
    let mut parts: Vec<&str> = good.split('.').collect();
    let other = encode(with(scoped(), "sub", json!("root")).to_string());
    parts[1] = &other;
    vec![
        ("expired-token", signed(late)),
        ("long-lived-token", signed(long)),
        ("future-token", signed(early)),
        ("endless-token", signed(endless)),
        ("alg-none-token", unsigned),
        ("alg-confused-token", issuer.confused()),
        ("foreign-key-token", Issuer::new().token(&es, &scoped())),
        ("wrong-issuer-token", signed(with(scoped(), "iss", json!("https://evil.example")))),
        ("wrong-audience-token", signed(with(scoped(), "aud", json!("https://other.example")))),
        ("id-token", id_token),
        ("altered-token", parts.join(".")),
    ]
}

/// What every legacy revision says, in a session that a better token opened.
async fn without_scope(gateway: &Gateway, good: &str, unscoped: &str) -> String {
    let mut answers = std::collections::BTreeSet::new();
    for revision in REVISIONS.into_iter().filter(|it| *it != MODERN) {
        let bearer = |token: &str| {
            let client = Client::speaking(gateway.wire, revision);
            client.header("authorization", &format!("Bearer {token}"))
        };
        let owner = bearer(good).ready().await;
        let mut poor = bearer(unscoped);
        poor.session.clone_from(&owner.session);
        let params = json!({"name": "f__echo", "arguments": {"text": "no"}});
        answers.insert(happened(poor.request("tools/call", params).await).await);
    }
    answers.into_iter().collect::<Vec<_>>().join(" or ")
}

async fn another_subject(gateway: &Gateway, issuer: &Issuer, good: &str) -> String {
    let bearer = |token: &str| {
        gateway.client(Era::Legacy).header("authorization", &format!("Bearer {token}"))
    };
    let owner = bearer(good).ready().await;
    let token = issuer.token(&head("ES256"), &with(scoped(), "sub", json!("eve")));
    let mut thief = bearer(&token);
    thief.session.clone_from(&owner.session);
    listed(&thief).await
}
