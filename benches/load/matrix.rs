//! The whole matrix: every target up at once, each place measured on all of them in turn, so that what is compared
//! was measured seconds apart.

use crate::{
    arguments::Setting,
    calibration::Calibration,
    cell,
    record::{self, Figures, Place, Record},
    report, table,
    target::{Plan, Target},
    terminal,
    upstream::Upstream,
    verdict,
};

/// Measures, prints and judges. A wrong answer anywhere is an error in the end.
pub(crate) async fn run(setting: &Setting) -> anyhow::Result<()> {
    let Some((upstream, setting)) = &upstream(setting)? else { return Ok(()) };
    let plans = Plan::all(setting)?;
    let mut records = Vec::new();
    let mut calibrations = Vec::new();
    for run in 1..=setting.runs {
        calibrate(&mut calibrations, &format!("before run {run}"));
        once(setting, run, &plans, upstream, &mut records).await?;
        calibrate(&mut calibrations, &format!("after run {run}"));
    }
    record::compare(&mut records);
    let summary = record::summarise(&records);
    table::print(setting, &summary);
    let verdicts = verdict::judge(&summary);
    verdict::print(&verdicts);
    if let Some(file) = &setting.json {
        report::write(file, setting, &calibrations, &records, &summary, &verdicts)?;
    }
    let failed = summary.iter().filter(|(_, figures)| figures.is_err()).count();
    anyhow::ensure!(failed == 0, "{failed} places failed");
    Ok(())
}

/// The upstream, and the setting that names it. A quick run makes do with the fixture, or with nothing.
fn upstream(setting: &Setting) -> anyhow::Result<Option<(Upstream, Setting)>> {
    let mut setting = setting.clone();
    let error = match Upstream::parse(&setting.upstream) {
        Ok(upstream) => return Ok(Some((upstream, setting))),
        Err(error) if setting.quick => error,
        Err(error) => return Err(error),
    };
    terminal::line(format!("{}: skipped: {error}", setting.upstream));
    "fixture".clone_into(&mut setting.upstream);
    match Upstream::parse(&setting.upstream) {
        Ok(upstream) => Ok(Some((upstream, setting))),
        Err(error) => {
            terminal::line(format!("fixture: skipped: {error}"));
            Ok(None)
        }
    }
}

fn calibrate(calibrations: &mut Vec<Calibration>, when: &str) {
    let calibration = Calibration::take();
    terminal::line(calibration.line(when));
    calibrations.push(calibration);
}

async fn once(
    setting: &Setting,
    run: usize,
    plans: &[Plan],
    upstream: &Upstream,
    records: &mut Vec<Record>,
) -> anyhow::Result<()> {
    let mut targets = Vec::new();
    for plan in plans {
        let target = plan.start(upstream, &setting.era).await?;
        cell::warm(setting, &target).await;
        targets.push(target);
    }
    for place in places(setting, &targets) {
        let Some(target) = targets.iter().find(|target| target.name == place.target) else {
            continue;
        };
        let tally = cell::measure(setting, target, &place).await;
        let figures = tally.map(|tally| Figures::new(&tally)).map_err(|error| format!("{error:#}"));
        let told = match &figures {
            Ok(figures) => format!("{:.0} calls/s", figures.rate),
            Err(error) => format!("FAILED: {error}"),
        };
        let Place { payload, concurrency, era, target } = &place;
        terminal::progress(format!(
            "run {run}: {target}, {}, {payload} B, {concurrency} at once: {told}",
            era.name()
        ));
        records.push(Record { run, place, figures });
    }
    Ok(())
}

/// Every place, payloads rising, so that what large ones leave resident does not show in small ones' figures.
fn places(setting: &Setting, targets: &[Target]) -> Vec<Place> {
    let mut places = Vec::new();
    for &payload in &setting.payload {
        for &concurrency in &setting.concurrency {
            for target in targets {
                for (era, _) in &target.eras {
                    let target = target.name.clone();
                    places.push(Place { payload, concurrency, era: *era, target });
                }
            }
        }
    }
    places
}
