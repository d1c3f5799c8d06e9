//! The scopes that an upstream misses in the gateway's token (RFC 6750 §3.1), as the words that a
//! person types. They come from a stranger and end up in a sentence, so only names pass.

use hyper::{HeaderMap, header::WWW_AUTHENTICATE};

/// Scopes in one challenge; further ones are left out.
const SCOPES_MAX: usize = 8;
const SCOPE_BYTES_MAX: usize = 64;

/// ` --scope NAME` for each scope of an `insufficient_scope` challenge, if there is one.
pub(super) fn wanted(headers: &HeaderMap) -> Option<String> {
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    let mut challenges = challenges.filter_map(|value| value.to_str().ok());
    let challenge =
        challenges.find(|challenge| parameter(challenge, "error") == Some("insufficient_scope"))?;
    let scopes = parameter(challenge, "scope")?.split(' ').filter(|scope| is_name(scope));
    let options: String =
        scopes.take(SCOPES_MAX).map(|scope| format!(" --scope {scope}")).collect();
    (!options.is_empty()).then_some(options)
}

/// The value of one parameter, quoted or not.
fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = challenge;
    loop {
        let (before, after) = rest.split_once('=')?;
        let key = before.rsplit([' ', ',']).next().unwrap_or_default();
        let (value, more) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = more;
    }
}

fn is_name(scope: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte);
    !scope.is_empty() && scope.len() <= SCOPE_BYTES_MAX && scope.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, header::WWW_AUTHENTICATE};

    use super::wanted;

    fn of(challenge: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, challenge.parse().expect("a header"));
        wanted(&headers)
    }

    #[test]
    fn missing_scopes_become_options() {
        let challenge = r#"Bearer scope="mcp:write files.read", error="insufficient_scope""#;
        assert_eq!(of(challenge).as_deref(), Some(" --scope mcp:write --scope files.read"));
        let challenge = "Bearer error=insufficient_scope, scope=admin";
        assert_eq!(of(challenge).as_deref(), Some(" --scope admin"));
    }

    #[test]
    fn other_challenges_and_odd_names_say_nothing() {
        assert_eq!(of(r#"Bearer error="invalid_token", scope="a""#), None);
        assert_eq!(of(r#"Bearer error="insufficient_scope""#), None);
        assert_eq!(of(r#"Bearer error="insufficient_scope", scope="`x` $(y) ;z""#), None);
        assert_eq!(of(r#"Bearer error="insufficient_scope", scope="broken"#), None);
    }
}
