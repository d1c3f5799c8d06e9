//! The far side: tool servers, each supervised by a task of its own, so that a dead or slow one
//! blocks nobody else. Sends only what is cleared; what may be sent is decided elsewhere.

pub mod child;
pub mod client;
mod connect;
pub mod error;
pub mod http;
pub mod link;
pub mod listing;
pub mod metadata;
pub mod oauth;
mod pending;
pub mod route;
mod scope;
mod sse;
pub mod stdio;
pub mod watch;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use self::{
    client::{HttpClient, Target},
    error::UpstreamError,
    link::{Link, Outbound},
    listing::Listing,
    route::Route,
};
use crate::{
    mcp::{Era, Json, Method, Notification, Object, Response, Revision, json::Limits},
    relay::Relay,
};

/// How an upstream is reached.
#[derive(Clone, Debug)]
pub enum Transport {
    Stdio(child::Launch),
    Http(Target),
    Sse(Target),
}

/// What the configuration says of one upstream, as far as its connection goes.
#[derive(Clone, Debug)]
pub struct Settings {
    pub transport: Transport,
    /// What it is known again by.
    pub route: Route,
    /// For the first connection and its lists.
    pub start_timeout: Duration,
    /// For one call without any sign of progress.
    pub call_timeout: Duration,
    pub limits: Limits,
}

/// What a server said of itself when it was met.
#[derive(Clone, Debug)]
pub struct Handshake {
    pub revision: Revision,
    /// `serverInfo`, unverified.
    pub server: Json,
    pub capabilities: Object,
    pub instructions: Option<String>,
}

/// A connection that was greeted and listed.
#[derive(Debug)]
pub struct Connected {
    pub link: Link,
    pub handshake: Handshake,
    pub listing: Arc<Listing>,
}

/// How an upstream is doing.
#[derive(Debug)]
pub enum State {
    Starting,
    Ready(Arc<Connected>),
    Down { why: UpstreamError },
}

/// What happened at an upstream that others may want to know.
#[derive(Clone, Debug)]
pub enum Event {
    /// Its state or one of its lists changed.
    Changed,
    /// A resource was updated.
    ResourceUpdated { uri: String },
}

/// Whether the catalog still shows an upstream.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Turn {
    #[default]
    Open,
    /// It was stopped: nothing of it may come back.
    Over,
}

/// One tool server.
#[derive(Debug)]
pub struct Upstream {
    /// The name in policies, pins and records.
    pub name: Arc<str>,
    /// Its own endpoint, `/mcp/ENDPOINT`: the name, unless several clients wrap the same server.
    pub endpoint: Arc<str>,
    /// Rises with each upstream made: of two under one name, the later one counts.
    pub generation: u64,
    settings: Settings,
    state: ArcSwap<State>,
    /// Turns true once the first attempt succeeded or failed and the catalog shows it.
    attempted: tokio::sync::watch::Sender<bool>,
    events: broadcast::Sender<Event>,
    refresh: Notify,
    /// Subscribers by resource.
    watchers: parking_lot::Mutex<std::collections::HashMap<String, usize>>,
    resubscribe: Notify,
    /// Held by whoever brings the catalog up to date with this upstream.
    pub turn: tokio::sync::Mutex<Turn>,
    /// The one caller of a wrapped server, who answers even what belongs to no call.
    home: Option<Arc<Relay>>,
}

static GENERATION: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

/// Events that a slow reader may lag behind; it then looks at everything anew.
const EVENTS_MAX: usize = 64;
const STRAYS_MAX: usize = 256;
const BACKOFF_FIRST: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// A connection that lasted this long starts the back-off anew.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);
/// List changes within this time are fetched once; after so many changes the pause doubles from one
/// to the next.
const REFRESH_PAUSE: Duration = Duration::from_millis(20);
const REFRESH_CHANGES: u32 = 50;
const REFRESH_PAUSE_MAX: Duration = Duration::from_secs(10);
/// After so long without a change the pause is short again.
const REFRESH_QUIET: Duration = Duration::from_secs(10);

impl Upstream {
    pub fn new(
        name: &str,
        endpoint: &str,
        settings: Settings,
        home: Option<Arc<Relay>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            endpoint: endpoint.into(),
            generation: GENERATION.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            settings,
            state: ArcSwap::from_pointee(State::Starting),
            attempted: tokio::sync::watch::Sender::new(false),
            events: broadcast::Sender::new(EVENTS_MAX),
            refresh: Notify::new(),
            watchers: parking_lot::Mutex::default(),
            resubscribe: Notify::new(),
            turn: tokio::sync::Mutex::default(),
            home,
        })
    }

    pub fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// The connection, if there is one.
    pub fn connected(&self) -> Option<Arc<Connected>> {
        match &**self.state.load() {
            State::Ready(connected) => Some(Arc::clone(connected)),
            State::Starting | State::Down { .. } => None,
        }
    }

    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Which server this is: one reached in another way is another.
    pub fn route(&self) -> &Route {
        &self.settings.route
    }

    pub fn call_timeout(&self) -> Duration {
        self.settings.call_timeout
    }

    /// Notes that the catalog shows how the first attempt ended.
    pub fn note_attempt(&self) {
        self.attempted.send_if_modified(|done| !std::mem::replace(done, true));
    }

    /// Whether the first attempt ended, and the catalog shows how.
    pub fn is_attempted(&self) -> bool {
        *self.attempted.borrow()
    }

    /// Waits until the upstream was listed or failed its first attempt.
    pub async fn attempted(&self) {
        let mut attempted = self.attempted.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        attempted.wait_for(|done| *done).await.ok();
    }

    /// Keeps the upstream connected until `stop`.
    pub async fn run(self: Arc<Self>, client: HttpClient, stop: CancellationToken) {
        let mut backoff = BACKOFF_FIRST;
        loop {
            let started = tokio::time::Instant::now();
            let ended = tokio::select! {
                ended = self.connect_and_serve(&client) => ended,
                () = stop.cancelled() => {
                    if let State::Ready(last) = &*self.state.swap(Arc::new(State::Starting)) {
                        last.link.close().await;
                    }
                    return;
                }
            };
            tracing::warn!(upstream = %self.name, why = %ended, retry_ms = backoff.as_millis(),
                "A tool server is down.");
            self.set(State::Down { why: ended });
            if started.elapsed() > HEALTHY_AFTER {
                backoff = BACKOFF_FIRST;
            }
            tokio::select! {
                () = tokio::time::sleep(backoff) => {}
                () = stop.cancelled() => return,
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    fn set(&self, state: State) {
        self.state.store(Arc::new(state));
        self.announce(Event::Changed);
    }

    fn announce(&self, event: Event) {
        // Nobody listening is fine.
        self.events.send(event).ok();
    }

    /// Serves one connection until it is lost, and says why.
    async fn connect_and_serve(&self, client: &HttpClient) -> UpstreamError {
        let (strays, mut incoming) = mpsc::channel(STRAYS_MAX);
        let timeout = self.settings.start_timeout;
        let first = tokio::time::timeout(timeout, self.connect(client, strays)).await;
        let connected = match first {
            Ok(Ok(connected)) => Arc::new(connected),
            Ok(Err(error)) => return error,
            Err(_) => {
                let seconds = timeout.as_secs();
                return UpstreamError::TimedOut { upstream: self.name.to_string(), seconds };
            }
        };
        tracing::info!(upstream = %self.name, revision = %connected.handshake.revision,
            tools = connected.listing.tools.len(), "A tool server is ready.");
        self.set(State::Ready(Arc::clone(&connected)));
        // Kept apart from the loop, so that a message does not open the subscription anew.
        let (link, handshake) = (connected.link.clone(), connected.handshake.clone());
        let listening = self.listen(&link, &handshake);
        tokio::pin!(listening);
        let mut relisting = std::pin::pin!(self.relist_when_told(connected));
        loop {
            tokio::select! {
                () = link.closed() => {
                    return UpstreamError::Closed { upstream: self.name.to_string() };
                }
                Some(stray) = incoming.recv() => self.stray(&stray),
                () = &mut relisting => {}
                () = &mut listening => {}
            }
        }
    }

    /// Fetches the lists anew whenever the server says that they changed, ever less often for one
    /// that says so all the time. Never returns.
    async fn relist_when_told(&self, mut connected: Arc<Connected>) {
        let (mut pause, mut changes) = (REFRESH_PAUSE, 0);
        loop {
            let quiet = tokio::time::timeout(REFRESH_QUIET, self.refresh.notified());
            if quiet.await.is_err() {
                (pause, changes) = (REFRESH_PAUSE, 0);
                self.refresh.notified().await;
            }
            tokio::time::sleep(pause).await;
            changes += 1;
            if changes > REFRESH_CHANGES {
                pause = (pause * 2).min(REFRESH_PAUSE_MAX);
            }
            connected = self.relist(connected).await;
        }
    }

    /// Fetches the lists again over the same connection.
    async fn relist(&self, connected: Arc<Connected>) -> Arc<Connected> {
        let listing = listing::fetch(&self.name, &connected.link, &connected.handshake).await;
        // The link moves into the new value only if nobody else holds the old one; calls under
        // way do, so the lists alone are swapped.
        let renewed = connect::with_listing(&connected, listing);
        self.set(State::Ready(Arc::clone(&renewed)));
        renewed
    }

    fn stray(&self, notification: &Notification) {
        match notification.method.as_str() {
            "notifications/tools/list_changed"
            | "notifications/prompts/list_changed"
            | "notifications/resources/list_changed" => self.refresh.notify_one(),
            "notifications/resources/updated" => {
                if let Some(uri) = notification.params.str("uri") {
                    self.announce(Event::ResourceUpdated { uri: uri.to_owned() });
                }
            }
            other => tracing::debug!(upstream = %self.name, method = other, "Not relayed."),
        }
    }

    /// Keeps `subscriptions/listen` open at a modern upstream, and renews it when the wishes
    /// change. Never returns.
    async fn listen(&self, link: &Link, handshake: &Handshake) {
        if handshake.revision.era() == Era::Legacy {
            self.watch_again().await;
            return std::future::pending().await;
        }
        loop {
            let filter = self.filter(handshake);
            if filter.is_empty() {
                self.resubscribe.notified().await;
                continue;
            }
            let params = Object::from([("notifications", filter.into())]);
            let outbound = Outbound::own(Method::Listen, params, LISTEN_TIMEOUT);
            tokio::select! {
                ended = link.request(outbound) => {
                    if let Err(error) = ended {
                        tracing::debug!(upstream = %self.name, %error, "A subscription ended.");
                    }
                    tokio::time::sleep(BACKOFF_MAX / 10).await;
                }
                () = self.resubscribe.notified() => {}
            }
        }
    }

    fn filter(&self, handshake: &Handshake) -> Object {
        let mut filter = Object::new();
        for (capability, flag) in [
            ("tools", "toolsListChanged"),
            ("prompts", "promptsListChanged"),
            ("resources", "resourcesListChanged"),
        ] {
            let offered = handshake.capabilities.get(capability);
            if offered.and_then(|of| of.get("listChanged")).and_then(Json::as_bool) == Some(true) {
                filter.insert(flag, true);
            }
        }
        let uris: Vec<Json> = self.watchers.lock().keys().map(|uri| uri.as_str().into()).collect();
        if !uris.is_empty() {
            filter.insert("resourceSubscriptions", uris);
        }
        filter
    }

    async fn subscription_changed(&self, method: Method, uri: &str) -> Result<(), UpstreamError> {
        let connected = self.connected().ok_or_else(|| self.down())?;
        if connected.handshake.revision.era() == Era::Modern {
            self.resubscribe.notify_one();
            return Ok(());
        }
        let params = Object::from([("uri", uri.into())]);
        let outbound = Outbound::own(method, params, self.settings.call_timeout);
        connected.link.request(outbound).await.map(drop)
    }

    /// Why nothing can be sent right now.
    pub fn down(&self) -> UpstreamError {
        match &**self.state.load() {
            State::Down { why: error @ UpstreamError::LoginNeeded { .. } } => error.clone(),
            State::Down { why } => {
                UpstreamError::Down { upstream: self.name.to_string(), why: why.to_string() }
            }
            State::Starting | State::Ready(_) => UpstreamError::Down {
                upstream: self.name.to_string(),
                why: "it is still starting".into(),
            },
        }
    }
}

/// A subscription has no natural end; the specification leaves it open.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// Extends with each sign of progress, but never beyond this many times the timeout.
const PROGRESS_EXTENDS_MAX: u32 = 10;

/// Returns after `timeout` without progress.
async fn quiet_for(timeout: Duration, heard: Option<Arc<Notify>>) {
    let Some(heard) = heard else { return tokio::time::sleep(timeout).await };
    let end = tokio::time::sleep(timeout.saturating_mul(PROGRESS_EXTENDS_MAX));
    let quiet = async {
        loop {
            tokio::select! {
                () = tokio::time::sleep(timeout) => return,
                () = heard.notified() => {}
            }
        }
    };
    tokio::select! {
        () = end => {}
        () = quiet => {}
    }
}

/// How long the gateway tries to tell a server that a call is over.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(5);

/// Tells an upstream something that nobody waits for.
async fn in_passing(notice: impl Future<Output = ()>) {
    if tokio::time::timeout(NOTICE_TIMEOUT, notice).await.is_err() {
        tracing::debug!("A notification did not reach its upstream in time.");
    }
}

/// Answers a request that a server sent to its client: relayed, or refused.
async fn answer_server_request(asked: pending::Asked) -> Response {
    let pending::Asked { request, relay, .. } = &asked;
    let outcome = match (request.method.as_str(), relay) {
        ("ping", _) => Ok(Object::new()),
        (method, Ok(relay)) => relay.ask(method, request.params.clone()).await,
        // Asked outside any call, when nobody in particular is there: no roots are shared.
        ("roots/list", Err(_)) => Ok(Object::from([("roots", Json::Array(Vec::new()))])),
        (_, Err(error)) => Err(error.clone()),
    };
    Response { id: request.id.clone(), outcome }
}
