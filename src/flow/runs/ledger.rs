//! Writes what runs read, many rows in one transaction, and tells each writer when its own is durable.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Unkept;
use crate::store::{Store, taint::TaintRow};

type Kept = Result<(), Arc<str>>;

#[derive(Debug)]
pub(super) struct Ledger(mpsc::Sender<(TaintRow, oneshot::Sender<Kept>)>);

/// Rows that wait; beyond it their writers wait too.
const QUEUE_MAX: usize = 1_024;
/// Rows of one transaction.
const BATCH_MAX: usize = 256;

impl Ledger {
    /// Writes until the ledger is dropped. `synced`: what is kept outlives a power cut.
    pub(super) fn start(store: Arc<Store>, synced: bool) -> Self {
        let (sender, mut queue) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(async move {
            let mut waiting = Vec::new();
            while queue.recv_many(&mut waiting, BATCH_MAX).await > 0 {
                let (rows, tell): (Vec<TaintRow>, Vec<oneshot::Sender<Kept>>) =
                    waiting.drain(..).unzip();
                let kept = store.keep_taint(&rows, synced).await.map_err(|error| {
                    tracing::error!(%error, "What runs read could not be kept.");
                    Arc::from(error.to_string())
                });
                for writer in tell {
                    // A writer that left needs no answer.
                    writer.send(kept.clone()).unwrap_or_default();
                }
            }
        });
        Self(sender)
    }

    pub(super) async fn keep(&self, row: TaintRow) -> Result<(), Unkept> {
        let ended = || Unkept::Ledger("the writer ended".into());
        let (tell, kept) = oneshot::channel();
        self.0.send((row, tell)).await.map_err(|_| ended())?;
        kept.await.map_err(|_| ended())?.map_err(Unkept::Ledger)
    }
}
