//! The process behind a stdio upstream: started with a small environment, in a group of its own,
//! and never left behind.

mod stderr;

use std::{collections::BTreeMap, path::PathBuf, process::Stdio, sync::Arc};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{ChildStdin, ChildStdout, Command};

use super::{error::UpstreamError, stdio::STOP_GRACE};

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    pub command: Vec<String>,
    /// Set in the child. Values may be secrets, so this type's `Debug` stays out of logs.
    pub env: BTreeMap<String, String>,
    /// Names taken over from the gateway's own environment.
    pub env_allow: Vec<String>,
    pub directory: Option<PathBuf>,
}

/// Without these few names most programs cannot start at all; none of them holds a credential.
pub const ENV_ALLOW_DEFAULT: &[&str] =
    &["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TERM", "TMPDIR", "TZ", "SHELL"];

/// A running child. Dropping it kills its whole process group.
#[derive(Debug)]
pub(super) struct Child {
    process: tokio::process::Child,
    group: Option<Pid>,
}

impl Child {
    pub(super) fn spawn(upstream: &Arc<str>, launch: &Launch) -> Result<Self, UpstreamError> {
        let down = |why: String| UpstreamError::Down { upstream: upstream.to_string(), why };
        let (program, arguments) =
            launch.command.split_first().ok_or_else(|| down("`command` is empty".into()))?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        let inherited =
            launch.env_allow.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.envs(inherited).envs(&launch.env);
        if let Some(directory) = &launch.directory {
            command.current_dir(directory);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        die_with_parent(&mut command);
        let mut process = command
            .spawn()
            .map_err(|error| down(format!("`{program}` does not start: {error}")))?;
        let group = process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(stderr) = process.stderr.take() {
            tokio::spawn(stderr::log(Arc::clone(upstream), stderr));
        }
        Ok(Self { process, group })
    }

    pub(super) fn take_pipes(&mut self) -> (ChildStdin, ChildStdout) {
        let stdin = self.process.stdin.take().expect("stdin was piped at the start");
        let stdout = self.process.stdout.take().expect("stdout was piped at the start");
        (stdin, stdout)
    }

    /// Lets the child end by itself (its input is closed by now), then makes it.
    pub(super) async fn stop(mut self) {
        let ended = tokio::time::timeout(STOP_GRACE / 2, self.process.wait()).await;
        if ended.is_err() {
            self.signal(Signal::TERM);
            let ended = tokio::time::timeout(STOP_GRACE, self.process.wait()).await;
            if ended.is_err() {
                tracing::warn!("A tool server ignored its end and is killed.");
            }
        }
        // Dropping kills whatever of the group is left, grandchildren included.
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Fails only when nobody of the group is left.
            kill_process_group(group, signal).ok();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Asks the kernel to kill the child when the gateway dies without a chance to end it: nobody is
/// left who could wait for a gentler end.
#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    let gateway = rustix::process::getpid();
    #[expect(unsafe_code, reason = "`pre_exec` is the only way to run prctl in the child")]
    // SAFETY: the closure makes two system calls and touches no memory or lock of the parent.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            // The gateway may have died before the kernel knew; then no signal would come.
            if rustix::process::getppid() != Some(gateway) {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}
