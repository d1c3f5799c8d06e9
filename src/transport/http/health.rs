//! Is it alive, is it ready, how is it doing: for supervisors and people, never for agents.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use super::Http;
use crate::{
    transport::reply,
    upstream::{State as UpstreamState, Upstream},
};

/// What readiness is told of.
pub struct Readiness {
    /// The upstreams of this moment.
    pub upstreams: Box<dyn Fn() -> Vec<Arc<Upstream>> + Send + Sync>,
    /// What everybody should know at this moment: doors that only observe, development mode,
    /// friction. Said at start and at each reload too.
    pub notices: Box<dyn Fn() -> Vec<String> + Send + Sync>,
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Readiness").finish_non_exhaustive()
    }
}

pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// 200 once every upstream was listed or failed its first attempt.
pub(super) async fn ready(State(http): State<Arc<Http>>, headers: HeaderMap) -> Response {
    if let Err(why) = http.doorkeeper.check(&headers) {
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    let upstreams = (http.readiness.upstreams)();
    let states: Vec<_> = upstreams.iter().map(|upstream| (upstream, upstream.state())).collect();
    // A server that is listed but not in the catalog yet would answer "unknown tool".
    let starting = upstreams.iter().any(|upstream| !upstream.is_attempted());
    let each: serde_json::Map<String, serde_json::Value> =
        states.iter().map(|(upstream, state)| (upstream.name.to_string(), shown(state))).collect();
    let problems = http.gateway.catalog.snapshot().problems.clone();
    let body = json!({
        "ready": !starting,
        "upstreams": each,
        "notices": (http.readiness.notices)(),
        "left_out": problems,
    });
    let status = if starting { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    reply::json(status, format!("{body:#}\n").into_bytes())
}

fn shown(state: &UpstreamState) -> serde_json::Value {
    match state {
        UpstreamState::Starting => json!({"state": "starting"}),
        UpstreamState::Down { why } => json!({"state": "down", "why": why.to_string()}),
        UpstreamState::Ready(connected) => json!({
            "state": "ready",
            "revision": connected.handshake.revision.name(),
            "tools": connected.listing.tools.len(),
            "prompts": connected.listing.prompts.len(),
            "resources": connected.listing.resources.len(),
            "incomplete": connected.listing.failures,
        }),
    }
}

pub(super) async fn metrics(State(http): State<Arc<Http>>, headers: HeaderMap) -> Response {
    if let Err(why) = http.doorkeeper.check(&headers) {
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (executing, waiting) = http.gateway.limiter.load().taken();
    let upstreams = (http.readiness.upstreams)();
    let connected = upstreams.iter().filter(|it| it.connected().is_some()).count();
    let gauges = [
        ("bartizan_executing_calls", "Calls that run now.", u64::from(executing)),
        ("bartizan_waiting_calls", "Calls that wait for a person now.", u64::from(waiting)),
        ("bartizan_sessions", "Sessions of legacy clients.", count(http.sessions.count())),
        ("bartizan_upstreams_ready", "Tool servers that are connected.", count(connected)),
        (
            "bartizan_observing",
            "1 if any door only observes.",
            u64::from((http.readiness.notices)().iter().any(|notice| notice.contains("observe"))),
        ),
    ];
    let mut text = http.gateway.metrics.render(&gauges);
    let firewall = http.gateway.firewall.load();
    firewall.lifecycle.counts.render(firewall.rules.rules(), &mut text);
    let mut response = text.into_response();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// RFC 9728 metadata, where there is an authorization server to name.
pub(super) async fn resource_metadata(State(http): State<Arc<Http>>) -> Response {
    match &http.metadata {
        Some(metadata) => reply::json(StatusCode::OK, metadata.document().to_string().into_bytes()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
