//! The load: so many callers at once for so long, first unmeasured, then measured.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio::task::JoinSet;

use crate::{
    caller::Caller,
    endpoint::Endpoint,
    process::{self, Usage},
    request::{Era, SHORTEST, Tool, filler},
};

/// How long after its deadline a phase may still wait for its last answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// One load on one endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) era: Era,
    pub(crate) concurrency: usize,
    /// Bytes of text in a call.
    pub(crate) payload: usize,
    pub(crate) duration: Duration,
    /// Principals to spread the callers over.
    pub(crate) principals: usize,
}

/// What a load showed.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    pub(crate) calls: usize,
    /// From the first call sent to the last answer.
    pub(crate) elapsed: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Calls that were sent again because a connection broke before it answered.
    pub(crate) sent_again: usize,
    /// Processor time of the generator itself.
    pub(crate) generator: Duration,
    /// Usage of the watched process trees before and after, in the order they were given.
    pub(crate) usage: Vec<(Usage, Usage)>,
}

impl Tally {
    /// Calls a second.
    pub(crate) fn rate(&self) -> f64 {
        count(self.calls) / self.elapsed.as_secs_f64()
    }

    /// Microseconds per call of so much processor time.
    pub(crate) fn per_call(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / count(self.calls.max(1))
    }
}

/// A count as a number to calculate with.
pub(crate) fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Puts the load on the endpoint and watches what `watch` reads before and after.
pub(crate) async fn drive(
    endpoint: &Endpoint,
    tool: &Tool,
    load: &Load,
    watch: impl Fn() -> Vec<Usage>,
) -> anyhow::Result<Tally> {
    let text: Arc<str> = filler(load.payload.saturating_sub(SHORTEST)).into();
    let mut callers = Vec::with_capacity(load.concurrency);
    for index in 0..load.concurrency {
        let principal = index % load.principals.max(1);
        let caller = Caller::open(endpoint, load.era, principal, tool, Arc::clone(&text)).await;
        callers.push(caller.with_context(|| format!("caller {index} cannot begin"))?);
    }
    let (mut callers, _) = phase(callers, load.duration / 5).await?;
    for caller in &mut callers {
        caller.latencies.clear();
        caller.sent_again = 0;
    }
    let (before, own) = (watch(), process::own_cpu());
    let (callers, elapsed) = phase(callers, load.duration).await?;
    let generator = process::own_cpu().saturating_sub(own);
    let usage = before.into_iter().zip(watch()).collect();
    let (mut latencies, mut sent_again) = (Vec::new(), 0);
    for mut caller in callers {
        latencies.append(&mut caller.latencies);
        sent_again += caller.sent_again;
        caller.close().await;
    }
    latencies.sort_unstable();
    let at = |hundredths: usize| {
        let index = (latencies.len() * hundredths / 100).min(latencies.len().saturating_sub(1));
        Duration::from_nanos(latencies.get(index).copied().unwrap_or_default())
    };
    let (p50, p99) = (at(50), at(99));
    Ok(Tally { calls: latencies.len(), elapsed, p50, p99, sent_again, generator, usage })
}

/// Lets all callers call for so long; returns them and the time until the last answer.
async fn phase(
    callers: Vec<Caller>,
    duration: Duration,
) -> anyhow::Result<(Vec<Caller>, Duration)> {
    let mut tasks = JoinSet::new();
    let (started, total) = (Instant::now(), callers.len());
    let deadline = started + duration;
    for mut caller in callers {
        tasks.spawn(async move {
            caller.call_until(deadline).await?;
            anyhow::Ok(caller)
        });
    }
    let mut callers = Vec::with_capacity(total);
    let all = async {
        while let Some(done) = tasks.join_next().await {
            callers.push(done.context("a caller stopped")??);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(duration + PATIENCE, all).await.context("answers are missing")??;
    Ok((callers, started.elapsed()))
}
