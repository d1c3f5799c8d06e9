//! One caller: a connection, a session of its own, and calls one after the other.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use crate::{
    answer,
    endpoint::{Endpoint, close_session, open_session},
    request::{CallRequest, Envelope, Era, Tool},
    wire::Connection,
};

/// The next id, of nine digits; no two calls of a process share one.
static NEXT: AtomicU32 = AtomicU32::new(100_000_000);

/// An id that no other call has.
pub(crate) fn next_id() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A caller with an open session.
#[derive(Debug)]
pub(crate) struct Caller {
    connection: Connection,
    envelope: Envelope,
    request: CallRequest,
    filler: Arc<str>,
    calls: u32,
    /// Nanoseconds of each call since the last take, in order.
    pub(crate) latencies: Vec<u64>,
    /// Calls that had to be sent again since the last take.
    pub(crate) sent_again: usize,
}

impl Caller {
    pub(crate) async fn open(
        endpoint: &Endpoint,
        era: Era,
        principal: usize,
        tool: &Tool,
        filler: Arc<str>,
    ) -> anyhow::Result<Self> {
        let mut connection = Connection::open(endpoint.address).await?;
        let mut envelope = endpoint.envelope(era, principal);
        open_session(&mut connection, &mut envelope).await?;
        let request = envelope.call(tool, &filler, false);
        Ok(Self {
            connection,
            envelope,
            request,
            filler,
            calls: 0,
            latencies: Vec::new(),
            sent_again: 0,
        })
    }

    /// Calls until the deadline. A wrong answer ends it with an error: a figure for it would mean nothing.
    pub(crate) async fn call_until(&mut self, deadline: Instant) -> anyhow::Result<()> {
        self.connection.refresh().await?;
        let mut now = Instant::now();
        while now < deadline {
            let id = next_id();
            let (status, again) = self.connection.insist(self.request.with_id(id)).await?;
            let after = Instant::now();
            self.sent_again += usize::from(again);
            let nanoseconds = after.duration_since(now).as_nanos();
            self.latencies.push(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
            now = after;
            answer::check(status, &self.connection.body, id, self.filler.as_bytes())?;
            if self.calls.is_multiple_of(answer::PARSE_EVERY) {
                answer::check_parsed(&self.connection.body, id, &self.filler)?;
                now = Instant::now();
            }
            self.calls = self.calls.wrapping_add(1);
        }
        Ok(())
    }

    /// Ends the session, and with it what the server keeps for it.
    pub(crate) async fn close(mut self) {
        if self.connection.refresh().await.is_err() {
            return;
        }
        close_session(&mut self.connection, &self.envelope).await;
    }
}
