//! The tool servers that run, kept as the configuration says.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    catalog::Keeper,
    config::{Config, ConfigError},
    relay::Relay,
    upstream::{Settings, Upstream, client::HttpClient},
};

/// One server, and how to end it.
#[derive(Debug)]
struct Runs {
    upstream: Arc<Upstream>,
    /// What it was started with, to see whether that changed. Holds no secret: a digest.
    fingerprint: String,
    stop: CancellationToken,
}

/// Every server of the configuration.
#[derive(Clone, Debug)]
pub(super) struct Upstreams(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    running: Mutex<BTreeMap<String, Runs>>,
    /// Those that one caller owns, and what ends each.
    private: Mutex<Vec<(Weak<Upstream>, CancellationToken)>>,
    client: HttpClient,
    keeper: Arc<Keeper>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Upstreams {
    pub(super) fn new(
        client: HttpClient,
        keeper: Arc<Keeper>,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let (running, private) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { running, private, client, keeper, stop, tasks }))
    }

    /// Starts what is new, ends what is gone, restarts what changed. Returns what cannot be
    /// started as it is written, each with its place; nothing is changed then.
    pub(super) fn reconcile(&self, config: &Config) -> Vec<String> {
        let (mut wanted, mut problems) = (BTreeMap::new(), Vec::new());
        let reachable = config.file.upstreams.iter().filter(|(_, it)| it.is_reachable());
        for (name, stated) in reachable {
            match self.settings(config, name, stated) {
                Ok(settings) => drop(wanted.insert(name.clone(), settings)),
                Err(error) => problems.push(error.to_string()),
            }
        }
        if !problems.is_empty() {
            return problems;
        }
        let mut running = self.0.running.lock();
        running.retain(|name, runs| {
            let same = wanted.get(name).is_some_and(|it| fingerprint(it) == runs.fingerprint);
            if !same {
                runs.stop.cancel();
            }
            same
        });
        for (name, settings) in wanted {
            if let Entry::Vacant(free) = running.entry(name) {
                let runs = self.start(free.key(), settings, None, false);
                free.insert(runs);
            }
        }
        Vec::new()
    }

    fn settings(
        &self,
        config: &Config,
        name: &str,
        stated: &crate::config::file::Upstream,
    ) -> Result<Settings, ConfigError> {
        let mut settings = config.upstream_settings(name)?;
        if stated.auth.is_some() {
            super::local::attach_tokens(config, name, &mut settings).map_err(|what| {
                config.wrong(&["upstreams", name, "auth"], format!("upstream `{name}`: {what}"))
            })?;
        }
        Ok(settings)
    }

    fn start(
        &self,
        name: &str,
        settings: Settings,
        home: Option<Arc<Relay>>,
        private: bool,
    ) -> Runs {
        let fingerprint = fingerprint(&settings);
        let stop = self.0.stop.child_token();
        let endpoint =
            if private { format!("{name}.{}", crate::ids::random(8)) } else { name.into() };
        let upstream = Upstream::new(name, &endpoint, settings, home);
        let (client, tasks) = (self.0.client.clone(), &self.0.tasks);
        tasks.spawn(Arc::clone(&upstream).run(client, stop.clone()));
        let keeper = Arc::clone(&self.0.keeper);
        tasks.spawn(keeper.follow(Arc::clone(&upstream), private, stop.clone()));
        Runs { upstream, fingerprint, stop }
    }

    /// Starts a server that one caller owns, until `stop`.
    pub(super) fn start_private(
        &self,
        name: &str,
        settings: Settings,
        home: Option<Arc<Relay>>,
    ) -> (Arc<Upstream>, CancellationToken) {
        let runs = self.start(name, settings, home, true);
        let mut private = self.0.private.lock();
        private.retain(|(upstream, stop)| upstream.strong_count() > 0 && !stop.is_cancelled());
        private.push((Arc::downgrade(&runs.upstream), runs.stop.clone()));
        drop(private);
        (runs.upstream, runs.stop)
    }

    /// Looks at the definitions of every server anew, or of those called `name`, wrapped ones
    /// included: a decision or a setting holds for all of them.
    pub(super) async fn rebuild(&self, name: Option<&str>) {
        let shared = self.all().into_iter().map(|it| (it, false));
        let private = self.private().into_iter().map(|it| (it, true));
        for (upstream, private) in shared.chain(private).collect::<Vec<_>>() {
            if name.is_none_or(|name| *upstream.name == *name) {
                self.0.keeper.rebuild(&upstream, private).await;
            }
        }
    }

    /// The servers of single callers that run now.
    fn private(&self) -> Vec<Arc<Upstream>> {
        let private = self.0.private.lock();
        let live = private.iter().filter(|(_, stop)| !stop.is_cancelled());
        live.filter_map(|(it, _)| it.upgrade()).collect()
    }

    /// The shared servers that run now.
    pub(super) fn all(&self) -> Vec<Arc<Upstream>> {
        self.0.running.lock().values().map(|runs| Arc::clone(&runs.upstream)).collect()
    }

    pub(super) async fn attempted(&self) {
        for upstream in self.all() {
            upstream.attempted().await;
        }
    }
}

/// A digest of everything a server is started with.
fn fingerprint(settings: &Settings) -> String {
    use crate::upstream::Transport;
    let text = match &settings.transport {
        Transport::Stdio(launch) => format!(
            "stdio {:?} {:?} {:?} {:?}",
            launch.command, launch.env, launch.env_allow, launch.directory
        ),
        Transport::Http(target) => format!("http {} {:?}", target.uri, headers(target)),
        Transport::Sse(target) => format!("sse {} {:?}", target.uri, headers(target)),
    };
    let timeouts = format!("{:?} {:?}", settings.start_timeout, settings.call_timeout);
    crate::mcp::Json::from(format!("{text}\n{timeouts}")).digest()
}

fn headers(target: &crate::upstream::client::Target) -> Vec<(String, Vec<u8>)> {
    let pairs = target.headers.iter();
    pairs.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}
