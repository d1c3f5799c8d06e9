//! Meeting a tool server: opening the link, finding its era, fetching its lists.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{
    Connected, Handshake, Transport, Upstream,
    client::HttpClient,
    error::UpstreamError,
    http::HttpLink,
    link::{Link, Outbound},
    listing::{self, Listing},
    metadata,
    sse::SseLink,
    stdio::StdioLink,
};
use crate::mcp::{Json, Method, Notification, Object, Revision, RpcError};

/// A server that does not answer `server/discover` in this time is met with `initialize` too.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
/// A server that refuses the version and names it as supported is asked once more (SEP-2575).
const PROBES_MAX: usize = 2;

impl Upstream {
    pub(super) async fn connect(
        &self,
        client: &HttpClient,
        strays: mpsc::Sender<Notification>,
    ) -> Result<Connected, UpstreamError> {
        let link = self.open(client, strays).await?;
        let handshake = self.greet(&link).await?;
        let listing = listing::fetch(&self.name, &link, &handshake).await;
        Ok(Connected { link, handshake, listing: Arc::new(listing) })
    }

    async fn open(
        &self,
        client: &HttpClient,
        strays: mpsc::Sender<Notification>,
    ) -> Result<Link, UpstreamError> {
        let limits = self.settings.limits;
        Ok(match &self.settings.transport {
            Transport::Stdio(launch) => {
                let home = self.home.clone();
                Link::Stdio(Arc::new(StdioLink::start(&self.name, launch, strays, home, limits)?))
            }
            Transport::Http(target) => {
                let (client, target) = (client.clone(), target.clone());
                Link::Http(HttpLink::new(&self.name, client, target, strays, limits))
            }
            Transport::Sse(target) => {
                let (client, target) = (client.clone(), target.clone());
                let link = SseLink::connect(&self.name, client, target, strays, limits).await?;
                Link::Sse(Arc::new(link))
            }
        })
    }

    /// Tries the modern era, then the legacy one. Any answer but a discovery means legacy: the
    /// specification forbids keying on one error code.
    async fn greet(&self, link: &Link) -> Result<Handshake, UpstreamError> {
        match link {
            Link::Sse(_) => self.initialize(link).await,
            Link::Stdio(_) => self.greet_child(link).await,
            Link::Http(_) => match self.probe(link, PROBE_TIMEOUT).await {
                Some(greeted) => greeted,
                None => self.initialize(link).await,
            },
        }
    }

    /// A child may take long to start, so its silence says nothing of its era: `initialize`
    /// follows the probe, and what the child answers first settles it.
    async fn greet_child(&self, link: &Link) -> Result<Handshake, UpstreamError> {
        let probe = self.probe(link, self.settings.start_timeout);
        tokio::pin!(probe);
        match tokio::time::timeout(PROBE_TIMEOUT, &mut probe).await {
            Ok(Some(greeted)) => return greeted,
            Ok(None) => return self.initialize(link).await,
            Err(_) => {}
        }
        let legacy = self.initialize(link);
        tokio::pin!(legacy);
        tokio::select! {
            biased;
            Some(greeted) = &mut probe => greeted,
            greeted = &mut legacy => greeted,
        }
    }

    /// Asks whether the server speaks the modern era; `None` if it does not.
    async fn probe(
        &self,
        link: &Link,
        timeout: Duration,
    ) -> Option<Result<Handshake, UpstreamError>> {
        for _ in 0..PROBES_MAX {
            let probe = Outbound::own(Method::Discover, Object::new(), timeout);
            match link.request(modern(probe)).await.map(|response| response.outcome) {
                Ok(Ok(result)) => {
                    let handshake = discovered(&result)?;
                    link.settle(handshake.revision);
                    return Some(Ok(handshake));
                }
                Ok(Err(error)) if takes_modern(&error) => {}
                Err(error @ (UpstreamError::Down { .. } | UpstreamError::LoginNeeded { .. })) => {
                    return Some(Err(error));
                }
                Ok(Err(_)) | Err(_) => return None,
            }
        }
        None
    }

    async fn initialize(&self, link: &Link) -> Result<Handshake, UpstreamError> {
        let capabilities = match &self.home {
            Some(relay) => relay.offered(),
            None => metadata::offered_capabilities(),
        };
        let params = Object::from([
            ("protocolVersion", Revision::NEWEST_LEGACY.name().into()),
            ("capabilities", capabilities.into()),
            ("clientInfo", metadata::client_info()),
        ]);
        let request = Outbound::own(Method::Initialize, params, self.settings.start_timeout);
        let garbage = |why: String| UpstreamError::Garbage { upstream: self.name.to_string(), why };
        let result = link.request(request).await?.outcome;
        // What it says of its refusal is a stranger's text and is not repeated.
        let refused = |error: RpcError| garbage(format!("it refused with {}", error.code));
        let result = result.map_err(refused)?;
        let stated = result.str("protocolVersion").unwrap_or("");
        let revision = Revision::parse(stated)
            .or((stated == "2024-11-05").then_some(Revision::R2025_03_26))
            .ok_or_else(|| garbage("it speaks an unknown revision".into()))?;
        link.settle(revision);
        link.notify(&Notification::new("notifications/initialized", Object::new())).await;
        Ok(handshake(revision, &result))
    }
}

/// A probe carries the metadata of the era it probes for, before any revision is settled.
fn modern(mut probe: Outbound<'_>) -> Outbound<'_> {
    use crate::mcp::client::{META_CAPABILITIES, META_CLIENT, META_VERSION};
    let meta = probe.params.object_mut("_meta");
    meta.insert(META_VERSION, Revision::R2026_07_28.name());
    meta.insert(META_CLIENT, metadata::client_info());
    meta.insert(META_CAPABILITIES, Object::new());
    probe
}

fn discovered(result: &Object) -> Option<Handshake> {
    let supported = result.get("supportedVersions")?.as_array()?;
    let modern = Revision::R2026_07_28;
    let speaks = supported.iter().any(|version| version.as_str() == Some(modern.name()));
    speaks.then(|| handshake(modern, result))
}

/// Whether a refused probe names the modern revision among those that the server takes.
fn takes_modern(error: &RpcError) -> bool {
    let supported = error.data.as_ref().and_then(|data| data.get("supported"));
    let versions = supported.and_then(Json::as_array).unwrap_or_default();
    error.code == RpcError::UNSUPPORTED_VERSION
        && versions.iter().any(|version| version.as_str() == Some(Revision::R2026_07_28.name()))
}

fn handshake(revision: Revision, result: &Object) -> Handshake {
    let in_meta = result.get("_meta").and_then(|meta| meta.get(crate::mcp::client::META_SERVER));
    let server = result.get("serverInfo").or(in_meta).cloned().unwrap_or(Json::Null);
    let capabilities = result.get("capabilities").and_then(Json::as_object);
    Handshake {
        revision,
        server,
        capabilities: capabilities.cloned().unwrap_or_default(),
        instructions: result.str("instructions").map(str::to_owned),
    }
}

/// The same connection with new lists.
pub(super) fn with_listing(connected: &Arc<Connected>, listing: Listing) -> Arc<Connected> {
    Arc::new(Connected {
        link: connected.link.clone(),
        handshake: connected.handshake.clone(),
        listing: Arc::new(listing),
    })
}
