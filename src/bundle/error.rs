//! Why a bundle is not taken. The codes are stable; `docs/reference/bundles.md` explains each.

/// What is wrong with a bundle.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BundleError {
    #[error("B0001: the bundle is no archive that can be read: {0}")]
    Unreadable(String),
    #[error("B0002: the bundle or a file in it is larger than a bundle may be")]
    TooLarge,
    #[error("B0003: the bundle has no `manifest.json`")]
    NoManifest,
    #[error("B0004: `manifest.json` cannot be used: {0}")]
    Manifest(String),
    #[error("B0005: the bundle is not signed; sign it with `bartizan bundle sign`")]
    Unsigned,
    #[error("B0006: no key in `firewall.bundle.keys` made any of its signatures")]
    Signer,
    #[error("B0007: `{file}` was altered after the bundle was signed, or is missing")]
    Altered { file: String },
    #[error("B0008: `{file}` stands in the archive and not in its manifest")]
    Unlisted { file: String },
    #[error("B0009: its sequence {is} is older than {floor}, which is in force")]
    Older { is: u64, floor: u64 },
    #[error("B0010: it expired at {expires} (milliseconds since 1970); get a newer one")]
    Stale { expires: i64 },
    #[error("B0011: it needs engine {needed}, this one is {}", env!("CARGO_PKG_VERSION"))]
    Engine { needed: String },
    #[error("B0012: `{file}` is no text")]
    NotText { file: String },
    #[error("B0013: the key cannot be used: {0}")]
    Key(&'static str),
    #[error("B0014: cannot get a bundle from `{from}`: {reason}")]
    Pull { from: String, reason: String },
    #[error("B0016: {0}")]
    Rules(String),
    #[error("B0015: it is called `{is}`, and `{wanted}` is in force; name it in the configuration")]
    Name { is: String, wanted: String },
}
