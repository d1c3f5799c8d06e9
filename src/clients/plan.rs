//! Everything that a command is about to change, as one value: shown, written as JSON, or applied.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Error;
use super::backup::{Backup, Manifest};
use super::client::Scope;
use super::edit::{Change, Edit};
use super::file;
use super::ledger::Ledger;
use super::upstream::{self, Text, Upstream};

/// The changes of one command, none of them made yet.
#[derive(Debug, Default, Serialize)]
pub struct Plan {
    /// The clients' files, in the order they are changed.
    pub files: Vec<FileChange>,
    /// The secrets that move, each to a file of its own.
    pub secrets: Vec<Move>,
    /// The upstreams that the Bartizan configuration gets.
    pub upstreams: Vec<Upstream>,
    /// The Bartizan configuration, if it changes.
    pub configuration: Option<PathBuf>,
    /// What a person has to know or do.
    pub notes: Vec<String>,
    #[serde(skip)]
    pub(super) ledger: Option<(PathBuf, Ledger)>,
}

/// One client's file and what becomes of it.
#[derive(Serialize)]
pub struct FileChange {
    /// Whose file it is, such as `Claude Code`.
    pub client: &'static str,
    /// Whose servers it holds.
    pub scope: Scope,
    /// Where it is.
    pub path: PathBuf,
    /// Where its copy lies.
    pub backup: Backup,
    /// What is changed in it.
    pub changes: Vec<String>,
    #[serde(skip)]
    pub(super) before: String,
    #[serde(skip)]
    pub(super) after: String,
    #[serde(skip)]
    pub(super) step: Step,
}

/// What happens to the copy of a file.
pub(super) enum Step {
    /// It is made, of this text.
    Save { original: String, manifest: Manifest },
    /// It has served and goes.
    Discard,
    /// It stays: something still needs it.
    Keep,
}

/// A secret and where it goes.
#[derive(Debug, Clone, Serialize)]
pub struct Move {
    /// What it belongs to, such as `github`.
    pub upstream: String,
    /// The file that gets it.
    pub to: PathBuf,
    #[serde(skip)]
    text: super::secret::SecretText,
}

/// The texts of the file hold secrets: name the file, not what is in it.
impl fmt::Debug for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileChange")
            .field("client", &self.client)
            .field("path", &self.path)
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// Takes in an upstream and the secrets it refers to. One that is there already stays single.
    pub(super) fn add(&mut self, upstream: Upstream) {
        if upstream.is_empty() || self.upstreams.iter().any(|other| other.name == upstream.name) {
            return;
        }
        let moves = upstream.texts().filter_map(|text| match text {
            Text::File { path, text } => {
                let upstream = upstream.name.clone();
                Some(Move { upstream, to: path.clone(), text: text.clone() })
            }
            Text::Plain(_) | Text::Env { .. } => None,
        });
        self.secrets.extend(moves);
        self.upstreams.push(upstream);
    }

    /// Drops the secrets that are in their files already.
    pub(super) fn drop_written_secrets(&mut self) -> Result<(), Error> {
        let mut left = Vec::new();
        for secret in self.secrets.drain(..) {
            if file::read(&secret.to)?.as_deref() != Some(secret.text.expose()) {
                left.push(secret);
            }
        }
        self.secrets = left;
        Ok(())
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.upstreams.is_empty()
    }

    /// Makes the changes: secrets, Bartizan configuration, copies, clients' files, in that order,
    /// so that a client never points at what isn't there yet.
    ///
    /// # Errors
    /// The first step that failed; a client's file is then wholly old or wholly new.
    pub(super) fn apply(&self) -> Result<(), Error> {
        for change in &self.files {
            change.check()?;
        }
        for secret in &self.secrets {
            secret.write()?;
        }
        if let Some(path) = &self.configuration {
            configure(path, &self.upstreams)?;
        }
        if let Some((data, ledger)) = &self.ledger {
            ledger.save(data)?;
        }
        self.files.iter().try_for_each(FileChange::apply)
    }
}

impl FileChange {
    /// Claude Code rewrites its file while it runs; what it wrote since the plan must not be lost.
    fn check(&self) -> Result<(), Error> {
        match file::read(&self.path)? {
            Some(now) if now == self.before => Ok(()),
            _ => Err(Error::Changed { path: self.path.clone() }),
        }
    }

    fn apply(&self) -> Result<(), Error> {
        if let Step::Save { original, manifest } = &self.step {
            self.backup.save(original, manifest)?;
        }
        self.check()?;
        file::replace(&self.path, &self.after, None)?;
        match self.step {
            Step::Discard => self.backup.discard(),
            Step::Save { .. } | Step::Keep => Ok(()),
        }
    }
}

impl Move {
    fn write(&self) -> Result<(), Error> {
        if let Some(folder) = self.to.parent() {
            file::private_folder(folder)?;
        }
        file::replace(&self.to, self.text.expose(), Some(file::PRIVATE))
    }
}

/// One edit as a line of a diff. A new value is ours and shown; an old one may be a secret and
/// isn't.
pub(super) fn line(edit: &Edit) -> String {
    let path = edit.path.join(".");
    match &edit.change {
        Change::Set(value) => format!("~ {path} = {value}"),
        Change::Remove => format!("- {path}"),
    }
}

fn configure(path: &Path, upstreams: &[Upstream]) -> Result<(), Error> {
    let text = file::read(path)?.unwrap_or_default();
    let unreadable = |fault| Error::Unreadable { path: path.to_owned(), fault };
    let merged = upstream::merge(&text, upstreams).map_err(unreadable)?;
    if merged == text {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        file::private_folder(folder)?;
    }
    file::replace(path, &merged, None)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.files {
            writeln!(f, "{}  {}", change.client, change.path.display())?;
            match change.step {
                Step::Save { .. } => writeln!(f, "  + {}", change.backup.copy.display())?,
                Step::Discard => writeln!(f, "  - {}", change.backup.copy.display())?,
                Step::Keep => writeln!(f, "  = {}", change.backup.copy.display())?,
            }
            for line in &change.changes {
                writeln!(f, "  {line}")?;
            }
        }
        if let Some(path) = &self.configuration {
            writeln!(f, "Bartizan  {}", path.display())?;
            let merged = upstream::merge("", &self.upstreams).unwrap_or_default();
            for line in merged.lines().filter(|line| !line.is_empty()) {
                writeln!(f, "  + {line}")?;
            }
        }
        for secret in &self.secrets {
            writeln!(f, "secret of {} -> {} (mode 0600)", secret.upstream, secret.to.display())?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        if self.is_empty() {
            writeln!(f, "nothing to change")?;
        }
        Ok(())
    }
}
