//! A tool server over the old HTTP+SSE transport (2024-11-05): one event stream in, posts out.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap, Method as Verb, Uri,
    body::Incoming,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    client::{HttpClient, Target},
    error::UpstreamError,
    link::Outbound,
    metadata,
    pending::{Asked, Pending},
};
use crate::mcp::{Id, Json, Message, Notification, Object, Request, Response, json::Limits, sse};

#[derive(Debug)]
pub struct SseLink {
    inner: Arc<Inner>,
    closed: CancellationToken,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Inner {
    upstream: Arc<str>,
    client: HttpClient,
    /// Where messages are posted, as the server's first event said.
    messages: Target,
    pending: Pending,
    limits: Limits,
}

impl SseLink {
    /// Opens the stream and waits for the server to name its endpoint.
    ///
    /// # Errors
    /// No stream, no endpoint, or one on another origin.
    pub async fn connect(
        upstream: &Arc<str>,
        client: HttpClient,
        target: Target,
        strays: mpsc::Sender<Notification>,
        limits: Limits,
    ) -> Result<Self, UpstreamError> {
        let down = |why: String| UpstreamError::Down { upstream: upstream.to_string(), why };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let opened = client.send(Verb::GET, &target, headers, Bytes::new()).await;
        let mut response = opened.map_err(|error| down(error.to_string()))?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(UpstreamError::Status { upstream: upstream.to_string(), status });
        }
        let mut reader = sse::Reader::new(limits.bytes_max);
        let (endpoint, early) =
            first_event(response.body_mut(), &mut reader).await.map_err(down)?;
        let uri = same_origin(&target.uri, &endpoint).map_err(down)?;
        let inner = Arc::new(Inner {
            upstream: Arc::clone(upstream),
            client,
            messages: Target { uri, ..target },
            pending: Pending::new(strays, None),
            limits,
        });
        let (closed, stop) = (CancellationToken::new(), CancellationToken::new());
        let (stream, ended, stopping) = (Arc::clone(&inner), closed.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stream.read(response.into_body(), reader, early) => {}
                () = stopping.cancelled() => {}
            }
            stream.pending.clear();
            ended.cancel();
        });
        Ok(Self { inner, closed, _stop: stop.drop_guard() })
    }

    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    pub(super) async fn notify(&self, notification: &Notification) {
        let message = Message::Notification(notification.clone());
        self.inner.notify(&message).await;
    }

    pub(super) async fn request(&self, outbound: Outbound<'_>) -> Result<Response, UpstreamError> {
        let upstream = || self.inner.upstream.to_string();
        let heard = outbound.relay.as_ref().map(|relay| relay.heard());
        let (id, answer) = self.inner.pending.add(outbound.relay.clone());
        let mut params = outbound.params;
        metadata::stamp(&mut params, None, outbound.relay.as_deref(), id);
        let request = Request { id: Id::Integer(id), method: outbound.method.into(), params };
        let exchange = async {
            self.inner.post(&Message::Request(request)).await?;
            answer.await.map_err(|_| UpstreamError::Closed { upstream: upstream() })
        };
        let failure = tokio::select! {
            answer = exchange => {
                self.inner.pending.forget(id);
                return answer;
            }
            () = outbound.cancel.cancelled() => UpstreamError::Cancelled { upstream: upstream() },
            () = super::quiet_for(outbound.timeout, heard) => {
                let seconds = outbound.timeout.as_secs();
                UpstreamError::TimedOut { upstream: upstream(), seconds }
            }
        };
        self.inner.pending.forget(id);
        let params = Object::from([("requestId", Json::from(id))]);
        let notice = Message::Notification(Notification::new("notifications/cancelled", params));
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move { super::in_passing(inner.notify(&notice)).await });
        Err(failure)
    }
}

/// Reads until the `endpoint` event; events that came in the same chunk are kept.
async fn first_event(
    body: &mut Incoming,
    reader: &mut sse::Reader,
) -> Result<(String, Vec<sse::Event>), String> {
    loop {
        let frame = body.frame().await.ok_or("the stream ended before it named its endpoint")?;
        let frame = frame.map_err(|error| error.to_string())?;
        let Some(chunk) = frame.data_ref() else { continue };
        let mut events = Vec::new();
        reader.push(chunk, |event| events.push(event)).map_err(|error| error.to_string())?;
        if events.is_empty() {
            continue;
        }
        let first = events.remove(0);
        if first.name != "endpoint" {
            return Err("the first event named no endpoint".into());
        }
        let endpoint = String::from_utf8(first.data).map_err(|error| error.to_string())?;
        return Ok((endpoint, events));
    }
}

/// The endpoint, which must stay on the origin that was configured: credentials go there.
fn same_origin(base: &Uri, endpoint: &str) -> Result<Uri, String> {
    let base = url::Url::parse(&base.to_string()).map_err(|error| error.to_string())?;
    let joined = base.join(endpoint).map_err(|error| error.to_string())?;
    if joined.origin() != base.origin() {
        return Err(format!("the endpoint `{joined}` is on another origin"));
    }
    joined.as_str().parse().map_err(|_| "the endpoint is no URI".to_owned())
}

impl Inner {
    async fn notify(&self, message: &Message) {
        if let Err(error) = self.post(message).await {
            tracing::debug!(%error, "A notification did not reach its upstream.");
        }
    }

    async fn post(&self, message: &Message) -> Result<(), UpstreamError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = Bytes::from(message.to_bytes());
        let sent = self.client.send(Verb::POST, &self.messages, headers, body).await;
        let status = sent.map_err(|error| error.into_upstream(&self.upstream))?.status();
        if status.is_success() {
            return Ok(());
        }
        let status = status.as_u16();
        Err(UpstreamError::Status { upstream: self.upstream.to_string(), status })
    }

    async fn read(
        self: &Arc<Self>,
        mut body: Incoming,
        mut reader: sse::Reader,
        early: Vec<sse::Event>,
    ) {
        early.into_iter().for_each(|event| self.event(&event));
        while let Some(Ok(frame)) = body.frame().await {
            let Some(chunk) = frame.data_ref() else { continue };
            if reader.push(chunk, |event| self.event(&event)).is_err() {
                return;
            }
        }
    }

    fn event(self: &Arc<Self>, event: &sse::Event) {
        let message = match Message::parse(&event.data, &self.limits) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(upstream = %self.upstream, %error, "An event is no message.");
                return;
            }
        };
        if let Some(asked) = self.pending.take(message) {
            self.answer(asked);
        }
    }

    fn answer(self: &Arc<Self>, asked: Asked) {
        let link = Arc::clone(self);
        tokio::spawn(async move {
            let response = super::answer_server_request(asked).await;
            if let Err(error) = link.post(&Message::Response(response)).await {
                tracing::debug!(%error, "An answer did not reach its upstream.");
            }
        });
    }
}
