//! Who may come in, over real HTTP: what each revision is told of a bad token, and what becomes of
//! good ones while the issuer's keys change or cannot be had.

use std::sync::Arc;

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse as _, routing::get};
use bartizan::{
    app::{App, Options, Purpose},
    config::Config,
};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::{
    Client, Era, Fixture, Gateway,
    client::REVISIONS,
    eventually, gateway,
    issuer::{AUDIENCE, ISSUER, Issuer, claims, encode, head, now, with},
    texts,
    wire::Reply,
};

const POLICY: &str = "permit (principal, action, resource);";

/// A gateway that asks for the scope `mcp:call`, with keys from `jwks`.
async fn strict(jwks: &str, upstream: &str) -> Gateway {
    let folder = gateway::folder();
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::write(folder.path().join("policies/all.cedar"), POLICY).expect("written");
    Gateway::start_strict(folder, &configuration(jwks, upstream)).await
}

fn configuration(jwks: &str, upstream: &str) -> String {
    format!(
        "[identity.jwt]\nissuer = {ISSUER:?}\naudience = {AUDIENCE:?}\n{jwks}\n\
         required_scopes = [\"mcp:call\"]\n[access]\npolicies = \"policies\"\n\
         [listen]\naddress = \"127.0.0.1:0\"\nscopes = [\"mcp:call\"]\n\
         [upstreams.f]\n{upstream}\n"
    )
}

fn scoped() -> Value {
    with(claims(), "scope", json!("mcp:list mcp:call"))
}

fn bearing(client: Client, token: &str) -> Client {
    client.header("authorization", &format!("Bearer {token}"))
}

/// Status, and the challenge's `error`, `scope` and pointer.
fn verdict(reply: &Reply) -> (u16, Option<String>) {
    let header = reply.header("www-authenticate").expect("a challenge");
    let pointer = "Bearer resource_metadata=\"http://127.0.0.1:";
    assert!(header.starts_with(pointer), "{header}");
    assert!(header.contains("/.well-known/oauth-protected-resource/mcp\""), "{header}");
    assert!(header.contains("scope=\"mcp:call\""), "{header}");
    let error = header.split("error=\"").nth(1).and_then(|rest| rest.split('"').next());
    (reply.status, error.map(str::to_owned))
}

/// What is wrong with a token, and what its bearer is told.
fn bad_tokens(issuer: &Issuer) -> Vec<(&'static str, String, u16, &'static str)> {
    let signed = |claims: Value| issuer.token(&head("ES256"), &claims);
    let changed = |key: &str, value: Value| signed(with(scoped(), key, value));
    let late = with(with(scoped(), "iat", json!(now() - 700)), "exp", json!(now() - 100));
    let unsigned =
        format!("{}.{}.", encode(head("none").to_string()), encode(scoped().to_string()));
    vec![
        ("expired", signed(late), 401, "invalid_token"),
        ("alg: none", unsigned, 401, "invalid_token"),
        ("audience", changed("aud", json!("https://other.example")), 401, "invalid_token"),
        ("lifetime", changed("exp", json!(now() + 3600)), 401, "invalid_token"),
        ("no scope", signed(claims()), 403, "insufficient_scope"),
        ("other scope", changed("scope", json!("mcp:callx mcp")), 403, "insufficient_scope"),
    ]
}

#[tokio::test]
async fn every_revision_is_told_the_same_of_a_bad_token() {
    let issuer = Issuer::new();
    let fixture = Fixture::start(&[]).await;
    let keys = gateway::folder();
    let path = keys.path().join("jwks.json");
    std::fs::write(&path, issuer.jwks()).expect("written");
    let gateway = strict(&format!("jwks = {{ file = {path:?} }}"), &fixture.url()).await;
    let good = issuer.token(&head("ES256"), &scoped());
    for revision in REVISIONS {
        let at = || Client::speaking(gateway.wire, revision);
        let owner = bearing(at(), &good).ready().await;
        let before = fixture.started().await;
        let answer = owner.call("f__echo", json!({"text": revision})).await;
        assert_eq!(texts(&answer), [revision], "{answer}");
        // With a live session, where the revision has them: what is asked is the token, each time.
        let call = json!({"name": "f__echo", "arguments": {"text": "no"}});
        let within = async |mut client: Client| {
            client.session.clone_from(&owner.session);
            verdict(&client.request("tools/call", call.clone()).await)
        };
        assert_eq!(within(at()).await, (401, None), "{revision}: no token");
        let twice = bearing(bearing(at(), &good), &good);
        assert_eq!(within(twice).await, (400, Some("invalid_request".into())), "{revision}");
        for (wrong, token, status, error) in bad_tokens(&issuer) {
            let told = (status, Some(error.to_owned()));
            assert_eq!(within(bearing(at(), &token)).await, told, "{revision}: {wrong}");
            let client = bearing(at(), &token);
            let params = json!({"protocolVersion": revision, "capabilities": {}});
            let first = if client.era == Era::Legacy { "initialize" } else { "tools/list" };
            let reply = client.request(first, params).await;
            assert_eq!(verdict(&reply), told, "{revision}: {first} with {wrong}");
            assert_eq!(reply.header("mcp-session-id"), None, "{revision}: {wrong}");
        }
        assert_eq!(fixture.started().await, before + 1, "{revision}: only the good call ran");
    }
    gateway.end().await;
}

#[tokio::test]
async fn the_metadata_that_a_challenge_names_says_where_tokens_come_from() {
    let issuer = Issuer::new();
    let keys = gateway::folder();
    let path = keys.path().join("jwks.json");
    std::fs::write(&path, issuer.jwks()).expect("written");
    let fixture = Fixture::start(&[]).await;
    let gateway = strict(&format!("jwks = {{ file = {path:?} }}"), &fixture.url()).await;
    let document = gateway.wire.get("/.well-known/oauth-protected-resource/mcp").await;
    assert_eq!(document.status, 200, "nobody needs a token for it");
    let document = document.json().await;
    assert_eq!(document["authorization_servers"], json!([ISSUER]), "{document}");
    assert_eq!(document["scopes_supported"], json!(["mcp:call"]), "{document}");
    gateway.end().await;
}

/// An issuer's address for its keys; without any it is down.
#[derive(Clone, Default)]
struct Address(Arc<Mutex<Option<String>>>);

impl Address {
    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/jwks.json", listener.local_addr().expect("an address"));
        let answer = async |State(address): State<Self>| match address.0.lock().clone() {
            Some(keys) => keys.into_response(),
            None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        };
        let app = Router::new().route("/jwks.json", get(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    fn show(&self, keys: Option<String>) {
        *self.0.lock() = keys;
    }
}

#[tokio::test]
async fn keys_by_address_are_followed_and_their_absence_lets_nobody_in() {
    let (issuer, address) = (Issuer::new(), Address::default());
    address.show(Some(issuer.jwks()));
    let url = address.serve().await;
    let limits = "jwks_limits = { refresh_seconds = 1, unknown_key_seconds = 0, \
        stale_max_seconds = 2, timeout_seconds = 1 }";
    let fixture = Fixture::start(&[]).await;
    let gateway = strict(&format!("jwks = {{ url = {url:?} }}\n{limits}"), &fixture.url()).await;
    let listed = async |token: &str| {
        let client = bearing(gateway.client(Era::Modern), token);
        client.request("tools/list", json!({})).await
    };
    let first = issuer.token(&head("ES256"), &scoped());
    assert_eq!(listed(&first).await.status, 200);

    // A new key is fetched when a token names it; the old one is no key any more.
    let next = Issuer::new();
    address.show(Some(next.jwks().replace("\"one\"", "\"two\"")));
    let second = next.token(&with(head("ES256"), "kid", json!("two")), &scoped());
    assert_eq!(listed(&second).await.status, 200);
    assert_eq!(verdict(&listed(&first).await), (401, Some("invalid_token".to_owned())));

    // The issuer is down: its last keys serve for a while, then nobody is let in, and it is
    // nobody's token that is to blame.
    address.show(None);
    assert_eq!(listed(&second).await.status, 200);
    let told = eventually("the keys are too old", async || {
        let reply = listed(&second).await;
        (reply.status != 200).then(|| verdict(&reply))
    })
    .await;
    assert_eq!(told, (503, None));
    address.show(Some(next.jwks().replace("\"one\"", "\"two\"")));
    eventually("the issuer is back", async || (listed(&second).await.status == 200).then_some(()))
        .await;
    gateway.end().await;
}

#[tokio::test]
async fn a_gateway_without_keys_does_not_start() {
    let address = Address::default();
    let url = address.serve().await;
    let folder = gateway::folder();
    let path = folder.path().join("bartizan.toml");
    let text =
        configuration(&format!("jwks = {{ url = {url:?} }}"), "url = \"http://127.0.0.1:9/mcp\"");
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::write(folder.path().join("policies/all.cedar"), POLICY).expect("written");
    std::fs::write(&path, format!("data_dir = \"state\"\n{text}")).expect("written");
    let config = Config::load(&path).expect("it can be read");
    let options = Options { purpose: Purpose::Serve, development: false };
    let error = App::start(config, options).await.expect_err("refused");
    assert!(format!("{error:#}").contains("503"), "{error:#}");
}
