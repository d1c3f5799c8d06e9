//! Requests that wait for an answer on a connection shared by many, and where their side
//! messages go.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::{
    mcp::{Id, Json, Message, Notification, Request, Response, RpcError},
    relay::Relay,
    shares::{Share, Shares},
};

#[derive(Debug)]
struct Waiter {
    reply: oneshot::Sender<Response>,
    relay: Option<Arc<Relay>>,
}

/// Requests of one upstream that are answered at a time, and those of them that one party is asked.
/// One that asks more is told so: its questions cost memory here and patience of a person there.
const QUESTIONS_MAX: usize = 512;
const QUESTIONS_PER_PARTY_MAX: usize = 16;
/// Requests that are being turned away; beyond it they are dropped.
const TURNED_AWAY_MAX: usize = 64;
/// The party of what nobody in particular is asked.
const NOBODY: u64 = 0;

/// A request of the upstream, and who is to answer it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: Request,
    /// The caller to ask, or the error to answer with.
    pub(super) relay: Result<Arc<Relay>, RpcError>,
    _seat: Share<u64>,
}

/// Waiting requests by the id the gateway gave them. The progress token of each is that id too.
#[derive(Debug)]
pub(super) struct Pending {
    waiters: Mutex<HashMap<i64, Waiter>>,
    next: std::sync::atomic::AtomicI64,
    /// List changes and other messages that belong to no request.
    strays: mpsc::Sender<Notification>,
    /// The caller that questions outside any request go to, where one caller owns the link.
    pub(super) home: Option<Arc<Relay>>,
    questions: Arc<Shares<u64>>,
    turned_away: Arc<Shares<u64>>,
}

impl Pending {
    pub(super) fn new(strays: mpsc::Sender<Notification>, home: Option<Arc<Relay>>) -> Self {
        let questions = Shares::new(QUESTIONS_MAX, QUESTIONS_PER_PARTY_MAX);
        let turned_away = Shares::new(TURNED_AWAY_MAX, TURNED_AWAY_MAX);
        let (waiters, next) = (Mutex::default(), 1.into());
        Self { waiters, next, strays, home, questions, turned_away }
    }

    /// Draws an id and files the waiter under it.
    pub(super) fn add(&self, relay: Option<Arc<Relay>>) -> (i64, oneshot::Receiver<Response>) {
        let id = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        self.waiters.lock().insert(id, Waiter { reply, relay });
        (id, answer)
    }

    /// Forgets a request; a late answer to it is then dropped.
    pub(super) fn forget(&self, id: i64) {
        self.waiters.lock().remove(&id);
    }

    /// Forgets all: their callers learn that the connection closed.
    pub(super) fn clear(&self) {
        self.waiters.lock().clear();
    }

    /// Takes a message of the upstream. A request of its own comes back, to be answered.
    pub(super) fn take(&self, message: Message) -> Option<Asked> {
        match message {
            Message::Response(response) => self.answer(response),
            Message::Notification(notification) => self.notification(notification),
            Message::Request(request) => {
                let relay = self.asker(&request);
                return self.seat(request, relay);
            }
        }
        None
    }

    /// A place for a request of the upstream, an excuse where it asks too much at once, or not even
    /// that.
    pub(super) fn seat(
        &self,
        request: Request,
        relay: Result<Arc<Relay>, RpcError>,
    ) -> Option<Asked> {
        let party = relay.as_ref().map_or(NOBODY, |relay| relay.party());
        if request.method != "ping"
            && let Some(seat) = self.questions.take(party)
        {
            return Some(Asked { request, relay, _seat: seat });
        }
        let busy = RpcError::new(RpcError::INTERNAL, "the gateway is busy with other questions");
        let seat = self.turned_away.take(NOBODY)?;
        Some(Asked { request, relay: Err(busy), _seat: seat })
    }

    fn answer(&self, response: Response) {
        let Id::Integer(id) = response.id else { return };
        // An id that nobody waits for was cancelled, timed out, or made up: dropped either way.
        let waiter = self.waiters.lock().remove(&id);
        if let Some(waiter) = waiter
            && waiter.reply.send(response).is_err()
        {
            tracing::debug!("An answer came after its caller had gone.");
        }
    }

    fn notification(&self, notification: Notification) {
        let relay = match notification.method.as_str() {
            "notifications/progress" => {
                let token = notification.params.get("progressToken").and_then(Json::as_i64);
                let waiters = self.waiters.lock();
                token.and_then(|id| waiters.get(&id)).and_then(|waiter| waiter.relay.clone())
            }
            "notifications/message" => self.only_relay(),
            _ => None,
        };
        match relay {
            Some(relay) => relay.notification(notification),
            None => {
                if self.strays.try_send(notification).is_err() {
                    tracing::debug!("A notification of an upstream was dropped.");
                }
            }
        }
    }

    fn asker(&self, request: &Request) -> Result<Arc<Relay>, RpcError> {
        if let Some(home) = &self.home {
            // Every call here is the one client's. A modern one can be asked through a call of its
            // own alone, so the newest that waits carries the question.
            return Ok(self.newest_relay().unwrap_or_else(|| Arc::clone(home)));
        }
        self.only_relay().ok_or_else(|| {
            let what = format!("`{}` cannot be tied to one caller", request.method);
            RpcError::new(RpcError::INTERNAL, what)
        })
    }

    fn newest_relay(&self) -> Option<Arc<Relay>> {
        let waiters = self.waiters.lock();
        let asking = waiters.iter().filter_map(|(id, waiter)| Some((id, waiter.relay.as_ref()?)));
        asking.max_by_key(|(id, _)| **id).map(|(_, relay)| Arc::clone(relay))
    }

    /// The relay of the waiting requests if they all lead to one caller. A server that says
    /// nothing of which request it means must not reach somebody else's person.
    fn only_relay(&self) -> Option<Arc<Relay>> {
        let waiters = self.waiters.lock();
        let mut relays = waiters.values().filter_map(|waiter| waiter.relay.as_ref());
        let first = relays.next()?;
        relays.all(|relay| relay.same_caller(first)).then(|| Arc::clone(first))
    }
}
