//! Guesses whether a free-form entry (a header, an environment variable) holds a secret. It asks
//! the name first, then the value's shape. Wrong guesses cost an operator one reference.

/// Last words of names under which secrets stand.
const NOUNS: [&str; 12] = [
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "pat",
    "pwd",
    "secret",
    "token",
];

/// What makes a `key` a secret one; a `primary-key` or `sort-key` is none.
const KEY_KINDS: [&str; 9] =
    ["access", "account", "api", "auth", "encryption", "master", "private", "signing", "ssh"];

/// How published token formats begin.
pub(super) const PREFIXES: [&str; 17] = [
    "AIza",
    "AKIA",
    "ASIA",
    "Basic ",
    "Bearer ",
    "SG.",
    "dop_v1_",
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "hf_",
    "npm_",
    "sk-",
    "sk_live_",
];

/// The shortest value that is taken for a random string.
pub(super) const RANDOM_LENGTH_MIN: usize = 32;

/// Bits per character from which on mixed text is taken for random. English prose and paths lie
/// below 4.0 at this length, base64 above.
pub(super) const RANDOM_BITS_MIN: f64 = 4.0;

/// Whether `value` under the name `key` looks like a secret.
pub fn looks_like_secret(key: &str, value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() || is_reference(value) {
        return false;
    }
    (names_a_secret(key) && !is_switch(value))
        || PREFIXES.iter().any(|prefix| value.len() >= 16 && value.starts_with(prefix))
        || (value.starts_with("xox") && value.len() >= 16)
        || (value.contains("-----BEGIN") && value.contains("PRIVATE KEY"))
        || has_password(value)
        || is_random(value)
}

/// `${NAME}` and `$NAME` are left for whoever expands them.
pub(super) fn is_reference(value: &str) -> bool {
    let name = value.strip_prefix('$').map(|rest| rest.trim_matches(['{', '}']));
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
    })
}

/// Values that a setting *about* secrets has.
pub(super) fn is_switch(value: &str) -> bool {
    const SWITCHES: [&str; 8] = ["true", "false", "on", "off", "yes", "no", "none", "bearer"];
    SWITCHES.iter().any(|switch| value.eq_ignore_ascii_case(switch))
}

pub(super) fn names_a_secret(key: &str) -> bool {
    let words = words(key);
    let Some((last, before)) = words.split_last() else { return false };
    let key_kind = || before.last().is_some_and(|word| KEY_KINDS.contains(&word.as_str()));
    NOUNS.contains(&last.as_str())
        || last.ends_with("password")
        || last.ends_with("apikey")
        || last.ends_with("token")
        || last.ends_with("secret")
        || (last == "key" && (key_kind() || before.last().is_some_and(|word| word == "secret")))
}

/// `X-Api-Key`, `apiKey` and `API_KEY` in lower-case words.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for char in key.chars() {
        let separates = !char.is_ascii_alphanumeric();
        if separates || (char.is_ascii_uppercase() && after_lower) {
            words.push(String::new());
        }
        if !separates && let Some(word) = words.last_mut() {
            word.push(char.to_ascii_lowercase());
        }
        after_lower = char.is_ascii_lowercase() || char.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A URL with a password before its host.
fn has_password(value: &str) -> bool {
    url::Url::parse(value).is_ok_and(|url| url.password().is_some_and(|word| !is_reference(word)))
}

fn is_random(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(&byte);
    let bytes = value.as_bytes();
    bytes.len() >= RANDOM_LENGTH_MIN
        && bytes.iter().all(|byte| allowed(*byte))
        && !value.starts_with(['/', '.'])
        && bytes.iter().any(u8::is_ascii_lowercase)
        && bytes.iter().any(u8::is_ascii_uppercase)
        && bytes.iter().any(u8::is_ascii_digit)
        && bits_per_byte(bytes) >= RANDOM_BITS_MIN
}

/// Shannon entropy of the byte distribution.
pub(super) fn bits_per_byte(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}
