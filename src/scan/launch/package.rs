//! Whether a command line fetches its program at each start, and which version it would get.

use crate::firewall::Severity;

/// The word that names a package or image without fixing what it is, and why that is unwise.
pub(super) fn unpinned(words: &[&str]) -> Option<(usize, Severity, String)> {
    let (command, rest) = words.split_first()?;
    let name = command.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.trim_end_matches(".cmd").trim_end_matches(".exe");
    match name {
        "npx" | "bunx" | "pnpx" => script(words, 1),
        "npm" | "pnpm" | "yarn" | "bun"
            if matches!(rest.first(), Some(&("dlx" | "exec" | "x"))) =>
        {
            script(words, 2)
        }
        "uvx" => python(words, 1),
        "uv" if rest.starts_with(&["tool", "run"]) => python(words, 3),
        "pipx" if rest.first() == Some(&"run") => python(words, 2),
        "docker" | "podman" if rest.first() == Some(&"run") => image(words),
        _ => None,
    }
}

/// The first word from `from` on that is neither an option nor an option's value, or the value of an
/// option that names the package itself.
fn package<'a>(
    words: &[&'a str],
    from: usize,
    naming: &[&str],
    valued: &[&str],
) -> Option<(usize, &'a str)> {
    let mut index = from;
    while let Some(word) = words.get(index) {
        if naming.contains(word) {
            return words.get(index + 1).map(|word| (index + 1, *word));
        }
        if let Some((flag, value)) = word.split_once('=').filter(|_| word.starts_with('-')) {
            if naming.contains(&flag) {
                return Some((index, value));
            }
            index += 1;
        } else if word.starts_with('-') {
            index += if valued.contains(word) { 2 } else { 1 };
        } else {
            return Some((index, *word));
        }
    }
    None
}

fn script(words: &[&str], from: usize) -> Option<(usize, Severity, String)> {
    let (index, name) = package(words, from, &["-p", "--package"], &["--registry", "--cache"])?;
    if is_address(name) {
        return Some((index, Severity::High, address(name)));
    }
    let version = name.trim_start_matches('@').split_once('@').map(|(_, version)| version);
    let fixed = version.is_some_and(is_exact);
    (!fixed).then(|| (index, Severity::Medium, message(name, "NAME@1.2.3")))
}

fn python(words: &[&str], from: usize) -> Option<(usize, Severity, String)> {
    let valued = ["--index-url", "--python", "-p", "--with", "--index"];
    let (index, name) = package(words, from, &["--from", "--spec"], &valued)?;
    if is_address(name) {
        return Some((index, Severity::High, address(name)));
    }
    let version = name.split_once("==").or_else(|| name.split_once('@'));
    let fixed = version.is_some_and(|(_, version)| is_exact(version));
    (!fixed).then(|| (index, Severity::Medium, message(name, "NAME==1.2.3")))
}

/// Options of `run` that take a value of their own.
const RUN_VALUED: [&str; 15] = [
    "-e",
    "--env",
    "-v",
    "--volume",
    "--mount",
    "-p",
    "--publish",
    "--name",
    "--network",
    "-u",
    "--user",
    "-w",
    "--workdir",
    "--env-file",
    "--entrypoint",
];

fn image(words: &[&str]) -> Option<(usize, Severity, String)> {
    let (index, name) = package(words, 2, &[], &RUN_VALUED)?;
    let fixed = name.contains("@sha256:");
    (!fixed).then(|| (index, Severity::Medium, message(name, "NAME@sha256:…")))
}

fn is_exact(version: &str) -> bool {
    let mut numbers = version.split('.');
    let number = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    numbers.clone().count() >= 2
        && numbers.all(number)
        && !version.contains(['*', '^', '~', '>', '<', ',', ' '])
}

fn is_address(name: &str) -> bool {
    name.contains("://")
        || ["github:", "gitlab:", "git+", "file:"].iter().any(|it| name.starts_with(it))
}

fn address(name: &str) -> String {
    let name = name.split(['?', '#']).next().unwrap_or_default();
    format!("`{name}` is fetched from an address, and may be another program tomorrow")
}

fn message(name: &str, form: &str) -> String {
    format!("`{name}` may be another program at the next start; pin it as `{form}`")
}

#[cfg(test)]
mod tests {
    use super::unpinned;

    fn found(line: &str) -> Option<usize> {
        let words: Vec<&str> = line.split(' ').collect();
        unpinned(&words).map(|(index, _, _)| index)
    }

    #[test]
    fn a_package_without_an_exact_version_is_named_by_its_place() {
        assert_eq!(found("npx -y @scope/server /srv"), Some(2));
        assert_eq!(found("npx -y @scope/server@latest"), Some(2));
        assert_eq!(found("npx -y server@^1.2.0"), Some(2));
        assert_eq!(found("npx --package=server run"), Some(1));
        assert_eq!(found("/usr/bin/npx github:someone/server"), Some(1));
        assert_eq!(found("pnpm dlx server"), Some(2));
        assert_eq!(found("uvx mcp-server-git --repository /srv"), Some(1));
        assert_eq!(found("uvx --from git+https://x.example/y server"), Some(2));
        assert_eq!(found("docker run -i --rm -e KEY=1 -e OTHER mcp/git:latest"), Some(8));
    }

    #[test]
    fn what_is_pinned_or_installed_is_no_concern() {
        for line in [
            "npx -y @scope/server@1.2.3 /srv",
            "uvx mcp-server-git==2025.1.14",
            "uvx --from mcp-server-git==1.0.0 server",
            "docker run -i --rm mcp/git@sha256:0011",
            "node /srv/server.js",
            "npm install",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
