//! The bundle in force, kept in the gateway's own folder: what was good once is there offline, and
//! nothing older is taken after it.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{Against, Bundle, BundleError, PublicKey};

/// Where the bundle in force is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    path: PathBuf,
}

impl Kept {
    /// The place under a gateway's folder of state.
    pub fn under(data: &Path) -> Self {
        Self { path: data.join("rules.bundle") }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bundle in force, if there is one. It may be past its date: an old rule is better than none.
    ///
    /// # Errors
    /// A file that does not hold against the keys: somebody was at it.
    pub fn load(&self, keys: &[PublicKey]) -> Result<Option<Bundle>, BundleError> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.unreadable(&error)),
        };
        Bundle::open(&bytes, Against { keys, sequence: 0, now: i64::MIN }).map(Some)
    }

    /// Takes a bundle in place of the one in force, if it holds against keys and date and is no step
    /// back, and says which it is. `proven` compiles its rules: a bundle that does not is not taken.
    ///
    /// # Errors
    /// Why it is not taken; the one in force stays.
    pub fn take(
        &self,
        bytes: &[u8],
        keys: &[PublicKey],
        now: i64,
        proven: impl FnOnce(&Bundle) -> Result<(), BundleError>,
    ) -> Result<Bundle, BundleError> {
        let before = self.load(keys)?;
        let sequence = before.as_ref().map_or(0, |bundle| bundle.manifest.sequence);
        let bundle = Bundle::open(bytes, Against { keys, sequence, now })?;
        if let Some(before) = before {
            if before.manifest.name != bundle.manifest.name {
                let (is, wanted) = (bundle.manifest.name, before.manifest.name);
                return Err(BundleError::Name { is, wanted });
            }
            if before.manifest == bundle.manifest {
                return Ok(bundle);
            }
            if before.manifest.sequence == sequence && bundle.manifest.sequence == sequence {
                // The same number for something else: no number tells which is newer.
                return Err(BundleError::Older { is: sequence, floor: sequence + 1 });
            }
        }
        proven(&bundle)?;
        self.write(bytes).map_err(|error| self.unreadable(&error))?;
        Ok(bundle)
    }

    /// Written beside and renamed, so that a crash leaves the old or the new.
    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let beside = self.path.with_extension("bundle.new");
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        std::fs::File::open(folder)?.sync_all()
    }

    fn unreadable(&self, error: &std::io::Error) -> BundleError {
        let from = self.path.display().to_string();
        BundleError::Pull { from, reason: error.to_string() }
    }
}
