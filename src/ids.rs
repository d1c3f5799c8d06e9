//! Names that the gateway draws: unguessable, short enough to read out.

use aws_lc_rs::rand;

/// Base58 without look-alikes (the Bitcoin alphabet), so that a person can type it.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// `length` base58 characters from the system's generator: 5.86 bits each.
pub fn random(length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 32];
    while text.len() < length {
        rand::fill(&mut bytes).expect("the system's random generator answers");
        // 232 = 4 × 58: larger bytes would make the first letters likelier.
        let letters = bytes.iter().filter(|&&byte| byte < 232).map(|byte| usize::from(byte % 58));
        text.extend(letters.take(length - text.len()).map(|index| char::from(ALPHABET[index])));
    }
    text
}

/// A reference for one request: in headers, `_meta`, errors and the record.
pub fn request_ref() -> String {
    prefixed("req_", 12)
}

/// A session of a legacy client. Not authentication, yet unguessable (128 bits).
pub fn session() -> String {
    random(22)
}

/// An approval's name, as people see it.
pub fn approval() -> String {
    prefixed("apr_", 12)
}

/// Whether a text has the form of [`approval`].
pub fn is_approval(text: &str) -> bool {
    let name = text.strip_prefix("apr_");
    name.is_some_and(|name| name.len() == 12 && name.bytes().all(|byte| ALPHABET.contains(&byte)))
}

fn prefixed(prefix: &str, length: usize) -> String {
    let mut id = String::with_capacity(prefix.len() + length);
    id.push_str(prefix);
    id.push_str(&random(length));
    id
}

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    #[test]
    fn drawn_names_differ_and_have_their_length() {
        let (one, two) = (super::session(), super::session());
        assert_ne!(one, two);
        assert_eq!(one.len(), 22);
        assert!(super::request_ref().starts_with("req_"));
        assert!(super::is_approval(&super::approval()));
        assert!(!super::is_approval("the definition changed"));
    }
}
