//! `bartizan models`: the classifier's packs, looked at before they are trusted.

mod bench;
mod compare;
mod list;
mod verify;

use std::path::{Path, PathBuf};

use super::Ran;
use crate::classifier::{Fault, Library, Model, Pack};

/// List, check, time and compare the classifier's model packs.
#[derive(Debug, clap::Args)]
pub(super) struct Models {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the packs that are there
    List(list::List),
    /// Check a pack's digests, load it and run it once
    Verify(verify::Verify),
    /// Time a pack on one thread
    Bench(bench::Bench),
    /// Judge labelled texts with two packs, and say where they differ
    Compare(compare::Compare),
}

/// A pack, and what it runs on.
#[derive(Debug, clap::Args)]
struct Chosen {
    /// The folder with `model.toml` [default: the shipped pack]
    pack: Option<PathBuf>,
    /// ONNX Runtime's library [default: where `bartizan setup` puts it]
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
}

impl Chosen {
    fn load(&self) -> Result<(Model, Pack, Library), Fault> {
        load(self.pack.as_deref(), self.library.as_deref())
    }
}

pub(super) fn run(models: &Models) -> Ran {
    match &models.command {
        Command::List(list) => list::run(list),
        Command::Verify(verify) => verify::run(verify),
        Command::Bench(bench) => bench::run(bench),
        Command::Compare(compare) => compare::run(compare),
    }
}

/// Loads the pack in `folder`, or the shipped one, on the library named, or the one that is found.
pub(super) fn load(
    folder: Option<&Path>,
    library: Option<&Path>,
) -> Result<(Model, Pack, Library), Fault> {
    let pack = Pack::named(folder)?;
    let library = Library::open(library)?;
    Ok((Model::load(&library, &pack)?, pack, library))
}
