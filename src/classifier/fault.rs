//! What can be wrong with a library, a pack or a text. Each has a code that scripts can rely on.

use std::path::PathBuf;

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(
        "ONNX Runtime is not installed; `bartizan setup` fetches it, `bartizan setup --from FILE` takes it from a wheel"
    )]
    NoLibrary,
    #[error("no model pack is shipped with this build; name one with `pack` in `[classifier]`")]
    NoPack,
    #[error("{path} cannot be loaded as ONNX Runtime; `bartizan setup` fetches one that can", path = .path.display())]
    Library { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "{path} has the SHA-256 {digest}, which is not the pinned ONNX Runtime's: `bartizan setup` puts that in its place, `--library FILE` takes this one all the same",
        path = .path.display()
    )]
    Unpinned { path: PathBuf, digest: String },
    #[error("{path} cannot be read", path = .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}: {why}", path = .path.display())]
    Manifest { path: PathBuf, why: String },
    #[error("{path} has the SHA-256 {found}, and its model.toml says {expected}: fetch the pack again", path = .path.display())]
    Digest { path: PathBuf, expected: String, found: String },
    #[error("the tokenizer of {pack} cannot be used: {why}")]
    Tokenizer { pack: String, why: String },
    #[error("the model of {pack} cannot be used: {why}")]
    Model { pack: String, why: String },
    #[error("the model answered with no number between 0 and 1")]
    Score,
    #[error("a text of {bytes} bytes is longer than {limit}, which the classifier reads at most")]
    TooLong { bytes: usize, limit: usize },
    #[error("no score came within {seconds} s")]
    Late { seconds: u32 },
    #[error("the classifier has stopped")]
    Stopped,
    #[error("the classifier broke over a text")]
    Panicked,
    #[error("a thread of the classifier cannot be started")]
    Thread { source: std::io::Error },
}

impl Fault {
    /// A word that does not change from release to release.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoLibrary => "classifier.library-missing",
            Self::Library { .. } => "classifier.library-unfit",
            Self::Unpinned { .. } => "classifier.library-unpinned",
            Self::Read { .. } => "classifier.unreadable",
            Self::Manifest { .. } => "classifier.manifest",
            Self::Digest { .. } => "classifier.digest",
            Self::Tokenizer { .. } => "classifier.tokenizer",
            Self::Model { .. } => "classifier.model",
            Self::Score => "classifier.score",
            Self::TooLong { .. } => "classifier.too-long",
            Self::Late { .. } => "classifier.late",
            Self::Stopped => "classifier.stopped",
            Self::Panicked => "classifier.panicked",
            Self::Thread { .. } => "classifier.thread",
            Self::NoPack => "classifier.no-pack",
        }
    }
}
