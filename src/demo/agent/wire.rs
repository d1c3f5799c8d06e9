//! The agent's way to the gateway: the real socket, in the modern era.

use std::{net::SocketAddr, time::Duration};

use axum::http::{HeaderMap, HeaderValue};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    identity::authenticators::development::RUN_HEADER,
    mcp::{Method, Object, Revision, RpcError, json::Limits},
    upstream::{
        client::{HttpClient, Target},
        http::HttpLink,
        link::{Link, Outbound},
    },
};

/// The longest that a call may take; the gateway's own waits are shorter.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to a gateway.
#[derive(Debug)]
pub struct Wire {
    link: Link,
}

impl Wire {
    /// # Errors
    /// The address makes no URL, or no HTTP client can be built.
    pub fn new(address: SocketAddr, run: &'static str) -> anyhow::Result<Self> {
        let uri = format!("http://{address}/mcp").parse()?;
        let mut headers = HeaderMap::new();
        headers.insert(RUN_HEADER, HeaderValue::from_static(run));
        let target = Target { uri, headers, tokens: None };
        // Nothing is listened for: the agent reads lists when it wants them.
        let (strays, _) = mpsc::channel(1);
        let link = HttpLink::new(
            &"gateway".into(),
            HttpClient::with_native_roots(),
            target,
            strays,
            Limits::default(),
        );
        let link = Link::Http(link);
        link.settle(Revision::R2026_07_28);
        Ok(Self { link })
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn request(
        &self,
        method: Method,
        params: Object,
        name: Option<&str>,
    ) -> anyhow::Result<Result<Object, RpcError>> {
        let outbound = Outbound {
            method: method.name(),
            params,
            name,
            mirrored: &[],
            relay: None,
            timeout: CALL_TIMEOUT,
            cancel: CancellationToken::new(),
        };
        Ok(self.link.request(outbound).await?.outcome)
    }
}
