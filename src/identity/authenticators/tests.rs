use axum::http::{HeaderMap, HeaderValue};

use super::{Authenticators, Settings};
use crate::identity::{Presented, Proof, Unidentified};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_str(value).expect("a header value"));
    }
    headers
}

async fn development() -> Authenticators {
    Authenticators::open(&Settings::default(), true).await.expect("development mode")
}

#[tokio::test]
async fn nobody_is_let_in_without_an_authenticator() {
    let nobody = Authenticators::open(&Settings::default(), false).await.expect("an empty list");
    let headers = headers(&[("authorization", "Basic dXNlcjpwYXNz")]);
    let presented = Presented { headers: &headers, loopback: true };
    assert_eq!(nobody.authenticate(&presented).await, Err(Unidentified::Missing));
}

#[tokio::test]
async fn each_run_in_development_mode_is_a_principal_of_its_own() {
    let door = development().await;
    let (first, second) =
        (headers(&[("bartizan-run", "task-1")]), headers(&[("bartizan-run", "task-2")]));
    let first = door.authenticate(&Presented { headers: &first, loopback: true }).await;
    let second = door.authenticate(&Presented { headers: &second, loopback: true }).await;
    let (first, second) = (first.expect("a principal"), second.expect("a principal"));
    assert_eq!(first.run.as_deref(), Some("task-1"));
    assert_eq!((first.agent.as_str(), first.proof), ("development", Proof::Development));
    assert_ne!(first, second);
}

#[tokio::test]
async fn development_mode_serves_direct_loopback_callers_alone() {
    let door = development().await;
    let plain = HeaderMap::new();
    let remote = Presented { headers: &plain, loopback: false };
    assert_eq!(door.authenticate(&remote).await, Err(Unidentified::NotLoopback));
    let forwarded = headers(&[("x-forwarded-for", "203.0.113.9")]);
    let proxied = Presented { headers: &forwarded, loopback: true };
    assert_eq!(door.authenticate(&proxied).await, Err(Unidentified::NotLoopback));
}

#[tokio::test]
async fn a_run_header_is_one_short_name() {
    let door = development().await;
    let long = "x".repeat(129);
    let cases = [
        headers(&[("bartizan-run", "a b")]),
        headers(&[("bartizan-run", "")]),
        headers(&[("bartizan-run", &long)]),
        headers(&[("bartizan-run", "a"), ("bartizan-run", "b")]),
    ];
    for headers in &cases {
        let presented = Presented { headers, loopback: true };
        assert_eq!(door.authenticate(&presented).await, Err(Unidentified::RunHeader));
    }
}
