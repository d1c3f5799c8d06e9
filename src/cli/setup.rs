//! `bartizan setup`: ONNX Runtime, put where the classifier finds it.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use super::{Ran, say};
use crate::classifier::{Library, library, setup::Build};

/// Fetch ONNX Runtime, which the classifier runs on, with pip; or take it from a wheel, offline.
///
/// The file is checked against a digest that this program carries, and loaded once.
#[derive(Debug, clap::Args)]
pub(super) struct Setup {
    /// The wheel of ONNX Runtime for this platform, fetched before
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Where it is put [default: ~/.local/share/bartizan/onnxruntime]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

pub(super) fn run(command: &Setup) -> Ran {
    let folder = command.to.clone().or_else(library::home);
    let folder = folder.context("no home folder; name one with `--to FOLDER`")?;
    let build = Build::here()?;
    if build.is_in(&folder) {
        say(format_args!("ONNX Runtime {} is in {}", library::VERSION, folder.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let path = match &command.from {
        Some(wheel) => build.install(wheel, &folder)?,
        None => {
            say(format_args!("fetching ONNX Runtime {} (28 MB) with pip …", library::VERSION));
            let download = folder.join(format!(".download-{}", std::process::id()));
            fs::create_dir_all(&download).with_context(|| download.display().to_string())?;
            let path = build.fetch(&download).and_then(|wheel| build.install(&wheel, &folder));
            fs::remove_dir_all(&download).ok();
            path?
        }
    };
    let library = Library::open(Some(&path))?;
    say(format_args!("{} (sha256 {}) is in place and loads", path.display(), library.digest));
    Ok(ExitCode::SUCCESS)
}
