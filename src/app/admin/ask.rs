//! The other end of the socket: what commands ask the running gateway.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use anyhow::Context as _;
use serde_json::Value;

use super::{ADMIN_SOCKET, AdminRequest};

const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends one request to the gateway whose data folder this is, and waits for its answer.
///
/// # Errors
/// No gateway answers there, or it refuses, with its reason.
pub fn ask(folder: &Path, request: &AdminRequest) -> anyhow::Result<Value> {
    let path = folder.join(ADMIN_SOCKET);
    let stream = UnixStream::connect(&path)
        .with_context(|| format!("no gateway answers at `{}`; is it running?", path.display()))?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    let mut writer = stream.try_clone()?;
    serde_json::to_writer(&mut writer, request)?;
    writer.write_all(b"\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let mut answer: Value =
        serde_json::from_str(&line).context("the gateway's answer is broken")?;
    match answer.get("error").and_then(Value::as_str) {
        Some(what) => anyhow::bail!("{what}"),
        None => Ok(answer["ok"].take()),
    }
}
