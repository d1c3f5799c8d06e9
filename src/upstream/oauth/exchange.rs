//! Carries rmcp's OAuth requests over the guarded client: no redirects, no private addresses that
//! nobody configured, bounded in time and size.

use std::time::Duration;

use axum::http::{
    Request, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use bytes::Bytes;
use rmcp::transport::auth::{
    OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRequest,
};

use super::Target;
use crate::mcp::{
    Id, Message, Method, Object, Request as RpcRequest, Revision,
    client::{META_CAPABILITIES, META_CLIENT, META_VERSION},
    header::{METHOD, VERSION},
};
use crate::net::{Client, Guard, Limits, NetError};
use crate::upstream::metadata::client_info;

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

    /// What the upstream answers to a request without a token: its `WWW-Authenticate`. Servers that
    /// answer POST alone name their metadata and scopes nowhere else.
    pub(super) async fn challenge(&self, target: &Target) -> Option<String> {
        let request = Request::post(target.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream")
            .header(VERSION, Revision::R2026_07_28.name())
            .header(METHOD, Method::Discover.name())
            .body(probe().to_bytes());
        let response = self.send(request.ok()?).await.ok()?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return None;
        }
        let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let bearer = |value: &&str| {
            value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
        };
        challenges.filter_map(|value| value.to_str().ok()).find(bearer).map(str::to_owned)
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, NetError> {
        let response = self.0.send(request.map(Bytes::from)).await?;
        Ok(response.map(Vec::from))
    }
}

/// The request of the modern era that every server knows; a legacy one refuses it all the same.
fn probe() -> Message {
    let mut params = Object::new();
    let meta = params.object_mut("_meta");
    meta.insert(META_VERSION, Revision::R2026_07_28.name());
    meta.insert(META_CLIENT, client_info());
    meta.insert(META_CAPABILITIES, Object::new());
    let method = Method::Discover.name().to_owned();
    Message::Request(RpcRequest { id: Id::Integer(1), method, params })
}

impl OAuthHttpClient for Exchange {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(async move {
            let sent = self.send(request.request).await;
            sent.map_err(|error| Box::new(error) as OAuthHttpClientError)
        })
    }
}
