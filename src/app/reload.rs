//! Taking over a changed configuration without dropping a request. A bad one changes nothing.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::{config::Config, limits::Limiter};

/// How often files are looked at for changes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Reloads on SIGHUP and when a file changed, until `stop`.
pub(super) async fn follow(parts: Arc<Parts>, stop: CancellationToken) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let mut seen = stamp(&parts.config.load());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hangup.recv() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {
                if stamp(&parts.config.load()) == seen {
                    continue;
                }
            }
        }
        match now(&parts).await {
            Ok(()) => tracing::info!("The configuration was reloaded."),
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "The new configuration is not used; the last good one stays in force."
            ),
        }
        seen = stamp(&parts.config.load());
    }
}

/// Everything is read and checked before anything is replaced.
pub(super) async fn now(parts: &Parts) -> anyhow::Result<()> {
    let old = parts.config.load_full();
    if !old.path.exists() {
        anyhow::bail!("`{}` is gone", old.path.display());
    }
    let config = Config::load(&old.path)?;
    let policies = super::policies(&config, parts.options)?;
    let candidate = super::candidate(&config)?;
    let firewall = super::rules::firewall(&config)?;
    let _keeping = parts.keeping.lock().await;
    let before = Arc::clone(&parts.gateway.firewall.load().lifecycle);
    let settled = super::rules::stages::settle(firewall, &config, &parts.store, Some(&before));
    let (old_firewall, options) = (parts.gateway.firewall.load_full(), parts.options);
    let running = old_firewall.classifier.as_ref();
    let settled = super::classifier::settle(settled.await?, &config, options, running);
    let firewall = Arc::new(settled.await?);
    let flow = super::rules::flow(&config)?;
    let tape = super::capture::changed(parts, &old, &config)?;
    let limits = config.file.limits.calls();
    let changed_limits = format!("{limits:?}") != format!("{:?}", old.file.limits.calls());
    let problems = parts.reconcile(&config);
    if let Some(problem) = problems.first() {
        anyhow::bail!("{problem}");
    }
    parts.gateway.approvals.set_waits(config.file.approvals.waits);
    parts.gateway.marks.store(Arc::new(config.marks()));
    if let Some(tape) = tape {
        parts.gateway.tape.store(tape);
    }
    parts.gateway.withheld.set(config.file.capture);
    let known = super::notices(&old, options, &old_firewall);
    let now = super::notices(&config, options, &firewall);
    for notice in now.iter().filter(|notice| !known.contains(notice)) {
        tracing::warn!("Take note: {notice}.");
    }
    parts.config.store(Arc::new(config));
    parts.gateway.policies.store(Arc::new(policies));
    parts.gateway.candidate.store(candidate);
    if changed_limits {
        parts.gateway.limiter.store(Arc::new(Limiter::new(limits)));
    }
    parts.gateway.runs.set_rules(flow);
    parts.gateway.firewall.store(Arc::clone(&firewall));
    parts.keeper.firewall.store(firewall);
    parts.upstreams.rebuild(None).await;
    Ok(())
}

/// When the files of a configuration were last written.
fn stamp(config: &Config) -> Vec<(PathBuf, Option<SystemTime>)> {
    let modified = |path: PathBuf| {
        let time = std::fs::metadata(&path).and_then(|it| it.modified()).ok();
        (path, time)
    };
    let mut paths = vec![config.path.clone()];
    let file = &config.file;
    let folders = [
        &file.access.policies,
        &file.policy.candidate,
        &file.firewall.rules,
        &file.firewall.exclusions,
        &file.flow.rules,
    ];
    for folder in folders.into_iter().flatten() {
        let folder = config.resolve(folder);
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        paths.extend(entries.map(|entry| entry.path()));
        paths.push(folder);
    }
    if config.file.firewall.bundle.is_some() {
        paths.push(crate::bundle::Kept::under(&config.data_dir()).path().to_owned());
    }
    paths.sort();
    paths.into_iter().map(modified).collect()
}
