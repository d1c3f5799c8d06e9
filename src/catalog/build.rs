//! Building the catalog: one part per upstream, made anew when that upstream changed, and merged.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use futures_util::future::join_all;
use parking_lot::{Mutex, RwLock};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{
    Catalog, Changes, Item, Kind,
    draft::{Draft, check_name, problem, prompt_schema},
    instructions::Instructions,
    merge::merge,
    pins::{self, Seen, Server, Standing},
};
use crate::{
    classes::{self as known, suggest::suggest},
    config::Met,
    flow::class::Classes,
    inspect::Firewall,
    mcp::{Json, Object, header},
    schema::Schema,
    settings::ToolSettings,
    store::Store,
    upstream::{Connected, Event, State, Turn, Upstream},
};

/// How the settings of one item are found: by its server, kind and name there.
pub type SettingsOf = Arc<dyn Fn(Met<'_>, Kind, &str) -> Arc<ToolSettings> + Send + Sync>;

/// Keeps the catalog true to its upstreams.
pub struct Keeper {
    pub catalog: Arc<Catalog>,
    pub store: Arc<Store>,
    pub firewall: arc_swap::ArcSwap<Firewall>,
    pub settings: SettingsOf,
    /// One upstream under its own names at `/mcp` too.
    pub plain: bool,
    parts: RwLock<BTreeMap<Arc<str>, Arc<Part>>>,
    /// Merges come one after the other.
    merging: Mutex<()>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keeper").finish_non_exhaustive()
    }
}

/// One upstream's share of the catalog.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// Of the upstream, and its generation.
    pub(super) name: Arc<str>,
    generation: u64,
    pub(super) tools: Vec<Arc<Item>>,
    pub(super) prompts: Vec<Arc<Item>>,
    pub(super) resources: Vec<Arc<Item>>,
    pub(super) templates: Vec<Arc<Item>>,
    pub(super) instructions: Option<String>,
    /// Wrapped servers stand at their own endpoint alone.
    pub(super) private: bool,
    pub(super) partial: Vec<String>,
    pub(super) problems: Vec<String>,
    pub(super) capabilities: Vec<&'static str>,
}

/// Between an upstream's name and its tool's.
pub(super) const SEPARATOR: &str = "__";

impl Keeper {
    pub fn new(
        catalog: Arc<Catalog>,
        store: Arc<Store>,
        firewall: Arc<Firewall>,
        settings: SettingsOf,
        plain: bool,
    ) -> Self {
        let firewall = arc_swap::ArcSwap::new(firewall);
        Self {
            catalog,
            store,
            firewall,
            settings,
            plain,
            parts: RwLock::default(),
            merging: Mutex::default(),
        }
    }

    /// Follows an upstream until `stop`, then takes its part out.
    pub async fn follow(
        self: Arc<Self>,
        upstream: Arc<Upstream>,
        private: bool,
        stop: CancellationToken,
    ) {
        let mut events = upstream.events();
        loop {
            self.rebuild(&upstream, private).await;
            loop {
                tokio::select! {
                    event = events.recv() => match event {
                        Ok(Event::ResourceUpdated { uri }) => self.catalog.updated(&uri),
                        Ok(Event::Changed) | Err(RecvError::Lagged(_)) => break,
                        Err(RecvError::Closed) => return,
                    },
                    () = stop.cancelled() => {
                        *upstream.turn.lock().await = Turn::Over;
                        self.forget(&upstream);
                        self.merge(Changes { tools: true, prompts: true, resources: true });
                        return;
                    }
                }
            }
        }
    }

    /// Takes a part out, unless a successor under the same name has put its own there.
    fn forget(&self, upstream: &Upstream) {
        let mut parts = self.parts.write();
        let part = parts.get(&upstream.endpoint);
        if part.is_some_and(|part| part.generation == upstream.generation) {
            parts.remove(&upstream.endpoint);
        }
    }

    /// Puts a part in its place, unless a successor's is there already, and says what it replaced.
    fn put(&self, upstream: &Upstream, part: Part) -> Option<Arc<Part>> {
        let mut parts = self.parts.write();
        let newer = parts.get(&upstream.endpoint).filter(|it| it.generation > upstream.generation);
        if let Some(newer) = newer {
            return Some(Arc::clone(newer));
        }
        parts.insert(Arc::clone(&upstream.endpoint), Arc::new(part))
    }

    /// Builds one upstream's part anew and merges all.
    pub async fn rebuild(&self, upstream: &Arc<Upstream>, private: bool) {
        // One after the other, or an older look would undo what a newer one found.
        let turn = upstream.turn.lock().await;
        if *turn == Turn::Over {
            return;
        }
        let state = upstream.state();
        let mut part = match &*state {
            State::Ready(connected) => self.part(upstream, connected, private).await,
            State::Starting => Part { partial: vec!["still starting".into()], ..Part::default() },
            State::Down { why } => Part { partial: vec![why.to_string()], ..Part::default() },
        };
        part.name = Arc::clone(&upstream.name);
        part.private = private;
        part.generation = upstream.generation;
        let before = self.put(upstream, part);
        let parts = self.parts.read().clone();
        let changes = parts
            .get(&upstream.endpoint)
            .map_or_else(Changes::default, |now| differences(before.as_deref(), now));
        drop(parts);
        self.merge(changes);
        if !matches!(*state, State::Starting) {
            upstream.note_attempt();
        }
    }

    async fn part(&self, upstream: &Arc<Upstream>, connected: &Connected, private: bool) -> Part {
        let mut part = Part { partial: connected.listing.failures.clone(), ..Part::default() };
        let firewall = self.firewall.load_full();
        let mut drafts = drafts(upstream, connected, &firewall, &mut part.problems).await;
        let mut said = match connected.handshake.instructions.as_deref() {
            Some(text) => Some(Instructions::new(&upstream.name, text, &firewall).await),
            None => None,
        };
        let server = Server { route: upstream.route(), several: private };
        self.pin(upstream, server, &mut drafts, said.as_mut(), &mut part).await;
        let route = upstream.route().definition();
        let met = Met { upstream: &upstream.name, route, says: &connected.handshake.server };
        for draft in drafts {
            let name = draft.name;
            match self.item(upstream, met, draft) {
                Ok(item) => part.push(item),
                Err((kind, why)) => part.problems.push(problem(&upstream.name, kind, name, &why)),
            }
        }
        part.instructions = said.and_then(|said| said.offered(&upstream.name, &mut part.problems));
        part.capabilities = capabilities(&connected.handshake.capabilities);
        part
    }

    /// Sets the standing of each draft; without a working store none may be used.
    async fn pin(
        &self,
        upstream: &Upstream,
        server: Server<'_>,
        drafts: &mut [Draft<'_>],
        said: Option<&mut Instructions>,
        part: &mut Part,
    ) {
        let mut seen: Vec<Seen<'_>> = drafts.iter().map(Draft::seen).collect();
        seen.extend(said.as_deref().map(Instructions::seen));
        let compared = pins::compare(&self.store, &upstream.name, server, &seen).await;
        drop(seen);
        let compared = match compared {
            Ok(compared) => compared,
            Err(error) => {
                part.partial.push(format!("pins cannot be read: {error}"));
                let unknown = || Some("its pin cannot be read".to_owned());
                drafts.iter_mut().for_each(|draft| draft.quarantine = unknown());
                if let Some(said) = said {
                    said.quarantine = unknown();
                }
                return;
            }
        };
        if let Standing::Quarantined(reason) = &compared.server {
            tracing::warn!(upstream = %upstream.name, reason,
                "All that a server offers is kept back. See `bartizan pins diff`.");
        }
        let mut items = compared.items.into_iter();
        for (draft, (pin, standing)) in drafts.iter_mut().zip(items.by_ref()) {
            draft.settle(&upstream.name, pin, standing, &compared.server);
        }
        if let (Some(said), Some((_, Standing::Quarantined(reason)))) = (said, items.next()) {
            said.quarantine = Some(reason);
        }
    }

    fn item(
        &self,
        upstream: &Arc<Upstream>,
        met: Met<'_>,
        draft: Draft<'_>,
    ) -> Result<Item, (Kind, String)> {
        let kind = draft.kind;
        let fail = |why: String| (kind, why);
        let definition = draft.offered;
        let schema = |key: &str| match definition.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(schema) => {
                Schema::compile(schema).map(Some).map_err(|error| fail(format!("`{key}`: {error}")))
            }
        };
        let (mut input, mut output, mut mirrored) = (None, None, Vec::new());
        match kind {
            Kind::Tool => {
                let raw = definition.get("inputSchema").and_then(Json::as_object);
                raw.ok_or_else(|| fail("it has no `inputSchema` object".into()))?;
                input = schema("inputSchema")?;
                output = schema("outputSchema")?;
                let schema = definition.get("inputSchema").unwrap_or(&Json::Null);
                mirrored = header::mirrored_params(schema).map_err(|why| fail(why.into()))?;
            }
            Kind::Prompt => input = prompt_schema(&definition),
            Kind::Resource | Kind::Template => {}
        }
        let settings = (self.settings)(met, kind, draft.name);
        let (classes, asks) = classes(kind, &settings, &definition);
        Ok(Item {
            kind,
            upstream: Arc::clone(upstream),
            name: draft.name.to_owned(),
            definition,
            pin: draft.pin,
            input,
            output,
            mirrored,
            settings,
            classes,
            asks,
            quarantine: draft.quarantine,
        })
    }

    fn merge(&self, changes: Changes) {
        // INVARIANT: an older view of the parts never replaces a newer one.
        let _turn = self.merging.lock();
        let parts = self.parts.read().clone();
        let snapshot = merge(&parts, self.plain);
        let known = self.catalog.snapshot();
        for problem in snapshot.problems.iter().filter(|it| !known.problems.contains(it)) {
            tracing::warn!("Left out: {problem}");
        }
        self.catalog.replace(snapshot, changes);
    }
}

/// What is stated counts. Where nothing is, an unknown tool does what unknown tools do, and whatever
/// its own words admit to besides: they add, and take nothing away. And whether it seems to read.
fn classes(kind: Kind, settings: &ToolSettings, definition: &Object) -> (Classes, bool) {
    let stated = Classes::of(settings.classes.iter().map(String::as_str));
    if kind != Kind::Tool || !settings.classes.is_empty() {
        return (stated, false);
    }
    let guess = suggest(&definition.to_value());
    let harm = guess.classes.iter().filter(|class| **class != known::Class::Computes);
    let admitted = Classes::of(harm.map(|class| class.name()));
    (stated.and(admitted), guess.only_reads && !admitted.has_consequences())
}

impl Part {
    fn push(&mut self, item: Item) {
        let items = match item.kind {
            Kind::Tool => &mut self.tools,
            Kind::Prompt => &mut self.prompts,
            Kind::Resource => &mut self.resources,
            Kind::Template => &mut self.templates,
        };
        items.push(Arc::new(item));
    }
}

/// What a server sent, by name, as it would be offered. What has no usable name is left out.
async fn drafts<'a>(
    upstream: &Upstream,
    connected: &'a Connected,
    firewall: &Firewall,
    problems: &mut Vec<String>,
) -> Vec<Draft<'a>> {
    let listing = &connected.listing;
    let lists = [
        (Kind::Tool, &listing.tools, "name"),
        (Kind::Prompt, &listing.prompts, "name"),
        (Kind::Resource, &listing.resources, "uri"),
        (Kind::Template, &listing.templates, "uriTemplate"),
    ];
    let mut found = Vec::new();
    for (kind, definitions, key) in lists {
        let mut names = HashSet::new();
        for definition in definitions {
            let Some(name) = definition.get(key).and_then(Json::as_str) else {
                problems.push(format!("{}: a {} without `{key}`", upstream.name, kind.name()));
                continue;
            };
            match check_name(kind, name, &mut names) {
                Ok(()) => found.push((kind, name, definition)),
                Err(why) => problems.push(problem(&upstream.name, kind, name, why)),
            }
        }
    }
    // Some at once, and not all: thousands of definitions would stand before everybody's messages.
    const AT_ONCE: usize = 8;
    let mut drafts = Vec::with_capacity(found.len());
    for some in found.chunks(AT_ONCE) {
        let some = some.iter().map(|one| Draft::new(&upstream.name, *one, firewall));
        drafts.extend(join_all(some).await);
    }
    drafts
}

fn capabilities(stated: &Object) -> Vec<&'static str> {
    let mut found: Vec<&'static str> =
        ["completions", "logging"].into_iter().filter(|name| stated.get(name).is_some()).collect();
    let subscribe = stated.get("resources").and_then(|resources| resources.get("subscribe"));
    if subscribe.and_then(Json::as_bool) == Some(true) {
        found.push("subscribe");
    }
    let extensions = stated.get("extensions");
    if extensions.and_then(|all| all.get(crate::mcp::client::EXTENSION_TASKS)).is_some() {
        found.push("tasks");
    }
    found
}

fn differences(before: Option<&Part>, now: &Part) -> Changes {
    let Some(before) = before else {
        return Changes { tools: true, prompts: true, resources: true };
    };
    let differ = |old: &[Arc<Item>], new: &[Arc<Item>]| {
        old.len() != new.len()
            || old.iter().zip(new).any(|(old, new)| {
                old.pin != new.pin || old.quarantine != new.quarantine || old.name != new.name
            })
    };
    Changes {
        tools: differ(&before.tools, &now.tools),
        prompts: differ(&before.prompts, &now.prompts),
        resources: differ(&before.resources, &now.resources)
            || differ(&before.templates, &now.templates),
    }
}
