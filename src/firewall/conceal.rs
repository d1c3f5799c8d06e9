//! Takes what looks like a credential out of lines for the log. The rules for secrets do most of
//! it; a log wants more than a message does, because nobody needs the value there.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

use super::{Budget, Ruleset, Surface, redact::redact};

/// How the files of rules that are read begin.
const RULES: &str = "core/secrets-";
/// What stands in the place of a value that no rule names.
const MARK: &str = "[redacted]";

/// A name that is followed by a secret, as in `name=value`, `name: value` and `"name":"value"`.
const ASSIGNED: &str = r#"(?xi)
    ( \b [a-z0-9_.-]*
      (?: api[_-]?key | access[_-]?key | private[_-]?key | secret | token
        | passw(?:or)?d | passphrase | credential )
      [a-z0-9_-]* ["'\\]* \s? [=:] \s? ["'\\]* )
    ( [^\s"'\\,;&]+ )"#;
/// A scheme of RFC 9110 (section 11) with its credentials; `Authorization` with any scheme.
const BEARER: &str =
    r"(?i)(\b(?:bearer|dpop)\s+|\bauthorization\W{1,8}(?:[a-z]+\s+)?)(\[?[a-z0-9._~+/=:-]{6,}\]?)";
/// User and password of a URL (RFC 3986, section 3.2.1).
const USERINFO: &str = r#"(\b[A-Za-z][A-Za-z0-9+.-]*://)([^\s/?\#@"'<>\\]+)@"#;
/// The query of a URL, which is no part of where it leads.
const QUERY: &str = r#"(\b[A-Za-z][A-Za-z0-9+.-]*://[^\s?\#"'<>\\]+\?)([^\s\#"'<>\\]+)"#;

struct Concealer {
    rules: Ruleset,
    named: [Regex; 3],
    userinfo: Regex,
}

static CONCEALER: LazyLock<Concealer> = LazyLock::new(|| {
    let sources: Vec<_> = Ruleset::core_sources()
        .into_iter()
        .filter(|source| source.name.starts_with(RULES))
        .collect();
    let regex = |pattern| Regex::new(pattern).expect("a test compiles each");
    Concealer {
        rules: Ruleset::compile_in_force(&sources, Ruleset::LEVEL)
            .expect("the tests compile the shipped rules"),
        named: [QUERY, BEARER, ASSIGNED].map(regex),
        userinfo: regex(USERINFO),
    }
});

/// The line without its secrets. One that cannot be read to its end is left out whole.
pub fn conceal(line: &str) -> Cow<'_, str> {
    let concealer = &*CONCEALER;
    let mut budget = Budget::for_message(line.len());
    let mut findings = Vec::new();
    if concealer.rules.scan(Surface::ToolResult, line, &mut budget, &mut findings).is_err() {
        return Cow::Borrowed("[a line too full of secrets was left out]");
    }
    let mut text = Cow::Borrowed(line);
    if !findings.is_empty() {
        let spans: Vec<_> =
            findings.iter().map(|found| (found.span.clone(), &*found.rule)).collect();
        text = Cow::Owned(redact(line, &spans));
    }
    text = replaced(text, &concealer.userinfo, |found| format!("{}{MARK}@", &found[1]));
    for named in &concealer.named {
        text = replaced(text, named, |found| match &found[2] {
            // The rule's own mark says more.
            value if value.starts_with("[redacted") => found[0].to_owned(),
            _ => format!("{}{MARK}", &found[1]),
        });
    }
    text
}

fn replaced<'a>(
    text: Cow<'a, str>,
    pattern: &Regex,
    with: impl Fn(&Captures<'_>) -> String,
) -> Cow<'a, str> {
    match pattern.replace_all(&text, with) {
        Cow::Borrowed(_) => text,
        Cow::Owned(edited) => Cow::Owned(edited),
    }
}

#[cfg(test)]
mod tests {
    use super::conceal;

    #[test]
    fn what_looks_like_a_credential_is_taken_out() {
        let github = format!("ghp_{}", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5");
        let lines = [
            format!("found {github} here"),
            "Authorization: Bearer q7w8e9r0-t1y2".to_owned(),
            r#"headers {"authorization": "Basic dXNlcjpxN3c4ZTk="}"#.to_owned(),
            "sent bearer q7w8e9r0t1y2".to_owned(),
            "connecting to postgres://app:q7w8e9@db.internal/app".to_owned(),
            "GET https://q7w8e9@api.example.org/x failed".to_owned(),
            "GET https://api.example.org/x?key=q7w8e9&page=2 failed".to_owned(),
            "API_KEY=q7w8e9".to_owned(),
            "db password: q7w8e9".to_owned(),
            r#"{\"client_secret\":\"q7w8e9\",\"a\":1}"#.to_owned(),
        ];
        for line in lines {
            let clean = conceal(&line);
            assert!(clean.contains("[redacted"), "{line} became {clean}");
            for secret in ["q7w8e9", "dXNlcjpx", &github] {
                assert!(!clean.contains(secret), "{line} became {clean}");
            }
        }
        assert_eq!(conceal("GITHUB_TOKEN=x and more"), "GITHUB_TOKEN=[redacted] and more");
    }

    #[test]
    fn an_ordinary_line_stays_as_it_is() {
        for line in [
            "Serving at http://127.0.0.1:8080/mcp",
            "A tool server is ready. upstream=files revision=2025-11-25 tools=14",
            "a token is missing",
            "call{request=req_abcdefgh1234}: A notification was withheld.",
            "src/main.rs:12: unknown key `tokens`",
        ] {
            assert_eq!(conceal(line), line);
        }
    }

    #[test]
    fn what_was_concealed_once_stays_so() {
        let line = format!("TOKEN=ghp_{}", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5");
        let once = conceal(&line).into_owned();
        assert_eq!(once, "TOKEN=[redacted:secret.github-token]");
        assert_eq!(conceal(&once), once);
    }
}
