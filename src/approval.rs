//! A person decides: a held call stops here until somebody allows exactly it, once, or never.
//!
//! The hold is a durable row bound to caller, definition and arguments. What runs is what was
//! stored. Anything unclear (time-out, error, restart) refuses.

mod request;
mod waiters;

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

pub use request::{Held, Request};

use crate::{
    exchange::Line,
    firewall, ids,
    mcp::{Notification, Object},
    refusal::{Code, Refusal},
    seal::Sealer,
    store::{
        Store, StoreError,
        approvals::{ApprovalRow, DecisionRow},
    },
};

use self::waiters::{Outcome, Waiters};

/// How long things wait.
#[derive(Clone, Copy, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Waits {
    /// Seconds until a held call that nobody decided is denied.
    pub expires_s: u64,
    /// Seconds a client waits on an open stream when it wants no progress; most give up at 60.
    pub stream_s: u64,
    /// Seconds a client waits that is sent progress.
    pub stream_with_progress_s: u64,
    /// Open holds of one principal; beyond it a call is refused without asking anyone.
    pub open_per_principal: u32,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            expires_s: 600,
            stream_s: 45,
            stream_with_progress_s: 300,
            open_per_principal: 16_384,
        }
    }
}

/// What a caller with too many open questions is told to wait.
const FLOOD_RETRY: Duration = Duration::from_secs(60);

/// Progress is reported this often while a call waits.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The door where people decide.
#[derive(Debug)]
pub struct Approvals {
    store: Arc<Store>,
    sealer: Arc<Sealer>,
    waiters: Waiters,
    waits: arc_swap::ArcSwap<Waits>,
}

impl Approvals {
    pub fn new(store: Arc<Store>, sealer: Arc<Sealer>, waits: Waits) -> Self {
        let waits = arc_swap::ArcSwap::from_pointee(waits);
        Self { store, sealer, waiters: Waiters::default(), waits }
    }

    pub fn set_waits(&self, waits: Waits) {
        self.waits.store(Arc::new(waits));
    }

    /// Holds the call, or finds that it was held before, and waits as long as the caller can.
    ///
    /// # Errors
    /// Denied, expired, cancelled, or still open: the refusal is then a ticket.
    pub async fn clear(&self, request: &Request<'_>, line: &Line) -> Result<Held, Refusal> {
        let lookup = request.lookup(&self.sealer);
        // Each part has a place of its own on the heap while it runs: thousands of calls wait, and a
        // call that waits should not carry the room that a query needs.
        let found = Box::pin(self.store.find_held(&lookup)).await.map_err(failed)?;
        let row = match found {
            Some(row) => row,
            None => Box::pin(self.open(request, lookup)).await?,
        };
        match row.state.as_str() {
            "denied" => Err(denied(&row)),
            "approved" => Box::pin(self.take(&row.id, request)).await,
            _ => {
                let (id, expires) = (row.id.clone(), row.expires);
                drop(row);
                Box::pin(self.wait(&id, expires, request, line)).await
            }
        }
    }

    async fn open(&self, request: &Request<'_>, lookup: Vec<u8>) -> Result<ApprovalRow, Refusal> {
        let waits = self.waits.load();
        let created = ids::now_ms();
        let lifetime = i64::try_from(waits.expires_s).unwrap_or(i64::MAX / 2000) * 1000;
        let row = request.row(ids::approval(), lookup, created, created + lifetime);
        let open = self.store.open_of(&row.principal, waits.open_per_principal).await;
        if open.map_err(failed)? >= waits.open_per_principal {
            return Err(Refusal::limited("approvals.wait.open_per_principal", FLOOD_RETRY));
        }
        if !self.store.hold(&row).await.map_err(failed)? {
            let row = self.store.find_held(&row.lookup).await.map_err(failed)?;
            return row.ok_or_else(|| Refusal::internal("a held call vanished"));
        }
        tracing::info!(approval = %row.id, upstream = %row.upstream, tool = %row.tool,
            reasons = %row.reasons, "A call waits for a person: `bartizan approvals list`.");
        Ok(row)
    }

    async fn wait(
        &self,
        id: &str,
        expires: i64,
        request: &Request<'_>,
        line: &Line,
    ) -> Result<Held, Refusal> {
        let waits = **self.waits.load();
        let patience = match line.progress_token {
            Some(_) => Duration::from_secs(waits.stream_with_progress_s),
            None => Duration::from_secs(waits.stream_s),
        };
        let left = u64::try_from(expires.saturating_sub(ids::now_ms())).unwrap_or(0);
        let mut decided = self.waiters.watch(id);
        line.waiting().await;
        // A decision made between reading the row and watching it is seen here.
        let current = Box::pin(self.store.approval(id)).await.map_err(failed)?;
        if current.is_none_or(|row| row.state == "pending") {
            let heartbeat = heartbeat(line, id, line.gone.clone());
            tokio::select! {
                () = decided.decided() => {}
                () = tokio::time::sleep(patience.min(Duration::from_millis(left))) => {}
                () = line.cancelled.cancelled() => {
                    Box::pin(self.end(id, "cancelled", "the caller took the call back")).await;
                    return Err(cancelled());
                }
                () = line.gone.cancelled() => return Err(cancelled()),
                () = heartbeat => {}
            }
        }
        let row = Box::pin(self.store.approval(id)).await.map_err(failed)?;
        let Some(row) = row else { return Err(Refusal::internal("the approval vanished")) };
        match row.state.as_str() {
            "approved" if line.gone.is_cancelled() => Err(cancelled()),
            "approved" => Box::pin(self.take(id, request)).await,
            "denied" => Err(denied(&row)),
            "pending" if row.expires > ids::now_ms() => Err(ticket(&row)),
            _ => {
                Box::pin(self.end(id, "expired", "nobody decided in time")).await;
                Err(expired(&row))
            }
        }
    }

    /// Takes the one use of an approved call and gives back what was stored.
    async fn take(&self, id: &str, request: &Request<'_>) -> Result<Held, Refusal> {
        let row = self.store.consume(id).await.map_err(failed)?;
        let row = row.ok_or_else(|| {
            Refusal::new(
                Code::ApprovalExpired,
                "Not executed: the approval was already used or \
                has expired. Call again to ask anew.",
                id,
            )
        })?;
        if let Err(what) = request.still_is(&row) {
            self.note_outcome(id, "voided").await;
            let text = "Not executed: the approval is void because the tool changed meanwhile. \
                Call again to ask anew.";
            return Err(Refusal::new(Code::ApprovalExpired, text, what));
        }
        Held::from_row(&row).ok_or_else(|| Refusal::internal("the stored arguments cannot be read"))
    }

    /// Says how the call that used an approval went.
    pub async fn note_outcome(&self, id: &str, outcome: &str) {
        if let Err(error) = self.store.set_outcome(id, outcome).await {
            tracing::error!(%error, approval = id, "An outcome could not be noted.");
        }
    }

    /// Records what a person decided and wakes whoever waits.
    ///
    /// # Errors
    /// The store failed. `Ok(false)`: the call no longer waits.
    pub async fn decide(&self, id: &str, decision: &DecisionRow) -> Result<bool, StoreError> {
        let done = self.store.decide(id, decision).await?;
        if done {
            self.waiters.wake(id, Outcome::Decided);
        }
        Ok(done)
    }

    /// # Errors
    /// The store failed.
    pub async fn list(&self, open: bool) -> Result<Vec<ApprovalRow>, StoreError> {
        const LISTED_MAX: i64 = 1000;
        self.store.approvals(open, LISTED_MAX).await
    }

    /// # Errors
    /// The store failed.
    pub async fn get(&self, id: &str) -> Result<Option<ApprovalRow>, StoreError> {
        self.store.approval(id).await
    }

    /// How many callers wait for this approval right now.
    pub fn waiting(&self, id: &str) -> usize {
        self.waiters.count(id)
    }

    async fn end(&self, id: &str, state: &str, note: &str) {
        if let Err(error) = self.store.end_held(id, state, note).await {
            tracing::error!(%error, approval = id, "A hold could not be ended; it will expire.");
        }
    }

    /// Ends what nobody decided in time, now and then, until `stop`.
    pub async fn expire(&self, stop: CancellationToken) {
        const EVERY: Duration = Duration::from_secs(5);
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => return,
            }
            match self.store.expire_held().await {
                Ok(ids) => ids.iter().for_each(|id| self.waiters.wake(id, Outcome::Expired)),
                Err(error) => tracing::error!(%error, "Holds could not be expired."),
            }
        }
    }
}

/// Tells the caller now and then that it is still waiting. Never returns by itself.
async fn heartbeat(line: &Line, id: &str, gone: CancellationToken) {
    let Some(token) = &line.progress_token else { return std::future::pending().await };
    let mut beats = 0_i64;
    while !gone.is_cancelled() {
        beats += 1;
        let mut params = Object::from([("progressToken", token.clone())]);
        params.insert("progress", beats);
        params.insert("message", format!("Waiting for a person to approve this call ({id})."));
        line.notify(Notification::new("notifications/progress", params));
        tokio::time::sleep(HEARTBEAT).await;
    }
    std::future::pending().await
}

#[expect(clippy::needless_pass_by_value, reason = "it is the argument of `map_err`")]
fn failed(error: StoreError) -> Refusal {
    Refusal::internal(error.to_string())
}

fn cancelled() -> Refusal {
    Refusal::new(Code::Cancelled, "Not executed: the call was cancelled while it waited.", "")
}

fn denied(row: &ApprovalRow) -> Refusal {
    let note = row.note.as_deref().filter(|note| !note.is_empty());
    let reason = note.map_or_else(String::new, |note| format!(" The reason given: \"{note}\"."));
    let text = format!(
        "Not executed: a person denied this call.{reason} Do not try it again or another way \
         round; tell the user."
    );
    Refusal::new(Code::ApprovalDenied, text, row.id.clone())
}

fn expired(row: &ApprovalRow) -> Refusal {
    let text = format!(
        "Not executed: nobody decided on this call in time ({}). Tell the user before you ask anew.",
        row.id
    );
    Refusal::new(Code::ApprovalExpired, text, row.id.clone())
}

fn ticket(row: &ApprovalRow) -> Refusal {
    let left = (row.expires - ids::now_ms()).max(0) / 1000;
    let text = format!(
        "Not executed yet: a person must approve this call (request {}, open for {left} s). Do \
         not use another tool instead. Make the same call with the same arguments again in about \
         30 s; it runs once when it is approved.",
        row.id
    );
    let mut refusal = Refusal::new(Code::ApprovalPending, text, row.id.clone());
    refusal.retry_after = Some(Duration::from_secs(30));
    refusal
}

/// What a person sees of a stranger's text: every character that could hide or reorder another is
/// spelled out.
pub fn shown_text(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        let letter = c.is_alphanumeric() && !firewall::is_invisible(c);
        let harmless = c.is_ascii_graphic() || c == ' ' || letter;
        if harmless {
            shown.push(c)
        } else {
            shown.extend(c.escape_unicode())
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::shown_text;

    #[test]
    fn letters_that_are_not_seen_are_spelled_out() {
        assert_eq!(shown_text("Käse 漢字 я"), "Käse 漢字 я");
        for c in ['\u{115F}', '\u{1160}', '\u{3164}', '\u{FFA0}', '\u{202E}', '\u{200B}'] {
            assert_eq!(shown_text(&format!("a{c}b")), format!("a{}b", c.escape_unicode()));
        }
    }
}
