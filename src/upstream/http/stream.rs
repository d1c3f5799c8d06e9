//! The event stream of one request, taken up again where a legacy server closes it early
//! (SEP-1699): it may let its client come back later for the answer.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap, Method as Verb, StatusCode,
    body::Incoming,
    header::{ACCEPT, HeaderValue},
};

use super::{Inner, is_event_stream};
use crate::{
    mcp::{Era, Id, Message, Response, RpcError, sse},
    relay::Relay,
    upstream::{answer_server_request, error::UpstreamError, pending::Asked},
};

/// The pause before a stream is taken up again, if the server names none.
const RETRY_MS: u64 = 1_000;
/// However long or short a pause the server names.
const RETRY_MS_MIN: u64 = 100;
const RETRY_MS_MAX: u64 = 60_000;

impl Inner {
    /// Reads until the answer is there. The request's own timeout is the end of all retries.
    pub(super) async fn read_stream(
        self: &Arc<Self>,
        id: i64,
        mut body: Incoming,
        relay: Option<Arc<Relay>>,
    ) -> Result<Response, UpstreamError> {
        let mut reader = sse::Reader::new(self.limits.bytes_max);
        loop {
            if let Some(answer) = self.read_events(id, &mut body, &mut reader, &relay).await? {
                return Ok(answer);
            }
            let position = reader.position().clone();
            body = self.resume(&position).await?;
            reader = sse::Reader::resume(self.limits.bytes_max, position);
        }
    }

    /// Reads one stream to its end; `None` if the answer was not on it.
    async fn read_events(
        self: &Arc<Self>,
        id: i64,
        body: &mut Incoming,
        reader: &mut sse::Reader,
        relay: &Option<Arc<Relay>>,
    ) -> Result<Option<Response>, UpstreamError> {
        let mut events = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            let Some(chunk) = frame.data_ref() else { continue };
            let read = reader.push(chunk, |event| events.push(event));
            read.map_err(|error| self.garbage(error.to_string()))?;
            for event in events.drain(..).filter(|event| !event.data.is_empty()) {
                let message = Message::parse(&event.data, &self.limits);
                match message.map_err(|error| self.garbage(error.to_string()))? {
                    Message::Response(answer) if answer.id == Id::Integer(id) => {
                        return Ok(Some(answer));
                    }
                    Message::Response(_) => {}
                    Message::Notification(notification) => match relay {
                        Some(relay) => relay.notification(notification),
                        None => drop(self.pending.take(Message::Notification(notification))),
                    },
                    Message::Request(request) => {
                        let relay = relay.clone().ok_or_else(|| {
                            let what = format!("nobody to ask `{}`", request.method);
                            RpcError::new(RpcError::INTERNAL, what)
                        });
                        if let Some(asked) = self.pending.seat(request, relay) {
                            Self::answer(self, asked);
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    /// Asks for the rest of a stream, after the pause that the server wants.
    async fn resume(&self, position: &sse::Position) -> Result<Incoming, UpstreamError> {
        let closed = || UpstreamError::Closed { upstream: self.upstream.to_string() };
        let last = position.last_event_id.as_deref().filter(|_| self.era() == Some(Era::Legacy));
        let last = last.and_then(|id| HeaderValue::from_bytes(id).ok()).ok_or_else(closed)?;
        let pause = position.retry_ms.unwrap_or(RETRY_MS).clamp(RETRY_MS_MIN, RETRY_MS_MAX);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let mut headers = self.headers(HeaderMap::new());
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert("last-event-id", last);
        let sent = self.client.send(Verb::GET, &self.target, headers, Bytes::new()).await;
        let response = sent.map_err(|_| closed())?;
        if response.status() != StatusCode::OK || !is_event_stream(response.headers()) {
            return Err(closed());
        }
        Ok(response.into_body())
    }

    fn garbage(&self, why: String) -> UpstreamError {
        UpstreamError::Garbage { upstream: self.upstream.to_string(), why }
    }

    pub(super) fn answer(link: &Arc<Self>, asked: Asked) {
        let link = Arc::clone(link);
        tokio::spawn(async move {
            let response = answer_server_request(asked).await;
            let bytes = Message::Response(response).to_bytes();
            if let Err(error) = link.post(bytes, HeaderMap::new()).await {
                tracing::debug!(%error, "An answer did not reach its upstream.");
            }
        });
    }
}
