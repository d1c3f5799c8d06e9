//! Keeps stages and counts while the gateway runs: rules that fall, times that end, counts that must
//! outlive the process.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::stages::{self, BY_BREAKER, Origins, Said, placement, row_of};
use crate::{
    app::Parts,
    firewall::stage::{Placement, Stage},
    ids::now_ms,
    inspect::Firewall,
    store::rules::StageRow,
};

/// Between two times that counts are kept.
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// Follows the breaker and the clock until `stop`, and then keeps the counts.
pub(in crate::app) async fn follow(parts: Arc<Parts>, stop: CancellationToken) {
    let falling = Arc::clone(&parts.gateway.firewall.load().lifecycle.falling);
    loop {
        tokio::select! {
            rules = falling.next() => {
                for rule in rules {
                    if let Err(error) = fall(&parts, &rule).await {
                        tracing::error!(error = format!("{error:#}"), rule = %rule,
                            "A rule that stops too much could not be taken out of force.");
                    }
                }
            }
            () = tokio::time::sleep(KEEP_EVERY) => {
                keep_counts(&parts).await;
                if let Err(error) = end_times(&parts).await {
                    tracing::error!(error = format!("{error:#}"), "Stages could not be kept.");
                }
            }
            () = stop.cancelled() => return keep_counts(&parts).await,
        }
    }
}

async fn keep_counts(parts: &Parts) {
    let rows = parts.gateway.firewall.load().lifecycle.counts.rows();
    if let Err(error) = parts.store.keep_rule_counts(&rows).await {
        tracing::warn!(%error, "The counts of rules could not be kept.");
    }
}

/// Takes a rule out of force that stops too much.
async fn fall(parts: &Parts, id: &str) -> anyhow::Result<()> {
    let _keeping = parts.keeping.lock().await;
    let firewall = parts.gateway.firewall.load_full();
    let Some(rule) = firewall.rules.rule(id) else { return Ok(()) };
    let now = now_ms();
    if firewall.lifecycle.stages.of(id, now).0 < Stage::Canary {
        return Ok(());
    }
    let limits = firewall.lifecycle.breaker.limits();
    let reason = format!(
        "it stopped or edited more than {} % of the messages of {} servers within {} s",
        limits.percent_max, limits.servers_min, limits.window_s
    );
    let said = Said { by: BY_BREAKER, reason: &reason, at: now };
    let rows = parts.store.rule_stages().await?;
    let origins = Origins::of(&firewall.rules, &parts.config.load());
    let (shadow, counts) = (Placement::lasting(Stage::Shadow, 100), &firewall.lifecycle.counts);
    let row = row_of(rule, origins.get(rule), shadow, said, rows.get(id), counts);
    parts.gateway.record_event("rule-fell", &format!("{id}: {reason}"), BY_BREAKER).await?;
    parts.store.place_rules(&[row]).await?;
    stages::renew(parts).await?;
    tracing::error!(
        rule = id,
        reason,
        "A rule is no longer in force. It is recorded, and changes \
        nothing until a person promotes it."
    );
    Ok(())
}

/// Records what ended by itself, and lets it end in the store too.
async fn end_times(parts: &Parts) -> anyhow::Result<()> {
    let _keeping = parts.keeping.lock().await;
    let now = now_ms();
    let ended = |row: &StageRow| row.until.is_some_and(|until| until <= now);
    let rows = parts.store.rule_stages().await?.into_values().filter(ended);
    let mut lasting = Vec::new();
    for row in rows {
        let (stage, percent) = placement(&row).before;
        let what = format!("{} {} -> {}: its time is over", row.rule, row.stage, stage.name());
        parts.gateway.record_event("rule-time-over", &what, &row.by).await?;
        let since = row.until.unwrap_or(now);
        let stage = stage.name().to_owned();
        lasting.push(StageRow { stage, percent, since, until: None, ..row });
    }
    if !lasting.is_empty() {
        parts.store.place_rules(&lasting).await?;
        stages::renew(parts).await?;
    }
    Ok(())
}

/// What everybody should know of rules that do not act and of exclusions that ended.
pub(in crate::app) fn notices(firewall: &Firewall) -> Vec<String> {
    let (now, lifecycle) = (now_ms(), &firewall.lifecycle);
    let watched = firewall.rules.rules().filter(|rule| {
        matches!(lifecycle.stages.of(rule.id.get_ref(), now).0, Stage::Draft | Stage::Shadow)
    });
    let mut notices = Vec::new();
    let count = watched.count();
    if count > 0 {
        notices.push(format!("{count} rules do not act; see `bartizan rules status --watched`"));
    }
    let ended = lifecycle.exclusions.each().iter().filter(|it| it.ends <= now);
    notices.extend(ended.map(|it| {
        let (before, since) = lifecycle.counts.of_exclusion(&it.id);
        format!(
            "the exclusion `{}` of {} no longer applies (it silenced {before} findings, and would \
            have silenced {since} since)",
            it.id, it.document.owner
        )
    }));
    notices
}
