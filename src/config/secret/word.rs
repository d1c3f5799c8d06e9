//! Guesses whether a word of a command line, or an address, holds a secret. Words are mostly
//! paths, package names and digests, so this asks for more than [`super::looks_like_secret`]: a
//! telling name before the value, or a shape that only credentials have.

use super::shape::{
    PREFIXES, RANDOM_BITS_MIN, RANDOM_LENGTH_MIN, bits_per_byte, is_reference, is_switch,
    names_a_secret,
};

/// Those of [`PREFIXES`] that packages and settings begin with too.
const AMBIGUOUS: [&str; 5] = ["SG.", "eyJ", "hf_", "npm_", "sk-"];

/// Letters and digits in a row that make the rest of an ambiguous word a credential.
const RUN_LENGTH_MIN: usize = 16;

/// Letters of both cases in a row that do so without a digit.
const LETTERS_LENGTH_MIN: usize = 30;

/// Of a hundred neighbours, how many change between small letter, capital and digit in random text
/// (44 in base 62, not counting a capital before a small letter, which names have too).
const SWITCHES_PERCENT_MIN: usize = 25;

/// Flags that a header follows.
const HEADER_FLAGS: [&str; 2] = ["-H", "--header"];

/// What parts a word that is a line of its own, as shells and JSON have them.
const PARTS: [char; 10] = [' ', '\t', '\n', '"', '\'', '`', ',', ';', '(', ')'];

/// Whether a word of a command line holds a secret; `before` is the word before it.
pub fn word_holds_secret(before: Option<&str>, word: &str) -> bool {
    if word.contains("-----BEGIN") && word.contains("PRIVATE KEY") {
        return true;
    }
    let (flagged, mut before) = (before.is_some_and(|it| HEADER_FLAGS.contains(&it)), before);
    word.split(PARTS).filter(|part| !part.is_empty()).any(|part| {
        let holds = follows_a_name(before, part) || stands_alone(part, flagged);
        before = Some(part);
        holds
    })
}

/// Whether an address holds a secret: a password, a telling parameter, or a credential in place
/// of a user, a parameter or a part of the path.
pub fn address_holds_secret(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let password = |word: &str| !word.is_empty() && !is_reference(word);
    url.password().is_some_and(password)
        || is_credential(url.username())
        || url.query_pairs().any(|(key, value)| is_named(&key, &value) || is_credential(&value))
        || url.path_segments().into_iter().flatten().any(is_published)
}

/// `--token VALUE`, `X-Api-Key: VALUE`, `Bearer VALUE`.
fn follows_a_name(before: Option<&str>, value: &str) -> bool {
    let Some(before) = before.filter(|_| !value.starts_with('-')) else { return false };
    if before.eq_ignore_ascii_case("bearer") || before.eq_ignore_ascii_case("basic") {
        let digits = value.bytes().any(|byte| byte.is_ascii_digit());
        return !is_reference(value) && ((value.len() >= 8 && digits) || value.len() >= 20);
    }
    let header = before.strip_suffix(':').filter(|name| is_header(name));
    let flag = before.strip_prefix('-').filter(|flag| !flag.contains('='));
    header.or(flag).is_some_and(|name| is_named(name, value))
}

/// `ghp_…`, `--token=VALUE`, `TOKEN=VALUE`, and `X-Api-Key:VALUE` where a header is due.
fn stands_alone(word: &str, header_due: bool) -> bool {
    let header = word.split_once(':').filter(|(name, _)| header_due || is_authorization(name));
    if header.is_some_and(|(name, value)| is_named(name, value)) {
        return true;
    }
    // In `https://host/?a=b` there is no name before the first `=`, and padding is no value.
    let pair = word.split_once('=').filter(|(name, value)| {
        !name.contains(['/', ':', '?']) && !value.trim_matches('=').is_empty()
    });
    match pair {
        Some((name, value)) => is_named(name, value) || is_credential(value) || is_published(word),
        None => is_credential(word),
    }
}

/// Names of headers; a script may be called `token:` too.
fn is_header(name: &str) -> bool {
    is_authorization(name) || (name.contains('-') && !name.contains('/'))
}

fn is_authorization(name: &str) -> bool {
    name.eq_ignore_ascii_case("authorization")
}

/// A value under a name that secrets stand under.
fn is_named(name: &str, value: &str) -> bool {
    let path = ["/", "./", "../", "~/"].iter().any(|start| value.starts_with(start));
    !value.is_empty() && !path && !is_switch(value) && !is_reference(value) && names_a_secret(name)
}

/// What is a credential wherever it stands.
fn is_credential(value: &str) -> bool {
    if value.contains("://") {
        return address_holds_secret(value);
    }
    is_published(value) || is_random(value)
}

/// A token in a published format.
fn is_published(value: &str) -> bool {
    let fits = |prefix: &str| {
        let rest = value.strip_prefix(prefix);
        rest.is_some_and(|rest| !AMBIGUOUS.contains(&prefix) || has_run(rest))
    };
    let slack = value.strip_prefix("xox").is_some_and(|rest| rest.get(1..2) == Some("-"));
    value.len() >= RUN_LENGTH_MIN && (slack || PREFIXES.iter().any(|prefix| fits(prefix)))
}

fn has_run(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        let classes = Classes::of(run);
        let mixed = classes.digits && (classes.small || classes.capital);
        (run.len() >= RUN_LENGTH_MIN && mixed)
            || (run.len() >= LETTERS_LENGTH_MIN && classes.small && classes.capital)
    })
}

fn is_random(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(&byte);
    let classes = Classes::of(value);
    value.len() >= RANDOM_LENGTH_MIN
        && value.bytes().all(allowed)
        && !value.starts_with(['/', '.'])
        && !is_digest(value)
        && classes.digits
        && classes.small
        && classes.capital
        && switches_often(value.as_bytes())
        && bits_per_byte(value.as_bytes()) >= RANDOM_BITS_MIN
}

/// `sha512-…`, as lock files write what a package must be.
fn is_digest(value: &str) -> bool {
    ["sha1-", "sha256-", "sha384-", "sha512-"].iter().any(|kind| value.starts_with(kind))
}

/// Whether letters and digits change as often as in random text, and not as in `MyServer2/build`.
fn switches_often(bytes: &[u8]) -> bool {
    let pairs = bytes.windows(2).filter_map(|pair| match pair {
        [first, second] => Some((first, second)),
        _ => None,
    });
    let inside = pairs.filter(|(a, b)| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric());
    let (mut all, mut switches) = (0, 0);
    for (first, second) in inside {
        let same = first.is_ascii_lowercase() == second.is_ascii_lowercase()
            && first.is_ascii_digit() == second.is_ascii_digit();
        let name_begins = first.is_ascii_uppercase() && second.is_ascii_lowercase();
        all += 1;
        switches += usize::from(!same && !name_begins);
    }
    switches * 100 >= all * SWITCHES_PERCENT_MIN
}

/// Which kinds of characters a text has.
struct Classes {
    small: bool,
    capital: bool,
    digits: bool,
}

impl Classes {
    fn of(text: &str) -> Self {
        Self {
            small: text.bytes().any(|byte| byte.is_ascii_lowercase()),
            capital: text.bytes().any(|byte| byte.is_ascii_uppercase()),
            digits: text.bytes().any(|byte| byte.is_ascii_digit()),
        }
    }
}
