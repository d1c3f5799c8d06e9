//! The `_meta` of requests to an upstream: ours, never the caller's.

use crate::{
    mcp::{
        Era, Json, Object, Revision,
        client::{META_CAPABILITIES, META_CLIENT, META_LOG_LEVEL, META_VERSION},
    },
    refusal::{META_PREFIX, META_REFERENCE},
    relay::Relay,
};

/// `clientInfo` of the gateway as a client.
pub fn client_info() -> Json {
    Object::from([
        ("name", "bartizan".into()),
        ("title", "Bartizan".into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
    ])
    .into()
}

/// Client features that are relayed, and so offered to upstreams.
pub fn offered_capabilities() -> Object {
    let modes = Object::from([("form", Object::new().into()), ("url", Object::new().into())]);
    Object::from([
        ("elicitation", modes.into()),
        ("sampling", Object::new().into()),
        ("roots", Object::from([("listChanged", true.into())]).into()),
    ])
}

/// The era a request speaks: the settled one, but a probe always the one it asks about.
pub(super) fn era_of(method: &str, settled: Option<Revision>) -> Option<Era> {
    match method {
        "server/discover" => Some(Era::Modern),
        _ => settled.map(Revision::era),
    }
}

/// What the gateway alone says of a request.
fn is_stamped(key: &str) -> bool {
    key.starts_with("io.modelcontextprotocol/")
        || key.starts_with(META_PREFIX)
        || key == "progressToken"
}

/// Sets what an upstream needs to know of a request, and takes out what was the caller's alone.
/// `token` becomes the progress token if the caller wants progress.
pub(super) fn stamp(params: &mut Object, era: Option<Era>, relay: Option<&Relay>, token: i64) {
    let wants_progress = relay.is_some_and(|relay| relay.wants_progress());
    let modern = era == Some(Era::Modern);
    let reference = relay.and_then(Relay::reference);
    if !modern && !wants_progress && reference.is_none() && params.get("_meta").is_none() {
        return;
    }
    let meta = params.object_mut("_meta");
    meta.retain(|key| !is_stamped(key));
    if let Some(reference) = reference {
        meta.insert(META_REFERENCE, reference);
    }
    if wants_progress {
        meta.insert("progressToken", token);
    }
    if modern {
        meta.insert(META_VERSION, Revision::R2026_07_28.name());
        meta.insert(META_CLIENT, client_info());
        let capabilities = relay.map_or_else(Object::new, Relay::offered);
        meta.insert(META_CAPABILITIES, capabilities);
        if let Some(level) = relay.and_then(|relay| relay.log_level()) {
            meta.insert(META_LOG_LEVEL, level);
        }
    }
    if meta.is_empty() {
        params.remove("_meta");
    }
}
