//! What in a text can be a destination: addresses, hosts, paths, accounts, names. Each in one canonical
//! form, so that the same destination is known again however it is written.

/// Kinds of destinations.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub(super) enum Kind {
    /// A whole address, query included.
    Url = 1,
    /// An address without its query.
    Page,
    Host,
    Email,
    Path,
    /// An IBAN, a number of eight digits or more, a wallet.
    Account,
    /// A channel, a branch, a user.
    Name,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Url | Self::Page => "address",
            Self::Host => "host",
            Self::Email => "mail address",
            Self::Path => "path",
            Self::Account => "account",
            Self::Name => "name",
        }
    }
}

/// Whether it is part of a web address.
pub(super) const fn is_web(kind: Kind) -> bool {
    matches!(kind, Kind::Url | Kind::Page | Kind::Host)
}

/// Characters of a token; longer words are no destinations that anybody types.
const TOKEN_CHARS_MAX: usize = 2048;
/// Segments of a path, from its end, that it may be named by.
const SUFFIXES_MAX: usize = 8;

/// Calls `found` with every destination that a text names.
pub(super) fn each(text: &str, found: &mut dyn FnMut(Kind, &str)) {
    let mut iban = String::new();
    for word in words(text) {
        if word.len() > TOKEN_CHARS_MAX {
            continue;
        }
        grouped_iban(&mut iban, word, found);
        if word.len() > 2 {
            of_word(word, found);
        }
    }
    if looks_like_iban(&iban) {
        found(Kind::Account, &iban);
    }
}

/// The words of a text as destinations are written: cut at spaces, quotes and brackets.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let cuts = |c: char| c.is_whitespace() || "\"'`<>()[]{}|,;“”‘’«»".contains(c);
    let words = text.split(cuts).map(|word| word.trim_end_matches(['.', ':', '!', '?', '*', '…']));
    words.map(|word| word.trim_start_matches(['*', '=', ':'])).filter(|word| !word.is_empty())
}

fn of_word(word: &str, found: &mut dyn FnMut(Kind, &str)) {
    // Nearly all words are letters alone and name nothing.
    if word.bytes().all(|byte| byte.is_ascii_alphabetic()) && word != "localhost" {
        return;
    }
    // `to=eve@example.org` and `file:notes.txt` name what stands behind the sign.
    if let Some((_, value)) = word.split_once('=').filter(|(key, value)| {
        value.len() > 2
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    }) {
        of_word(value, found);
        return;
    }
    if word.contains("://") {
        url(word, found);
        return;
    }
    let word = word.strip_prefix("mailto:").unwrap_or(word);
    if let Some((local, host)) = word.split_once('@')
        && !local.is_empty()
        && is_host(host)
    {
        found(Kind::Email, &word.to_ascii_lowercase());
        return;
    }
    if let Some(name) = word.strip_prefix(['#', '@']).filter(|name| name.len() > 1) {
        found(Kind::Name, &name.to_lowercase());
        return;
    }
    let head = word.split(['/', '?']).next().unwrap_or(word);
    if is_host(head.split(':').next().unwrap_or(head)) {
        url(&format!("http://{word}"), found);
    }
    if is_path(word) {
        found(Kind::Path, &path(word));
    }
    account(word, found);
    if is_name(word) {
        found(Kind::Name, &word.to_lowercase());
    }
}

/// An address, the page it names, and every page above it that has a name, down to its host.
pub(super) fn url(word: &str, found: &mut dyn FnMut(Kind, &str)) {
    let Ok(url) = url::Url::parse(word) else { return };
    if url.scheme() == "file" {
        found(Kind::Path, &path(url.path()));
        return;
    }
    let Some(host) = url.host_str() else { return };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let place = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    let page = format!("{place}{}", url.path().trim_end_matches('/'));
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    found(Kind::Url, &format!("{page}{query}"));
    if page != place {
        found(Kind::Page, &page);
    }
    found(Kind::Host, &place);
}

/// The pages above a page, the nearest first, without the host itself.
pub(super) fn above(page: &str) -> impl Iterator<Item = &str> {
    let mut next = one_above(page);
    std::iter::from_fn(move || {
        let page = next?;
        next = one_above(page);
        Some(page)
    })
}

fn one_above(page: &str) -> Option<&str> {
    page.rsplit_once('/').map(|(up, _)| up).filter(|up| up.contains('/'))
}

/// `a/b/c`, `b/c`, `c`: what a path may be called by.
pub(super) fn suffixes(path: &str) -> impl Iterator<Item = &str> {
    let cuts = path.match_indices('/').map(|(at, _)| at + 1);
    let all = std::iter::once(0).chain(cuts).filter_map(|at| path.get(at..));
    let count = path.matches('/').count() + 1;
    all.skip(count.saturating_sub(SUFFIXES_MAX)).filter(|suffix| !suffix.is_empty())
}

/// A path without what can be left out of it.
pub(super) fn path(word: &str) -> String {
    let parts = word.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".");
    let mut kept: Vec<&str> = Vec::new();
    for part in parts {
        match part {
            ".." if kept.last().is_some_and(|last| *last != "..") => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    kept.join("/")
}

fn is_path(word: &str) -> bool {
    let slashes = word.matches(['/', '\\']).count();
    if word.starts_with(['/', '~']) || word.starts_with("./") || word.starts_with("../") {
        return slashes > 0;
    }
    let last = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let named = last.rsplit_once('.').is_some_and(|(_, kind)| {
        (1..=10).contains(&kind.len())
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && kind.bytes().any(|byte| byte.is_ascii_alphabetic())
    });
    named || slashes > 1 || (slashes == 1 && last.is_empty())
}

/// Letters, digits and hyphens in two labels or more, the last of letters; or `localhost`.
fn is_host(text: &str) -> bool {
    if text == "localhost" {
        return true;
    }
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let text = text.trim_end_matches('.');
    let last = text.rsplit('.').next().unwrap_or("");
    let top = last.len() >= 2 && last.chars().all(char::is_alphabetic) || last.starts_with("xn--");
    let number = text.split('.').count() == 4 && text.split('.').all(|it| it.parse::<u8>().is_ok());
    number || text.contains('.') && top && text.split('.').all(label)
}

/// An identifier rather than a word: it holds a digit or a sign between letters.
fn is_name(word: &str) -> bool {
    const CHARS_MAX: usize = 64;
    let fits = |c: char| c.is_alphanumeric() || "-_/.#:".contains(c);
    let tells = |c: char| c.is_ascii_digit() || "-_/#".contains(c);
    word.len() <= CHARS_MAX
        && word.chars().all(fits)
        && word.chars().any(tells)
        && word.chars().any(char::is_alphanumeric)
}

fn account(word: &str, found: &mut dyn FnMut(Kind, &str)) {
    const DIGITS_MIN: usize = 8;
    let plain: String = word.chars().filter(|c| !matches!(c, '-' | '.' | ' ')).collect();
    let digits = plain.len() >= DIGITS_MIN && plain.bytes().all(|byte| byte.is_ascii_digit());
    // A day such as 2026-01-31 is eight digits too.
    let day = plain.len() == DIGITS_MIN && word.len() == DIGITS_MIN + 2;
    let wallet = plain.len() == 42 && plain.starts_with("0x")
        || plain.len() >= 26 && plain.starts_with("bc1");
    if digits && !day || wallet || looks_like_iban(&plain) {
        found(Kind::Account, &plain.to_ascii_uppercase());
    }
}

/// IBANs are written in groups of four: put together until they are one.
fn grouped_iban(iban: &mut String, word: &str, found: &mut dyn FnMut(Kind, &str)) {
    let digits = word.bytes().any(|byte| byte.is_ascii_digit());
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if word.len() > 4 || !digits || !plain {
        if looks_like_iban(iban) {
            found(Kind::Account, iban);
        }
        iban.clear();
        return;
    }
    if is_iban_start(word) {
        iban.clear();
    }
    if !iban.is_empty() || is_iban_start(word) {
        iban.push_str(&word.to_ascii_uppercase());
    }
    if is_iban(iban) {
        found(Kind::Account, iban);
    }
}

fn is_iban_start(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 4
        && bytes.iter().take(2).all(u8::is_ascii_alphabetic)
        && bytes.iter().skip(2).all(u8::is_ascii_digit)
}

/// Whether it has an IBAN's form. A false one is a destination too: somebody wants it written down.
fn looks_like_iban(text: &str) -> bool {
    (15..=34).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.get(..4).is_some_and(is_iban_start)
        && text.bytes().filter(u8::is_ascii_digit).count() >= 10
}

/// Whether the check digits of ISO 13616 hold (ISO 7064, MOD 97-10).
fn is_iban(text: &str) -> bool {
    let fits = (15..=34).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.get(..4).is_some_and(is_iban_start);
    let (Some(head), Some(tail)) = (text.get(..4), text.get(4..)) else { return false };
    let rest = tail.chars().chain(head.chars()).try_fold(0_u32, |rest, c| {
        let value = c.to_digit(36)?;
        Some(if value > 9 { rest * 100 + value } else { rest * 10 + value } % 97)
    });
    fits && rest == Some(1)
}

#[cfg(test)]
mod tests {
    use super::{Kind, above, each, path, suffixes};

    fn found(text: &str) -> Vec<(Kind, String)> {
        let mut all = Vec::new();
        each(text, &mut |kind, token| all.push((kind, token.to_owned())));
        all
    }

    fn names(text: &str, kind: Kind, token: &str) -> bool {
        found(text).contains(&(kind, token.to_owned()))
    }

    #[test]
    fn destinations_are_found_however_they_are_written() {
        for (text, kind, token) in [
            ("see <https://Evil.Example/a/b?q=1>.", Kind::Page, "evil.example/a/b"),
            ("see https://evil.example/a?q=1", Kind::Url, "evil.example/a?q=1"),
            ("at localhost:8080/collect, now", Kind::Page, "localhost:8080/collect"),
            ("the page evil.example", Kind::Host, "evil.example"),
            ("write to \"Eve@Example.org\"!", Kind::Email, "eve@example.org"),
            ("to=eve@example.org", Kind::Email, "eve@example.org"),
            ("copy it to ./public/out.txt", Kind::Path, "public/out.txt"),
            ("the file notes.txt", Kind::Path, "notes.txt"),
            ("pay DE89 3704 0044 0532 0130 00 today", Kind::Account, "DE89370400440532013000"),
            ("pay DE89370400440532013000", Kind::Account, "DE89370400440532013000"),
            ("tell #general", Kind::Name, "general"),
            ("the branch fix-login", Kind::Name, "fix-login"),
        ] {
            assert!(names(text, kind, token), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn plain_words_days_and_single_groups_are_no_destinations() {
        let accounts = |text: &str| found(text).iter().any(|(kind, _)| *kind == Kind::Account);
        assert_eq!(found("the weather is fine and we go out"), []);
        assert!(!accounts("on 2026-01-31"));
        assert!(!accounts("AB12 rooms and 3704 doors"));
        assert!(accounts("DE00 3704 0044 0532 0130 00"), "a false one is written down too");
    }

    #[test]
    fn paths_and_pages_are_known_by_their_parts() {
        assert_eq!(path("/desk/./a/../b/c.txt"), "desk/b/c.txt");
        assert_eq!(
            suffixes("work/b/c.txt").collect::<Vec<_>>(),
            ["work/b/c.txt", "b/c.txt", "c.txt"]
        );
        assert_eq!(above("host/a/b/c").collect::<Vec<_>>(), ["host/a/b", "host/a"]);
        assert_eq!(above("host/a").count(), 0);
    }
}
