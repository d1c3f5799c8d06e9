//! A tool server over Streamable HTTP, in either era.

mod stream;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Method as Verb, StatusCode,
    body::Incoming,
    header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue},
};
use parking_lot::RwLock;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    client::{HttpClient, Target},
    error::UpstreamError,
    link::Outbound,
    metadata,
    pending::Pending,
    scope,
};
use crate::{
    mcp::{
        Era, Id, Json, Message, Notification, Object, Request, Response, Revision, header,
        json::Limits, sse,
    },
    refusal::REFERENCE_HEADER,
    relay::Relay,
};

/// An HTTP upstream; connections are pooled by the client.
#[derive(Clone, Debug)]
pub struct HttpLink(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    upstream: Arc<str>,
    client: HttpClient,
    target: Target,
    pending: Pending,
    revision: OnceLock<Revision>,
    session: RwLock<Option<HeaderValue>>,
    closed: CancellationToken,
    limits: Limits,
}

impl HttpLink {
    pub fn new(
        upstream: &Arc<str>,
        client: HttpClient,
        target: Target,
        strays: mpsc::Sender<Notification>,
        limits: Limits,
    ) -> Self {
        Self(Arc::new(Inner {
            upstream: Arc::clone(upstream),
            client,
            target,
            pending: Pending::new(strays, None),
            revision: OnceLock::new(),
            session: RwLock::default(),
            closed: CancellationToken::new(),
            limits,
        }))
    }

    pub(super) fn settle(&self, revision: Revision) {
        // A second handshake on one link cannot happen; the first one stays.
        self.0.revision.set(revision).ok();
        if revision.era() == Era::Legacy {
            tokio::spawn(Self::listen(Arc::downgrade(&self.0)));
        }
    }

    pub(super) async fn closed(&self) {
        self.0.closed.cancelled().await;
    }

    /// Ends the session at a legacy server, which else keeps it until it tires of it (SPEC
    /// 2025-11-25, transports). One that does not answer is left alone.
    pub(super) async fn close(&self) {
        let inner = &self.0;
        let ended = inner.closed.is_cancelled();
        inner.closed.cancel();
        if ended || inner.session.read().is_none() {
            return;
        }
        let headers = inner.headers(HeaderMap::new());
        let sent = inner.client.send(Verb::DELETE, &inner.target, headers, Bytes::new());
        match tokio::time::timeout(CLOSE_TIMEOUT, sent).await {
            // A server may refuse; then its sessions end by themselves.
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "A session could not be ended."),
            Err(_) => tracing::debug!("A session could not be ended in time."),
        }
    }

    pub(super) async fn notify(&self, notification: &Notification) {
        let bytes = Message::Notification(notification.clone()).to_bytes();
        if let Err(error) = self.0.post(bytes, HeaderMap::new()).await {
            tracing::debug!(%error, "A notification did not reach its upstream.");
        }
    }

    pub(super) async fn request(&self, outbound: Outbound<'_>) -> Result<Response, UpstreamError> {
        let inner = &self.0;
        let upstream = || inner.upstream.to_string();
        let (timeout, cancel) = (outbound.timeout, outbound.cancel.clone());
        let heard = outbound.relay.as_ref().map(|relay| relay.heard());
        let (id, _answer) = inner.pending.add(outbound.relay.clone());
        let _forget = Forget(inner, id);
        let failure = tokio::select! {
            answer = inner.exchange(id, outbound) => return answer,
            () = cancel.cancelled() => UpstreamError::Cancelled { upstream: upstream() },
            () = super::quiet_for(timeout, heard) => {
                UpstreamError::TimedOut { upstream: upstream(), seconds: timeout.as_secs() }
            }
        };
        // In the modern era the closed stream says it; a legacy server must be told.
        if inner.era() == Some(Era::Legacy) {
            let params = Object::from([("requestId", Json::from(id))]);
            let notice = Notification::new("notifications/cancelled", params);
            let link = self.clone();
            tokio::spawn(async move { super::in_passing(link.notify(&notice)).await });
        }
        Err(failure)
    }

    /// Reads the stream on which a legacy server speaks unasked; many have none. One that breaks
    /// is opened again while the link lives.
    async fn listen(inner: std::sync::Weak<Inner>) {
        let mut pause = LISTEN_PAUSE_FIRST;
        loop {
            let opened = tokio::time::Instant::now();
            if !Self::listen_once(&inner).await {
                return;
            }
            if opened.elapsed() > LISTEN_PAUSE_MAX {
                pause = LISTEN_PAUSE_FIRST;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LISTEN_PAUSE_MAX);
        }
    }

    /// `false`: there is no such stream, or no link any more.
    async fn listen_once(inner: &std::sync::Weak<Inner>) -> bool {
        let Some(link) = inner.upgrade() else { return false };
        let mut headers = link.headers(HeaderMap::new());
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let sent = link.client.send(Verb::GET, &link.target, headers, Bytes::new()).await;
        let Ok(response) = sent else { return true };
        if response.status() != StatusCode::OK || !is_event_stream(response.headers()) {
            return false;
        }
        let mut body = response.into_body();
        let mut reader = sse::Reader::new(link.limits.bytes_max);
        let (limits, closed) = (link.limits, link.closed.clone());
        drop(link);
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                () = closed.cancelled() => return false,
            };
            let (Some(Ok(frame)), Some(link)) = (frame, inner.upgrade()) else { return true };
            let Some(chunk) = frame.data_ref() else { continue };
            let read = reader.push(chunk, |event| {
                if let Ok(message) = Message::parse(&event.data, &limits)
                    && let Some(asked) = link.pending.take(message)
                {
                    Inner::answer(&link, asked);
                }
            });
            if read.is_err() {
                return true;
            }
        }
    }
}

/// A server's time to end a session, while the gateway waits to stop.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Between attempts to open a broken stream again.
const LISTEN_PAUSE_FIRST: Duration = Duration::from_millis(500);
const LISTEN_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Takes a request out of the waiting ones however its future ends.
struct Forget<'a>(&'a Inner, i64);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.pending.forget(self.1);
    }
}

impl Inner {
    fn era(&self) -> Option<Era> {
        self.revision.get().map(|revision| revision.era())
    }

    async fn exchange(
        self: &Arc<Self>,
        id: i64,
        outbound: Outbound<'_>,
    ) -> Result<Response, UpstreamError> {
        let relay = outbound.relay.clone();
        let era = metadata::era_of(outbound.method, self.revision.get().copied());
        let modern = era == Some(Era::Modern);
        let mut headers = if modern { mirrored_headers(&outbound) } else { HeaderMap::new() };
        let reference = relay.as_deref().and_then(Relay::reference);
        if let Some(Ok(reference)) = reference.map(HeaderValue::from_str) {
            headers.insert(HeaderName::from_static(REFERENCE_HEADER), reference);
        }
        let mut params = outbound.params;
        metadata::stamp(&mut params, era, relay.as_deref(), id);
        let request = Request { id: Id::Integer(id), method: outbound.method.into(), params };
        let response = self.post(Message::Request(request).to_bytes(), headers).await?;
        if outbound.method == "initialize"
            && let Some(session) = response.headers().get(header::SESSION)
        {
            *self.session.write() = Some(session.clone());
        }
        self.read(id, response, relay).await
    }

    async fn post(
        &self,
        body: Vec<u8>,
        extra: HeaderMap,
    ) -> Result<hyper::Response<Incoming>, UpstreamError> {
        let mut headers = self.headers(extra);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        let sent = self.client.send(Verb::POST, &self.target, headers, body.into()).await;
        sent.map_err(|error| error.into_upstream(&self.upstream))
    }

    fn headers(&self, mut headers: HeaderMap) -> HeaderMap {
        let version = self.revision.get().map(|revision| revision.name());
        if let Some(version) = version {
            headers.insert(header::VERSION, HeaderValue::from_static(version));
        }
        if let Some(session) = self.session.read().as_ref() {
            headers.insert(header::SESSION, session.clone());
        }
        headers
    }

    async fn read(
        self: &Arc<Self>,
        id: i64,
        response: hyper::Response<Incoming>,
        relay: Option<Arc<Relay>>,
    ) -> Result<Response, UpstreamError> {
        let upstream = || self.upstream.to_string();
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            return Err(UpstreamError::LoginNeeded { upstream: upstream() });
        }
        if status == StatusCode::FORBIDDEN
            && let Some(options) = scope::wanted(response.headers())
        {
            return Err(UpstreamError::ScopeNeeded { upstream: upstream(), options });
        }
        if status == StatusCode::NOT_FOUND && self.session.read().is_some() {
            // The session ended: a new handshake is due (SPEC 2025-11-25, transports).
            self.closed.cancel();
            return Err(UpstreamError::Closed { upstream: upstream() });
        }
        if status.is_success() && is_event_stream(response.headers()) {
            return self.read_stream(id, response.into_body(), relay).await;
        }
        let garbage = |why: String| UpstreamError::Garbage { upstream: upstream(), why };
        let limited = http_body_util::Limited::new(response.into_body(), self.limits.bytes_max);
        let body = limited.collect().await.map_err(|error| garbage(error.to_string()))?.to_bytes();
        match Message::parse(&body, &self.limits) {
            Ok(Message::Response(answer)) if answer.id == Id::Integer(id) => Ok(answer),
            Ok(_) => Err(garbage("not an answer to the request".into())),
            Err(_) if !status.is_success() => {
                Err(UpstreamError::Status { upstream: upstream(), status: status.as_u16() })
            }
            Err(error) => Err(garbage(error.to_string())),
        }
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*`, made anew from what is really sent.
fn mirrored_headers(outbound: &Outbound<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: &str, value: &str| {
        let value = HeaderValue::from_str(&header::encode(value));
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            headers.insert(name, value);
        }
    };
    set(header::VERSION, Revision::R2026_07_28.name());
    set(header::METHOD, outbound.method);
    if let Some(name) = outbound.name {
        set(header::NAME, name);
    }
    let arguments = outbound.params.get("arguments").and_then(Json::as_object);
    for param in outbound.mirrored {
        let value = arguments.and_then(|arguments| param.argument(arguments));
        if let Some(value) = value.and_then(header::mirrored) {
            set(&param.header, &value);
        }
    }
    headers
}

/// A body that is complete.
pub(super) type Body = Full<Bytes>;
