//! How messages come in and answers go out: Streamable HTTP and JSON lines, both eras each. What
//! may be done is never decided here, so that no transport can decide differently.

pub mod http;
pub mod ingress;
pub mod lines;
mod listen;
pub mod parked;
mod reply;
pub mod session;

#[cfg(test)]
mod tests;

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;

use self::session::Session;
use crate::{
    corridor::Arrival,
    exchange::{Line, Outgoing},
    gateway::{Departure, Gateway},
    mcp::{Id, RpcError},
};

/// A request under way in a task of its own: a caller that leaves does not take it along.
#[derive(Debug)]
pub struct Running {
    pub events: mpsc::Receiver<Outgoing>,
    pub done: oneshot::Receiver<Departure>,
    pub line: Line,
    /// The gateway's own name for the request.
    pub reference: String,
}

/// Starts the corridor for one request. `session` is told when it ends, whoever still listens.
pub fn start(
    gateway: &Arc<Gateway>,
    arrival: Arrival,
    events: mpsc::Receiver<Outgoing>,
    session: Option<(Arc<Session>, Id)>,
) -> Running {
    let (gateway, line) = (Arc::clone(gateway), arrival.line.clone());
    let reference = arrival.reference.clone();
    // At the highest level, so that it stands on every line that any filter lets through.
    let span = tracing::error_span!("call", request = reference);
    let work = async move { gateway.handle(arrival).await };
    run(line, events, reference, session, work.instrument(span))
}

/// A door that panics refuses its own call: the caller hears of it, and its id is free again.
fn run(
    line: Line,
    events: mpsc::Receiver<Outgoing>,
    reference: String,
    session: Option<(Arc<Session>, Id)>,
    work: impl Future<Output = Departure> + Send + 'static,
) -> Running {
    let (sender, done) = oneshot::channel();
    tokio::spawn(async move {
        let departure = AssertUnwindSafe(work).catch_unwind().await;
        let departure = departure.unwrap_or_else(|_| broken());
        if let Some((session, id)) = session {
            session.end(&id);
        }
        if sender.send(departure).is_err() {
            tracing::debug!("An answer was ready after its caller had gone.");
        }
    });
    Running { events, done, line, reference }
}

/// The corridor ended without an answer, which only a fault of ours can cause.
fn broken() -> Departure {
    let error = RpcError::new(RpcError::INTERNAL, "something in the gateway failed");
    Departure { outcome: Err(error), retry_after: None }
}

/// Marks the line when its caller goes away before the answer.
#[derive(Debug)]
pub struct Presence {
    line: Option<Line>,
    /// In the modern era a closed stream also stops the work.
    stops: bool,
}

impl Presence {
    pub fn new(line: &Line, stops: bool) -> Self {
        Self { line: Some(line.clone()), stops }
    }

    /// The answer is on its way: leaving now means nothing.
    pub fn answered(&mut self) {
        self.line = None;
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.gone.cancel();
            if self.stops {
                line.stop.cancel();
            }
        }
    }
}
