//! The HTTP client toward upstreams: pooled, without redirects, without proxies of its own.

use std::{sync::Arc, time::Duration};

use axum::http::uri::Scheme;
use bytes::Bytes;
use hyper::{HeaderMap, Method, Request, Response, Uri, body::Incoming, header::AUTHORIZATION};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, Error, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{error::UpstreamError, http::Body};

/// Gives the bearer token that the gateway itself holds for an upstream; never the caller's.
#[async_trait::async_trait]
pub trait TokenSource: Send + Sync + std::fmt::Debug {
    /// A token that is still valid, or none if nobody logged in.
    async fn bearer(&self) -> Option<String>;

    /// The upstream refused the token: the next one must be another.
    async fn reject(&self);

    /// The upstream wants a token with further rights: a person may have logged in for it.
    async fn look_again(&self);
}

/// Where requests go and what each carries.
#[derive(Clone, Debug)]
pub struct Target {
    pub uri: Uri,
    /// Sent with every request. Values are marked sensitive, so that `Debug` hides them.
    pub headers: HeaderMap,
    pub tokens: Option<Arc<dyn TokenSource>>,
}

/// A request that never reached the upstream, or got no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the token cannot stand in a header")]
    Token,
    #[error("{}", root_cause(.0))]
    Http(#[from] Error),
    #[error(
        "https is not possible, because this machine has no root certificates ({0}); install \
         `ca-certificates`, or name a file of them in `SSL_CERT_FILE`"
    )]
    NoRoots(String),
}

impl SendError {
    /// Only a connection that never stood is sure to have carried nothing.
    pub(super) fn into_upstream(self, upstream: &str) -> UpstreamError {
        let upstream = upstream.to_owned();
        match self {
            Self::Http(error) if !error.is_connect() => UpstreamError::Closed { upstream },
            other => UpstreamError::Down { upstream, why: other.to_string() },
        }
    }
}

fn root_cause(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// A machine without root certificates still reaches servers over plain HTTP: a gateway whose
/// servers all run beside it has no need of any.
#[derive(Clone, Debug)]
pub enum HttpClient {
    Full(Client<HttpsConnector<HttpConnector>, Body>),
    Plain { client: Client<HttpConnector, Body>, why: Arc<str> },
}

/// Idle connections are closed before common servers do it (Node: 5 s), or a request would race
/// with the close.
const POOL_IDLE: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl HttpClient {
    /// Reads the platform's root certificates.
    pub fn with_native_roots() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(POOL_IDLE);
        match hyper_rustls::HttpsConnectorBuilder::new().with_native_roots() {
            Ok(https) => {
                let https = https.https_or_http().enable_http1().wrap_connector(tcp);
                Self::Full(builder.build(https))
            }
            Err(error) => {
                tracing::warn!(%error, "No root certificates: https servers cannot be reached.");
                // The whole list of places that were looked at would fill a screen.
                let why = error.to_string().split(" (").next().unwrap_or_default().into();
                Self::Plain { client: builder.build(tcp), why }
            }
        }
    }

    pub(super) async fn send(
        &self,
        method: Method,
        target: &Target,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, SendError> {
        let mut request = Request::new(Body::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = target.uri.clone();
        *request.headers_mut() = headers;
        for (name, value) in &target.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        // Without a token the request goes out all the same: not every server wants one.
        if let Some(tokens) = &target.tokens
            && let Some(token) = tokens.bearer().await
        {
            let value = hyper::header::HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value = value.map_err(|_| SendError::Token)?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let response = match self {
            Self::Full(client) => client.request(request).await?,
            Self::Plain { why, .. } if request.uri().scheme() == Some(&Scheme::HTTPS) => {
                return Err(SendError::NoRoots(why.to_string()));
            }
            Self::Plain { client, .. } => client.request(request).await?,
        };
        if let Some(tokens) = &target.tokens {
            match response.status() {
                hyper::StatusCode::UNAUTHORIZED => tokens.reject().await,
                hyper::StatusCode::FORBIDDEN => tokens.look_again().await,
                _ => {}
            }
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Arc, Bytes, Client, HeaderMap, HttpClient, Method, SendError, Target, TokioExecutor,
    };

    #[tokio::test]
    async fn without_root_certificates_https_says_so_and_http_still_tries() {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let client = HttpClient::Plain { client, why: Arc::from("none found") };
        for (uri, wanted) in [("https://127.0.0.1:1/", true), ("http://127.0.0.1:1/", false)] {
            let uri = uri.parse().expect("an address");
            let target = Target { uri, headers: HeaderMap::new(), tokens: None };
            let sent = client.send(Method::POST, &target, HeaderMap::new(), Bytes::new()).await;
            let error = sent.expect_err("nobody listens there");
            assert_eq!(matches!(error, SendError::NoRoots(_)), wanted, "{error}");
        }
    }
}
