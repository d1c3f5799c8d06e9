//! Callers that wait for a decision, woken by it.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::watch;

/// What woke a waiter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Open,
    Decided,
    Expired,
}

type Watched = Arc<Mutex<HashMap<String, watch::Sender<Outcome>>>>;

/// One channel per approval that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Waiters(Watched);

/// A place in the queue of one approval; the last to leave takes the channel away.
#[derive(Debug)]
pub(super) struct Waiting {
    watched: Watched,
    id: String,
    outcome: watch::Receiver<Outcome>,
}

impl Waiters {
    pub(super) fn watch(&self, id: &str) -> Waiting {
        let mut watched = self.0.lock();
        let sender =
            watched.entry(id.to_owned()).or_insert_with(|| watch::Sender::new(Outcome::Open));
        let outcome = sender.subscribe();
        drop(watched);
        Waiting { watched: Arc::clone(&self.0), id: id.to_owned(), outcome }
    }

    pub(super) fn wake(&self, id: &str, outcome: Outcome) {
        if let Some(sender) = self.0.lock().get(id) {
            sender.send_replace(outcome);
        }
    }

    pub(super) fn count(&self, id: &str) -> usize {
        self.0.lock().get(id).map_or(0, watch::Sender::receiver_count)
    }
}

impl Waiting {
    pub(super) async fn decided(&mut self) {
        // The sender stays while this receiver does.
        self.outcome.wait_for(|outcome| *outcome != Outcome::Open).await.ok();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut watched = self.watched.lock();
        if watched.get(&self.id).is_some_and(|sender| sender.receiver_count() <= 1) {
            watched.remove(&self.id);
        }
    }
}
