//! Destinations that the organisation calls its own.

use super::token::{self, Kind};

/// `[flow] trusted_destinations`, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Trusted {
    hosts: Vec<String>,
    /// Hosts below these, each with its leading dot.
    domains: Vec<String>,
    others: Vec<(Kind, String)>,
    /// Folders, without a slash at either end.
    folders: Vec<String>,
}

impl Trusted {
    /// `example.org` is a host, `*.example.org` every host below it, `ada@example.org` a mail
    /// address, `@example.org` all of that host, `/srv/out/` a folder; anything else is a name.
    ///
    /// # Errors
    /// What is none of these, or would trust everybody, in words that name it.
    pub fn new(stated: &[String]) -> Result<Self, String> {
        let mut all = Self::default();
        for stated in stated {
            let lower = stated.trim().to_lowercase();
            if let Some(fault) = fault(&lower) {
                return Err(format!("`{stated}` {fault}"));
            }
            match &lower {
                it if it.starts_with("*.") => {
                    all.domains.push(it.trim_start_matches('*').to_owned())
                }
                it if it.contains('@') => all.others.push((Kind::Email, it.clone())),
                it if it.contains('/') && !it.contains("://") => {
                    all.folders.push(token::path(stated.trim()));
                }
                it if it.contains("://") => token::url(it, &mut |kind, token| {
                    if kind == Kind::Host {
                        all.hosts.push(token.to_owned());
                    }
                }),
                it => {
                    all.hosts.push(it.clone());
                    all.others.push((Kind::Name, it.clone()));
                    all.others.push((Kind::Account, stated.replace(' ', "").to_uppercase()));
                }
            }
        }
        Ok(all)
    }

    pub(super) fn covers(&self, kind: Kind, token: &str) -> bool {
        let stated = |wanted: &str| self.others.iter().any(|(of, it)| *of == kind && it == wanted);
        match kind {
            Kind::Host => {
                self.hosts.iter().any(|host| host == token)
                    || self.domains.iter().any(|domain| token.ends_with(domain.as_str()))
            }
            Kind::Email => {
                stated(token)
                    || token.split_once('@').is_some_and(|(_, host)| stated(&format!("@{host}")))
            }
            Kind::Path => self.folders.iter().any(|folder| {
                token.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
                    && !token.split('/').any(|part| part == "..")
            }),
            Kind::Account | Kind::Name => stated(token),
            // Their host decides.
            Kind::Url | Kind::Page => false,
        }
    }
}

/// What keeps a stated destination from being one.
fn fault(stated: &str) -> Option<&'static str> {
    let domain = stated.strip_prefix("*.");
    let rest = domain.unwrap_or(stated);
    match () {
        () if rest.is_empty() => Some("names nothing"),
        () if rest.contains('*') => {
            Some("has `*` elsewhere than in front of a domain (`*.example.org`)")
        }
        () if domain.is_some_and(|domain| !domain.contains('.')) => {
            Some("would trust every host of a whole top-level domain")
        }
        () if rest.trim_matches('/').is_empty() => Some("would trust every folder"),
        () if rest == "@" => Some("would trust every mail address"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Trusted};

    #[test]
    fn only_what_is_stated_is_trusted_and_nothing_that_looks_like_it() {
        let stated = ["*.corp.example", "git.example", "@corp.example", "/srv/out/"];
        let trusted = Trusted::new(&stated.map(str::to_owned)).expect("destinations");
        for (kind, token) in [
            (Kind::Host, "wiki.corp.example"),
            (Kind::Host, "git.example"),
            (Kind::Email, "ada@corp.example"),
            (Kind::Path, "srv/out/a.txt"),
        ] {
            assert!(trusted.covers(kind, token), "{token}");
        }
        for (kind, token) in [
            (Kind::Host, "evilcorp.example"),
            (Kind::Host, "git.example.evil.example"),
            (Kind::Email, "ada@corp.example.evil.example"),
            (Kind::Path, "srv/outside/a.txt"),
            (Kind::Path, "srv/out/../a.txt"),
            (Kind::Url, "git.example/a"),
        ] {
            assert!(!trusted.covers(kind, token), "{token}");
        }
    }

    #[test]
    fn what_would_trust_everybody_is_refused_with_its_name() {
        for stated in ["", " ", "*", "*.", "*.org", "ex*mple.org", "a.*.example.org", "/", "@"] {
            let refused = Trusted::new(&[stated.to_owned()]).expect_err("refused");
            assert!(refused.starts_with(&format!("`{stated}` ")), "{refused}");
        }
    }
}
