//! An upstream with an authorization server, both in this process, and a browser for it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::{Settings, Target};
use crate::net::{Client, Guard, Limits};

type Fields = HashMap<String, String>;

/// How the authorization server behaves, and what it saw.
pub(super) struct Behaviour {
    pub(super) takes_metadata_url: bool,
    pub(super) challenge_methods: Value,
    pub(super) issuer_in_answer: Option<String>,
    pub(super) token_type: &'static str,
    pub(super) expires_in: u64,
    pub(super) refuses_refresh: bool,
    pub(super) is_down: bool,
    pub(super) registrations: Vec<Value>,
    pub(super) authorizations: Vec<Fields>,
    pub(super) exchanges: usize,
    pub(super) refreshes: usize,
    refresh_token: String,
}

#[derive(Clone)]
pub(super) struct Server {
    pub(super) base: String,
    pub(super) behaviour: Arc<Mutex<Behaviour>>,
}

fn fields(encoded: &[u8]) -> Fields {
    form_urlencoded::parse(encoded).into_owned().collect()
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let behaviour = Behaviour {
            takes_metadata_url: false,
            challenge_methods: json!(["S256"]),
            issuer_in_answer: Some(base.clone()),
            token_type: "Bearer",
            expires_in: 3600,
            refuses_refresh: false,
            is_down: false,
            registrations: Vec::new(),
            authorizations: Vec::new(),
            exchanges: 0,
            refreshes: 0,
            refresh_token: String::new(),
        };
        let server = Self { base, behaviour: Arc::new(Mutex::new(behaviour)) };
        let app = Router::new().fallback(serve).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    pub(super) fn target(&self, state_dir: &Path) -> Target {
        let settings = Settings { login_timeout_seconds: 5, ..Settings::default() };
        let url = Url::parse(&format!("{}/mcp", self.base)).expect("a URL");
        Target { name: "tickets".to_owned(), url, settings, state_dir: state_dir.to_owned() }
    }

    fn metadata(&self) -> Value {
        let behaviour = self.behaviour.lock();
        let base = &self.base;
        json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "registration_endpoint": format!("{base}/register"),
            "response_types_supported": ["code"],
            "scopes_supported": ["everything", "offline_access"],
            "code_challenge_methods_supported": behaviour.challenge_methods,
            "client_id_metadata_document_supported": behaviour.takes_metadata_url,
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn authorize(&self, uri: &Uri) -> Response {
        let asked = fields(uri.query().unwrap_or_default().as_bytes());
        let mut behaviour = self.behaviour.lock();
        let mut location = Url::parse(&asked["redirect_uri"]).expect("a redirect URI");
        let mut query = location.query_pairs_mut();
        query.append_pair("code", "code-1").append_pair("state", &asked["state"]);
        if let Some(issuer) = &behaviour.issuer_in_answer {
            query.append_pair("iss", issuer);
        }
        drop(query);
        behaviour.authorizations.push(asked);
        (StatusCode::FOUND, [(header::LOCATION, location.to_string())]).into_response()
    }

    async fn token(&self, body: &Bytes) -> Response {
        let answer = self.issue(body);
        // Long enough for calls that come at once to overlap, and for a caller to hang up.
        tokio::time::sleep(Duration::from_millis(30)).await;
        answer
    }

    fn issue(&self, body: &Bytes) -> Response {
        let shown = fields(body);
        let mut behaviour = self.behaviour.lock();
        let refused = |error: &str| answer(StatusCode::BAD_REQUEST, &json!({ "error": error }));
        if shown.get("resource") != Some(&format!("{}/mcp", self.base)) {
            return refused("invalid_target");
        }
        let good = match shown["grant_type"].as_str() {
            "authorization_code" => {
                behaviour.exchanges += 1;
                let asked = behaviour.authorizations.last().expect("an authorization");
                let hash = digest::digest(&digest::SHA256, shown["code_verifier"].as_bytes());
                shown["code"] == "code-1"
                    && shown["redirect_uri"] == asked["redirect_uri"]
                    && shown["client_id"] == asked["client_id"]
                    && BASE64_URL_SAFE_NO_PAD.encode(hash) == asked["code_challenge"]
            }
            _ => {
                behaviour.refreshes += 1;
                shown["refresh_token"] == behaviour.refresh_token && !behaviour.refuses_refresh
            }
        };
        if !good {
            return refused("invalid_grant");
        }
        let round = behaviour.exchanges + behaviour.refreshes;
        behaviour.refresh_token = format!("refresh-secret-{round}");
        let tokens = json!({
            "access_token": format!("access-secret-{round}"),
            "token_type": behaviour.token_type,
            "expires_in": behaviour.expires_in,
            "refresh_token": behaviour.refresh_token,
        });
        answer(StatusCode::OK, &tokens)
    }

    fn register(&self, body: &Bytes) -> Response {
        let mut client: Value = serde_json::from_slice(body).expect("a registration");
        self.behaviour.lock().registrations.push(client.clone());
        client["client_id"] = json!("dynamic-1");
        answer(StatusCode::CREATED, &client)
    }
}

async fn serve(State(server): State<Server>, method: Method, uri: Uri, body: Bytes) -> Response {
    if server.behaviour.lock().is_down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let (base, resource) = (&server.base, "/.well-known/oauth-protected-resource/mcp");
    match (method, uri.path()) {
        (_, "/mcp") => {
            let challenge = format!("Bearer resource_metadata=\"{base}{resource}\"");
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
        }
        (Method::GET, path) if path == resource => {
            let document = json!({
                "resource": format!("{base}/mcp"),
                "authorization_servers": [base],
                "scopes_supported": ["tickets:read"],
            });
            answer(StatusCode::OK, &document)
        }
        (Method::GET, "/.well-known/oauth-authorization-server") => {
            answer(StatusCode::OK, &server.metadata())
        }
        (Method::GET, "/authorize") => server.authorize(&uri),
        (Method::POST, "/token") => server.token(&body).await,
        (Method::POST, "/register") => server.register(&body),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Fetches `url` and returns its redirect, or else its status and text.
pub(super) async fn visit(url: &str) -> Result<String, (StatusCode, String)> {
    let host = Url::parse(url).expect("a URL").authority().to_owned();
    visit_as(url, &host).await
}

/// As [`visit`], under another name for the same address.
pub(super) async fn visit_as(url: &str, host: &str) -> Result<String, (StatusCode, String)> {
    let client = Client::new(Guard::new(["127.0.0.1"]), Limits::default()).expect("a client");
    let request =
        Request::get(url).header(header::HOST, host).body(Bytes::new()).expect("a request");
    let response = client.send(request).await.expect("an answer");
    match response.headers().get(header::LOCATION) {
        Some(location) => Ok(location.to_str().expect("a URL").to_owned()),
        None => {
            let text = String::from_utf8_lossy(response.body()).into_owned();
            Err((response.status(), text))
        }
    }
}

/// A person who says yes: follows the login page to the gateway's own listener.
pub(super) fn consent(url: &Url) {
    let url = url.to_string();
    tokio::spawn(async move {
        let back = visit(&url).await.expect("a redirect");
        visit(&back).await.expect_err("a page")
    });
}
