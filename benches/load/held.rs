//! Many calls held at once, each on a plain HTTP/1.1 connection of its own, and what each of them keeps resident.

use std::time::Duration;

use anyhow::Context;

use crate::{
    arguments::{HeldSetting, Setting},
    bartizan::{self, Gateway, Reach},
    caller,
    endpoint::{Endpoint, open_session},
    process::{self, Usage},
    record::mebibytes,
    request::{CallRequest, Envelope, Era, SHORTEST, Tool, filler},
    terminal,
    upstream::{self, Upstream},
    wire::Connection,
};

/// KiB that a held call may keep resident.
const LIMIT: f64 = 20.0;
/// Principals over which held calls are spread, unless the command line says otherwise.
const PRINCIPALS: usize = 100;
/// Calls opened before the first look, so that what is made once is not counted for each call.
const FIRST: usize = 100;

/// The configuration that makes the tool wait for a person.
pub(crate) fn hold(tool: &str) -> String {
    format!("[upstreams.{{upstream}}.tools.{tool}]\nhold = true\n")
}

/// Opens the calls and prints the resident memory per call, for each variant and era.
pub(crate) async fn run(setting: &Setting, held: &HeldSetting) -> anyhow::Result<()> {
    let (binary, upstream) = (bartizan::binary(setting)?, Upstream::parse(&setting.upstream)?);
    for (variant, extra) in bartizan::variants(setting)? {
        for &era in &setting.era {
            let server = upstream.start("held-server").await?;
            let url = server.as_ref().map(|(_, endpoint)| endpoint.url());
            let reach = url.map_or_else(|| Reach::Command(upstream.command()), Reach::Url);
            let extra = format!("{extra}\n{}", hold("echo"));
            let upstreams = vec![(upstream::NAME.to_owned(), reach)];
            let (binary, label) = (binary.clone(), "held".to_owned());
            let (party, endpoint) = Gateway { binary, label, upstreams, extra }.start().await?;
            let tool = endpoint.echo(era).await?;
            let usage = || process::usage(&[party.root()])[0];
            let line = measure(setting, held, &endpoint, (era, &tool), usage).await?;
            terminal::line(format!("held {variant} {}: {line}", era.name()));
        }
    }
    Ok(())
}

async fn measure(
    setting: &Setting,
    held: &HeldSetting,
    endpoint: &Endpoint,
    (era, tool): (Era, &Tool),
    usage: impl Fn() -> Usage,
) -> anyhow::Result<String> {
    let principals = setting.principals.unwrap_or(PRINCIPALS);
    let settle = Duration::from_secs_f64(held.settle);
    let mut calls = Held::new(endpoint, era, principals, tool).await?;
    calls.open(FIRST.min(held.count)).await?;
    tokio::time::sleep(settle).await;
    let before = usage();
    let rest = held.count.saturating_sub(FIRST);
    calls.open(rest).await?;
    tokio::time::sleep(settle).await;
    let after = usage();
    let answered = calls.answered();
    anyhow::ensure!(answered == 0, "{answered} of {} calls were answered, not held", held.count);
    let grown = after.resident.saturating_sub(before.resident);
    let each = mebibytes(grown) * 1024.0 / crate::generator::count(rest.max(1));
    let verdict = if each <= LIMIT { "met" } else { "missed" };
    Ok(format!(
        "{} calls ({} streams open), {each:.1} KiB resident each, at most {LIMIT}: {verdict} \
         ({:.1} MiB in all, {:.1} before)",
        held.count,
        calls.begun(),
        mebibytes(after.resident),
        mebibytes(before.resident)
    ))
}

/// Calls that were sent and wait; dropping them closes their connections.
#[derive(Debug)]
pub(crate) struct Held {
    address: std::net::SocketAddr,
    /// A request for each principal, within its session.
    requests: Vec<CallRequest>,
    /// The connections that opened the sessions.
    _sessions: Vec<(Connection, Envelope)>,
    waiting: Vec<Connection>,
}

impl Held {
    /// Opens a session for each principal, and no call yet.
    pub(crate) async fn new(
        endpoint: &Endpoint,
        era: Era,
        principals: usize,
        tool: &Tool,
    ) -> anyhow::Result<Self> {
        let text = filler(200 - SHORTEST);
        let (mut requests, mut sessions) = (Vec::new(), Vec::new());
        for principal in 0..principals.max(1) {
            let mut connection = Connection::open(endpoint.address).await?;
            let mut envelope = endpoint.envelope(era, principal);
            open_session(&mut connection, &mut envelope).await?;
            // With a progress token the gateway may keep the stream open for as long as it sends progress.
            requests.push(envelope.call(tool, &text, true));
            sessions.push((connection, envelope));
        }
        let address = endpoint.address;
        Ok(Self { address, requests, _sessions: sessions, waiting: Vec::new() })
    }

    /// Sends so many more calls and waits for no answer.
    pub(crate) async fn open(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            let index = self.waiting.len() % self.requests.len();
            let mut connection = Connection::open(self.address)
                .await
                .with_context(|| format!("after {} held calls", self.waiting.len()))?;
            connection.send(self.requests[index].with_id(caller::next_id())).await?;
            self.waiting.push(connection);
        }
        Ok(())
    }

    /// How many of them have been answered to the end.
    pub(crate) fn answered(&mut self) -> usize {
        self.waiting.iter_mut().map(|connection| usize::from(connection.is_answered())).sum()
    }
    /// How many responses had begun when `answered` looked last: the others may not even have been read.
    fn begun(&self) -> usize {
        self.waiting.iter().map(|connection| usize::from(connection.has_begun())).sum()
    }
}
