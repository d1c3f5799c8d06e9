//! The socket that people's commands reach the gateway through: JSON lines, one question and one
//! answer. It stands where agents' tools do not, and only for the gateway's own user or root.

mod answer;
mod ask;
mod findings;
mod proof;
mod rules;

use std::{path::Path, sync::Arc};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use ask::ask;
pub use findings::TriageState;
pub(crate) use findings::{triaged, withheld};
pub use proof::decision_text;
pub use rules::RulePlace;

use super::Parts;

/// The socket's name in the data folder.
pub const ADMIN_SOCKET: &str = "admin.sock";

/// What a command may ask.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum AdminRequest {
    Approvals {
        open: bool,
    },
    Approval {
        id: String,
    },
    Decide {
        id: String,
        approve: bool,
        by: String,
        note: Option<String>,
        /// Ed25519 over [`decision_text`], in hex.
        signature: Option<String>,
    },
    Pins {
        upstream: Option<String>,
    },
    AcceptPins {
        upstream: String,
        name: String,
        /// The digest of the definition that the person saw: no other is taken.
        seen: String,
        by: String,
        signature: Option<String>,
    },
    /// Runs that read something and go on.
    Runs,
    /// What they do next is another run, which has read nothing.
    EndRun {
        id: String,
        by: String,
        signature: Option<String>,
    },
    /// What is kept of a withheld result, sealed: whoever reads the key can open it.
    Withheld {
        reference: String,
    },
    /// Lets the same call have its withheld result, or (`show`) records that a person looks at it.
    Release {
        reference: String,
        show: bool,
        by: String,
        signature: Option<String>,
    },
    /// What people made of findings, the newest first; of one request or of all.
    Triaged {
        reference: Option<String>,
    },
    Triage {
        reference: String,
        /// Rules of the request's findings, or its refusal's code.
        rules: Vec<String>,
        state: TriageState,
        note: Option<String>,
        owner: Option<String>,
        by: String,
    },
    /// Where rules stand: one, or all.
    RuleStages {
        rule: Option<String>,
    },
    PlaceRule(RulePlace),
    Upstreams,
    /// The definitions of a server's tools, and which of them are classified.
    Tools {
        upstream: String,
    },
    /// How the gateway was started, and what it could not take over.
    Status,
    Reload,
}

/// Bytes of one question.
const REQUEST_BYTES_MAX: u64 = 64 << 10;

/// Opens the socket and answers on it until `stop`.
pub(super) fn listen(
    parts: &Arc<Parts>,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<()> {
    let listener = bind(&parts.store.folder().join(ADMIN_SOCKET))?;
    let (parts, stop) = (Arc::clone(parts), stop.clone());
    tasks.spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            if let Ok((stream, _)) = accepted
                && is_ours(&stream)
            {
                tokio::spawn(serve(Arc::clone(&parts), stream));
            }
        }
    });
    Ok(())
}

/// Binds a socket for the owner alone. The store's lock shows that nobody else uses it, so what
/// lies there is a leftover.
pub(super) fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    use anyhow::Context as _;
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace `{}`", path.display()));
        }
        _ => {}
    }
    let listener = UnixListener::bind(path).with_context(|| {
        format!("cannot open the socket `{}` (a path may have 107 bytes)", path.display())
    })?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Whether the kernel says that the other end is our own user, or root.
pub(super) fn is_ours(stream: &UnixStream) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == ours || peer.uid() == 0)
}

async fn serve(parts: Arc<Parts>, stream: UnixStream) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES_MAX));
    let mut line = String::new();
    if !matches!(reader.read_line(&mut line).await, Ok(1..)) {
        return;
    }
    let answered = match serde_json::from_str::<AdminRequest>(&line) {
        Ok(request) => answer::answer(&parts, request).await,
        Err(error) => Err(format!("not understood: {error}")),
    };
    let answer = match answered {
        Ok(value) => serde_json::json!({ "ok": value }),
        Err(what) => serde_json::json!({ "error": what }),
    };
    let written = writer.write_all(format!("{answer}\n").as_bytes()).await;
    if let Err(error) = written {
        tracing::debug!(%error, "A command left before its answer.");
    }
}
