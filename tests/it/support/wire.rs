//! Bare HTTP/1.1, one connection a request, so that a test can send anything and leave at any time.

use std::{collections::VecDeque, net::SocketAddr};

use bartizan::mcp::sse;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinHandle};

use super::PATIENCE;

/// The way to one listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire(pub(crate) SocketAddr);

impl Wire {
    /// Sends one request; `Host` is the address unless the headers say otherwise.
    pub(crate) async fn send(
        &self,
        verb: &str,
        path: &str,
        headers: &[(String, String)],
        body: impl Into<Bytes>,
    ) -> Reply {
        self.try_send(verb, path, headers, body).await.expect("the listener answers")
    }

    pub(crate) async fn try_send(
        &self,
        verb: &str,
        path: &str,
        headers: &[(String, String)],
        body: impl Into<Bytes>,
    ) -> anyhow::Result<Reply> {
        let stream = TcpStream::connect(self.0).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = Connection(tokio::spawn(async move { drop(connection.await) }));
        let mut request = Request::builder().method(verb).uri(path);
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header("host", self.0.to_string());
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let sent = sender.send_request(request.body(Full::new(body.into()))?);
        let response = tokio::time::timeout(PATIENCE, sent).await??;
        let (parts, body) = response.into_parts();
        Ok(Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            reader: sse::Reader::new(1 << 30),
            events: VecDeque::new(),
            _connection: connection,
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], Bytes::new()).await
    }
}

/// Ends when it is dropped: a client that leaves.
#[derive(Debug)]
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A response whose body may still be coming.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    reader: sse::Reader,
    events: VecDeque<Vec<u8>>,
    _connection: Connection,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
    }

    /// The whole body, which must end.
    pub(crate) async fn bytes(self) -> Bytes {
        let read = tokio::time::timeout(PATIENCE, self.body.collect()).await;
        read.expect("the body ends").expect("the body is whole").to_bytes()
    }

    pub(crate) async fn text(self) -> String {
        String::from_utf8_lossy(&self.bytes().await).into_owned()
    }

    pub(crate) async fn json(self) -> Value {
        let bytes = self.bytes().await;
        serde_json::from_slice(&bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)))
    }

    /// The next message, of a stream or the only one; `None` at the end.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        let bytes = self.message_bytes().await?;
        Some(serde_json::from_slice(&bytes).expect("a message is JSON"))
    }

    pub(crate) async fn message_bytes(&mut self) -> Option<Vec<u8>> {
        let next = tokio::time::timeout(PATIENCE, self.next());
        next.await.expect("a message comes in time")
    }

    async fn next(&mut self) -> Option<Vec<u8>> {
        let streams = self.is_stream();
        let mut whole = Vec::new();
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let Some(Ok(frame)) = self.body.frame().await else {
                return (!whole.is_empty()).then_some(whole);
            };
            let Some(chunk) = frame.data_ref() else { continue };
            if streams {
                let events = &mut self.events;
                let read = self.reader.push(chunk, |event| events.push_back(event.data));
                read.expect("no event is too long");
            } else {
                whole.extend_from_slice(chunk);
            }
        }
    }

    /// Reads to the response; what came before it is given too.
    pub(crate) async fn finish(mut self) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        while let Some(message) = self.message().await {
            if message.get("result").is_some() || message.get("error").is_some() {
                return (message, before);
            }
            before.push(message);
        }
        panic!("the stream ended without an answer after {before:?} ({})", self.status);
    }

    /// The response alone.
    pub(crate) async fn answer(self) -> Value {
        self.finish().await.0
    }
}
