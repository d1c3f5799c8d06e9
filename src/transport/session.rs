//! Sessions of legacy clients. A session is never authentication: every request shows its own
//! credential, and a session answers only to the principal that opened it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::{
    catalog::Scope,
    exchange::{Answers, Line, Question},
    identity::Principal,
    ids,
    mcp::{ClientInfo, Id, Message, Object, Request, Response, Revision, RpcError},
    upstream::watch::Watches,
};

/// What one legacy client has under way.
#[derive(Debug)]
pub struct Session {
    pub id: Arc<str>,
    pub principal: Arc<Principal>,
    pub client: Arc<ClientInfo>,
    pub revision: Revision,
    pub scope: Scope,
    log_level: Mutex<Option<String>>,
    /// Requests to the client that wait for its answer.
    asked: Mutex<HashMap<i64, oneshot::Sender<Result<Object, RpcError>>>>,
    next_ask: AtomicI64,
    /// Requests of the client that run, so that it can take them back.
    running: Mutex<HashMap<Id, Line>>,
    pub watches: Arc<Watches>,
    used_ms: AtomicI64,
    /// Wakes the session's own stream when it must end.
    pub ended: Notify,
}

impl Session {
    pub fn new(
        principal: Arc<Principal>,
        client: Arc<ClientInfo>,
        revision: Revision,
        scope: Scope,
    ) -> Arc<Self> {
        Arc::new(Self {
            id: ids::session().into(),
            principal,
            client,
            revision,
            scope,
            log_level: Mutex::default(),
            asked: Mutex::default(),
            next_ask: AtomicI64::new(1),
            running: Mutex::default(),
            watches: Arc::default(),
            used_ms: AtomicI64::new(ids::now_ms()),
            ended: Notify::new(),
        })
    }

    pub fn touch(&self) {
        self.used_ms.store(ids::now_ms(), Ordering::Relaxed);
    }

    /// The level a legacy client set; the specification lets a server choose until then.
    pub fn log_level(&self) -> Option<String> {
        Some(self.log_level.lock().clone().unwrap_or_else(|| "info".to_owned()))
    }

    pub fn set_log_level(&self, level: &str) {
        *self.log_level.lock() = Some(level.to_owned());
    }

    /// Files a running request. `false`: its id is taken.
    pub fn begin(&self, id: &Id, line: &Line) -> bool {
        let mut running = self.running.lock();
        if running.contains_key(id) {
            return false;
        }
        running.insert(id.clone(), line.clone());
        true
    }

    pub fn end(&self, id: &Id) {
        self.running.lock().remove(id);
        self.touch();
    }

    /// Takes a running request back at its caller's word.
    pub fn cancel(&self, id: &Id) {
        if let Some(line) = self.running.lock().get(id) {
            line.cancel();
        }
    }

    /// Turns a question into requests for the wire; their answers go back by themselves.
    pub fn ask(self: &Arc<Self>, question: Question) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        let mut waiting = Vec::new();
        for (key, request) in question.requests {
            let id = self.next_ask.fetch_add(1, Ordering::Relaxed);
            let (reply, answer) = oneshot::channel();
            self.asked.lock().insert(id, reply);
            waiting.push((key, id, answer));
            let request =
                Request { id: Id::Integer(id), method: request.method, params: request.params };
            messages.push(Message::Request(request).to_bytes());
        }
        let (session, reply) = (Arc::clone(self), question.reply);
        tokio::spawn(async move {
            let mut reply = reply;
            let mut answers = Answers::new();
            let ids: Vec<i64> = waiting.iter().map(|(_, id, _)| *id).collect();
            let collect = async {
                for (key, _, answer) in waiting {
                    if let Ok(answer) = answer.await {
                        answers.insert(key, answer);
                    }
                }
            };
            tokio::select! {
                () = collect => drop(reply.send(answers)),
                // The corridor gave up on the question.
                () = reply.closed() => {}
            }
            let mut asked = session.asked.lock();
            ids.iter().for_each(|id| drop(asked.remove(id)));
        });
        messages
    }

    /// Takes the client's answer to a question.
    pub fn answer(&self, response: Response) {
        self.touch();
        let Id::Integer(id) = response.id else { return };
        if let Some(reply) = self.asked.lock().remove(&id) {
            // Whoever asked may have given up.
            reply.send(response.outcome).ok();
        }
    }

    fn is_idle(&self, before_ms: i64) -> bool {
        self.running.lock().is_empty() && self.used_ms.load(Ordering::Relaxed) < before_ms
    }

    /// Lets everything of this session end.
    pub fn close(&self) {
        for line in self.running.lock().values() {
            line.gone.cancel();
        }
        self.ended.notify_waiters();
    }
}

/// How many sessions there may be, and how long one may be idle.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    pub sessions_max: usize,
    pub per_principal_max: usize,
    pub idle_ms: i64,
}

/// The sessions that are open.
#[derive(Debug)]
pub struct Sessions {
    open: Mutex<HashMap<Arc<str>, Arc<Session>>>,
    limits: SessionLimits,
}

impl Sessions {
    pub fn new(limits: SessionLimits) -> Self {
        Self { open: Mutex::default(), limits }
    }

    /// Opens a session, unless there are too many.
    pub fn add(&self, session: &Arc<Session>) -> Result<(), &'static str> {
        if self.count() >= self.limits.sessions_max {
            self.tidy();
        }
        let mut open = self.open.lock();
        if open.len() >= self.limits.sessions_max {
            return Err("limits.sessions_max");
        }
        let mine =
            open.values().filter(|other| other.principal.is_same_party(&session.principal)).count();
        if mine >= self.limits.per_principal_max {
            return Err("limits.sessions_per_principal");
        }
        open.insert(Arc::clone(&session.id), Arc::clone(session));
        Ok(())
    }

    /// The session `id`, for its own principal and endpoint alone.
    pub fn get(&self, id: &str, principal: &Principal, scope: &Scope) -> Option<Arc<Session>> {
        let open = self.open.lock();
        let session = open.get(id)?;
        let same = session.principal.is_same_party(principal) && session.scope == *scope;
        same.then(|| Arc::clone(session))
    }

    pub fn remove(&self, id: &str) {
        if let Some(session) = self.open.lock().remove(id) {
            session.close();
        }
    }

    pub fn count(&self) -> usize {
        self.open.lock().len()
    }

    /// Ends sessions that nobody used for long; many clients never say goodbye.
    pub fn tidy(&self) {
        let before = ids::now_ms() - self.limits.idle_ms;
        self.open.lock().retain(|_, session| {
            let keep = Arc::strong_count(session) > 1 || !session.is_idle(before);
            if !keep {
                session.close();
            }
            keep
        });
    }
}
