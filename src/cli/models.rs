//! `bartizan models`: the classifier's packs, looked at before they are trusted.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Ran, say, say_json};
use crate::classifier::{Fault, Library, Model, Pack};

/// Check the classifier's model packs.
#[derive(Debug, clap::Args)]
pub(super) struct Models {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check a pack's digests, load it and run it once
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The folder with `model.toml`
    pack: PathBuf,
    /// ONNX Runtime's library [default: where `bartizan setup` puts it]
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Models) -> Ran {
    let Command::Verify(verify) = command.command;
    let start = Instant::now();
    match load(&verify.pack, verify.library.as_deref()) {
        Ok((_, pack, library)) => {
            told(&pack, &library, start.elapsed(), verify.json);
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            let code = fault.code();
            let error = format!("{:#}", anyhow::Error::new(fault));
            match verify.json {
                true => say_json(&json!({ "ok": false, "code": code, "error": error })),
                false => say(format_args!("{}: {code}: {error}", verify.pack.display())),
            }
            Ok(ExitCode::from(1))
        }
    }
}

/// Loads the pack in `folder` on the library named, or the one that is found.
pub(super) fn load(folder: &Path, library: Option<&Path>) -> Result<(Model, Pack, Library), Fault> {
    let pack = Pack::read(folder)?;
    let library = Library::open(library)?;
    Ok((Model::load(&library, &pack)?, pack, library))
}

fn told(pack: &Pack, library: &Library, took: Duration, json: bool) {
    let (title, bytes, licence) = (pack.title(), pack.bytes(), &pack.manifest.licence);
    if json {
        return say_json(&json!({
            "ok": true,
            "name": pack.manifest.name,
            "version": pack.manifest.version,
            "licence": licence,
            "bytes": bytes,
            "model_sha256": pack.manifest.model_sha256,
            "library": { "path": library.path, "sha256": library.digest },
            "load_ms": took.as_millis() as u64,
        }));
    }
    say(format_args!(
        "{title}, {licence}, {bytes} bytes: digests match, loaded and run in {took:.0?}"
    ));
    say(format_args!("on {} (sha256 {})", library.path.display(), library.digest));
}
