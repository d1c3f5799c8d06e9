//! The gateway of one user: clients that were wrapped attach here, each with its own tool server,
//! sharing one store, one record and one set of approvals.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt as _, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Parts, Purpose, admin};
use crate::{
    catalog::Scope,
    config::Config,
    exchange::Line,
    identity::{Principal, Proof},
    ids,
    mcp::{ClientInfo, Message, Request, Response, RpcError},
    relay::{Relay, Steps, Witness},
    transport::{
        ingress::{self, From, ModernMeta},
        lines::Lines,
    },
    upstream::{
        Settings, State, Transport,
        child::Launch,
        client::{Target, TokenSource},
        error::UpstreamError,
        oauth,
        route::Route,
    },
};

/// The socket's name in the data folder.
pub const WRAP_SOCKET: &str = "wrap.sock";

/// Clients that are attached now.
#[derive(Debug, Default)]
struct Attached {
    count: AtomicUsize,
    left: Notify,
}

/// One of them; dropping it says that it left.
struct Seat(Arc<Attached>);

impl Attached {
    fn seat(self: &Arc<Self>) -> Seat {
        self.count.fetch_add(1, Ordering::AcqRel);
        Seat(Arc::clone(self))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
        self.0.left.notify_one();
    }
}

/// What a wrapped client says first.
#[derive(Clone, Deserialize, Serialize)]
pub struct Hello {
    /// The upstream's name; by default the program's.
    pub server: Option<String>,
    pub command: Vec<String>,
    /// The environment the client gave; it may hold secrets.
    pub env: BTreeMap<String, String>,
    pub cwd: Option<PathBuf>,
    /// The process behind the wrap: a run begins with it.
    pub process: u32,
}

impl std::fmt::Debug for Hello {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Hello").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Bytes of the first line, environment included.
const HELLO_BYTES_MAX: u64 = 1 << 20;

/// Opens the socket and serves wrapped clients until `stop`.
pub(super) fn listen(
    parts: &Arc<Parts>,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<()> {
    let listener = admin::bind(&parts.store.folder().join(WRAP_SOCKET))?;
    let (parts, stop) = (Arc::clone(parts), stop.clone());
    let attached = Arc::new(Attached::default());
    // `serve` has callers over HTTP besides and ends when it is told to.
    let may_end = parts.options.purpose == Purpose::Local;
    tasks.spawn(async move {
        loop {
            let idle = may_end && attached.count.load(Ordering::Acquire) == 0;
            let end = Duration::from_secs(parts.config.load().file.limits.local_idle_s.into());
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                // The last one may have left: only then does the clock begin.
                () = attached.left.notified() => continue,
                () = tokio::time::sleep(end), if idle => {
                    tracing::info!("Nobody is attached; the local gateway ends.");
                    stop.cancel();
                    return;
                }
                () = stop.cancelled() => return,
            };
            let Ok((stream, _)) = accepted else { continue };
            if !admin::is_ours(&stream) {
                continue;
            }
            let (parts, seat) = (Arc::clone(&parts), attached.seat());
            tokio::spawn(async move {
                if let Err(error) = attach(&parts, stream).await {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "A wrapped client was not served."
                    );
                }
                drop(seat);
            });
        }
    });
    Ok(())
}

async fn attach(parts: &Arc<Parts>, stream: UnixStream) -> anyhow::Result<()> {
    let (reader, writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    if reader.fill_buf().await?.is_empty() {
        // Somebody only asked whether anybody listens.
        return Ok(());
    }
    let hello: Hello = serde_json::from_slice(&first_line(&mut reader, HELLO_BYTES_MAX).await?)?;
    // The client's first message says what it can be asked, which its server must know at start.
    let limits = parts.config.load().file.limits.message();
    let bytes_max = u64::try_from(limits.bytes_max)?;
    let first = first_line(&mut reader, bytes_max).await?;
    let client = stated_client(&first, &limits);
    let name = name_of(&hello);
    let (line, events) = Line::open(None, Some("info".to_owned()));
    let principal = Arc::new(principal(&hello));
    let home = client.map(|client| {
        let firewall = parts.gateway.firewall.load_full();
        let witness = Witness {
            journal: Arc::clone(&parts.gateway.journal),
            principal: Arc::clone(&principal),
            client: client.name.clone(),
            session: Some(ids::session().into()),
            upstream: name.as_str().into(),
            target: String::new(),
            request: ids::request_ref(),
            steps: Steps::default(),
        };
        Arc::new(Relay::new(line, Arc::new(client), firewall, witness))
    });
    let settings = settings(parts, &name, &hello)?;
    let (upstream, stop) = parts.upstreams.start_private(&name, settings, home);
    let _ends = stop.clone().drop_guard();
    upstream.attempted().await;
    if let State::Down { why } = &*upstream.state() {
        return refuse(&first, &limits, why, writer).await;
    }
    let scope = Scope::Upstream(Arc::clone(&upstream.endpoint));
    let from = From { principal, scope, source: None };
    let lines = Lines::new(Arc::clone(&parts.gateway), Arc::clone(&parts.parked), from, limits);
    lines.adopt(events);
    let replayed = std::io::Cursor::new(first).chain(reader);
    lines.serve(replayed, writer).await;
    Ok(())
}

/// Answers a client whose server did not start, as the server itself would have: with an end.
async fn refuse(
    first: &[u8],
    limits: &crate::mcp::json::Limits,
    why: &UpstreamError,
    mut writer: OwnedWriteHalf,
) -> anyhow::Result<()> {
    if let Ok(Message::Request(request)) = Message::parse(first.trim_ascii(), limits) {
        let error = RpcError::new(RpcError::INTERNAL, format!("The tool server is down: {why}"));
        let mut bytes =
            Message::Response(Response { id: request.id, outcome: Err(error) }).to_bytes();
        bytes.push(b'\n');
        writer.write_all(&bytes).await?;
    }
    anyhow::bail!("{why}")
}

async fn first_line(
    reader: &mut BufReader<OwnedReadHalf>,
    bytes_max: u64,
) -> anyhow::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(bytes_max).read_until(b'\n', &mut line).await?;
    anyhow::ensure!(line.ends_with(b"\n"), "the first line is too long or the client left");
    Ok(line)
}

/// The legacy client behind an `initialize`; a modern one states itself on every request.
fn stated_client(first: &[u8], limits: &crate::mcp::json::Limits) -> Option<ClientInfo> {
    let Ok(Message::Request(request)) = Message::parse(first.trim_ascii(), limits) else {
        return None;
    };
    stated(&request)
}

fn stated(request: &Request) -> Option<ClientInfo> {
    if ingress::is_modern(&request.params, None) {
        return ModernMeta::read(&request.params).ok().map(|meta| meta.client);
    }
    let (info, capabilities) =
        (request.params.get("clientInfo"), request.params.get("capabilities"));
    Some(ClientInfo::new(info, capabilities))
}

/// `local:<uid>`, and the run that begins with the wrapping process.
fn principal(hello: &Hello) -> Principal {
    let uid = rustix::process::geteuid().as_raw();
    let mut principal = Principal::new(format!("local:{uid}"), Proof::Local);
    principal.run = Some(run_of(hello.process));
    principal
}

/// A process by its number and, where the system tells, when it started: numbers are used again, and
/// another process is another run.
fn run_of(process: u32) -> String {
    match started(process) {
        Some(started) => format!("wrap:{process}:{started}"),
        None => format!("wrap:{process}"),
    }
}

/// Clock ticks from the system's start to the process's (proc_pid_stat(5), field 22).
fn started(process: u32) -> Option<u64> {
    const FIELDS_BETWEEN: usize = 19;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it stands in brackets and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(FIELDS_BETWEEN)?.parse().ok()
}

/// A name for the server: as stated, or from its program.
fn name_of(hello: &Hello) -> String {
    const NAME_CHARS_MAX: usize = 32;
    let program = hello.command.first().map_or("server", String::as_str);
    // `npx -y @scope/name` and its like are named after the package.
    let package = hello.command.iter().skip(1).find(|word| !word.starts_with('-'));
    let runner = ["npx", "uvx", "bunx", "pipx", "node", "python", "python3"];
    let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let guessed = match package {
        Some(package) if runner.contains(&base(program).as_str()) => base(package),
        _ => base(program),
    };
    let stated = hello.server.clone().unwrap_or(guessed);
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = stated.chars().map(plain).take(NAME_CHARS_MAX).collect();
    let name = name.replace("__", "_");
    if name.is_empty() { "server".to_owned() } else { name }
}

fn settings(parts: &Parts, name: &str, hello: &Hello) -> anyhow::Result<Settings> {
    let config = parts.config.load();
    let mut settings = match config.file.upstreams.get(name) {
        Some(stated) if stated.is_reachable() => {
            let mut settings = config.upstream_settings(name).map_err(anyhow::Error::msg)?;
            if stated.auth.is_some() {
                attach_tokens(&config, name, &mut settings).map_err(anyhow::Error::msg)?;
            }
            settings
        }
        _ => Settings {
            transport: Transport::Stdio(Launch::default()),
            // Where it stands differs from project to project; what it is does not.
            route: Route::command(&hello.command, None),
            start_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(600),
            limits: config.file.limits.message(),
        },
    };
    if let Transport::Stdio(launch) = &mut settings.transport {
        if launch.command.is_empty() {
            launch.command.clone_from(&hello.command);
        }
        // What the client gave is what its server would have had; references come on top.
        let mut env = hello.env.clone();
        if let Some(stated) = config.file.upstreams.get(name) {
            for (key, value) in &stated.env {
                env.insert(key.clone(), value.reveal()?);
            }
        }
        launch.env = env;
        launch.env_allow.clear();
        launch.directory = launch.directory.take().or_else(|| hello.cwd.clone());
    }
    Ok(settings)
}

/// Lets an upstream carry the gateway's own tokens.
pub(super) fn attach_tokens(
    config: &Config,
    name: &str,
    settings: &mut Settings,
) -> Result<(), String> {
    let (Transport::Http(target) | Transport::Sse(target)) = &mut settings.transport else {
        return Err("`auth` needs a `url`".to_owned());
    };
    let oauth = oauth_target(config, name, target)?;
    let source = oauth::TokenSource::new(oauth).map_err(|error| error.to_string())?;
    target.tokens = Some(Arc::new(Tokens { source, given: parking_lot::Mutex::default() }));
    Ok(())
}

/// What OAuth needs to know of an upstream.
///
/// # Errors
/// The address is not a URL.
pub(crate) fn oauth_target(
    config: &Config,
    name: &str,
    target: &Target,
) -> Result<oauth::Target, String> {
    let url = target.uri.to_string().parse().map_err(|error| format!("`url`: {error}"))?;
    let stated = config.file.upstreams.get(name).and_then(|it| it.oauth.clone());
    Ok(oauth::Target {
        name: name.to_owned(),
        url,
        settings: stated.unwrap_or_default(),
        state_dir: config.data_dir(),
    })
}

/// The token last given, so that a refusal can name it.
#[derive(Debug)]
struct Tokens {
    source: Arc<oauth::TokenSource>,
    given: parking_lot::Mutex<Option<Arc<oauth::Revealed>>>,
}

#[async_trait::async_trait]
impl TokenSource for Tokens {
    async fn bearer(&self) -> Option<String> {
        match self.source.bearer().await {
            Ok(token) => {
                *self.given.lock() = Some(Arc::clone(&token));
                Some(token.expose().to_owned())
            }
            Err(error) => {
                tracing::debug!(%error, "No token for a tool server.");
                None
            }
        }
    }

    async fn reject(&self) {
        let given = self.given.lock().take();
        if let Some(token) = given {
            self.source.reject(&token).await;
        }
    }

    async fn look_again(&self) {
        self.source.look_again();
    }
}

#[cfg(test)]
mod tests {
    use super::run_of;

    #[test]
    fn a_number_that_is_used_again_is_another_run() {
        let mine = run_of(std::process::id());
        assert_eq!(mine, run_of(std::process::id()));
        if std::path::Path::new("/proc/self/stat").exists() {
            let (_, started) = mine.rsplit_once(':').expect("a start");
            let (_, first) = run_of(1)
                .rsplit_once(':')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .expect("a start");
            assert!(started.parse::<u64>().expect("ticks") > first.parse().expect("ticks"));
        }
    }
}
