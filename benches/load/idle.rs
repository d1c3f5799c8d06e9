//! What the gateway keeps resident when it has started and serves nobody.

use std::time::Duration;

use anyhow::Context;

use crate::{
    arguments::Setting,
    bartizan::{self, Gateway, Reach},
    process,
    record::{mebibytes, median},
    terminal,
    upstream::{self, Upstream},
};

/// MiB that may be resident.
const LIMIT: f64 = 40.0;
/// What start-up left running gets so long to settle.
const SETTLE: Duration = Duration::from_secs(3);

/// Starts each variant as often as there are runs and prints the median.
pub(crate) async fn run(setting: &Setting) -> anyhow::Result<()> {
    let (binary, upstream) = (bartizan::binary(setting)?, Upstream::parse(&setting.upstream)?);
    for (variant, extra) in bartizan::variants(setting)? {
        let mut resident = Vec::new();
        let mut peak = Vec::new();
        for _ in 0..setting.runs {
            let server = upstream.start("idle-server").await?;
            let url = server.as_ref().map(|(_, endpoint)| endpoint.url());
            let reach = url.map_or_else(|| Reach::Command(upstream.command()), Reach::Url);
            let upstreams = vec![(upstream::NAME.to_owned(), reach)];
            let (binary, extra) = (binary.clone(), extra.clone());
            let gateway = Gateway { binary, label: "idle".to_owned(), upstreams, extra };
            let (party, _) = gateway.start().await.context("the gateway does not start")?;
            tokio::time::sleep(SETTLE).await;
            let [usage, _] = process::usage(&[party.root()]);
            resident.push(mebibytes(usage.resident));
            peak.push(mebibytes(usage.peak));
        }
        let (resident, peak) = (median(resident), median(peak));
        let verdict = if resident <= LIMIT { "met" } else { "missed" };
        terminal::line(format!(
            "idle {variant}: {resident:.1} MiB resident (peak {peak:.1}), at most {LIMIT}: {verdict}"
        ));
    }
    Ok(())
}
