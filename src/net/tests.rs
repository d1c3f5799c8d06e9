use std::time::Duration;

use axum::Router;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use bytes::Bytes;

use super::{Client, Guard, Limits, NetError};

async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

fn client(configured: &[&str]) -> Client {
    let limits =
        Limits { total: Duration::from_millis(300), body_bytes_max: 64, ..Limits::default() };
    Client::new(Guard::new(configured.iter().copied()), limits).expect("a client")
}

fn ask(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).expect("a request")
}

#[tokio::test]
async fn an_answer_is_bounded_in_size_and_time() {
    let app = Router::new()
        .route("/small", get(async || "x".repeat(64)))
        .route("/large", get(async || "x".repeat(65)))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(9)).await));
    let base = serve(app).await;
    let client = client(&["127.0.0.1"]);
    let small = client.send(ask(&format!("{base}/small"))).await.expect("an answer");
    assert_eq!(small.body().len(), 64);
    let large = client.send(ask(&format!("{base}/large"))).await;
    assert!(matches!(large, Err(NetError::Body { limit: 64, .. })), "{large:?}");
    let slow = client.send(ask(&format!("{base}/slow"))).await;
    assert!(matches!(slow, Err(NetError::Timeout { .. })), "{slow:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let app = Router::new()
        .route("/", get(async || (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")])))
        .route("/elsewhere", get(async || "followed"));
    let base = serve(app).await;
    let answer = client(&["127.0.0.1"]).send(ask(&base)).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn a_name_is_judged_by_the_address_it_resolves_to() {
    let base = serve(Router::new().route("/", get(async || "here"))).await;
    let named = base.replace("127.0.0.1", "localhost");
    let refused = client(&[]).send(ask(&named)).await;
    assert!(matches!(refused, Err(NetError::Unreachable { .. })), "{refused:?}");
    let answer = client(&["localhost"]).send(ask(&named)).await.expect("an answer");
    assert_eq!(answer.body().as_ref(), b"here");
}
