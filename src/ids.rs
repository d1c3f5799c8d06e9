//! Names that the gateway draws: unguessable, short enough to read out.

use std::cell::RefCell;

use aws_lc_rs::rand;

/// Base58 without look-alikes (the Bitcoin alphabet), so that a person can type it.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Bytes that a thread draws from the system's generator at once: a draw has a price of its own.
const POOL_BYTES: usize = 512;

/// Random bytes that nobody has seen yet; each is handed out once and wiped.
struct Pool {
    bytes: [u8; POOL_BYTES],
    next: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_BYTES], next: POOL_BYTES }) };
}

impl Pool {
    fn byte(&mut self) -> u8 {
        if self.next == POOL_BYTES {
            rand::fill(&mut self.bytes).expect("the system's random generator answers");
            self.next = 0;
        }
        self.next += 1;
        std::mem::take(&mut self.bytes[self.next - 1])
    }

    fn letter(&mut self) -> char {
        loop {
            let byte = usize::from(self.byte());
            // 232 = 4 × 58: larger bytes would make the first letters likelier.
            if byte < 232 {
                return char::from(ALPHABET[byte % 58]);
            }
        }
    }
}

/// `length` base58 characters from the system's generator: 5.86 bits each.
pub fn random(length: usize) -> String {
    POOL.with_borrow_mut(|pool| (0..length).map(|_| pool.letter()).collect())
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

/// A run's name, as people see it.
pub fn run() -> String {
    prefixed("run_", 12)
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
