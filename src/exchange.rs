//! One request under way, and the line back to whoever sent it.
//!
//! The corridor does not know HTTP from stdio or one era from the other: it sends [`Outgoing`] and
//! the transport turns that into events, requests or an `input_required` result.

use std::collections::HashMap;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::mcp::{Json, Notification, Object, RpcError};

/// What may go to the caller before the answer does.
///
/// Boxed, because a channel takes room for 32 of these when it is opened, and every call opens one.
#[derive(Debug)]
pub enum Outgoing {
    Notify(Box<Notification>),
    Ask(Box<Question>),
    /// The answer will take a while: whatever can be sent at once should be.
    Waiting,
}

/// Requests of a server to its client, by key as in `inputRequests`.
#[derive(Debug)]
pub struct Question {
    pub requests: HashMap<String, AskedRequest>,
    pub reply: oneshot::Sender<Answers>,
}

/// One request of a server to its client.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedRequest {
    pub method: String,
    pub params: Object,
}

/// The client's answers, by the key of the question.
pub type Answers = HashMap<String, Result<Object, RpcError>>;

/// The caller cannot be reached any more.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the caller is gone")]
pub struct Gone;

/// The line back to the caller of one request.
#[derive(Clone, Debug)]
pub struct Line {
    outgoing: mpsc::Sender<Outgoing>,
    /// Set when nobody listens any more: a call that waits for a person then never runs.
    pub gone: CancellationToken,
    /// Set when the caller took the request back in so many words.
    pub cancelled: CancellationToken,
    /// Set when the work is to stop: after a cancel, or in the modern era when the stream closed.
    /// A legacy stream that merely closes stops nothing (SPEC 2025-11-25, transports).
    pub stop: CancellationToken,
    pub progress_token: Option<Json>,
    /// Least severe log level that the caller wants, if any.
    pub log_level: Option<String>,
}

/// Messages that may wait on a line; beyond it notifications are dropped, never the answer.
const LINE_MESSAGES_MAX: usize = 64;

impl Line {
    pub fn open(
        progress_token: Option<Json>,
        log_level: Option<String>,
    ) -> (Self, mpsc::Receiver<Outgoing>) {
        let (outgoing, incoming) = mpsc::channel(LINE_MESSAGES_MAX);
        let token = CancellationToken::new;
        let (gone, cancelled, stop) = (token(), token(), token());
        (Self { outgoing, gone, cancelled, stop, progress_token, log_level }, incoming)
    }

    /// The caller took the request back.
    pub fn cancel(&self) {
        self.cancelled.cancel();
        self.stop.cancel();
    }

    /// Sends a notification, or drops it if the caller reads too slowly.
    pub fn notify(&self, notification: Notification) {
        if self.outgoing.try_send(Outgoing::Notify(Box::new(notification))).is_err() {
            tracing::debug!("A notification was dropped: its reader is slow or gone.");
        }
    }

    /// Tells the transport that the answer will take a while.
    pub async fn waiting(&self) {
        if self.outgoing.send(Outgoing::Waiting).await.is_err() {
            self.gone.cancel();
        }
    }

    /// Asks the caller and waits for its answers.
    ///
    /// # Errors
    /// The caller went away before it answered.
    pub async fn ask(&self, requests: HashMap<String, AskedRequest>) -> Result<Answers, Gone> {
        let (reply, answers) = oneshot::channel();
        let question = Outgoing::Ask(Box::new(Question { requests, reply }));
        self.outgoing.send(question).await.map_err(|_| Gone)?;
        answers.await.map_err(|_| Gone)
    }
}
