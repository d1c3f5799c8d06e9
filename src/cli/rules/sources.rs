//! Which rule files a command works on, and how they are read.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::{
    firewall::{Ruleset, Source, diagnostic::Diagnostic},
    flow,
};

/// Folders inside each other that are looked into for rule files.
const DEPTH_MAX: usize = 8;
/// The largest rule file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The rules that a command works on.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Chosen {
    /// A rule file or a folder of them, beside the shipped rules
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Without the shipped rules
    #[arg(long, requires = "rules")]
    only: bool,
}

impl Chosen {
    pub(crate) fn sources(&self) -> anyhow::Result<Vec<Source>> {
        let mut sources = if self.only { Vec::new() } else { Ruleset::shipped_sources() };
        sources.extend(read(&self.rules)?);
        Ok(sources)
    }

    /// The rules, with those up to `level` running.
    pub(crate) fn compile(&self, level: u8) -> anyhow::Result<Ruleset> {
        Ruleset::compile_in_force(&self.sources()?, level).map_err(|faults| faulty(&faults))
    }
}

/// The files given, or the shipped ones: those of the firewall, and those of flow rules.
pub(crate) fn given(paths: &[PathBuf]) -> anyhow::Result<(Vec<Source>, Vec<Source>)> {
    if paths.is_empty() {
        return Ok((Ruleset::shipped_sources(), flow::shipped()));
    }
    Ok(split(read(paths)?))
}

/// Files of rules, and files of flow rules.
pub(crate) fn split(sources: Vec<Source>) -> (Vec<Source>, Vec<Source>) {
    sources.into_iter().partition(|source| !flow::is_flow(source))
}

/// Reads rule files, and those of folders in the order of their names.
pub(crate) fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in paths {
        let known = sources.len();
        collect(path, DEPTH_MAX, &mut sources)?;
        if sources.len() == known {
            anyhow::bail!("{} holds no `*.toml`", path.display());
        }
    }
    Ok(sources)
}

fn collect(path: &Path, depth: usize, sources: &mut Vec<Source>) -> anyhow::Result<()> {
    let named = || path.display().to_string();
    if !path.is_dir() {
        sources.push(source(path).with_context(named)?);
        return Ok(());
    }
    if depth == 0 {
        anyhow::bail!("{} lies more than {DEPTH_MAX} folders deep", path.display());
    }
    let entries = std::fs::read_dir(path).with_context(named)?;
    let entries: Result<Vec<_>, _> = entries.map(|entry| entry.map(|it| it.path())).collect();
    let mut entries = entries.with_context(named)?;
    entries.sort();
    for entry in entries {
        let rules = entry.extension().is_some_and(|kind| kind == "toml");
        if entry.is_dir() || rules {
            collect(&entry, depth - 1, sources)?;
        }
    }
    Ok(())
}

fn source(path: &Path) -> anyhow::Result<Source> {
    if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
        anyhow::bail!("longer than {FILE_BYTES_MAX} bytes; split it by topic");
    }
    let text = String::from_utf8(std::fs::read(path)?)
        .map_err(|_| anyhow::anyhow!("this is no text; save the file as UTF-8"))?;
    Ok(Source { name: path.display().to_string(), text })
}

/// Rules that do not compile, as an error of the whole command.
pub(crate) fn faulty(faults: &[Diagnostic]) -> anyhow::Error {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("the rules cannot be used:\n{}", lines.join("\n"))
}
