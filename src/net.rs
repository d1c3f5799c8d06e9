//! Outgoing HTTP for the gateway's own needs: keys, metadata, tokens. Bounded in time and size,
//! never redirected, never through a proxy, and only to addresses that [`Guard`] allows. Traffic
//! of the corridor is not its business.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self};
use hyper_util::rt::{TokioExecutor, TokioTimer};

mod guard;

#[cfg(test)]
mod tests;

use guard::GuardedResolver;
pub use guard::{Guard, Refused, is_loopback_host};

/// How long one exchange may take and how much it may bring.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the TCP connection.
    pub connect: Duration,
    /// For the whole exchange, body included.
    pub total: Duration,
    /// Bytes of the answer's body.
    pub body_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            total: Duration::from_secs(10),
            body_bytes_max: 256 << 10,
        }
    }
}

/// Why an exchange failed. Names the host at most: a URL or a body may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    #[error("the system's root certificates cannot be read: {0}")]
    Roots(#[source] std::io::Error),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("no answer from `{host}` within {seconds} s")]
    Timeout { host: String, seconds: u64 },
    #[error("cannot reach `{host}`")]
    Unreachable {
        host: String,
        #[source]
        source: legacy::Error,
    },
    #[error("the answer of `{host}` broke off or is longer than {limit} bytes")]
    Body { host: String, limit: usize },
}

type Connector = HttpsConnector<HttpConnector<GuardedResolver>>;

/// An HTTP client behind a [`Guard`].
#[derive(Clone, Debug)]
pub struct Client {
    inner: legacy::Client<Connector, Full<Bytes>>,
    guard: Arc<Guard>,
    limits: Limits,
}

impl Client {
    /// # Errors
    /// [`NetError::Roots`] if the platform has no usable root certificate.
    pub fn new(guard: Guard, limits: Limits) -> Result<Self, NetError> {
        let guard = Arc::new(guard);
        let mut http = HttpConnector::new_with_resolver(GuardedResolver::new(Arc::clone(&guard)));
        http.enforce_http(false);
        http.set_connect_timeout(Some(limits.connect));
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(NetError::Roots)?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Self { inner, guard, limits })
    }

    /// One exchange. A redirect is returned as it came, never followed.
    ///
    /// # Errors
    /// A URL or address that the guard refuses, a limit, or a peer that cannot be reached.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NetError> {
        self.guard.check(request.uri())?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let total = self.limits.total;
        match tokio::time::timeout(total, self.exchange(request, &host)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(NetError::Timeout { host, seconds: total.as_secs() }),
        }
    }

    async fn exchange(
        &self,
        request: Request<Bytes>,
        host: &str,
    ) -> Result<Response<Bytes>, NetError> {
        let unreachable = |source| NetError::Unreachable { host: host.to_owned(), source };
        let response = self.inner.request(request.map(Full::new)).await.map_err(unreachable)?;
        let (parts, body) = response.into_parts();
        let limit = self.limits.body_bytes_max;
        let collected = Limited::new(body, limit).collect().await;
        let body = collected.map_err(|_| NetError::Body { host: host.to_owned(), limit })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}
