//! The one place where the journal asks that something survive a power cut, so that tests can cut the power.

use std::{fmt, fs::File, io, path::Path};

use crate::audit::segment;

/// What keeps records when the power goes.
pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// Returns once everything that was written to `segment` before the call would survive.
    fn sync(&self, segment: &File) -> io::Result<()>;

    /// Returns once the names that stood in `folder` before the call would survive.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The disk behind the kernel, as far as it tells the truth.
#[derive(Debug)]
pub(super) struct Kernel;

impl Disk for Kernel {
    fn sync(&self, segment: &File) -> io::Result<()> {
        segment.sync_data()
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        segment::sync_folder(folder)
    }
}
