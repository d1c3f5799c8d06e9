//! Host and Origin: what keeps a web page from talking to a gateway on the reader's machine (DNS
//! rebinding, CVE-2025-64443).

use axum::http::{HeaderMap, header};

/// Names under which the gateway answers, and origins whose scripts may call it.
#[derive(Clone, Debug, Default)]
pub struct Doorkeeper {
    /// Host names, lower case, without port.
    pub hosts: Vec<String>,
    /// Origins, as browsers send them. Those of `hosts` are always allowed.
    pub origins: Vec<String>,
}

impl Doorkeeper {
    /// # Errors
    /// A Host or an Origin that is not ours.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        if !host.is_some_and(|host| self.knows(host)) {
            return Err("Forbidden: this Host is not one of `listen.hosts`");
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        let origin = origin.to_str().ok().filter(|_| origins.next().is_none());
        match origin {
            Some(origin) if self.allows(origin) => Ok(()),
            _ => Err("Forbidden: this Origin is not one of `listen.origins`"),
        }
    }

    fn knows(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        self.hosts.contains(&name)
    }

    fn allows(&self, origin: &str) -> bool {
        if self.origins.iter().any(|allowed| allowed == origin) {
            return true;
        }
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| self.knows(host))
    }
}

/// A host without its port; an IPv6 address keeps its brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::Doorkeeper;

    fn check(host: &'static str, origin: Option<&'static str>) -> bool {
        let keeper = Doorkeeper {
            hosts: ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned).to_vec(),
            origins: vec!["https://app.example".to_owned()],
        };
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert("origin", HeaderValue::from_static(origin));
        }
        keeper.check(&headers).is_ok()
    }

    #[test]
    fn only_our_own_names_are_answered() {
        assert!(check("127.0.0.1:8080", None));
        assert!(check("LOCALHOST", None));
        assert!(check("[::1]:8080", Some("http://[::1]:8080")));
        assert!(!check("evil.example", None));
        assert!(!check("127.0.0.1.evil.example:80", None));
    }

    #[test]
    fn a_foreign_origin_is_refused() {
        assert!(check("localhost", Some("http://localhost:3000")));
        assert!(check("localhost", Some("https://app.example")));
        assert!(!check("localhost", Some("https://evil.example")));
        assert!(!check("localhost", Some("http://localhost.evil.example")));
        assert!(!check("localhost", Some("null")));
    }
}
