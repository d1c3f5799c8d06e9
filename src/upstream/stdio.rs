//! A tool server that we start: JSON lines over its standard input and output.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::ChildStdin,
    sync::mpsc,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    child::{Child, Launch},
    error::UpstreamError,
    link::Outbound,
    metadata,
    pending::{Asked, Pending},
};
use crate::{
    mcp::{
        Era, Id, Json, Message, Notification, Object, Request, Response, Revision, json::Limits,
    },
    relay::Relay,
};

/// Messages that may wait for a child that does not read.
const OUTBOX_MESSAGES_MAX: usize = 1024;

/// A running child and the requests that wait for it.
#[derive(Debug)]
pub struct StdioLink {
    upstream: Arc<str>,
    pending: Arc<Pending>,
    outbox: mpsc::Sender<Vec<u8>>,
    revision: OnceLock<Revision>,
    closed: CancellationToken,
    stop: CancellationToken,
    /// Set once the child and its group are gone.
    gone: CancellationToken,
    /// Ends reader and writer, and with them the child, when the link is dropped.
    _stop: DropGuard,
}

impl StdioLink {
    /// Starts the child.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(
        upstream: &Arc<str>,
        launch: &Launch,
        strays: mpsc::Sender<Notification>,
        home: Option<Arc<Relay>>,
        limits: Limits,
    ) -> Result<Self, UpstreamError> {
        let mut child = Child::spawn(upstream, launch)?;
        let (stdin, stdout) = child.take_pipes();
        let pending = Arc::new(Pending::new(strays, home));
        let (outbox, queue) = mpsc::channel(OUTBOX_MESSAGES_MAX);
        let (closed, stop) = (CancellationToken::new(), CancellationToken::new());

        let stopping = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = write(stdin, queue) => {}
                () = stopping.cancelled() => {}
            }
        });
        let reader = Reader {
            upstream: Arc::clone(upstream),
            pending: Arc::clone(&pending),
            outbox: outbox.downgrade(),
            limits,
        };
        let gone = CancellationToken::new();
        let (ended, stopping, left) = (closed.clone(), stop.clone(), gone.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = reader.run(stdout) => {}
                () = stopping.cancelled() => {}
            }
            reader.pending.clear();
            ended.cancel();
            child.stop().await;
            left.cancel();
        });
        let (upstream, revision) = (Arc::clone(upstream), OnceLock::new());
        let _stop = stop.clone().drop_guard();
        Ok(Self { upstream, pending, outbox, revision, closed, stop, gone, _stop })
    }

    pub(super) fn settle(&self, revision: Revision) {
        // A second handshake on one link cannot happen; the first one stays.
        self.revision.set(revision).ok();
    }

    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Ends the child, as gently as it lets itself be ended.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.gone.cancelled().await;
    }

    pub(super) async fn notify(&self, notification: &Notification) {
        let bytes = Message::Notification(notification.clone()).to_bytes();
        self.send(bytes).await.unwrap_or_else(|error| tracing::debug!(%error, "Not notified."));
    }

    async fn send(&self, mut bytes: Vec<u8>) -> Result<(), UpstreamError> {
        bytes.push(b'\n');
        let closed = || UpstreamError::Closed { upstream: self.upstream.to_string() };
        self.outbox.send(bytes).await.map_err(|_| closed())
    }

    pub(super) async fn request(&self, outbound: Outbound<'_>) -> Result<Response, UpstreamError> {
        let upstream = || self.upstream.to_string();
        if self.closed.is_cancelled() {
            return Err(UpstreamError::Down { upstream: upstream(), why: "it ended".into() });
        }
        let heard = outbound.relay.as_ref().map(|relay| relay.heard());
        let (id, answer) = self.pending.add(outbound.relay.clone());
        let mut params = outbound.params;
        let era = metadata::era_of(outbound.method, self.revision.get().copied());
        metadata::stamp(&mut params, era, outbound.relay.as_deref(), id);
        let request = Request { id: Id::Integer(id), method: outbound.method.into(), params };
        let exchange = async {
            // A child that does not read lets the queue fill: that is waiting like any other.
            self.send(Message::Request(request).to_bytes()).await?;
            answer.await.map_err(|_| UpstreamError::Closed { upstream: upstream() })
        };
        let failure = tokio::select! {
            answer = exchange => {
                self.pending.forget(id);
                return answer;
            }
            () = outbound.cancel.cancelled() => UpstreamError::Cancelled { upstream: upstream() },
            () = super::quiet_for(outbound.timeout, heard) => {
                let seconds = outbound.timeout.as_secs();
                UpstreamError::TimedOut { upstream: upstream(), seconds }
            }
        };
        self.pending.forget(id);
        if outbound.method != "initialize" {
            let params = Object::from([("requestId", Json::from(id))]);
            let notice = Notification::new("notifications/cancelled", params);
            let mut bytes = Message::Notification(notice).to_bytes();
            bytes.push(b'\n');
            if self.outbox.try_send(bytes).is_err() {
                tracing::debug!(upstream = %self.upstream, "Not told of a cancellation.");
            }
        }
        Err(failure)
    }

    /// Whether the child speaks the modern era.
    pub fn era(&self) -> Option<Era> {
        self.revision.get().map(|revision| revision.era())
    }
}

/// Writes queued messages, many at once when many wait.
async fn write(mut stdin: ChildStdin, mut queue: mpsc::Receiver<Vec<u8>>) {
    let mut batch = Vec::new();
    while let Some(message) = queue.recv().await {
        batch.clear();
        batch.extend_from_slice(&message);
        while batch.len() < WRITE_BATCH_BYTES {
            let Ok(more) = queue.try_recv() else { break };
            batch.extend_from_slice(&more);
        }
        if let Err(error) = stdin.write_all(&batch).await {
            tracing::debug!(%error, "A tool server closed its input.");
            return;
        }
    }
}

/// Enough to fill a pipe (64 KiB on Linux) in one write.
const WRITE_BATCH_BYTES: usize = 64 << 10;

struct Reader {
    upstream: Arc<str>,
    pending: Arc<Pending>,
    /// Weak, so that the writer ends with the link and the child sees its input close.
    outbox: mpsc::WeakSender<Vec<u8>>,
    limits: Limits,
}

impl Reader {
    async fn run(&self, mut stdout: impl AsyncRead + Unpin) {
        let mut buffer = Vec::with_capacity(64 << 10);
        let mut searched = 0;
        loop {
            let read = stdout.read_buf(&mut buffer).await;
            if !matches!(read, Ok(1..)) {
                return;
            }
            let mut start = 0;
            while let Some(end) = line_end(&buffer, searched) {
                self.line(buffer.get(start..end).unwrap_or_default());
                start = end + 1;
                searched = start;
            }
            buffer.drain(..start);
            searched = buffer.len();
            if buffer.len() > self.limits.bytes_max {
                tracing::warn!(upstream = %self.upstream, limit = self.limits.bytes_max,
                    "A tool server sent a line beyond `message_bytes_max` and is stopped.");
                return;
            }
            if buffer.is_empty() && buffer.capacity() > BUFFER_KEPT_BYTES {
                buffer.shrink_to(BUFFER_KEPT_BYTES);
            }
        }
    }

    fn line(&self, line: &[u8]) {
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        let message = match Message::parse(line, &self.limits) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(upstream = %self.upstream, %error,
                    "A tool server wrote a line that is no message; it was dropped.");
                self.fail_unreadable(&error);
                return;
            }
        };
        if let Some(asked) = self.pending.take(message) {
            self.answer(asked);
        }
    }

    /// A response that cannot be read still ends its request, if it says which one that is.
    fn fail_unreadable(&self, error: &crate::mcp::rpc::MessageError) {
        if let Some(Id::Integer(id)) = error.id() {
            self.pending.forget(*id);
        }
    }

    fn answer(&self, asked: Asked) {
        let outbox = self.outbox.clone();
        tokio::spawn(async move {
            let response = super::answer_server_request(asked).await;
            let mut bytes = Message::Response(response).to_bytes();
            bytes.push(b'\n');
            if let Some(outbox) = outbox.upgrade()
                && outbox.send(bytes).await.is_err()
            {
                tracing::debug!("A tool server ended before it was answered.");
            }
        });
    }
}

/// What a reader's buffer shrinks to after a large message.
const BUFFER_KEPT_BYTES: usize = 256 << 10;

fn line_end(buffer: &[u8], from: usize) -> Option<usize> {
    let rest = buffer.get(from..)?;
    rest.iter().position(|&byte| byte == b'\n').map(|index| from + index)
}

/// How long a stopped child may take before it is killed.
pub(super) const STOP_GRACE: Duration = Duration::from_secs(2);
