//! ONNX Runtime, found and loaded. It is no part of the program: one file of 35 MB per platform, which
//! `bartizan setup` puts into the user's data folder.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use ort::environment::Environment;
use parking_lot::Mutex;

use super::{Fault, setup::Build};
use crate::{config, hex};

/// The release that is pinned.
pub const VERSION: &str = "1.32.0";
/// The file's name on this platform.
pub const FILE: &str = "libonnxruntime.so.1.32.0";

/// A loaded library. A process loads one, once.
#[derive(Clone, Debug)]
pub struct Library {
    pub path: PathBuf,
    /// SHA-256 of the file, in hexadecimal digits.
    pub digest: String,
    pub(super) environment: Environment,
}

/// The one that this process loaded.
static LOADED: Mutex<Option<Library>> = Mutex::new(None);

impl Library {
    /// Loads the library: the one `named`, or by `ORT_DYLIB_PATH`, is taken as it is, and is an error
    /// where it is not there. Without a name, the one beside the program or where `setup` puts it must
    /// be the pinned one.
    ///
    /// # Errors
    /// [`Fault::NoLibrary`], [`Fault::Unpinned`], and those of loading it.
    pub fn open(named: Option<&Path>) -> Result<Self, Fault> {
        match named_place(named) {
            Some(path) => Self::load(&path, |_| true),
            None => {
                let build = Build::here().map_err(|_| Fault::NoLibrary)?;
                Self::load(&Self::find()?, |digest| build.is_pinned(digest))
            }
        }
    }

    /// Where [`Library::open`] takes the library from.
    ///
    /// # Errors
    /// [`Fault::NoLibrary`], where nobody named one and none is installed.
    pub fn place(named: Option<&Path>) -> Result<PathBuf, Fault> {
        named_place(named).map_or_else(Self::find, Ok)
    }

    fn find() -> Result<PathBuf, Fault> {
        let program = env::current_exe().ok();
        let beside = program.and_then(|program| Some(program.parent()?.join(FILE)));
        let places = beside.into_iter().chain(home().map(|folder| folder.join(FILE)));
        places.into_iter().find(|path| path.is_file()).ok_or(Fault::NoLibrary)
    }

    /// Code of the file runs as soon as it is loaded, so its digest is judged before.
    fn load(path: &Path, trusted: impl FnOnce(&str) -> bool) -> Result<Self, Fault> {
        // A bare name would be looked for beside the program or wherever the system looks, and its
        // digest taken of another file.
        let path = fs::canonicalize(path)
            .map_err(|source| Fault::Read { path: path.to_owned(), source })?;
        let mut loaded = LOADED.lock();
        if let Some(known) = &*loaded {
            return known.again(path, trusted);
        }
        let bytes = fs::read(&path).map_err(|source| Fault::Read { path: path.clone(), source })?;
        let digest = hex::sha256(&bytes);
        drop(bytes);
        if !trusted(&digest) {
            return Err(Fault::Unpinned { path, digest });
        }
        let unfit = |source: Box<dyn std::error::Error + Send + Sync>| Fault::Library {
            path: path.clone(),
            source,
        };
        let builder = ort::init_from(&path).map_err(|error| unfit(error.to_string().into()))?;
        let environment = builder
            .with_name("bartizan")
            .with_telemetry(false)
            .build()
            .map_err(|error| unfit(error.to_string().into()))?;
        Ok(loaded.insert(Self { path, digest, environment }).clone())
    }

    fn again(&self, path: PathBuf, trusted: impl FnOnce(&str) -> bool) -> Result<Self, Fault> {
        if path != self.path {
            let why = format!("{} is loaded already; start anew", self.path.display());
            return Err(Fault::Library { path, source: why.into() });
        }
        if !trusted(&self.digest) {
            return Err(Fault::Unpinned { path, digest: self.digest.clone() });
        }
        Ok(self.clone())
    }
}

fn named_place(named: Option<&Path>) -> Option<PathBuf> {
    let variable = || env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty());
    named.map(Path::to_owned).or_else(|| variable().map(PathBuf::from))
}

/// The folder that `bartizan setup` fills: `$XDG_DATA_HOME/bartizan/onnxruntime`.
pub fn home() -> Option<PathBuf> {
    config::user_folder("XDG_DATA_HOME", ".local/share").map(|folder| folder.join("onnxruntime"))
}
