//! Carries rmcp's OAuth requests over the guarded client: no redirects, no private addresses that
//! nobody configured, bounded in time and size.

use std::time::Duration;

use axum::http::{Request, Response};
use bytes::Bytes;
use rmcp::transport::auth::{
    OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRequest,
};

use super::Target;
use crate::net::{Client, Guard, Limits, NetError};

/// Bytes of one answer of an authorization server.
const BODY_BYTES_MAX: usize = 256 << 10;

pub(super) struct Exchange(Client);

impl Exchange {
    /// May reach the upstream's host and those that its settings name wherever they lie.
    pub(super) fn new(target: &Target) -> Result<Self, NetError> {
        let private = target.settings.private_hosts.iter().map(String::as_str);
        let guard = Guard::new(target.url.host_str().into_iter().chain(private));
        let limits = Limits {
            total: Duration::from_secs(target.settings.request_timeout_seconds),
            body_bytes_max: BODY_BYTES_MAX,
            ..Limits::default()
        };
        Ok(Self(Client::new(guard, limits)?))
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, NetError> {
        let response = self.0.send(request.map(Bytes::from)).await?;
        Ok(response.map(Vec::from))
    }
}

impl OAuthHttpClient for Exchange {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(async move {
            let sent = self.send(request.request).await;
            sent.map_err(|error| Box::new(error) as OAuthHttpClientError)
        })
    }
}
