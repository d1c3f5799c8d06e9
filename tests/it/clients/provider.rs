//! A tool server on the web that wants a bearer token, with the authorization server that gives
//! one out.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use url::{Url, form_urlencoded};

use crate::support::{
    Wire,
    raw::{Raw, tool},
};

const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

/// The server and what it takes.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) base: String,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shop {
    base: String,
    /// The tool server behind the counter.
    raw: Raw,
    bearer: String,
    /// Client id and secret, where tokens are given out.
    client: Option<(&'static str, &'static str)>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Provider {
    /// Takes `bearer`, which its users have written down.
    pub(super) async fn with_key(tool_name: &str, bearer: &str) -> Self {
        Self::start(tool_name, bearer, None).await
    }

    /// Gives a token out to one client that a person let in.
    pub(super) async fn with_login(
        tool_name: &str,
        id: &'static str,
        secret: &'static str,
    ) -> Self {
        Self::start(tool_name, "not-a-real-access-token", Some((id, secret))).await
    }

    async fn start(
        tool_name: &str,
        bearer: &str,
        client: Option<(&'static str, &'static str)>,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let raw = Raw::start(vec![tool(tool_name), tool("status")]).await;
        let shop = Shop { base: base.clone(), raw, bearer: bearer.to_owned(), client };
        let app = Router::new().fallback(serve).with_state(Arc::new(shop));
        let serving = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("it serves");
        });
        Self { base, serving }
    }

    pub(super) fn url(&self) -> String {
        format!("{}/mcp", self.base)
    }
}

/// A person who says yes: opens the login page and follows it back.
pub(super) async fn consent(page: &str) {
    let back = visit(page).await.expect("the login page leads back");
    assert!(visit(&back).await.is_none(), "the way ends there");
}

/// Opens an address; where it leads on to, if anywhere.
async fn visit(address: &str) -> Option<String> {
    let url = Url::parse(address).expect("a URL");
    let wire = Wire(url.authority().parse::<SocketAddr>().expect("an address"));
    let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let reply = wire.get(&path).await;
    reply.header("location").map(str::to_owned)
}

async fn serve(
    State(shop): State<Arc<Shop>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match (&method, uri.path()) {
        (_, "/mcp") => shop.speak(&method, &headers, body).await,
        _ if shop.client.is_none() => StatusCode::NOT_FOUND.into_response(),
        (&Method::GET, METADATA) => answer(&json!({
            "resource": format!("{}/mcp", shop.base),
            "authorization_servers": [shop.base],
        })),
        (&Method::GET, "/.well-known/oauth-authorization-server") => answer(&shop.metadata()),
        (&Method::GET, "/authorize") => shop.authorize(&uri),
        (&Method::POST, "/token") => shop.token(&headers, &body),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

impl Shop {
    async fn speak(&self, method: &Method, headers: &HeaderMap, body: Bytes) -> Response {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if shown != Some(&format!("Bearer {}", self.bearer)) {
            let challenge = format!("Bearer resource_metadata=\"{}{METADATA}\"", self.base);
            return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)])
                .into_response();
        }
        if method != Method::POST {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        let behind = self.raw.url.trim_start_matches("url = \"http://").trim_end_matches("/mcp\"");
        let wire = Wire(behind.parse().expect("an address"));
        let reply = wire.send("POST", "/mcp", &[], body).await;
        ([(header::CONTENT_TYPE, "application/json")], reply.bytes().await).into_response()
    }

    fn metadata(&self) -> Value {
        let base = &self.base;
        json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn authorize(&self, uri: &Uri) -> Response {
        let asked = fields(uri.query().unwrap_or_default().as_bytes());
        let mut location = Url::parse(&asked["redirect_uri"]).expect("a redirect URI");
        location
            .query_pairs_mut()
            .append_pair("code", "one-time-code")
            .append_pair("state", &asked["state"])
            .append_pair("iss", &self.base);
        (StatusCode::FOUND, [(header::LOCATION, location.to_string())]).into_response()
    }

    fn token(&self, headers: &HeaderMap, body: &Bytes) -> Response {
        let shown = fields(body);
        let (id, secret) = self.client.expect("it gives tokens out");
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let in_body = shown.get("client_secret").map(String::as_str) == Some(secret);
        let known = header == Some(&basic) || in_body;
        if !known || shown.get("code").map(String::as_str) != Some("one-time-code") {
            return (StatusCode::BAD_REQUEST, "{\"error\":\"invalid_grant\"}").into_response();
        }
        answer(&json!({"access_token": self.bearer, "token_type": "Bearer", "expires_in": 3600}))
    }
}

fn fields(encoded: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(encoded).into_owned().collect()
}
