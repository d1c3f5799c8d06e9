//! Builds every part from a configuration, in one place, and owns the tasks.

mod admin;
mod capture;
mod classifier;
mod local;
mod reload;
pub(crate) mod rules;
mod upstreams;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use admin::{ADMIN_SOCKET, AdminRequest, RulePlace, TriageState, ask, decision_text};
pub(crate) use admin::{triaged, withheld};
pub(crate) use local::oauth_target;
pub use local::{Hello, WRAP_SOCKET};

use crate::{
    access::{Policies, PolicyError},
    approval::Approvals,
    audit::{self, Journal},
    capture::{Vault, Withheld},
    catalog::{Catalog, Keeper},
    config::{Config, file::Naming},
    flow::Runs,
    gateway::Gateway,
    identity::{Authenticators, metadata::ResourceMetadata},
    inspect::{Firewall, Mode},
    limits::Limiter,
    metrics::Metrics,
    seal::Sealer,
    shares::Shares,
    store::{Store, secrets},
    transport::{
        http::{self, Doorkeeper, Http, Readiness},
        parked::Parked,
        session::{SessionLimits, Sessions},
    },
    upstream::client::HttpClient,
};

use self::upstreams::Upstreams;

/// Who a gateway is started for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// `serve`: callers over HTTP.
    Serve,
    /// The gateway of one user, which wrapped clients attach to.
    Local,
}

/// How a gateway is started.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub purpose: Purpose,
    pub development: bool,
}

/// A gateway that runs.
#[derive(Debug)]
pub struct App {
    pub address: Option<SocketAddr>,
    pub gateway: Arc<Gateway>,
    pub store: Arc<Store>,
    pub notices: Vec<String>,
    parts: Arc<Parts>,
    /// Ends what goes on around requests: tool servers, sockets, timers.
    stop: CancellationToken,
    tasks: tokio_util::task::TaskTracker,
    /// The listener and its connections.
    serving: tokio_util::task::TaskTracker,
}

/// What reloads, sockets and shutdown work with.
#[derive(Debug)]
pub(crate) struct Parts {
    gateway: Arc<Gateway>,
    store: Arc<Store>,
    keeper: Arc<Keeper>,
    upstreams: Upstreams,
    config: Arc<ArcSwap<Config>>,
    parked: Arc<Parked>,
    options: Options,
    /// Held by whoever changes where rules stand.
    keeping: tokio::sync::Mutex<()>,
}

impl Parts {
    /// Keeps the shared tool servers as `config` says, and returns what cannot be started. The
    /// gateway of wraps alone has none: each wrap has its own, which fails by itself.
    fn reconcile(&self, config: &Config) -> Vec<String> {
        match self.options.purpose {
            Purpose::Serve => self.upstreams.reconcile(config),
            Purpose::Local => Vec::new(),
        }
    }
}

/// How long running calls may take to end when the gateway stops.
const STOP_GRACE: Duration = Duration::from_secs(10);

impl App {
    /// Builds and starts everything.
    ///
    /// # Errors
    /// The first part that cannot be built; nothing runs then.
    pub async fn start(config: Config, options: Options) -> anyhow::Result<Self> {
        let folder = config.data_dir();
        let store = Arc::new(Store::open(&folder).await?);
        let sealer = Arc::new(Sealer::new(&secrets::key(&folder, "gateway")?));
        let journal = open_journal(&config)?;
        let vault = Arc::new(Vault::in_folder(&folder)?);
        let tape = capture::open(&folder, &vault, config.file.capture)?;
        let (kept, keys) = (Arc::clone(&store), Arc::clone(&sealer));
        let withheld = Withheld::open(kept, vault, keys, config.file.capture).await?;
        let catalog = Arc::new(Catalog::default());
        rules::pull_and_say(&config).await;
        let firewall = rules::firewall(&config)?;
        let firewall = rules::stages::settle(firewall, &config, &store, None).await?;
        let firewall = classifier::settle(firewall, &config, options, None).await?;
        let notices = notices(&config, options, &firewall);
        let firewall = Arc::new(firewall);
        let gateway = Arc::new(Gateway {
            catalog: Arc::clone(&catalog),
            policies: ArcSwap::from_pointee(policies(&config, options)?),
            candidate: ArcSwapOption::new(candidate(&config)?),
            limiter: ArcSwap::from_pointee(Limiter::new(config.file.limits.calls())),
            firewall: ArcSwap::new(Arc::clone(&firewall)),
            runs: Runs::new(Arc::clone(&store), Arc::clone(&sealer), rules::flow(&config)?),
            approvals: Approvals::new(
                Arc::clone(&store),
                Arc::clone(&sealer),
                config.file.approvals.waits,
            ),
            withheld,
            tape: ArcSwapOption::new(tape),
            journal: Arc::new(journal),
            metrics: Metrics::default(),
            sealer: Arc::clone(&sealer),
            tasks: crate::corridor::Tasks::default(),
            closing: CancellationToken::new(),
            marks: ArcSwap::from_pointee(config.marks()),
            nonces: crate::spotlight::Nonces::default(),
        });
        let plain = config.file.naming == Naming::Plain;
        let limits = &config.file.limits;
        let parked =
            Parked::new(Arc::clone(&sealer), i64::from(limits.parked_s) * 1000, limits.parked_max);
        let config = Arc::new(ArcSwap::from_pointee(config));
        let stated = Arc::clone(&config);
        let settings: crate::catalog::SettingsOf =
            Arc::new(move |met, kind, name| stated.load().settings_met(met, kind, name).into());
        let keeper = Arc::new(Keeper::new(catalog, Arc::clone(&store), firewall, settings, plain));
        let stop = CancellationToken::new();
        let tasks = tokio_util::task::TaskTracker::new();
        let upstreams = Upstreams::new(
            HttpClient::with_native_roots(),
            Arc::clone(&keeper),
            stop.clone(),
            tasks.clone(),
        );
        let parts = Arc::new(Parts {
            gateway: Arc::clone(&gateway),
            store: Arc::clone(&store),
            keeper,
            upstreams,
            config,
            parked: Arc::new(parked),
            options,
            keeping: tokio::sync::Mutex::default(),
        });
        let serving = tokio_util::task::TaskTracker::new();
        let mut app = Self { address: None, gateway, store, notices, parts, stop, tasks, serving };
        app.run().await?;
        Ok(app)
    }

    async fn run(&mut self) -> anyhow::Result<()> {
        let config = self.parts.config.load_full();
        if let Some(problem) = self.parts.reconcile(&config).first() {
            anyhow::bail!("{}: {problem}", config.path.display());
        }
        if self.parts.options.purpose == Purpose::Serve {
            self.address = Some(self.listen(&config).await?);
        }
        admin::listen(&self.parts, &self.stop, &self.tasks)?;
        // One gateway per user and store: wrapped clients attach to whichever runs.
        local::listen(&self.parts, &self.stop, &self.tasks)?;
        let (gateway, stop) = (Arc::clone(&self.gateway), self.stop.clone());
        self.tasks.spawn(async move { gateway.approvals.expire(stop).await });
        let (parts, stop) = (Arc::clone(&self.parts), self.stop.clone());
        self.tasks.spawn(async move { reload::follow(parts, stop).await });
        self.tasks.spawn(rules::follow(Arc::clone(&self.parts), self.stop.clone()));
        self.tasks.spawn(rules::keep::follow(Arc::clone(&self.parts), self.stop.clone()));
        self.tasks.spawn(tidy(Arc::clone(&self.parts), self.stop.clone()));
        Ok(())
    }

    async fn listen(&self, config: &Config) -> anyhow::Result<SocketAddr> {
        let at = ["listen", "address"];
        let stated = &config.file.listen.address;
        let listener = TcpListener::bind(stated).await.map_err(|error| {
            config.wrong(&at, format!("cannot listen at `{stated}`: {error}; choose another"))
        })?;
        let address = listener.local_addr()?;
        let development = self.parts.options.development;
        if development && !address.ip().is_loopback() {
            let what = format!(
                "`--development` proves nothing of callers, so `address` must be loopback, and \
                {address} is not; write `127.0.0.1:{}`, or start without it",
                address.port()
            );
            return Err(config.wrong(&at, what).into());
        }
        let authenticators = Authenticators::open(&config.file.identity, development);
        let authenticators = authenticators
            .await
            .map_err(|error| config.wrong(&["identity", "jwt", "jwks"], error.to_string()))?;
        let limits = &config.file.limits;
        let http = Arc::new(Http {
            gateway: Arc::clone(&self.gateway),
            sessions: Arc::new(Sessions::new(SessionLimits {
                sessions_max: limits.sessions_max,
                per_principal_max: limits.sessions_per_principal,
                idle_ms: i64::from(limits.session_idle_s) * 1000,
            })),
            parked: Arc::clone(&self.parts.parked),
            authenticators,
            metadata: metadata(config, address)?,
            doorkeeper: doorkeeper(config, address),
            limits: limits.message(),
            scan: scan_settings(&self.parts.config),
            readiness: {
                let upstreams = self.parts.upstreams.clone();
                let (config, options) = (Arc::clone(&self.parts.config), self.parts.options);
                let gateway = Arc::clone(&self.gateway);
                Readiness {
                    upstreams: Box::new(move || upstreams.all()),
                    notices: Box::new(move || {
                        let firewall = gateway.firewall.load();
                        let mut notices = notices(&config.load(), options, &firewall);
                        notices.extend(rules::keep::notices(&firewall));
                        notices
                    }),
                }
            },
        });
        let stop = self.stop.clone();
        let sessions = Arc::clone(&http.sessions);
        let closing = self.gateway.closing.clone();
        let seats = Shares::new(limits.connections_max, limits.connections_per_address);
        self.serving.spawn(http::serve(listener, http, seats, closing));
        self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(TIDY_EVERY) => sessions.tidy(),
                    () = stop.cancelled() => return,
                }
            }
        });
        Ok(address)
    }

    /// Waits until every upstream was listed or failed its first attempt.
    pub async fn ready(&self) {
        self.parts.upstreams.attempted().await;
    }

    /// Takes over the configuration as it now stands, or says why it keeps the old one.
    ///
    /// # Errors
    /// What is wrong with the new one; the old one stays in force.
    pub async fn reload(&self) -> anyhow::Result<()> {
        reload::now(&self.parts).await
    }

    /// Returns when the gateway decided to end by itself.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Stops taking requests, lets the running ones end, then ends the tool servers.
    pub async fn stop(self) {
        self.gateway.closing.cancel();
        self.serving.close();
        if tokio::time::timeout(STOP_GRACE, self.serving.wait()).await.is_err() {
            tracing::warn!("Some calls did not end in time and are cut off.");
        }
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_GRACE, self.tasks.wait()).await.is_err() {
            tracing::warn!("Some tool servers did not end in time and are left to the kernel.");
        }
    }
}

const TIDY_EVERY: Duration = Duration::from_secs(60);

async fn tidy(parts: Arc<Parts>, stop: CancellationToken) {
    parts.gateway.runs.forget_old().await;
    loop {
        tokio::select! {
            () = tokio::time::sleep(TIDY_EVERY) => {
                parts.gateway.limiter.load().tidy();
                parts.parked.tidy();
                capture::index(&parts);
                capture::tidy(&parts).await;
            }
            () = stop.cancelled() => return,
        }
    }
}

/// Where the record is kept.
pub(crate) fn audit_folder(config: &Config) -> PathBuf {
    let stated = config.file.audit.folder.as_ref();
    stated.map_or_else(|| config.data_dir().join("audit"), |folder| config.resolve(folder))
}

fn open_journal(config: &Config) -> anyhow::Result<Journal> {
    let stated = &config.file.audit;
    let mut options = audit::Options::default();
    if let Some(durability) = stated.durability {
        options.durability = durability.into();
    }
    Ok(Journal::open(&audit_folder(config), options)?)
}

/// The policies in force. Without any, nobody may do anything, unless the start says otherwise.
pub(crate) fn policies(config: &Config, options: Options) -> anyhow::Result<Policies> {
    let loaded = match (&config.file.access.policies, options) {
        (Some(folder), _) => Policies::load(&config.resolve(folder)),
        (None, Options { purpose: Purpose::Local, .. }) => Ok(Policies::wrapped()),
        (None, Options { development: true, .. }) => Ok(Policies::allow_all()),
        (None, _) => Policies::from_sources(&[]),
    };
    loaded.map_err(|errors| unusable("policies", &errors))
}

/// The policies that are asked beside those in force, if any are.
pub(crate) fn candidate(config: &Config) -> anyhow::Result<Option<Arc<Policies>>> {
    let Some(folder) = &config.file.policy.candidate else { return Ok(None) };
    let loaded = Policies::load(&config.resolve(folder));
    loaded.map(Arc::new).map(Some).map_err(|errors| unusable("candidate policies", &errors))
}

fn unusable(what: &str, errors: &[PolicyError]) -> anyhow::Error {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("the {what} cannot be used:\n{}", lines.join("\n"))
}

/// As the configuration stands at each request.
fn scan_settings(config: &Arc<ArcSwap<Config>>) -> http::scan::Settings {
    let config = Arc::clone(config);
    http::scan::Settings::new(move || {
        let stated = &config.load().file.scan;
        stated.enabled.then(|| stated.texts_max.unwrap_or(http::scan::TEXTS_MAX))
    })
}

fn doorkeeper(config: &Config, address: SocketAddr) -> Doorkeeper {
    let listen = &config.file.listen;
    let mut hosts: Vec<String> =
        listen.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    match address.ip() {
        ip if ip.is_loopback() => {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        std::net::IpAddr::V6(ip) => hosts.push(format!("[{ip}]")),
        std::net::IpAddr::V4(ip) => hosts.push(ip.to_string()),
    }
    let public = listen.public_url.as_deref().and_then(|url| url::Url::parse(url).ok());
    hosts.extend(public.as_ref().and_then(url::Url::host_str).map(str::to_ascii_lowercase));
    Doorkeeper { hosts, origins: listen.origins.clone() }
}

fn metadata(config: &Config, address: SocketAddr) -> anyhow::Result<Option<ResourceMetadata>> {
    let Some(jwt) = &config.file.identity.jwt else { return Ok(None) };
    let listen = &config.file.listen;
    let resource = listen.public_url.clone().unwrap_or_else(|| format!("http://{address}/mcp"));
    let servers = match listen.authorization_servers.as_slice() {
        [] => vec![jwt.issuer.clone()],
        named => named.to_vec(),
    };
    Ok(Some(ResourceMetadata::new(&resource, servers, listen.scopes.clone())?))
}

/// What no door decides, and so nothing lets pass.
const STILL: &str = "callers without identity, malformed messages, changed definitions, full \
    tables and calls without a record are refused as ever";

/// What everybody should know about how this gateway was started.
fn notices(config: &Config, options: Options, firewall: &Firewall) -> Vec<String> {
    let mut notices = Vec::new();
    let mut say = |text: &str| notices.push(text.to_owned());
    if options.development {
        say("development mode: callers prove nothing; loopback only");
    }
    let doors = &config.file.doors;
    let observing = [
        ("access", doors.access),
        ("limits", doors.limits),
        ("schema", doors.schema),
        ("firewall", doors.firewall),
        ("approval", doors.approval),
        ("flow", config.file.flow.mode),
    ];
    if config.file.mode == Some(Mode::Observe) {
        say(&format!("every door observes: it decides and records, and does not refuse; {STILL}"));
    } else {
        for (door, _) in observing.iter().filter(|(_, mode)| *mode == Mode::Observe) {
            say(&format!("the door `{door}` only observes: it does not refuse"));
        }
    }
    for (name, upstream) in &config.file.upstreams {
        if upstream.mode == Some(Mode::Observe) {
            say(&format!("upstream `{name}` is only observed: no door refuses it; {STILL}"));
        }
    }
    if options.purpose == Purpose::Local {
        say("runs as the agent's own user: approvals are friction only, decisions are recorded \
            as unproven, and posture is below Foundation");
    } else if config.file.access.policies.is_none() && !options.development {
        say("no policies: nobody may do anything; name a folder in `access.policies`");
    }
    if options.purpose == Purpose::Serve
        && !options.development
        && config.file.identity.jwt.is_none()
    {
        say("no way to identify callers: configure `identity.jwt`, or every caller is refused");
    }
    if config.file.approvals.approvers.is_empty() {
        say(
            "no approver has an enrolled key: decisions are friction only and recorded as unproven",
        );
    }
    notices.extend(classifier::notice(config, firewall));
    notices
}
