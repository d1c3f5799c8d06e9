//! What a call costs the gateway as it has more to know: upstreams and their tools, policies, held calls. The
//! fixture is the upstream of all, over HTTP, since it costs least itself.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::bail;

use crate::{
    arguments::{CurvesSetting, Setting},
    bartizan::{self, Gateway, Reach},
    calibration::Calibration,
    endpoint::Endpoint,
    generator::{self, Load},
    held::Held,
    party, process,
    record::{Figures, medians},
    request::{Era, Tool},
    terminal,
    upstream::Upstream,
};

/// Callers at once on every point.
const CONCURRENCY: usize = 32;
/// Bytes of text in each call.
const PAYLOAD: usize = 200;
/// Principals that hold calls beside those that call.
const HOLDERS: usize = 100;

/// One point of a curve: what is configured, and how many calls are held meanwhile.
struct Point {
    upstreams: usize,
    extra: String,
    held: usize,
    /// Whether the last upstream's tool is held; the first one's is then called.
    holds: bool,
}

/// Draws the curves that were asked for, for each variant of the configuration.
pub(crate) async fn run(setting: &Setting, curves: &CurvesSetting) -> anyhow::Result<()> {
    let binary = bartizan::binary(setting)?;
    let fixture = Upstream::parse("fixture")?;
    terminal::line(Calibration::take().line("before the curves"));
    for (variant, extra) in bartizan::variants(setting)? {
        for curve in &curves.curve {
            let counts = match curve.as_str() {
                "upstreams" => &curves.upstreams,
                "policies" => &curves.policies,
                "held" => &curves.held,
                other => bail!("`{other}` is no curve: give upstreams, policies or held"),
            };
            for &count in counts {
                let point = point(curve, count, &extra)?;
                let line = median_line(setting, &binary, &fixture, &point).await?;
                terminal::line(format!("{curve} {variant} {count:>6}: {line}"));
            }
        }
    }
    terminal::line(Calibration::take().line("after the curves"));
    Ok(())
}

async fn median_line(
    setting: &Setting,
    binary: &Path,
    fixture: &Upstream,
    point: &Point,
) -> anyhow::Result<String> {
    let (mut all, mut tools) = (Vec::new(), 0);
    for _ in 0..setting.runs {
        let (figures, seen) = measure(setting, binary, fixture, point).await?;
        all.push(figures);
        tools = seen;
    }
    let Figures { rate, cpu, resident, .. } = medians(&all);
    Ok(format!(
        "{tools:>5} tools, {:7.1} µs gateway CPU a call, {rate:6.0} calls/s, {:.1} MiB, generator {:.1} µs",
        cpu[0], resident[0], cpu[2]
    ))
}

fn point(curve: &str, count: usize, extra: &str) -> anyhow::Result<Point> {
    let mut point = Point { upstreams: 1, extra: extra.to_owned(), held: 0, holds: false };
    match curve {
        "upstreams" => point.upstreams = count,
        "policies" => {
            let folder = policies(count)?;
            point.extra += &format!("\n[access]\npolicies = {:?}\n", folder.display().to_string());
        }
        _ => {
            (point.held, point.holds) = (count, true);
            // The second upstream's tool is held and the first one's is called.
            point.upstreams = 2;
            point.extra += "\n[upstreams.peer1.tools.echo]\nhold = true\n";
        }
    }
    Ok(point)
}

/// A folder with one policy that permits everything and others that speak about other tools.
fn policies(count: usize) -> anyhow::Result<PathBuf> {
    let folder = party::folder(&format!("policies-{count}"))?;
    let mut text = "@id(\"load.all\")\npermit (principal, action, resource);\n".to_owned();
    for index in 1..count {
        text += &format!(
            "\n@id(\"load.other-{index}\")\nforbid (principal, action == Action::\"call\", \
             resource == Tool::\"other/tool-{index}\")\nwhen {{ context.hour < {} }};\n",
            index % 24
        );
    }
    fs::write(folder.join("load.cedar"), text)?;
    Ok(folder)
}

/// The gateway's figures at one point, and the number of tools it offered.
async fn measure(
    setting: &Setting,
    binary: &Path,
    fixture: &Upstream,
    point: &Point,
) -> anyhow::Result<(Figures, usize)> {
    let Some((_server, served)) = fixture.start("curves-server").await? else {
        bail!("the fixture serves HTTP")
    };
    let upstreams = (0..point.upstreams)
        .map(|index| (format!("peer{index}"), Reach::Url(served.url())))
        .collect();
    let label = "curves".to_owned();
    let gateway =
        Gateway { binary: binary.to_owned(), label, upstreams, extra: point.extra.clone() };
    let (party, endpoint) = gateway.start().await?;
    let era = setting.era.first().copied().unwrap_or(Era::Legacy);
    let tools = endpoint.tools(era).await?;
    let echoes: Vec<&Tool> = tools.iter().filter(|tool| tool.name.ends_with("echo")).collect();
    let (Some(first), Some(last)) = (echoes.first(), echoes.last()) else {
        bail!("no tool whose name ends with `echo`")
    };
    let mut waiting = hold(&endpoint, era, last, point.held).await?;
    let called = if point.holds { first } else { last };
    let load = Load {
        era,
        concurrency: CONCURRENCY,
        payload: PAYLOAD,
        duration: Duration::from_secs_f64(setting.seconds),
        principals: setting.principals.unwrap_or(CONCURRENCY),
    };
    let watch = || process::usage(&[party.root()]).to_vec();
    let tally = generator::drive(&endpoint, called, &load, watch).await?;
    let answered = waiting.as_mut().map_or(0, Held::answered);
    anyhow::ensure!(answered == 0, "{answered} of {} calls were answered, not held", point.held);
    Ok((Figures::new(&tally), tools.len()))
}

/// Holds so many calls of the tool.
async fn hold(
    endpoint: &Endpoint,
    era: Era,
    tool: &Tool,
    count: usize,
) -> anyhow::Result<Option<Held>> {
    if count == 0 {
        return Ok(None);
    }
    let mut held = Held::new(endpoint, era, HOLDERS, tool).await?;
    held.open(count).await?;
    Ok(Some(held))
}
