//! Tells which values of a client's file are secrets, and carries them without printing them.
//!
//! Errs on the side of moving: a value that is moved without need reaches its server all the same.

use std::fmt;

use crate::config::secret::looks_like_secret;

/// Shortest run of mixed letters and digits that is taken for a key: 16 characters of base 32 are
/// 80 bits, about the shortest any provider hands out.
const SHORTEST_RUN: usize = 16;

/// Fewest bits per character of such a run. Random hexadecimal has about 3.4 at 16 characters,
/// a word with a year behind it stays below 3.
const LEAST_ENTROPY: f64 = 3.0;

/// How the keys of well-known services begin.
const PREFIXES: [&str; 24] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "eyJ",
    "hf_",
    "npm_",
    "lin_api_",
    "ntn_",
    "dop_v1_",
    "pypi-",
];

/// Words in a key's name that say its value is a secret.
const TELLING: [&str; 18] = [
    "TOKEN",
    "KEY",
    "APIKEY",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "PWD",
    "AUTH",
    "AUTHORIZATION",
    "CREDENTIAL",
    "CREDENTIALS",
    "BEARER",
    "COOKIE",
    "PAT",
    "DSN",
    "SIGNATURE",
];

/// Last words of a name that say the value describes the secret and isn't it.
const DESCRIBING: [&str; 20] = [
    "FILE",
    "PATH",
    "DIR",
    "TYPE",
    "MODE",
    "URL",
    "URI",
    "ID",
    "NAME",
    "METHOD",
    "SCHEME",
    "HEADER",
    "ENABLED",
    "REGION",
    "ALGORITHM",
    "TTL",
    "HOST",
    "PORT",
    "VAR",
    "ENDPOINT",
];

/// A secret on its way from a client's file to a file of its own. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that writes it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText([redacted])")
    }
}

/// Whether the value under `key` is a secret, by the key's name or by the value's shape. Whatever
/// the configuration would refuse as one counts too: it must be able to read what is written.
pub fn is_secret(key: &str, value: &str) -> bool {
    let blank = matches!(value.trim(), "" | "true" | "false" | "0" | "1" | "null");
    !blank && (is_telling(key) || has_secret_shape(value) || looks_like_secret(key, value))
}

/// Whether the name alone says that its value is a secret: `GITHUB_TOKEN`, `x-api-key`, `apiKey`.
pub fn is_telling(key: &str) -> bool {
    let words = words(key);
    let describing = words.last().is_some_and(|last| DESCRIBING.contains(&last.as_str()));
    !describing && words.iter().any(|word| TELLING.contains(&word.as_str()))
}

/// Whether the value looks like a key wherever it stands.
pub fn has_secret_shape(value: &str) -> bool {
    let value = value.trim();
    let scheme = value.get(..7).unwrap_or_default();
    let authorization = scheme.eq_ignore_ascii_case("bearer ")
        || scheme.get(..6).unwrap_or_default().eq_ignore_ascii_case("basic ");
    authorization
        || value.contains("-----BEGIN")
        || PREFIXES.iter().any(|prefix| value.len() > prefix.len() + 8 && value.starts_with(prefix))
        || url_holds_secret(value)
        || is_random(value)
}

/// Whether a URL carries a password, a telling query parameter or a key as a path segment.
pub fn url_holds_secret(value: &str) -> bool {
    let Ok(url) = url::Url::parse(value) else { return false };
    if url.cannot_be_a_base() {
        return false;
    }
    url.password().is_some()
        || url.query_pairs().any(|(key, value)| is_secret(&key, &value))
        || url.path_segments().into_iter().flatten().any(is_random)
}

/// Upper-case words of a name: `x-api-key`, `X_API_KEY` and `xApiKey` give the same three.
fn words(key: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower_before = false;
    for c in key.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower_before) {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_uppercase());
        }
        lower_before = c.is_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// A long run of letters and digits in no order, in a value that is no path and no sentence.
fn is_random(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=+".contains(c);
    value.chars().all(plain)
        && value.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
            run.len() >= SHORTEST_RUN
                && run.bytes().any(|byte| byte.is_ascii_digit())
                && run.bytes().any(|byte| byte.is_ascii_alphabetic())
                && entropy(run) >= LEAST_ENTROPY
        })
}

/// Shannon entropy of the bytes, in bits per byte.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = u32::try_from(text.len()).map_or(f64::MAX, f64::from);
    let share = |count: &u32| f64::from(*count) / length;
    counts.iter().filter(|count| **count > 0).map(share).map(|p| -p * p.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::{SecretText, has_secret_shape, is_secret};

    #[test]
    fn names_and_shapes_tell() {
        for (key, value) in [
            ("GITHUB_TOKEN", "short"),
            ("apiKey", "x y"),
            ("x-api-key", "v"),
            ("Authorization", "whatever"),
            ("DATABASE", "postgresql://app:hunter@db.example/main"),
            ("ENDPOINT_URL", "https://mcp.example.com/mcp?api_key=abc"),
            ("HOOK", "https://mcp.example.com/s/q7w8e9r0t1y2u3i4o5p6/mcp"),
            ("X", "0123456789abcdef0123456789abcdef"),
            ("X", "Bearer abc"),
        ] {
            assert!(is_secret(key, value), "{key}={value}");
        }
    }

    #[test]
    fn ordinary_settings_stay() {
        for (key, value) in [
            ("LOG_LEVEL", "debug"),
            ("AUTH_TYPE", "interactive"),
            ("TOKEN_FILE", "/run/token"),
            ("API_TOKEN", ""),
            ("USE_AUTH", "true"),
            ("KEYBOARD", "qwerty"),
            ("URL", "https://mcp.example.com/mcp?team=blue"),
            ("PACKAGE", "@modelcontextprotocol/server-sequential-thinking-2025"),
            ("OAUTH_CLIENT_ID", "my-client"),
        ] {
            assert!(!is_secret(key, value), "{key}={value}");
        }
        assert!(!has_secret_shape("/home/anna/projects/a1b2c3d4e5f6a7b8c9d0"));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SecretText::new("q7w8e9")), "SecretText([redacted])");
    }
}
