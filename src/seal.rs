//! Sealed tokens: what a caller carries for us and can neither read nor bend. They only point to
//! state that the gateway holds; a stolen one gives nothing.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::store::secrets::Key;

/// Seals and opens tokens, and derives lookup digests, under keys of this gateway.
pub struct Sealer {
    aead: RandomizedNonceKey,
    lookup: hmac::Key,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sealer(..)")
    }
}

/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 4096;

impl Sealer {
    pub fn new(key: &Key) -> Self {
        let aead = RandomizedNonceKey::new(&AES_256_GCM, key);
        let base = hmac::Key::new(hmac::HMAC_SHA256, key);
        let derived = hmac::sign(&base, b"bartizan lookup v1");
        Self {
            aead: aead.expect("a key of 32 bytes fits AES-256"),
            lookup: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()),
        }
    }

    /// Seals `text`; `context` must be the same when it is opened.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn seal(&self, context: &str, text: &str) -> Result<String, aws_lc_rs::error::Unspecified> {
        let mut bytes = text.as_bytes().to_vec();
        let nonce =
            self.aead.seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut bytes)?;
        let mut token = nonce.as_ref().to_vec();
        token.extend_from_slice(&bytes);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// Opens a token. Every failure looks alike.
    pub fn open(&self, context: &str, token: &str) -> Option<String> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let mut token = URL_SAFE_NO_PAD.decode(token).ok()?;
        if token.len() < NONCE_LEN {
            return None;
        }
        let mut sealed = token.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&token).ok()?;
        let aad = Aad::from(context.as_bytes());
        let text = self.aead.open_in_place(nonce, aad, &mut sealed).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    /// A keyed digest over parts, each with its length, so that no two lists of parts collide.
    pub fn lookup(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.lookup);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::Sealer;

    #[test]
    fn only_an_unchanged_token_in_its_context_opens() {
        let sealer = Sealer::new(&[7; 32]);
        let token = sealer.seal("alice", "park_1").expect("sealed");
        assert_eq!(sealer.open("alice", &token).as_deref(), Some("park_1"));
        assert_eq!(sealer.open("bob", &token), None);
        assert_eq!(Sealer::new(&[8; 32]).open("alice", &token), None);
        for index in 0..token.len() {
            let mut bent = token.clone().into_bytes();
            bent[index] = if bent[index] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).expect("ascii");
            assert_eq!(sealer.open("alice", &bent), None, "byte {index}");
        }
        assert_eq!(sealer.open("alice", "short"), None);
    }

    #[test]
    fn lookups_keep_their_parts_apart() {
        let sealer = Sealer::new(&[7; 32]);
        assert_ne!(sealer.lookup(&[b"ab", b"c"]), sealer.lookup(&[b"a", b"bc"]));
    }
}
