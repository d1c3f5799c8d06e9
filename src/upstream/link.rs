//! A live connection to an upstream, whatever carries it.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{error::UpstreamError, http::HttpLink, sse::SseLink, stdio::StdioLink};
use crate::{
    mcp::{Method, Notification, Object, Response, Revision, header::MirroredParam},
    relay::Relay,
};

/// A request as it leaves for an upstream, in its final form.
#[derive(Debug)]
pub struct Outbound<'a> {
    pub method: &'a str,
    pub params: Object,
    /// The name that `Mcp-Name` mirrors.
    pub name: Option<&'a str>,
    pub mirrored: &'a [MirroredParam],
    /// Where notifications and questions about this request go.
    pub relay: Option<Arc<Relay>>,
    pub timeout: Duration,
    /// Ends the request: the upstream is told, and no answer is waited for.
    pub cancel: CancellationToken,
}

impl<'a> Outbound<'a> {
    /// A request of the gateway's own.
    pub fn own(method: Method, params: Object, timeout: Duration) -> Self {
        Self {
            method: method.name(),
            params,
            name: None,
            mirrored: &[],
            relay: None,
            timeout,
            cancel: CancellationToken::new(),
        }
    }
}

/// How a connection is kept, by transport.
#[derive(Clone, Debug)]
pub enum Link {
    Stdio(Arc<StdioLink>),
    Http(HttpLink),
    Sse(Arc<SseLink>),
}

impl Link {
    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// No usable answer; see [`UpstreamError::may_have_run`].
    pub async fn request(&self, outbound: Outbound<'_>) -> Result<Response, UpstreamError> {
        match self {
            Self::Stdio(link) => link.request(outbound).await,
            Self::Http(link) => link.request(outbound).await,
            Self::Sse(link) => link.request(outbound).await,
        }
    }

    /// Sends a notification; one that cannot be sent is lost.
    pub async fn notify(&self, notification: &Notification) {
        match self {
            Self::Stdio(link) => link.notify(notification).await,
            Self::Http(link) => link.notify(notification).await,
            Self::Sse(link) => link.notify(notification).await,
        }
    }

    /// Sets the revision that the handshake settled.
    pub fn settle(&self, revision: Revision) {
        match self {
            Self::Stdio(link) => link.settle(revision),
            Self::Http(link) => link.settle(revision),
            Self::Sse(_) => {}
        }
    }

    /// Ends the connection in good order and returns when that is done.
    pub async fn close(&self) {
        match self {
            Self::Stdio(link) => link.close().await,
            Self::Http(link) => link.close().await,
            // Its stream ends with the link, and nothing else is there to end.
            Self::Sse(_) => {}
        }
    }

    /// Returns when the connection is lost for good.
    pub async fn closed(&self) {
        match self {
            Self::Stdio(link) => link.closed().await,
            Self::Http(link) => link.closed().await,
            Self::Sse(link) => link.closed().await,
        }
    }
}
