//! Which package a command runs. Only the forms are read in which nothing but that package can
//! run; everything else is no answer.

use std::{fmt, path::Path};

/// Where a package comes from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Registry {
    Npm,
    Pypi,
    Image,
    /// A program of this name, wherever it was installed.
    Program,
}

/// A package that a command can run.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Package {
    registry: Registry,
    name: String,
}

impl Package {
    /// Reads `npm:NAME`, `pypi:NAME`, `image:NAME` or `program:NAME`.
    pub(super) fn parse(written: &str) -> Option<Self> {
        let (registry, name) = written.split_once(':')?;
        if name.is_empty() {
            return None;
        }
        Some(match registry {
            "npm" => npm(name),
            "pypi" => pypi(name),
            "image" => image(name),
            "program" => Self { registry: Registry::Program, name: name.to_owned() },
            _ => return None,
        })
    }
}

impl fmt::Display for Package {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let registry = match self.registry {
            Registry::Npm => "npm",
            Registry::Pypi => "pypi",
            Registry::Image => "image",
            Registry::Program => "program",
        };
        write!(formatter, "{registry}:{}", self.name)
    }
}

/// `@scope/name@1.2.3` without its version.
fn npm(written: &str) -> Package {
    let version = written.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
    let name = version.and_then(|at| written.get(..at)).unwrap_or(written);
    Package { registry: Registry::Npm, name: name.to_owned() }
}

/// `name[extra]==1.2.3` without extra and version, spelled as PEP 503 does.
fn pypi(written: &str) -> Package {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name = written.split(|c| !plain(c)).next().unwrap_or(written);
    let name = name.to_ascii_lowercase().replace(['_', '.'], "-");
    Package { registry: Registry::Pypi, name }
}

/// `host/name:tag@digest` without tag and digest.
fn image(written: &str) -> Package {
    let name = written.split('@').next().unwrap_or(written);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    Package { registry: Registry::Image, name: name.to_owned() }
}

/// The package that `words` run.
pub(super) fn package(words: &[&str]) -> Option<Package> {
    let (program, rest) = words.split_first()?;
    let name = Path::new(program).file_name()?.to_str()?;
    let name = [".exe", ".cmd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    match (name, rest) {
        ("cmd", ["/c" | "/C", rest @ ..]) => package(rest),
        ("npx" | "bunx" | "pnpx", rest)
        | ("npm", ["exec" | "x", rest @ ..])
        | ("pnpm" | "yarn", ["dlx", rest @ ..])
        | ("bun", ["x", rest @ ..]) => fetched(rest, &["-p", "--package"], npm),
        ("uvx", rest) | ("uv", ["tool", "run", rest @ ..]) | ("pipx", ["run", rest @ ..]) => {
            fetched(rest, &["--from", "--spec"], pypi)
        }
        ("docker" | "podman", ["run", rest @ ..]) => container(rest),
        ("node" | "bun" | "deno", rest) => installed(rest),
        _ if is_python(name) => module(rest),
        // A script that a package manager put into a folder of programs.
        _ => Some(Package { registry: Registry::Program, name: name.to_owned() }),
    }
}

/// Options of package runners that stand alone and do not change what runs.
const RUNNER_FLAGS: [&str; 7] =
    ["-y", "--yes", "-q", "--quiet", "--no-install", "--bun", "--prefer-offline"];

/// `npx -y NAME ARGS`, `npx --package=NAME PROGRAM ARGS`.
fn fetched(words: &[&str], from: &[&str], package: fn(&str) -> Package) -> Option<Package> {
    let mut named = None;
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let given = match word.split_once('=') {
            Some((key, value)) if from.contains(&key) => Some(value),
            _ if from.contains(&word) => Some(words.next()?),
            _ => None,
        };
        match given {
            // Of two packages nobody can say which one brings the program.
            Some(_) if named.is_some() => return None,
            Some(value) => named = Some(package(value)),
            None if RUNNER_FLAGS.contains(&word) || word == "--" => {}
            // Another registry, another folder, more packages: not ours to judge.
            None if word.starts_with('-') => return None,
            None => return named.or_else(|| is_name(word).then(|| package(word))),
        }
    }
    None
}

/// Names of a registry alone: no folder, no address, no archive. npm reads `a/b` as a repository.
fn is_name(word: &str) -> bool {
    let inner = word.strip_prefix('@').and_then(|rest| rest.split_once('/'));
    let (scope, name) = inner.map_or(("", word), |(scope, name)| (scope, name));
    let plain = |text: &str| !text.contains(['/', ':', '\\']) && !text.starts_with('.');
    plain(scope) && plain(name) && !name.is_empty()
}

/// Options of `docker run` that take no value of their own.
const CONTAINER_FLAGS: [&str; 6] = ["-i", "-t", "-it", "--rm", "--init", "--interactive"];
/// Options with a value that leave the image's own program in place and give it nothing to load.
const CONTAINER_OPTIONS: [&str; 6] = ["-e", "--env", "--name", "--network", "--env-file", "--pull"];

const MOUNTS: [&str; 3] = ["-v", "--volume", "--mount"];
/// Where the images of the reference servers expect the folders that they work on; elsewhere a
/// mount may cover the server's own program.
const WORK_FOLDERS: [&str; 3] = ["/projects", "/data", "/workspace"];

/// Whether a mount, `SOURCE:TARGET` or `type=bind,src=…,dst=TARGET`, leaves the program alone.
fn is_work(mount: &str) -> bool {
    let named = mount.split(',').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        matches!(key, "dst" | "target" | "destination").then_some(value)
    });
    let target = named.or_else(|| mount.split(':').nth(1)).unwrap_or("");
    let inside = |folder: &&str| {
        target.strip_prefix(*folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !target.contains("..") && WORK_FOLDERS.iter().any(inside)
}

fn container(words: &[&str]) -> Option<Package> {
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let key = word.split('=').next().unwrap_or(word);
        if CONTAINER_FLAGS.contains(&word) {
            continue;
        }
        if CONTAINER_OPTIONS.contains(&key) {
            if !word.contains('=') {
                words.next()?;
            }
            continue;
        }
        if MOUNTS.contains(&key) {
            let stated = word.split_once('=').filter(|_| key.starts_with("--"));
            let mount = stated.map(|(_, value)| value).or_else(|| words.next())?;
            if !is_work(mount) {
                return None;
            }
            continue;
        }
        return (!word.starts_with('-')).then(|| image(word));
    }
    None
}

/// `node …/node_modules/@scope/name/dist/index.js`: the last such folder is the package.
fn installed(words: &[&str]) -> Option<Package> {
    let script = words.first().filter(|word| !word.starts_with('-'))?;
    let script = script.replace('\\', "/");
    let (_, inside) = script.rsplit_once("/node_modules/")?;
    let mut parts = inside.split('/');
    let first = parts.next().filter(|part| !part.is_empty() && *part != "..")?;
    if inside.split('/').any(|part| part == "..") {
        return None;
    }
    let name = match first.strip_prefix('@') {
        Some(_) => format!("{first}/{}", parts.next()?),
        None => first.to_owned(),
    };
    Some(npm(&name))
}

fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("py"));
    version.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// `python -m mcp_server_git`: packages of servers and their modules share a name.
fn module(words: &[&str]) -> Option<Package> {
    match words {
        ["-m", name, ..] => Some(pypi(name)),
        _ => None,
    }
}
