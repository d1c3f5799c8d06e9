//! The real program as people and scripts use it: its words, its exit codes, its output.

use std::{
    fmt,
    path::Path,
    process::{Output, Stdio},
};

use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::process::bartizan;

/// What a command said, and how it ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl fmt::Debug for Ran {
    /// The beginning: completions are long.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = |text: &str| text.chars().take(1_000).collect::<String>();
        write!(formatter, "{:?}\n{}\n{}", self.code, start(&self.out), start(&self.err))
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn ended(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.out.contains(words), "`{words}` is missing: {self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn complains(&self, words: &str) -> &Self {
        assert!(self.err.contains(words), "`{words}` is missing: {self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.ended(0);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) async fn plain(words: &[&str]) -> Ran {
    fed(words, "").await
}

/// With a text on standard input.
pub(crate) async fn fed(words: &[&str], input: &str) -> Ran {
    let mut command = Command::new(bartizan());
    command.args(words);
    run(command, input).await
}

/// With a variable of the environment.
pub(crate) async fn with(variable: (&str, &Path), words: &[&str]) -> Ran {
    let mut command = Command::new(bartizan());
    command.args(words).env(variable.0, variable.1);
    run(command, "").await
}

async fn run(mut command: Command, input: &str) -> Ran {
    command.env("USER", "ana").kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    // A command that reads nothing closes its end, which is no fault of the test.
    tokio::spawn(async move { drop(stdin.write_all(input.as_bytes()).await) });
    Ran::of(child.wait_with_output().await.expect("it ends"))
}

/// With the configuration of `folder`, and with no other place for state either.
pub(crate) async fn over(folder: &Path, words: &[&str]) -> Ran {
    let config = folder.join("bartizan.toml").display().to_string();
    let mut command = Command::new(bartizan());
    command.args(words).args(["--config", &config]).env("XDG_STATE_HOME", folder.join("state"));
    run(command, "").await
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}
