//! Secrets that travel in the environment: every child and every crash report of the process that
//! started the gateway may hold them.

use super::{Check, Finding, Patient};
use crate::config::file::Upstream;

pub(super) const CHECK: Check = Check { name: "secrets", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let upstreams = patient.config.file.upstreams.iter();
    upstreams.flat_map(|(name, upstream)| of(name, upstream)).collect()
}

fn of(name: &str, upstream: &Upstream) -> Vec<Finding> {
    let maps = [("env", &upstream.env), ("headers", &upstream.headers)];
    let named = maps
        .into_iter()
        .flat_map(|(kind, map)| map.iter().map(move |(key, text)| (format!("{kind}.{key}"), text)));
    let words = upstream.command.iter().flatten().map(|text| ("command".to_owned(), text));
    let url = upstream.url.iter().map(|text| ("url".to_owned(), text));
    let referred = named.chain(words).chain(url).filter_map(|(place, text)| {
        let variable = text.environment()?;
        let what = format!(
            "`upstreams.{name}.{place}` takes its secret from the environment (`{variable}`)"
        );
        let mend = "keep it in a file of mode 0600 and write `{ file = \"/path\" }`";
        Some(Finding::weak(what, mend))
    });
    let passed = upstream.env_allow.iter().filter(|name| is_secret_name(name)).map(|variable| {
        let what =
            format!("`upstreams.{name}.env_allow` hands on `{variable}`, by its name a secret");
        let mend = format!("give it under `upstreams.{name}.env` as `{{ file = \"/path\" }}`");
        Finding::weak(what, mend)
    });
    referred.chain(passed).collect()
}

/// Whether people give such a name to secrets.
fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "PRIVATE_KEY", "CREDENTIAL"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::fixture::Ward;

    #[test]
    fn secrets_by_environment_are_named_and_those_in_files_are_not() {
        let config = "[upstreams.git]\ncommand = [\"git-server\"]\n\
            env_allow = [\"GITHUB_TOKEN\", \"EDITOR\"]\n\
            [upstreams.git.env]\nA = { env = \"MINE\" }\nB = { file = \"/run/b\" }\nC = \"plain\"\n\
            [upstreams.web]\nurl = \"http://x\"\n\
            [upstreams.web.headers]\nAuthorization = { env = \"THEIRS\", prefix = \"Bearer \" }\n";
        let found = examine(&Ward::new(config).patient());
        let text: Vec<&str> = found.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(text.len(), 3, "{text:?}");
        for name in ["`MINE`", "`THEIRS`", "`GITHUB_TOKEN`"] {
            assert!(text.iter().any(|it| it.contains(name)), "{name}: {text:?}");
        }
    }
}
