//! Signatures of bundles: Ed25519 (RFC 8032) over the manifest, one line each. Several people may
//! sign; one known key is enough.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::{BundleError, MANIFEST, SIGNATURES, archive};
use crate::hex;

/// What is signed before the manifest, so that a signature means nothing elsewhere.
const DOMAIN: &[u8] = b"bartizan rule bundle v1\n";
const ALGORITHM: &str = "ed25519";
/// Signatures that are looked at.
const SIGNATURES_MAX: usize = 32;
const KEY_BYTES: usize = 32;

/// An Ed25519 public key.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct PublicKey([u8; KEY_BYTES]);

impl PublicKey {
    /// From 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`BundleError::Key`].
    pub fn parse(text: &str) -> Result<Self, BundleError> {
        let bytes = hex::decode(text).ok_or(BundleError::Key("it is not 64 hexadecimal digits"))?;
        let bytes = bytes.try_into();
        bytes.map(Self).map_err(|_| BundleError::Key("it is not 64 hexadecimal digits"))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// A new key pair: the private key as PKCS #8 (RFC 5958), and the public one.
///
/// # Errors
/// [`BundleError::Key`] where the system has no randomness.
pub fn generate() -> Result<(Vec<u8>, PublicKey), BundleError> {
    let failed = |_| BundleError::Key("no key could be made");
    let pair = Ed25519KeyPair::generate().map_err(failed)?;
    let document = pair.to_pkcs8().map_err(failed)?;
    Ok((document.as_ref().to_vec(), public(&pair)?))
}

/// Adds a signature to a bundle and says whose it is.
///
/// # Errors
/// No bundle, or no key.
pub fn sign(bundle: &[u8], key: &[u8]) -> Result<(Vec<u8>, PublicKey), BundleError> {
    let pair = Ed25519KeyPair::from_pkcs8(key)
        .map_err(|_| BundleError::Key("the file holds no private key of `bundle key`"))?;
    let mut entries = archive::read(bundle)?;
    let manifest = entries.remove(MANIFEST).ok_or(BundleError::NoManifest)?;
    let signer = public(&pair)?;
    let signature = hex::encode(pair.sign(&signed(&manifest)).as_ref());
    let mut lines = entries.remove(SIGNATURES).unwrap_or_default();
    lines.extend(format!("{ALGORITHM} {signer} {signature}\n").into_bytes());
    let mut ordered = vec![(MANIFEST, manifest), (SIGNATURES, lines)];
    ordered.extend(entries.iter().map(|(name, content)| (name.as_str(), content.clone())));
    Ok((archive::write(&ordered)?, signer))
}

/// Whether a known key signed the manifest.
pub(super) fn verify(
    manifest: &[u8],
    signatures: &[u8],
    keys: &[PublicKey],
) -> Result<(), BundleError> {
    let text = std::str::from_utf8(signatures).unwrap_or_default();
    let mut lines = text.lines().take(SIGNATURES_MAX).peekable();
    if lines.peek().is_none() {
        return Err(BundleError::Unsigned);
    }
    let message = signed(manifest);
    let holds = |line: &str| {
        let mut words = line.split(' ');
        let (Some(ALGORITHM), Some(key), Some(signature), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return false;
        };
        let known = PublicKey::parse(key).is_ok_and(|key| keys.contains(&key));
        let parts = hex::decode(key).zip(hex::decode(signature)).filter(|_| known);
        parts.is_some_and(|(key, signature)| {
            UnparsedPublicKey::new(&ED25519, key).verify(&message, &signature).is_ok()
        })
    };
    if lines.any(holds) { Ok(()) } else { Err(BundleError::Signer) }
}

fn signed(manifest: &[u8]) -> Vec<u8> {
    [DOMAIN, manifest].concat()
}

fn public(pair: &Ed25519KeyPair) -> Result<PublicKey, BundleError> {
    let key = pair.public_key().as_ref().try_into();
    key.map(PublicKey).map_err(|_| BundleError::Key("its public half is no Ed25519 key"))
}
