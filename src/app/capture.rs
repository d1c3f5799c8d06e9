//! What is kept of calls, while the gateway runs: opened, deleted in time, and owned up to where it
//! could not be kept.

use std::{path::Path, sync::Arc};

use super::Parts;
use crate::{
    audit,
    capture::{Settings, Tape, Vault, tape},
    config::Config,
};

/// Deletes what was kept long enough, and puts on the record what could not be kept.
pub(super) async fn tidy(parts: &Parts) {
    let gateway = &parts.gateway;
    if let Err(error) = gateway.withheld.tidy().await {
        tracing::error!(%error, "Withheld results could not be expired.");
    }
    let settings = parts.config.load().file.capture;
    let pruned = tape::prune(parts.store.folder(), settings, crate::ids::now_ms());
    if let Err(error) = pruned {
        tracing::error!(%error, "Captured content could not be deleted.");
    }
    let dropped = gateway.tape.load().as_ref().map_or(0, |tape| tape.take_dropped());
    if dropped == 0 {
        return;
    }
    gateway.metrics.captures_dropped(dropped);
    let recorded = gateway.record_event("capture.dropped", &dropped.to_string(), "gateway").await;
    if let Err(error) = recorded {
        tracing::error!(%error, dropped, "Captured content was dropped, and no record says so.");
    }
}

/// The tape for content, where the operator asks for it.
pub(super) fn open(
    folder: &Path,
    vault: &Arc<Vault>,
    settings: Settings,
) -> std::io::Result<Option<Arc<Tape>>> {
    let open = || Tape::open(folder, Arc::clone(vault), settings).map(Arc::new);
    settings.content.then(open).transpose()
}

/// Makes the indexes by which `why` finds one request in a long record.
pub(super) fn index(parts: &Parts) {
    let folder = super::audit_folder(&parts.config.load());
    tokio::task::spawn_blocking(move || {
        if let Err(error) = audit::index(&folder) {
            tracing::warn!(%error, "The record could not be indexed; `why` takes longer.");
        }
    });
}

/// Another tape, if the settings of what is kept changed.
pub(super) fn changed(
    parts: &Parts,
    old: &Config,
    new: &Config,
) -> std::io::Result<Option<Option<Arc<Tape>>>> {
    if old.file.capture == new.file.capture {
        return Ok(None);
    }
    let folder = parts.store.folder();
    let vault = Arc::new(Vault::in_folder(folder)?);
    open(folder, &vault, new.file.capture).map(Some)
}
