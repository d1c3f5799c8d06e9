//! One server of the catalogue as a file says it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Class, Destination, Package, Server, Tool};
use crate::settings::Risk;

/// The only form of these files.
const SCHEMA: u32 = 1;

/// What is wrong with a file of the catalogue.
#[derive(Debug, thiserror::Error)]
#[error("classes/{file}.toml: {what}")]
pub struct FileError {
    file: String,
    what: String,
}

impl FileError {
    pub(super) fn new(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), what: what.into() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    /// Defaults to the file's name.
    title: String,
    /// Where the tools are documented.
    source: String,
    /// `npm:NAME`, `pypi:NAME`, `image:NAME` or `program:NAME`.
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    resources: Option<Group>,
    tools: Vec<Group>,
}

/// Tools that do the same kind of thing.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(default)]
    names: Vec<String>,
    classes: Vec<Class>,
    #[serde(default)]
    risk: Option<Risk>,
    #[serde(default)]
    destinations: Vec<Destination>,
}

/// # Errors
/// It is not TOML of this form, or says a thing twice.
pub(super) fn parse(name: &str, text: &str) -> Result<Server, FileError> {
    let fail = |what: String| FileError::new(name, what);
    let file: File = toml::from_str(text).map_err(|error| fail(error.to_string()))?;
    if file.schema != SCHEMA {
        return Err(fail(format!("`schema` is {}; this program reads {SCHEMA}", file.schema)));
    }
    let mut packages = Vec::new();
    for written in &file.packages {
        let package = Package::parse(written);
        packages.push(package.ok_or_else(|| fail(format!("`{written}` is no package")))?);
    }
    let mut tools = BTreeMap::new();
    for group in &file.tools {
        let tool = group.tool().map_err(fail)?;
        if group.names.is_empty() {
            return Err(fail("a group of tools names none".to_owned()));
        }
        for name in &group.names {
            if tools.insert(name.clone(), tool.clone()).is_some() {
                return Err(fail(format!("tool `{name}` is there twice")));
            }
        }
    }
    let resources = file.resources.as_ref().map(Group::tool).transpose().map_err(fail)?;
    Ok(Server {
        name: name.to_owned(),
        title: file.title,
        source: file.source,
        packages,
        hosts: file.hosts,
        says: file.says,
        tools,
        resources,
    })
}

impl Group {
    fn tool(&self) -> Result<Tool, String> {
        let classes: BTreeSet<Class> = self.classes.iter().copied().collect();
        let first = self.names.first().map_or("resources", String::as_str);
        if classes.is_empty() || classes.len() != self.classes.len() {
            return Err(format!("`{first}`: `classes` is empty or repeats a word"));
        }
        if classes.contains(&Class::Computes) && classes.len() > 1 {
            return Err(format!("`{first}`: what `computes` does nothing else"));
        }
        if let Some(wrong) = self.destinations.iter().find(|it| !it.pointer.starts_with('/')) {
            return Err(format!("`{first}`: `{}` is no JSON pointer", wrong.pointer));
        }
        Ok(Tool {
            classes: classes.into_iter().collect(),
            risk: self.risk.unwrap_or_default(),
            destinations: self.destinations.clone(),
        })
    }
}
