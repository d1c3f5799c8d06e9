//! The pack that is part of the program, so that a release is one file.

#[cfg(feature = "pack")]
mod embedded {
    use std::borrow::Cow;

    use crate::classifier::pack::{Manifest, Pack};

    const MANIFEST: &str = include_str!("../../models/minilm/model.toml");
    const MODEL: &[u8] = include_bytes!("../../models/minilm/model.onnx");
    const TOKENIZER: &[u8] = include_bytes!("../../models/minilm/tokenizer.json");

    pub(super) fn pack() -> Result<Pack, String> {
        let (model, tokenizer) = (Cow::Borrowed(MODEL), Cow::Borrowed(TOKENIZER));
        Manifest::parse(MANIFEST).map(|manifest| Pack { manifest, model, tokenizer })
    }
}

use super::{Fault, Pack};

/// Whether there is one.
pub(super) const IS_THERE: bool = cfg!(feature = "pack");

/// The pack.
///
/// # Errors
/// [`Fault::NoPack`] in a build without the feature `pack`.
pub(super) fn pack() -> Result<Pack, Fault> {
    #[cfg(feature = "pack")]
    let pack = embedded::pack()
        .map_err(|why| Fault::Manifest { path: "models/minilm/model.toml".into(), why });
    #[cfg(not(feature = "pack"))]
    let pack = Err(Fault::NoPack);
    pack
}

#[cfg(all(test, feature = "pack"))]
mod tests {
    use super::pack;
    use crate::hex::sha256;

    #[test]
    fn the_shipped_pack_is_what_its_manifest_says_and_fits_the_repository() {
        let pack = pack().expect("a pack");
        assert_eq!(sha256(&pack.model), pack.manifest.model_sha256);
        assert_eq!(sha256(&pack.tokenizer), pack.manifest.tokenizer_sha256);
        assert!(pack.bytes() <= 30 << 20, "{} bytes", pack.bytes());
    }
}
