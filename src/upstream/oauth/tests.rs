use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::fixture::{Server, consent, visit, visit_as};
use super::{LoggedIn, OauthError, Registration, Target, TokenSource, VaultError, login};

const DOCUMENT: &str = "https://gateway.example/client.json";

async fn start() -> (Server, TempDir, Target) {
    let (server, folder) = (Server::start().await, tempfile::tempdir().expect("a folder"));
    let target = server.target(folder.path());
    (server, folder, target)
}

async fn log_in(target: &Target) -> LoggedIn {
    login(target, consent).await.expect("a login")
}

fn record_path(folder: &Path) -> std::path::PathBuf {
    folder.join("oauth/tickets.json")
}

async fn bearer(source: &Arc<TokenSource>) -> String {
    source.bearer().await.expect("a token").expose().to_owned()
}

#[tokio::test]
async fn a_login_ends_with_a_token_for_this_upstream() {
    let (server, _folder, target) = start().await;
    let logged_in = log_in(&target).await;
    assert_eq!(logged_in.registration, Registration::Dynamic);
    assert_eq!((logged_in.issuer.as_str(), logged_in.refreshable), (server.base.as_str(), true));
    let source = TokenSource::new(target).expect("a source");
    assert_eq!(bearer(&source).await, "access-secret-1");
    let behaviour = server.behaviour.lock();
    let asked = &behaviour.authorizations[0];
    assert_eq!(asked["resource"], format!("{}/mcp", server.base));
    assert_eq!(asked["code_challenge_method"], "S256");
    // What the upstream names, not all that its authorization server can do.
    assert_eq!(asked["scope"], "tickets:read offline_access");
    assert_eq!(behaviour.registrations[0]["application_type"], "native");
}

#[tokio::test]
async fn a_metadata_document_goes_before_dynamic_registration() {
    let (server, _folder, mut target) = start().await;
    target.settings.client_metadata_url = Some(DOCUMENT.to_owned());
    assert_eq!(log_in(&target).await.registration, Registration::Dynamic);
    server.behaviour.lock().takes_metadata_url = true;
    let logged_in = log_in(&target).await;
    assert_eq!(logged_in.registration, Registration::MetadataDocument);
    assert_eq!(logged_in.client_id, DOCUMENT);
    target.settings.client_id = Some("known".to_owned());
    assert_eq!(log_in(&target).await.registration, Registration::Beforehand);
    assert_eq!(server.behaviour.lock().registrations.len(), 1);
    target.settings.client_id = None;
    target.settings.client_metadata_url = Some("https://gateway.example/".to_owned());
    assert!(matches!(login(&target, consent).await, Err(OauthError::MetadataUrl)));
}

#[tokio::test]
async fn the_stored_record_shows_no_token_and_is_for_its_owner_alone() {
    let (_server, folder, target) = start().await;
    log_in(&target).await;
    for file in std::fs::read_dir(folder.path().join("oauth")).expect("a folder") {
        let file = file.expect("a file");
        let text =
            String::from_utf8_lossy(&std::fs::read(file.path()).expect("bytes")).into_owned();
        assert!(!text.contains("secret") && !text.contains("dynamic-1"), "{text}");
        assert_eq!(file.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
    }
    let source = TokenSource::new(target).expect("a source");
    let path = record_path(folder.path());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    let refused = source.bearer().await.expect_err("an exposed record");
    assert!(matches!(refused, OauthError::Vault(VaultError::Exposed { .. })), "{refused}");
}

#[tokio::test]
async fn a_record_that_was_changed_or_moved_is_refused() {
    let (server, folder, target) = start().await;
    log_in(&target).await;
    let path = record_path(folder.path());
    let good = std::fs::read(&path).expect("a record");
    let refuse = async |target: &Target| {
        let refused = TokenSource::new(target.clone()).expect("a source").bearer().await;
        assert!(
            matches!(refused, Err(OauthError::Vault(VaultError::Tampered { .. }))),
            "{refused:?}"
        );
    };
    let other = Target { name: "other".to_owned(), ..target.clone() };
    std::fs::copy(&path, folder.path().join("oauth/other.json")).expect("a copy");
    refuse(&other).await;
    let elsewhere = Url::parse(&format!("{}/elsewhere", server.base)).expect("a URL");
    refuse(&Target { url: elsewhere, ..target.clone() }).await;
    let change = |key: &str, member: Value| {
        let mut file: Value = serde_json::from_slice(&good).expect("JSON");
        file[key] = member;
        std::fs::write(&path, file.to_string()).expect("a file");
    };
    change("issuer", json!("https://evil.example"));
    refuse(&target).await;
    change("version", json!(2));
    refuse(&target).await;
    let sealed: Value = serde_json::from_slice(&good).expect("JSON");
    let sealed = sealed["sealed"].as_str().expect("text");
    let flipped = if sealed.starts_with('A') { "B" } else { "A" };
    change("sealed", json!(format!("{flipped}{}", sealed.split_at(1).1)));
    refuse(&target).await;
    std::fs::write(&path, &good).expect("a file");
    std::fs::remove_file(folder.path().join("oauth/key")).expect("a key");
    refuse(&target).await;
}

#[tokio::test]
async fn calls_at_once_make_one_refresh() {
    let (server, _folder, target) = start().await;
    server.behaviour.lock().expires_in = 0;
    log_in(&target).await;
    server.behaviour.lock().expires_in = 3600;
    let source = TokenSource::new(target).expect("a source");
    let calls = (0..50).map(|_| {
        let source = Arc::clone(&source);
        tokio::spawn(async move { bearer(&source).await })
    });
    for token in futures_util::future::join_all(calls).await {
        assert_eq!(token.expect("no panic"), "access-secret-2");
    }
    assert_eq!(server.behaviour.lock().refreshes, 1);
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_lose_the_new_refresh_token() {
    let (server, _folder, target) = start().await;
    server.behaviour.lock().expires_in = 0;
    log_in(&target).await;
    server.behaviour.lock().expires_in = 3600;
    let source = TokenSource::new(target).expect("a source");
    let caller = Arc::clone(&source);
    let caller = tokio::spawn(async move { caller.bearer().await });
    while server.behaviour.lock().refreshes == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The server has rotated the refresh token and is about to answer.
    caller.abort();
    assert_eq!(bearer(&source).await, "access-secret-2");
    assert_eq!(server.behaviour.lock().refreshes, 1);
}

#[tokio::test]
async fn a_token_is_refreshed_before_it_expires_and_used_if_that_fails() {
    let (server, _folder, target) = start().await;
    // Half of this life is over at once: a refresh is due two seconds before the end.
    server.behaviour.lock().expires_in = 4;
    log_in(&target).await;
    let source = TokenSource::new(target).expect("a source");
    assert_eq!(bearer(&source).await, "access-secret-1");
    server.behaviour.lock().is_down = true;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(bearer(&source).await, "access-secret-1");
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let refused = source.bearer().await.expect_err("an expired token");
    assert!(matches!(refused, OauthError::Discovery(..) | OauthError::Refresh), "{refused}");
}

#[tokio::test]
async fn a_failure_is_not_repeated_for_every_call() {
    let (server, _folder, target) = start().await;
    server.behaviour.lock().expires_in = 0;
    log_in(&target).await;
    server.behaviour.lock().refuses_refresh = true;
    let source = TokenSource::new(target.clone()).expect("a source");
    for _ in 0..20 {
        let refused = source.bearer().await.expect_err("a refused refresh");
        assert!(matches!(refused, OauthError::LoginRequired(_)), "{refused}");
    }
    // A refused refresh token is dropped: a new start does not try it again.
    let again = TokenSource::new(target).expect("a source");
    assert!(matches!(again.bearer().await, Err(OauthError::LoginRequired(_))));
    assert_eq!(server.behaviour.lock().refreshes, 1);
}

#[tokio::test]
async fn a_rejected_token_is_replaced_once() {
    let (server, _folder, target) = start().await;
    log_in(&target).await;
    let source = TokenSource::new(target).expect("a source");
    let first = source.bearer().await.expect("a token");
    source.reject(&first).await;
    let second = source.bearer().await.expect("a token");
    assert_eq!(second.expose(), "access-secret-2");
    // Late news about the old token changes nothing.
    source.reject(&first).await;
    assert_eq!(bearer(&source).await, "access-secret-2");
    source.reject(&second).await;
    assert!(matches!(source.bearer().await, Err(OauthError::Rejected(_))));
    assert_eq!(server.behaviour.lock().refreshes, 1);
}

#[tokio::test]
async fn an_authorization_server_without_pkce_is_refused() {
    let (server, _folder, target) = start().await;
    for methods in [json!(["plain"]), json!([]), Value::Null] {
        server.behaviour.lock().challenge_methods = methods;
        let refused = login(&target, |_| panic!("nothing to show")).await;
        assert!(matches!(refused, Err(OauthError::NoPkce)), "{refused:?}");
    }
}

#[tokio::test]
async fn an_answer_from_another_issuer_is_refused_before_the_code_is_used() {
    let (server, folder, target) = start().await;
    for issuer in [Some("https://evil.example".to_owned()), Some(format!("{}/", server.base)), None]
    {
        server.behaviour.lock().issuer_in_answer = issuer;
        assert!(matches!(login(&target, consent).await, Err(OauthError::WrongIssuer)));
    }
    assert_eq!(server.behaviour.lock().exchanges, 0);
    assert!(!record_path(folder.path()).exists());
}

#[tokio::test]
async fn a_token_that_is_no_bearer_token_is_not_kept() {
    let (server, folder, target) = start().await;
    server.behaviour.lock().token_type = "DPoP";
    assert!(matches!(login(&target, consent).await, Err(OauthError::NotBearer)));
    assert!(!record_path(folder.path()).exists());
}

#[tokio::test]
async fn the_callback_takes_one_answer_with_the_right_state() {
    let (server, _folder, target) = start().await;
    let mut checks = None;
    let check = |url: &Url| {
        let url = url.clone();
        checks = Some(tokio::spawn(async move {
            let back = visit(url.as_str()).await.expect("a redirect");
            let state = url.query_pairs().find(|(key, _)| key == "state").expect("a state").1;
            let forged = back.replace(state.as_ref(), "forged");
            let doubled = format!("{back}&code=code-2");
            let (status, _) = visit_as(&back, "evil.example").await.expect_err("a page");
            assert_eq!(status, StatusCode::BAD_REQUEST);
            for bad in [&forged, &doubled] {
                let (status, _) = visit(bad).await.expect_err("a page");
                assert_eq!(status, StatusCode::BAD_REQUEST);
            }
            let (status, text) = visit(&back).await.expect_err("a page");
            assert_eq!(status, StatusCode::OK);
            assert!(!text.contains("code-1"));
        }));
    };
    let logged_in = login(&target, check).await.expect("a login");
    checks.expect("a visit").await.expect("the answers that the browser got");
    assert_eq!(logged_in.client_id, "dynamic-1");
    assert_eq!(server.behaviour.lock().exchanges, 1);
}

#[tokio::test]
async fn a_login_that_is_refused_or_abandoned_ends() {
    let (_server, folder, mut target) = start().await;
    let deny = |url: &Url| {
        let pairs: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
        let back =
            format!("{}?error=access_denied&state={}", pairs["redirect_uri"], pairs["state"]);
        tokio::spawn(async move { visit(&back).await });
    };
    let refused = login(&target, deny).await;
    assert!(matches!(&refused, Err(OauthError::Denied(name)) if name == "access_denied"));
    target.settings.login_timeout_seconds = 1;
    assert!(matches!(login(&target, |_| {}).await, Err(OauthError::TimedOut(1))));
    assert!(!record_path(folder.path()).exists());
}

#[tokio::test]
async fn an_upstream_without_a_login_says_how_to_log_in() {
    let (_server, _folder, target) = start().await;
    let source = TokenSource::new(target.clone()).expect("a source");
    let refused = source.bearer().await.expect_err("no login");
    assert!(refused.to_string().contains("bartizan upstreams login tickets"));
    let named = Target { name: "../tickets".to_owned(), ..target };
    assert!(matches!(TokenSource::new(named), Err(OauthError::Name(_))));
}

#[tokio::test]
async fn no_token_is_printed() {
    let (_server, _folder, target) = start().await;
    let logged_in = log_in(&target).await;
    let source = TokenSource::new(target).expect("a source");
    let token = source.bearer().await.expect("a token");
    let printed = format!("{logged_in:?} {source:?} {token:?}");
    assert!(!printed.contains("secret"), "{printed}");
}

#[test]
fn only_web_addresses_are_opened() {
    for url in ["file:///etc/passwd", "javascript:alert(1)", "vscode://open"] {
        assert!(!super::browser::open(&Url::parse(url).expect("a URL")), "{url}");
    }
}
