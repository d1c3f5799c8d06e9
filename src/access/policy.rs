//! A set of checked policies that is asked many questions. It never changes: a new policy folder
//! is a new `Policies`, swapped whole by whoever holds it.

use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use super::compile::{Compiled, compile};
use super::error::PolicyError;
use super::memo::Memo;
use super::schema::SCHEMA;
use super::scope::Index;
use super::slices::Slices;

/// A policy text with the name that errors and ids show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Source {
    /// Usually the file name.
    pub name: String,
    /// Cedar.
    pub text: String,
}

/// How much policies, questions and kept answers may take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes of one source; 1 MiB.
    pub source_bytes: usize,
    /// Policies in all sources together; 10 000.
    pub policies: usize,
    /// Policy sets kept ready; 1024. More combinations cost a rebuild, never an answer.
    pub slices: usize,
    /// Answers kept; 65 536.
    pub answers: usize,
    /// Groups of one caller; 256. More are refused.
    pub groups: usize,
    /// Levels of nested arguments that a policy can read; 16. More are refused where a policy
    /// reads arguments.
    pub argument_depth: usize,
    /// Values in arguments that a policy can read; 4096. More are refused likewise.
    pub argument_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes: 1 << 20,
            policies: 10_000,
            slices: 1024,
            answers: 65_536,
            groups: 256,
            argument_depth: 16,
            argument_values: 4096,
        }
    }
}

/// Checked policies, indexed by what they concern. Asking is thread-safe and holds no lock longer
/// than a look-up.
#[derive(Debug)]
pub struct Policies {
    pub(super) compiled: Vec<Compiled>,
    pub(super) index: Index,
    pub(super) slices: Slices,
    pub(super) memo: Memo,
    pub(super) limits: Limits,
    reads_arguments: bool,
    digest: String,
}

impl Policies {
    /// Checks policies under the default limits. The ground rules are always added.
    ///
    /// # Errors
    /// Every error in every source, each with its line.
    pub fn from_sources(sources: &[Source]) -> Result<Self, Vec<PolicyError>> {
        Self::with_limits(sources, Limits::default())
    }

    /// Checks policies under limits of one's own.
    ///
    /// # Errors
    /// Every error in every source, each with its line.
    pub fn with_limits(sources: &[Source], limits: Limits) -> Result<Self, Vec<PolicyError>> {
        let large = sources.iter().filter(|source| source.text.len() > limits.source_bytes);
        let large: Vec<_> =
            large.map(|source| too_large(&source.name, limits.source_bytes, "bytes")).collect();
        if !large.is_empty() {
            return Err(large);
        }
        let all: Vec<Source> = std::iter::once(ground()).chain(sources.iter().cloned()).collect();
        let compiled = compile(&all)?;
        if compiled.len() > limits.policies {
            return Err(vec![too_large("policies", limits.policies, "policies")]);
        }
        let mut index = Index::default();
        for (number, policy) in (0u32..).zip(&compiled) {
            index.file(number, &policy.scope);
        }
        let (slices, memo) = (Slices::new(limits.slices), Memo::new(limits.answers));
        let reads_arguments = compiled.iter().any(|policy| policy.reads_arguments);
        Ok(Self { compiled, index, slices, memo, digest: digest(&all), limits, reads_arguments })
    }

    /// Reads and checks all `*.cedar` files of a folder, in the order of their names. Folders in
    /// it are not entered.
    ///
    /// # Errors
    /// A folder or file that cannot be read, a folder without policies, and every error in them.
    pub fn load(folder: &Path) -> Result<Self, Vec<PolicyError>> {
        let sources = read_folder(folder, "cedar").map_err(|error| vec![error])?;
        if sources.is_empty() {
            return Err(vec![PolicyError::Empty { path: folder.to_owned() }]);
        }
        Self::from_sources(&sources)
    }

    /// The shipped policy for development mode: everything that the ground rules leave.
    #[must_use]
    pub fn allow_all() -> Self {
        Self::shipped("allow-all.cedar", include_str!("../../rulesets/access/allow-all.cedar"))
    }

    /// The shipped policy for a wrapped server: what it offers, to the local caller.
    #[must_use]
    pub fn wrapped() -> Self {
        Self::shipped("wrap.cedar", include_str!("../../rulesets/access/wrap.cedar"))
    }

    fn shipped(name: &str, text: &str) -> Self {
        Self::from_sources(&[Source { name: name.to_owned(), text: text.to_owned() }])
            .expect("the shipped policies are checked by the tests")
    }

    /// SHA-256 over schema, names and texts, in lower-case hexadecimal: which policies decided.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How many policies there are, ground rules included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.compiled.len()
    }

    /// Whether any policy reads a call's arguments; if none does, a question needs none.
    #[must_use]
    pub fn reads_arguments(&self) -> bool {
        self.reads_arguments
    }
}

/// In force under every folder, because no policy may undo them.
fn ground() -> Source {
    Source {
        name: "shipped/ground.cedar".to_owned(),
        text: include_str!("../../rulesets/access/ground.cedar").to_owned(),
    }
}

fn too_large(what: &str, limit: usize, unit: &'static str) -> PolicyError {
    PolicyError::TooLarge { what: what.to_owned(), limit, unit }
}

/// Each part is preceded by its length, so that no two lists of sources read alike.
fn digest(sources: &[Source]) -> String {
    let mut context = Context::new(&SHA256);
    let texts = sources.iter().flat_map(|source| [source.name.as_str(), source.text.as_str()]);
    for part in std::iter::once(SCHEMA).chain(texts) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    crate::hex::encode(context.finish().as_ref())
}

/// The files of a folder whose names end in `.suffix`, sorted by name.
pub(super) fn read_folder(folder: &Path, suffix: &str) -> Result<Vec<Source>, PolicyError> {
    let failed = |path: &Path, source| PolicyError::Read { path: path.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    let mut sources = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name.filter(|name| is_named(name, suffix) && !path.is_dir()) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        sources.push(Source { name, text });
    }
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(sources)
}

fn is_named(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|stem| stem.len() > 1 && stem.ends_with('.'))
}
