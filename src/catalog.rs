//! What the gateway offers: definitions of all upstreams, checked, pinned and named, ready to be
//! listed and called. Built when something changes, never on the way of a call.

mod build;
mod draft;
mod imitation;
mod instructions;
mod merge;
pub mod pins;
mod template;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use arc_swap::ArcSwap;
use tokio::sync::broadcast;

pub use build::{Keeper, SettingsOf};

use crate::{
    flow::{Advertised, class::Classes},
    mcp::{Json, Object, header::MirroredParam},
    schema::Schema,
    settings::ToolSettings,
    upstream::Upstream,
};

/// What kind of thing an item is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    Tool,
    Prompt,
    Resource,
    Template,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Template => "template",
        }
    }
}

/// One definition that may be offered.
#[derive(Debug)]
pub struct Item {
    pub kind: Kind,
    pub upstream: Arc<Upstream>,
    /// The name at its upstream; for resources the URI or the URI template.
    pub name: String,
    /// The definition as it is offered, under its upstream's own name.
    pub definition: Object,
    /// The pin of the definition as received.
    pub pin: String,
    /// `inputSchema` of a tool, or one made of a prompt's declared arguments.
    pub input: Option<Schema>,
    pub output: Option<Schema>,
    pub mirrored: Vec<MirroredParam>,
    pub settings: Arc<ToolSettings>,
    /// What calls of it can do.
    pub classes: Classes,
    /// Nobody said what it does, and its own words say that it reads.
    pub asks: bool,
    /// Why the item is kept back, if it is.
    pub quarantine: Option<String>,
}

/// Items under the names that one endpoint gives them.
#[derive(Debug, Default)]
pub struct View {
    /// In a stable order, by offered name.
    pub tools: Vec<(String, Arc<Item>)>,
    pub prompts: Vec<(String, Arc<Item>)>,
    pub resources: Vec<Arc<Item>>,
    pub templates: Vec<(template::Template, Arc<Item>)>,
    tool_index: HashMap<String, usize>,
    prompt_index: HashMap<String, usize>,
    resource_index: HashMap<String, usize>,
    /// URIs that several servers list: nobody can say which of them is meant.
    disputed: HashSet<String>,
    /// What each upstream says of itself, by its endpoint.
    pub instructions: Vec<(Arc<str>, String)>,
    /// Upstreams whose part is missing or incomplete, with the reason.
    pub partial: Vec<(Arc<str>, String)>,
    /// Capabilities that some upstream has: `completions`, `logging`, `tasks`, `subscribe`.
    pub capabilities: Vec<&'static str>,
}

impl View {
    pub fn tool(&self, name: &str) -> Option<&Arc<Item>> {
        self.tool_index.get(name).map(|&index| &self.tools[index].1)
    }

    pub fn prompt(&self, name: &str) -> Option<&Arc<Item>> {
        self.prompt_index.get(name).map(|&index| &self.prompts[index].1)
    }

    /// The resource listed under `uri`, or else the template that `uri` fits, if it is clear whose.
    pub fn resource(&self, uri: &str) -> Option<&Arc<Item>> {
        match self.resource_index.get(uri) {
            Some(&index) => self.resources.get(index),
            None if self.disputed.contains(uri) => None,
            None => self.template(uri),
        }
    }

    /// Where templates of several servers fit, any of them would answer in the others' place.
    fn template(&self, uri: &str) -> Option<&Arc<Item>> {
        if template::climbs(uri) {
            return None;
        }
        let fitting = || {
            let templates = self.templates.iter().filter(|(template, _)| template.fits(uri));
            templates.map(|(_, item)| item)
        };
        let mut usable = fitting().filter(|item| item.quarantine.is_none());
        let Some(first) = usable.next() else { return fitting().next() };
        usable.all(|item| Arc::ptr_eq(&item.upstream, &first.upstream)).then_some(first)
    }

    /// The template itself, by its text: what completions refer to.
    pub fn template_named(&self, text: &str) -> Option<&Arc<Item>> {
        self.templates.iter().find(|(_, item)| item.name == text).map(|(_, item)| item)
    }

    fn index(&mut self) {
        let names = |items: &[(String, Arc<Item>)]| {
            items.iter().enumerate().map(|(index, (name, _))| (name.clone(), index)).collect()
        };
        self.tool_index = names(&self.tools);
        self.prompt_index = names(&self.prompts);
        let uris = self.resources.iter().enumerate();
        self.resource_index = uris.map(|(index, item)| (item.name.clone(), index)).collect();
    }
}

/// All endpoints' views at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// `/mcp`.
    pub all: View,
    /// `/mcp/NAME`.
    pub each: HashMap<Arc<str>, View>,
    /// What was left out, and why, for people.
    pub problems: Vec<String>,
    /// Destinations that definitions name.
    pub advertised: Advertised,
}

/// Which endpoint a caller came through.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Scope {
    All,
    Upstream(Arc<str>),
}

/// Which lists changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    pub tools: bool,
    pub prompts: bool,
    pub resources: bool,
}

/// The catalog in force.
#[derive(Debug)]
pub struct Catalog {
    snapshot: ArcSwap<Snapshot>,
    changes: broadcast::Sender<Changes>,
    /// URIs of resources that were updated.
    updates: broadcast::Sender<Arc<str>>,
}

impl Default for Catalog {
    fn default() -> Self {
        const CHANGES_MAX: usize = 16;
        const UPDATES_MAX: usize = 256;
        Self {
            snapshot: ArcSwap::default(),
            changes: broadcast::Sender::new(CHANGES_MAX),
            updates: broadcast::Sender::new(UPDATES_MAX),
        }
    }
}

impl Catalog {
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Calls `read` with the view of `scope`, if that endpoint exists.
    pub fn with_view<T>(&self, scope: &Scope, read: impl FnOnce(&View) -> T) -> Option<T> {
        let snapshot = self.snapshot.load();
        match scope {
            Scope::All => Some(read(&snapshot.all)),
            Scope::Upstream(name) => snapshot.each.get(name).map(read),
        }
    }

    pub fn changes(&self) -> broadcast::Receiver<Changes> {
        self.changes.subscribe()
    }

    pub fn updates(&self) -> broadcast::Receiver<Arc<str>> {
        self.updates.subscribe()
    }

    fn updated(&self, uri: &str) {
        // Nobody listening is fine.
        self.updates.send(uri.into()).ok();
    }

    fn replace(&self, snapshot: Snapshot, changes: Changes) {
        self.snapshot.store(Arc::new(snapshot));
        // Nobody listening is fine.
        self.changes.send(changes).ok();
    }
}

impl Item {
    /// Where its texts come from, for rules with a scope.
    pub(crate) fn origin(&self) -> crate::firewall::rule::Origin<'_> {
        crate::firewall::rule::Origin {
            server: Some(&self.upstream.name),
            tool: Some(self.name.as_str()).filter(|_| self.kind == Kind::Tool),
            trust: self
                .settings
                .reads_untrusted()
                .then_some(crate::firewall::rule::Trust::Untrusted),
        }
    }

    /// The definition under the name that an endpoint offers.
    pub fn offered(&self, name: &str) -> Json {
        let mut definition = self.definition.clone();
        if matches!(self.kind, Kind::Tool | Kind::Prompt) {
            definition.insert("name", name);
        }
        definition.into()
    }
}
