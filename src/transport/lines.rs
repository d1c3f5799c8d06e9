//! JSON lines over one connection: a wrapped client on standard input and output, through the
//! gateway's socket. One caller, one endpoint, either era.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::mpsc,
};

use super::{
    Running,
    ingress::{self, From, ModernMeta, Refused},
    listen::{self, Source},
    parked::{self, Parked},
    session::Session,
};
use crate::{
    corridor::Arrival,
    exchange::{Line, Outgoing},
    gateway::Gateway,
    ids,
    mcp::{
        Era, Id, Message, Method, Notification, Object, Request, Response, RpcError, json::Limits,
    },
};

/// One connection's facts.
#[derive(Debug)]
pub struct Lines {
    pub gateway: Arc<Gateway>,
    pub parked: Arc<Parked>,
    pub from: From,
    pub limits: Limits,
    session: Mutex<Option<Arc<Session>>>,
    /// Modern requests under way, so that a notification can cancel them.
    running: Mutex<HashMap<Id, Line>>,
    strays: Mutex<Option<mpsc::Receiver<Outgoing>>>,
}

/// Messages that may wait for a client that does not read.
const OUTBOX_MESSAGES_MAX: usize = 256;

impl Lines {
    pub fn new(
        gateway: Arc<Gateway>,
        parked: Arc<Parked>,
        from: From,
        limits: Limits,
    ) -> Arc<Self> {
        let (session, running, strays) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { gateway, parked, from, limits, session, running, strays })
    }

    /// Takes what a private server says outside any request to its one client.
    pub fn adopt(self: &Arc<Self>, events: mpsc::Receiver<Outgoing>) {
        *self.strays.lock() = Some(events);
    }

    async fn relay_strays(
        self: Arc<Self>,
        mut events: mpsc::Receiver<Outgoing>,
        outbox: mpsc::WeakSender<Vec<u8>>,
    ) {
        while let Some(event) = events.recv().await {
            let Some(outbox) = outbox.upgrade() else { return };
            match event {
                Outgoing::Waiting => {}
                Outgoing::Notify(notification) => {
                    send(&outbox, Message::Notification(*notification).to_bytes()).await;
                }
                Outgoing::Ask(question) => {
                    let session = self.session.lock().clone();
                    for message in session.map(|it| it.ask(*question)).unwrap_or_default() {
                        send(&outbox, message).await;
                    }
                }
            }
        }
    }

    /// Serves until the client closes its end.
    pub async fn serve(
        self: &Arc<Self>,
        reader: impl AsyncRead + Unpin + Send,
        writer: impl AsyncWrite + Unpin + Send + 'static,
    ) {
        let (outbox, queue) = mpsc::channel(OUTBOX_MESSAGES_MAX);
        let writing = tokio::spawn(write(writer, queue));
        if let Some(events) = self.strays.lock().take() {
            tokio::spawn(Arc::clone(self).relay_strays(events, outbox.downgrade()));
        }
        self.read(reader, &outbox).await;
        for line in self.running.lock().values() {
            line.gone.cancel();
            line.stop.cancel();
        }
        if let Some(session) = self.session.lock().take() {
            session.close();
        }
        drop(outbox);
        if let Err(error) = writing.await {
            tracing::debug!(%error, "A client's writer ended badly.");
        }
    }

    async fn read(
        self: &Arc<Self>,
        reader: impl AsyncRead + Unpin + Send,
        outbox: &mpsc::Sender<Vec<u8>>,
    ) {
        let mut reader = BufReader::with_capacity(64 << 10, reader);
        let mut line = Vec::new();
        loop {
            line.clear();
            let limit = u64::try_from(self.limits.bytes_max).unwrap_or(u64::MAX).saturating_add(1);
            let mut limited = tokio::io::AsyncReadExt::take(&mut reader, limit);
            match limited.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if line.len() > self.limits.bytes_max && line.last() != Some(&b'\n') {
                self.gateway.metrics.malformed();
                refuse(outbox, &Refused::too_long(self.limits.bytes_max), None).await;
                line = Vec::new();
                if skip_line(&mut reader).await.is_err() {
                    return;
                }
                continue;
            }
            let trimmed = line.trim_ascii();
            if !trimmed.is_empty() {
                self.message(trimmed, outbox).await;
            }
        }
    }

    async fn message(self: &Arc<Self>, bytes: &[u8], outbox: &mpsc::Sender<Vec<u8>>) {
        match Message::parse(bytes, &self.limits) {
            Ok(Message::Request(request)) => self.request(request, outbox).await,
            Ok(Message::Notification(notification)) => self.notification(&notification),
            Ok(Message::Response(response)) => {
                if let Some(session) = self.session.lock().clone() {
                    session.answer(response);
                }
            }
            Err(error) => {
                self.gateway.metrics.malformed();
                refuse(outbox, &Refused::of(400, error.to_rpc()), error.id()).await;
            }
        }
    }

    fn notification(&self, notification: &Notification) {
        if notification.method != "notifications/cancelled" {
            return;
        }
        let Some(id) = notification.params.get("requestId").and_then(Id::from_json) else { return };
        if let Some(session) = self.session.lock().as_ref() {
            session.cancel(&id);
        }
        if let Some(line) = self.running.lock().get(&id) {
            line.cancel();
        }
    }

    async fn request(self: &Arc<Self>, request: Request, outbox: &mpsc::Sender<Vec<u8>>) {
        let id = request.id.clone();
        let begun = if ingress::is_modern(&request.params, None) {
            self.modern(request, outbox)
        } else {
            self.legacy(request, outbox)
        };
        if let Err(refused) = begun {
            refuse(outbox, &refused, Some(&id)).await;
        }
    }

    fn modern(
        self: &Arc<Self>,
        request: Request,
        outbox: &mpsc::Sender<Vec<u8>>,
    ) -> Result<(), Refused> {
        let meta = ModernMeta::read(&request.params)?;
        let revision = meta.revision()?;
        let method = ingress::method(&request.method, Era::Modern)?;
        let id = request.id.clone();
        let (arrival, events) = ingress::modern(request, method, revision, meta, &self.from);
        match self.running.lock().entry(id.clone()) {
            // The first one stays, and can still be cancelled.
            Entry::Occupied(_) => {
                let what = "a request with this id is already under way";
                return Err(Refused::new(400, RpcError::INVALID_REQUEST, what));
            }
            Entry::Vacant(free) => drop(free.insert(arrival.line.clone())),
        }
        if method == Method::Listen {
            let (lines, outbox) = (Arc::clone(self), outbox.clone());
            tokio::spawn(async move { lines.listen(id, arrival, outbox).await });
            return Ok(());
        }
        let context = parked::context(&arrival);
        let running = if arrival.params.get("requestState").is_some() && method.may_ask() {
            let resumed = self.parked.resume(&context, &arrival.params);
            resumed.ok_or_else(|| {
                self.running.lock().remove(&id);
                Refused::new(400, RpcError::INVALID_PARAMS, "Invalid requestState")
            })?
        } else {
            super::start(&self.gateway, arrival, events, None)
        };
        self.pump(id, Era::Modern, running, context, outbox);
        Ok(())
    }

    fn legacy(
        self: &Arc<Self>,
        request: Request,
        outbox: &mpsc::Sender<Vec<u8>>,
    ) -> Result<(), Refused> {
        let method = ingress::method(&request.method, Era::Legacy)?;
        let session = if method == Method::Initialize {
            let session = ingress::session_for(&request, &self.from);
            // A second handshake begins anew: what the first one followed ends.
            if let Some(before) = self.session.lock().replace(Arc::clone(&session)) {
                before.close();
            }
            self.follow(&session, outbox);
            session
        } else if method == Method::Ping && self.session.lock().is_none() {
            ingress::session_for(&request, &self.from)
        } else {
            self.session.lock().clone().ok_or_else(|| {
                Refused::new(400, RpcError::INVALID_REQUEST, "start with `initialize`")
            })?
        };
        if method == Method::SetLevel {
            session.set_log_level(ingress::level(&request.params)?);
        }
        let id = request.id.clone();
        let (arrival, events) = ingress::legacy(request, method, &session, &self.from);
        if !session.begin(&id, &arrival.line) {
            let what = "a request with this id is already under way";
            return Err(Refused::new(400, RpcError::INVALID_REQUEST, what));
        }
        let ending = Some((Arc::clone(&session), id.clone()));
        let running = super::start(&self.gateway, arrival, events, ending);
        self.pump(id, Era::Legacy, running, String::new(), outbox);
        Ok(())
    }

    /// Sends list changes and resource updates to a legacy client.
    fn follow(self: &Arc<Self>, session: &Arc<Session>, outbox: &mpsc::Sender<Vec<u8>>) {
        let (gateway, session) = (Arc::clone(&self.gateway), Arc::clone(session));
        let weak = outbox.downgrade();
        tokio::spawn(async move {
            let arrival = session_arrival(&session);
            let (sender, mut notes) = mpsc::channel(OUTBOX_MESSAGES_MAX);
            let source = Source::Session(Arc::clone(&session));
            let relayed = async {
                while let Some(note) = notes.recv().await {
                    let Some(outbox) = weak.upgrade() else { return };
                    send(&outbox, note).await;
                }
            };
            tokio::select! {
                () = listen::follow(&gateway, &arrival, source, None, &sender) => {}
                () = relayed => {}
                () = session.ended.notified() => {}
            }
        });
    }

    async fn listen(self: Arc<Self>, id: Id, arrival: Arrival, outbox: mpsc::Sender<Vec<u8>>) {
        let line = arrival.line.clone();
        let outcome = tokio::select! {
            outcome = listen::lines(&self.gateway, &id, arrival, &outbox) => outcome,
            () = line.stop.cancelled() => Ok(Object::new()),
        };
        self.running.lock().remove(&id);
        let response = Response { id, outcome };
        send(&outbox, Message::Response(response).to_bytes()).await;
    }

    /// Carries a request's messages to the client until its answer is out.
    fn pump(
        self: &Arc<Self>,
        id: Id,
        era: Era,
        mut running: Running,
        context: String,
        outbox: &mpsc::Sender<Vec<u8>>,
    ) {
        let (lines, outbox) = (Arc::clone(self), outbox.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    Some(event) = running.events.recv() => match event {
                        Outgoing::Waiting => {}
                        Outgoing::Notify(notification) => {
                            send(&outbox, Message::Notification(*notification).to_bytes()).await;
                        }
                        Outgoing::Ask(question) if era == Era::Modern => {
                            let parked = lines.parked.park(&context, running, *question);
                            let outcome = parked.ok_or_else(|| {
                                RpcError::new(RpcError::INTERNAL, "too many calls wait for answers")
                            });
                            lines.done(&id);
                            let response = Message::Response(Response { id, outcome });
                            return send(&outbox, response.to_bytes()).await;
                        }
                        Outgoing::Ask(question) => {
                            let session = lines.session.lock().clone();
                            for message in session.map(|it| it.ask(*question)).unwrap_or_default() {
                                send(&outbox, message).await;
                            }
                        }
                    },
                    departure = &mut running.done => {
                        lines.done(&id);
                        let departure = departure.unwrap_or_else(|_| super::broken());
                        let response = Response { id, outcome: departure.outcome };
                        return send(&outbox, Message::Response(response).to_bytes()).await;
                    }
                }
            }
        });
    }

    fn done(&self, id: &Id) {
        self.running.lock().remove(id);
    }
}

async fn refuse(outbox: &mpsc::Sender<Vec<u8>>, refused: &Refused, id: Option<&Id>) {
    send(outbox, refused.to_bytes(id, &ids::request_ref())).await;
}

/// Reads to the end of a line and keeps nothing of it.
///
/// # Errors
/// The client is gone.
async fn skip_line(reader: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<()> {
    loop {
        let read = reader.fill_buf().await?;
        if read.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let end = read.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(read.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

async fn send(outbox: &mpsc::Sender<Vec<u8>>, mut bytes: Vec<u8>) {
    bytes.push(b'\n');
    if outbox.send(bytes).await.is_err() {
        tracing::debug!("A message was ready after its client had gone.");
    }
}

async fn write(mut writer: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(message) = queue.recv().await {
        let written = writer.write_all(&message).await;
        if written.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}

/// What a session's own stream is asked for: nothing in particular.
pub(super) fn session_arrival(session: &Session) -> Arrival {
    let (line, _) = Line::open(None, None);
    Arrival {
        principal: Arc::clone(&session.principal),
        client: Arc::clone(&session.client),
        revision: session.revision,
        scope: session.scope.clone(),
        method: Method::Listen,
        params: Object::new(),
        line,
        session: Some(Arc::clone(&session.id)),
        watches: None,
        reference: ids::request_ref(),
        source: None,
    }
}
