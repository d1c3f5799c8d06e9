//! What `bartizan wrap` becomes once its gateway runs: a pipe between a client and a socket, in a
//! process image that has read no configuration and parsed no command line. Every client of a
//! desktop keeps one, so each page counts.

use std::{
    ffi::OsString,
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::Path,
    process::Command,
};

use super::{ExitCode, Ran};
use crate::app::Hello;

/// The word that asks for it, as the first argument.
const WORD: &str = "pipe";
/// Bytes that a pipe carries at once.
const PIPE_BYTES: usize = 16 << 10;
const STACK_BYTES: usize = 128 << 10;

/// The command that becomes the pipe.
pub(super) fn command(
    socket: &Path,
    server: Option<&str>,
    words: &[String],
) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(WORD).arg(socket).arg(server.unwrap_or_default()).args(words);
    Ok(command)
}

/// Carries, if that is what the arguments ask for.
pub(super) fn asked(arguments: impl IntoIterator<Item = OsString>) -> Option<Ran> {
    let mut arguments = arguments.into_iter().skip(1);
    (arguments.next()? == WORD).then(|| run(arguments))
}

fn run(mut arguments: impl Iterator<Item = OsString>) -> Ran {
    let socket = arguments.next().ok_or_else(|| anyhow::anyhow!("`{WORD}` is for `wrap` alone"))?;
    let mut words = arguments.map(|word| word.to_string_lossy().into_owned());
    let server = words.next().filter(|server| !server.is_empty());
    let mut socket = UnixStream::connect(socket)?;
    hello(server, words.collect(), &mut socket)?;
    let mut incoming = socket.try_clone()?;
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        carry(&mut std::io::stdin().lock(), &mut socket);
        // The client closed its end: the gateway ends the server, and we end with it.
        socket.shutdown(Shutdown::Write).ok();
    })?;
    carry(&mut incoming, &mut std::io::stdout().lock());
    Ok(ExitCode::SUCCESS)
}

fn hello(
    server: Option<String>,
    command: Vec<String>,
    socket: &mut UnixStream,
) -> anyhow::Result<()> {
    let text = |(key, value): (OsString, OsString)| {
        Some((key.into_string().ok()?, value.into_string().ok()?))
    };
    let hello = Hello {
        server,
        command,
        env: std::env::vars_os().filter_map(text).collect(),
        cwd: std::env::current_dir().ok(),
        process: std::os::unix::process::parent_id(),
    };
    let mut line = serde_json::to_vec(&hello)?;
    line.push(b'\n');
    Ok(socket.write_all(&line)?)
}

/// Copies until either side is gone.
fn carry(from: &mut impl Read, to: &mut impl Write) {
    let mut buffer = vec![0; PIPE_BYTES];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        let Some(bytes) = buffer.get(..read) else { return };
        if to.write_all(bytes).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}
