//! Turning a running request into an HTTP answer: one JSON object if nothing comes before the
//! answer, else an event stream.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;

use super::{Presence, Running, broken, parked::Parked, session::Session};
use crate::{
    exchange::{Outgoing, Question},
    gateway::Departure,
    mcp::{Era, Id, Message, RpcError, sse},
    refusal::REFERENCE_HEADER,
};

/// A quiet stream gets a comment this often, so that no proxy or client gives up on it.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Everything an answer is made from.
pub(super) struct Reply {
    pub(super) id: Id,
    pub(super) era: Era,
    pub(super) running: Running,
    /// Whether the caller takes an event stream.
    pub(super) streams: bool,
    pub(super) session: Option<Arc<Session>>,
    pub(super) parked: Arc<Parked>,
    /// What a parked call is bound to.
    pub(super) context: String,
}

/// What to do next.
enum Step {
    Done(Departure),
    Event(Outgoing),
}

impl Running {
    async fn step(&mut self) -> Step {
        tokio::select! {
            biased;
            Some(event) = self.events.recv() => Step::Event(event),
            done = &mut self.done => Step::Done(done.unwrap_or_else(|_| broken())),
        }
    }
}

impl Reply {
    /// Waits for the first thing to send and chooses the form by it.
    pub(super) async fn respond(mut self) -> Response {
        let mut presence = Presence::new(&self.running.line, self.era == Era::Modern);
        loop {
            match self.running.step().await {
                Step::Done(departure) => {
                    presence.answered();
                    let response = single(&self.id, departure, self.era);
                    return named(response, &self.running.reference);
                }
                Step::Event(Outgoing::Ask(question)) if self.era == Era::Modern => {
                    presence.answered();
                    return self.park_single(*question);
                }
                // A caller that takes no stream hears of nothing but the answer.
                Step::Event(Outgoing::Notify(_) | Outgoing::Waiting) if !self.streams => {}
                Step::Event(Outgoing::Ask(question)) if !self.streams => drop(question),
                Step::Event(event) => return self.stream(event, presence),
            }
        }
    }

    fn park(self, question: Question) -> Message {
        let parked = self.parked.park(&self.context, self.running, question);
        let outcome = parked.map(|mut result| {
            result
                .object_mut("_meta")
                .insert(crate::mcp::client::META_SERVER, crate::gateway::server_info());
            result
        });
        let outcome = outcome.ok_or_else(|| {
            RpcError::new(RpcError::INTERNAL, "too many calls wait for answers (parked_max)")
        });
        Message::Response(crate::mcp::Response { id: self.id, outcome })
    }

    fn park_single(self, question: Question) -> Response {
        let reference = self.running.reference.clone();
        named(json(StatusCode::OK, self.park(question).to_bytes()), &reference)
    }

    fn stream(self, first: Outgoing, presence: Presence) -> Response {
        let reference = self.running.reference.clone();
        let state = Some(Stream { reply: self, first: Some(first), presence });
        let chunks = stream::unfold(state, |state| async move {
            let (bytes, state) = state?.next().await;
            Some((Ok::<_, Infallible>(Bytes::from(bytes)), state))
        });
        named(event_stream(Body::from_stream(chunks)), &reference)
    }
}

/// An event stream under way.
struct Stream {
    reply: Reply,
    first: Option<Outgoing>,
    presence: Presence,
}

impl Stream {
    /// The next bytes, and the stream itself unless they were its last.
    async fn next(mut self) -> (Vec<u8>, Option<Self>) {
        let step = match self.first.take() {
            Some(event) => Some(Step::Event(event)),
            None => tokio::time::timeout(KEEP_ALIVE, self.reply.running.step()).await.ok(),
        };
        match step {
            None | Some(Step::Event(Outgoing::Waiting)) => (sse::COMMENT.to_vec(), Some(self)),
            Some(Step::Event(Outgoing::Notify(notification))) => {
                let bytes = Message::Notification(*notification).to_bytes();
                (sse::frame(&bytes), Some(self))
            }
            Some(Step::Event(Outgoing::Ask(question))) if self.reply.era == Era::Modern => {
                self.presence.answered();
                (sse::frame(&self.reply.park(*question).to_bytes()), None)
            }
            Some(Step::Event(Outgoing::Ask(question))) => {
                let asked = self.reply.session.as_ref().map(|session| session.ask(*question));
                let frames = asked.unwrap_or_default();
                let bytes = frames.iter().flat_map(|message| sse::frame(message)).collect();
                (bytes, Some(self))
            }
            Some(Step::Done(departure)) => {
                self.presence.answered();
                let id = self.reply.id.clone();
                let message =
                    Message::Response(crate::mcp::Response { id, outcome: departure.outcome });
                (sse::frame(&message.to_bytes()), None)
            }
        }
    }
}

pub(super) fn event_stream(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// One JSON object, with the status that the modern era gives some errors.
fn single(id: &Id, departure: Departure, era: Era) -> Response {
    let status = match &departure.outcome {
        Err(error) if era == Era::Modern => match error.code {
            RpcError::MISSING_CAPABILITY => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        },
        _ => StatusCode::OK,
    };
    let mut bytes = Vec::with_capacity(512);
    crate::mcp::Response { id: id.clone(), outcome: departure.outcome }.write(&mut bytes);
    let mut response = json(status, bytes);
    if let Some(seconds) = departure.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Gives an answer the name that its request has in the record and the log.
pub(super) fn named(mut response: Response, reference: &str) -> Response {
    if let Ok(reference) = HeaderValue::from_str(reference) {
        let name = HeaderName::from_static(REFERENCE_HEADER);
        response.headers_mut().insert(name, reference);
    }
    response
}

pub(super) fn json(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
