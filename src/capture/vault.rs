//! Encryption at rest of what calls carried, under a key of its own.

use std::path::Path;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    error::Unspecified,
};

use crate::store::secrets::{self, Key};

/// Seals and opens bytes under the capture key. A drawn nonce of 96 bits is good for 2³² messages
/// under one key (NIST SP 800-38D, 8.3).
pub struct Vault {
    aead: RandomizedNonceKey,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Vault(..)")
    }
}

/// The name of the key in the data folder.
const KEY: &str = "capture";

impl Vault {
    pub fn new(key: &Key) -> Self {
        let aead = RandomizedNonceKey::new(&AES_256_GCM, key);
        Self { aead: aead.expect("a key of 32 bytes fits AES-256") }
    }

    /// Under the key in `folder`, which is drawn if there is none.
    ///
    /// # Errors
    /// The key can be neither read nor made.
    pub fn in_folder(folder: &Path) -> std::io::Result<Self> {
        Ok(Self::new(&secrets::key(folder, KEY)?))
    }

    /// Under the key in `folder`, for those who only read. `None` if nothing was ever kept there.
    ///
    /// # Errors
    /// The key cannot be read.
    pub fn existing(folder: &Path) -> std::io::Result<Option<Self>> {
        match folder.join(format!("{KEY}.key")).try_exists()? {
            true => Self::in_folder(folder).map(Some),
            false => Ok(None),
        }
    }

    /// Seals `bytes`; `context` must be the same when they are opened.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn seal(&self, context: &str, mut bytes: Vec<u8>) -> Result<Vec<u8>, Unspecified> {
        let aad = Aad::from(context.as_bytes());
        let nonce = self.aead.seal_in_place_append_tag(aad, &mut bytes)?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + bytes.len());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut bytes);
        Ok(sealed)
    }

    /// Opens what was sealed in the same context. Every failure looks alike.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = sealed.to_vec();
        let length = self.aead.open_in_place(nonce, Aad::from(context.as_bytes()), &mut bytes);
        let length = length.ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Vault;

    #[test]
    fn only_unchanged_bytes_in_their_context_open() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal("req_1", b"what was said".to_vec()).expect("sealed");
        assert_eq!(vault.open("req_1", &sealed).as_deref(), Some(b"what was said".as_slice()));
        assert_eq!(vault.open("req_2", &sealed), None);
        assert_eq!(Vault::new(&[8; 32]).open("req_1", &sealed), None);
        assert!(!sealed.windows(4).any(|part| part == b"said"));
        for index in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[index] ^= 1;
            assert_eq!(vault.open("req_1", &bent), None, "byte {index}");
        }
        assert_eq!(vault.open("req_1", b"short"), None);
    }

    #[test]
    fn readers_draw_no_key() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(Vault::existing(folder.path()).expect("read").is_none());
        let sealed = Vault::in_folder(folder.path()).expect("drawn").seal("a", vec![1]);
        let sealed = sealed.expect("sealed");
        let same = Vault::existing(folder.path()).expect("read").expect("it is there");
        assert_eq!(same.open("a", &sealed), Some(vec![1]));
    }
}
