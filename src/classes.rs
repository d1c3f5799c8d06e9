//! What the tools of known servers do: classes, risk and the arguments that say where something
//! goes. Who decides with them is the policies' and the flow rules' business.
//!
//! A server is recognised by the package that its command runs or by the address it is reached
//! under; what it says of itself can make its tools stricter, never milder.

mod file;
mod launch;
mod shipped;
pub mod suggest;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

pub use file::FileError;
pub use launch::Package;

use crate::{mcp::Json, settings::Risk};

/// A word for what calls of a tool do.
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Sends what it is given to somebody outside, the address of a request included.
    Egress,
    /// Changes something that outlives the call.
    StateChange,
    /// Runs a program, a script or a query that can do more than read.
    Exec,
    /// Moves money or orders what costs some.
    Money,
    /// Takes something away that cannot simply be had back.
    Destructive,
    /// Reads what not everybody may know.
    ReadsPrivate,
    /// Reads what strangers write: web pages, mail, issues, chats.
    ReadsUntrusted,
    /// Reads the user's own files, which may hold strangers' text.
    ReadsFiles,
    /// Writes what later agents read and may obey.
    PersistsInstructions,
    /// Works on its arguments alone; reads and changes nothing else.
    Computes,
}

impl Class {
    pub const ALL: [Self; 10] = [
        Self::Egress,
        Self::StateChange,
        Self::Exec,
        Self::Money,
        Self::Destructive,
        Self::ReadsPrivate,
        Self::ReadsUntrusted,
        Self::ReadsFiles,
        Self::PersistsInstructions,
        Self::Computes,
    ];

    /// What a tool does of which nobody said anything: the dangerous half of everything.
    pub const UNCLASSIFIED: [Self; 3] = [Self::Egress, Self::StateChange, Self::ReadsUntrusted];

    /// As configurations, policies and records spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Egress => "egress",
            Self::StateChange => "state_change",
            Self::Exec => "exec",
            Self::Money => "money",
            Self::Destructive => "destructive",
            Self::ReadsPrivate => "reads_private",
            Self::ReadsUntrusted => "reads_untrusted",
            Self::ReadsFiles => "reads_files",
            Self::PersistsInstructions => "persists_instructions",
            Self::Computes => "computes",
        }
    }
}

/// What an argument that says where something goes holds.
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Hash,
    PartialEq,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum DestinationKind {
    Path,
    Url,
    Email,
    /// A bank account, a handle, a channel, a project: whoever gets or owns it.
    Account,
    Branch,
    /// A program's text: shell, SQL, script.
    Command,
    /// Free text that may name a destination.
    Text,
}

/// An argument that says where something goes.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// A JSON pointer (RFC 6901) into the arguments; `*` stands for every element.
    pub pointer: String,
    pub kind: DestinationKind,
}

/// What is known of one tool.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tool {
    /// Without repeats, in the order of [`Class::ALL`].
    pub classes: Vec<Class>,
    pub risk: Risk,
    pub destinations: Vec<Destination>,
}

impl Tool {
    /// The same, but no milder than a tool of which nothing is known.
    fn tightened(mut self) -> Self {
        self.classes.retain(|&class| class != Class::Computes);
        self.classes.extend(Class::UNCLASSIFIED);
        self.classes.sort_unstable();
        self.classes.dedup();
        self.risk = self.risk.max(Risk::default());
        self
    }
}

/// A server of the catalogue.
#[derive(Debug)]
pub struct Server {
    /// The entry's name, as a configuration writes it.
    pub name: String,
    /// For people.
    pub title: String,
    /// Where its tools are documented.
    pub source: String,
    packages: Vec<Package>,
    /// Hosts that serve it over HTTPS.
    hosts: Vec<String>,
    /// Names that it gives itself in `serverInfo`.
    says: Vec<String>,
    tools: BTreeMap<String, Tool>,
    /// What reading its resources does.
    resources: Option<Tool>,
}

impl Server {
    /// The names of the tools it is known to have.
    pub fn tool_names(&self) -> impl Iterator<Item = &str> {
        self.tools.keys().map(String::as_str)
    }

    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }
}

/// How sure it is that a server is the one of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Proof {
    /// The operator says so, or its command or address shows it.
    Shown,
    /// It says so itself.
    Claimed,
}

/// The entry that a server belongs to, if any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known(Option<(&'static Server, Proof)>);

impl Known {
    /// What is known of its tool `name`.
    pub fn tool(self, name: &str) -> Option<Tool> {
        let (server, proof) = self.0?;
        Some(graded(server.tool(name)?.clone(), proof))
    }

    /// What is known of reading its resources.
    pub fn resources(self) -> Option<Tool> {
        let (server, proof) = self.0?;
        Some(graded(server.resources.clone()?, proof))
    }

    /// The entry's name, and whether more than the server's own word speaks for it.
    pub fn entry(self) -> Option<(&'static str, bool)> {
        self.0.map(|(server, proof)| (server.name.as_str(), proof == Proof::Shown))
    }
}

fn graded(tool: Tool, proof: Proof) -> Tool {
    match proof {
        Proof::Shown => tool,
        Proof::Claimed => tool.tightened(),
    }
}

/// What speaks for a server being one of the catalogue's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// The entry that the operator named; `none` for none.
    pub stated: Option<&'a str>,
    /// The route as it is pinned: `command` or `url`.
    pub route: Option<&'a Json>,
    /// `serverInfo`, unverified.
    pub says: Option<&'a Json>,
}

/// All entries.
#[derive(Debug)]
pub struct Catalogue {
    servers: Vec<Server>,
    by_package: HashMap<Package, usize>,
}

static SHIPPED: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::parse(&shipped::FILES).expect("a test reads every file of the shipped catalogue")
});

/// The word in a configuration for a server that is none of the catalogue's.
pub const NO_ENTRY: &str = "none";

impl Catalogue {
    /// The one that is part of the program.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// # Errors
    /// A file is not in the catalogue's form, or two of them speak of the same.
    fn parse(files: &[(&str, &str)]) -> Result<Self, FileError> {
        let mut servers: Vec<Server> = Vec::new();
        let mut by_package = HashMap::new();
        for (name, text) in files {
            let server = file::parse(name, text)?;
            if servers.iter().any(|other| other.name == server.name) {
                return Err(FileError::new(
                    name,
                    format!("two entries are called `{}`", server.name),
                ));
            }
            for package in &server.packages {
                if by_package.insert(package.clone(), servers.len()).is_some() {
                    let what = format!("`{package}` already belongs to another entry");
                    return Err(FileError::new(name, what));
                }
            }
            servers.push(server);
        }
        Ok(Self { servers, by_package })
    }

    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }

    /// Which entry a server belongs to: the operator's word first, then what it runs or where it
    /// stands, then what it says.
    pub fn recognise(&'static self, evidence: Evidence<'_>) -> Known {
        if let Some(name) = evidence.stated {
            return Known(self.server(name).map(|server| (server, Proof::Shown)));
        }
        if let Some(server) = evidence.route.and_then(|route| self.by_route(route)) {
            return Known(Some((server, Proof::Shown)));
        }
        let says = evidence.says.and_then(|says| says.get("name")).and_then(Json::as_str);
        let claimed = says.and_then(|says| {
            self.servers.iter().find(|server| server.says.iter().any(|name| name == says))
        });
        Known(claimed.map(|server| (server, Proof::Claimed)))
    }

    fn by_route(&'static self, route: &Json) -> Option<&'static Server> {
        if let Some(words) = route.get("command").and_then(Json::as_array) {
            let words: Vec<&str> = words.iter().map(|word| word.as_str().unwrap_or("")).collect();
            let package = launch::package(&words)?;
            return self.by_package.get(&package).and_then(|&index| self.servers.get(index));
        }
        let url = url::Url::parse(route.get("url").and_then(Json::as_str)?).ok()?;
        // Without TLS anybody on the way could be the host.
        let host = url.host_str().filter(|_| url.scheme() == "https" && url.port().is_none())?;
        self.servers.iter().find(|server| server.hosts.iter().any(|known| known == host))
    }
}
