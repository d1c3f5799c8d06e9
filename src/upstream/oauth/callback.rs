//! The loopback listener that a browser comes back to after a login (RFC 8252 §7.3). It takes one
//! answer, and only with the state that was sent out.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::IntoResponse;
use axum::routing::get;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use url::form_urlencoded;

use super::OauthError;

/// How long the last page may take to reach the browser.
const GOODBYE: Duration = Duration::from_secs(2);

/// What the authorization server sent along.
pub(super) struct Answer {
    pub(super) code: String,
    pub(super) issuer: Option<String>,
}

type Outcome = Result<Answer, OauthError>;

/// A bound listener.
pub(super) struct Callback {
    listener: TcpListener,
    authority: String,
}

struct Expected {
    state: String,
    authority: String,
    answer: Mutex<Option<oneshot::Sender<Outcome>>>,
}

impl Callback {
    pub(super) async fn listen(port: u16) -> Result<Self, OauthError> {
        let failed = |source| OauthError::Listen { port, source: Arc::new(source) };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
        let authority = listener.local_addr().map_err(failed)?.to_string();
        Ok(Self { listener, authority })
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("http://{}/callback", self.authority)
    }

    /// Waits for the answer that carries `state`. Others are turned away and change nothing.
    pub(super) async fn wait(self, state: &str, timeout_seconds: u64) -> Outcome {
        let (sender, receiver) = oneshot::channel();
        let expected = Arc::new(Expected {
            state: state.to_owned(),
            authority: self.authority,
            answer: Mutex::new(Some(sender)),
        });
        let app = Router::new().route("/callback", get(take)).with_state(expected);
        let (done, finished) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let stop = Arc::clone(&done);
        let server = axum::serve(self.listener, app)
            .with_graceful_shutdown(async move { stop.notified().await });
        let ended = Arc::clone(&finished);
        let serving = tokio::spawn(async move {
            let served = server.await;
            ended.notify_one();
            served
        });
        let answer = tokio::time::timeout(Duration::from_secs(timeout_seconds), receiver).await;
        done.notify_one();
        if tokio::time::timeout(GOODBYE, finished.notified()).await.is_err() {
            serving.abort();
        }
        match answer {
            Ok(Ok(outcome)) => outcome,
            _ => Err(OauthError::TimedOut(timeout_seconds)),
        }
    }
}

async fn take(
    State(expected): State<Arc<Expected>>,
    uri: Uri,
    headers: HeaderMap,
) -> impl IntoResponse {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let outcome = (host == Some(&expected.authority))
        .then(|| read(uri.query().unwrap_or_default(), &expected.state))
        .flatten();
    let sender = outcome.as_ref().and_then(|_| expected.answer.lock().take());
    let (status, page) = match (outcome, sender) {
        (Some(outcome), Some(sender)) => {
            let page = match &outcome {
                Ok(_) => "Bartizan has the answer. You can close this window.\n",
                Err(_) => "The login was refused. You can close this window.\n",
            };
            // Nobody waits any more if the login timed out in this moment.
            drop(sender.send(outcome));
            (StatusCode::OK, page)
        }
        _ => (StatusCode::BAD_REQUEST, "This is not the answer that Bartizan waits for.\n"),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONNECTION, "close"),
    ];
    (status, headers, page)
}

/// `None` for a query that is no answer to the question with `state`.
fn read(query: &str, state: &str) -> Option<Outcome> {
    let (mut code, mut error, mut issuer, mut stated) = (None, None, None, None);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match key.as_ref() {
            "code" => &mut code,
            "error" => &mut error,
            "iss" => &mut issuer,
            "state" => &mut stated,
            _ => continue,
        };
        // A parameter that stands twice has no one meaning.
        if place.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    verify_slices_are_equal(stated?.as_bytes(), state.as_bytes()).ok()?;
    match (code, error) {
        (Some(code), None) => Some(Ok(Answer { code, issuer })),
        (None, Some(error)) => Some(Err(OauthError::Denied(error_name(&error)))),
        _ => None,
    }
}

/// The name of a standard error (RFC 6749 §4.1.2.1); other text of the server is not repeated.
fn error_name(error: &str) -> String {
    let named = error.len() <= 64 && error.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_'));
    if named { error.to_owned() } else { "an unnamed error".to_owned() }
}
