//! One place of the matrix, measured once.

use std::time::Duration;

use anyhow::Context;

use crate::{
    arguments::Setting,
    generator::{self, Load, Tally, count},
    record::Place,
    target::Target,
    terminal,
};

/// Callers at once while a target warms up.
const WARMERS: usize = 32;

/// Puts the place's load on the target.
pub(crate) async fn measure(
    setting: &Setting,
    target: &Target,
    place: &Place,
) -> anyhow::Result<Tally> {
    let served = target.eras.iter().find(|(era, _)| *era == place.era);
    let (_, tool) = served.with_context(|| format!("{} is not served", place.era.name()))?;
    let load = Load {
        era: place.era,
        concurrency: place.concurrency,
        payload: place.payload,
        duration: Duration::from_secs_f64(setting.seconds),
        principals: setting.principals.unwrap_or(place.concurrency),
    };
    generator::drive(&target.endpoint, tool, &load, || target.usage()).await
}

/// Puts an unmeasured load on the target, in every era that it serves. What goes wrong shows in its cells.
pub(crate) async fn warm(setting: &Setting, target: &Target) {
    let each = Duration::from_secs_f64(setting.warm).div_f64(count(target.eras.len().max(1)));
    for (era, tool) in &target.eras {
        let (era, principals) = (*era, setting.principals.unwrap_or(WARMERS));
        let load = Load { era, concurrency: WARMERS, payload: 200, duration: each, principals };
        if let Err(error) = generator::drive(&target.endpoint, tool, &load, Vec::new).await {
            terminal::progress(format!("{}: warming failed: {error:#}", target.name));
        }
    }
}
