//! The gateway: the parts of the corridor in one place, and what each request walks through.

mod list;

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;

use crate::{
    access::Policies,
    approval::Approvals,
    audit::Journal,
    catalog::{Catalog, Item},
    corridor::{Arrival, Tasks, Trail},
    flow::Runs,
    inspect::{Firewall, Mode, Profile},
    limits::{Limiter, key_of},
    mcp::{ClientInfo, Json, Method, Object, RpcError, bridge},
    metrics::Metrics,
    refusal::{self, Code, META_REFERENCE, Refusal},
    seal::Sealer,
    spotlight,
};

/// Everything a request meets. Parts that a reload replaces are swapped whole.
#[derive(Debug)]
pub struct Gateway {
    pub catalog: Arc<Catalog>,
    pub policies: ArcSwap<Policies>,
    pub limiter: ArcSwap<Limiter>,
    pub firewall: ArcSwap<Firewall>,
    pub approvals: Approvals,
    /// What runs read, and what they may still do.
    pub runs: Runs,
    pub journal: Arc<Journal>,
    pub metrics: Metrics,
    pub sealer: Arc<Sealer>,
    pub tasks: Tasks,
    /// Set when no new requests are taken: streams without an answer to wait for end then.
    pub closing: tokio_util::sync::CancellationToken,
    /// Marking by a client's stated name; a preference, so a lie harms only the liar.
    pub client_modes: ArcSwap<HashMap<String, spotlight::Mode>>,
}

/// How a request ended, ready for any transport.
#[derive(Debug)]
pub struct Departure {
    pub outcome: Result<Object, RpcError>,
    /// Seconds after which a limited caller may come again.
    pub retry_after: Option<u64>,
}

impl Gateway {
    /// Serves one request. Something always departs, and a trail is always closed.
    pub async fn handle(&self, mut arrival: Arrival) -> Departure {
        if let Err(refusal) = self.limiter.load().request(key_of(&arrival.principal)) {
            // A flood is counted, not recorded: its records would be one of their own.
            self.metrics.count(&arrival, Some(refusal.code), Duration::ZERO);
            return self.depart(&arrival, Err(refusal));
        }
        let mut trail = Trail::default();
        let mut ended = self.serve(&mut arrival, &mut trail).await;
        // INVARIANT: no record, no answer.
        if let Err(refusal) = trail.close(self, &arrival, ended.as_ref()).await {
            ended = Err(refusal);
        }
        self.metrics.count(
            &arrival,
            ended.as_ref().err().map(|refusal| refusal.code),
            trail.elapsed(),
        );
        self.depart(&arrival, ended)
    }

    fn depart(&self, arrival: &Arrival, ended: Result<Object, Refusal>) -> Departure {
        let retry_after = match &ended {
            Err(refusal) => refusal.retry_after.map(|wait| wait.as_secs().max(1)),
            Ok(_) => None,
        };
        Departure { outcome: self.dress(arrival, ended), retry_after }
    }

    /// Puts an end into the caller's era and gives it its reference. In the transparent profile
    /// what an upstream said stays as it said it; the reference is then in the header alone.
    fn dress(&self, arrival: &Arrival, ended: Result<Object, Refusal>) -> Result<Object, RpcError> {
        let (era, method) = (arrival.revision.era(), arrival.method);
        let theirs = match &ended {
            Ok(_) => true,
            Err(refusal) => refusal.code == Code::Upstream && refusal.rpc.is_some(),
        };
        let names = !theirs || self.firewall.load().profile != Profile::Transparent;
        let outcome = match ended {
            Ok(result) => Ok(result),
            Err(refusal) => refusal.into_outcome(method, &arrival.reference),
        };
        match outcome {
            Ok(mut result) => {
                if method != Method::Initialize {
                    bridge::result_for(era, method, &mut result, &server_info());
                }
                if names {
                    let meta = result.object_mut("_meta");
                    meta.insert(META_REFERENCE, arrival.reference.as_str());
                }
                Ok(result)
            }
            Err(mut error) => {
                bridge::error_for(era, &mut error);
                if names {
                    refusal::name_error(&mut error, &arrival.reference);
                }
                Err(error)
            }
        }
    }

    async fn serve(&self, arrival: &mut Arrival, trail: &mut Trail) -> Result<Object, Refusal> {
        match arrival.method {
            Method::ToolsCall | Method::PromptsGet | Method::ResourcesRead | Method::Complete => {
                self.walk(arrival, trail).await
            }
            Method::ToolsList
            | Method::PromptsList
            | Method::ResourcesList
            | Method::ResourceTemplatesList => self.list(arrival, trail),
            Method::Initialize | Method::Discover => Ok(self.describe(arrival)),
            Method::TasksGet | Method::TasksUpdate | Method::TasksCancel => {
                Box::pin(self.task(arrival, trail)).await
            }
            Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => {
                Box::pin(self.subscribe(arrival, trail)).await
            }
            Method::Ping | Method::SetLevel => Ok(Object::new()),
            // The transport keeps the stream; what ends it is an empty answer.
            Method::Listen => Ok(Object::new()),
        }
    }

    /// Records something that a person did.
    ///
    /// # Errors
    /// The record could not be written: what was to be done must not be.
    pub async fn record_event(
        &self,
        what: &str,
        target: &str,
        by: &str,
    ) -> Result<(), crate::audit::AuditError> {
        let reference = crate::ids::request_ref();
        let fields = crate::audit::Fields {
            request: &reference,
            time_ms: u64::try_from(crate::ids::now_ms()).unwrap_or(0),
            user: Some(by),
            target: Some(target),
            ..crate::audit::Fields::default()
        };
        let mut bytes = Vec::with_capacity(512);
        crate::audit::Entry::event(what, fields).write(&mut bytes);
        self.journal.append(bytes).await.map(drop)
    }

    /// The firewall in force, observing where an item only observes.
    pub(crate) fn firewall_for(&self, mode: Mode) -> Arc<Firewall> {
        let firewall = self.firewall.load_full();
        if mode == firewall.mode || firewall.mode == Mode::Observe {
            return firewall;
        }
        Arc::new(Firewall { mode, ..(*firewall).clone() })
    }

    /// How results of `item` are marked for this client.
    pub(crate) fn spotlight_for(&self, client: &ClientInfo, item: &Item) -> spotlight::Mode {
        if self.firewall.load().profile == Profile::Transparent {
            return spotlight::Mode::Off;
        }
        let modes = self.client_modes.load();
        modes.get(&client.name).copied().unwrap_or(item.settings.spotlight)
    }
}

/// `serverInfo` of the gateway.
pub fn server_info() -> Json {
    Object::from([
        ("name", "bartizan".into()),
        ("title", "Bartizan".into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
    ])
    .into()
}
