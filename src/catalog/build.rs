//! Building the catalog: one part per upstream, made anew when that upstream changed, and merged.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

use super::{
    Catalog, Changes, Item, Kind, Snapshot, View,
    draft::{Draft, announce, check_name, problem, prompt_schema},
    pins::{self, Seen, Standing},
    template::Template,
};
use crate::{
    firewall::{Disposition, Surface},
    inspect::Firewall,
    mcp::{Json, Object, header},
    schema::Schema,
    settings::ToolSettings,
    store::Store,
    upstream::{Connected, Event, State, Upstream},
};

/// How the settings of one item are found: by kind and name at its upstream.
pub type SettingsOf = Arc<dyn Fn(&str, Kind, &str) -> Arc<ToolSettings> + Send + Sync>;

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
#[derive(Debug, Default)]
struct Part {
    tools: Vec<Arc<Item>>,
    prompts: Vec<Arc<Item>>,
    resources: Vec<Arc<Item>>,
    templates: Vec<Arc<Item>>,
    instructions: Option<String>,
    /// Of the upstream it was built from.
    generation: u64,
    /// Wrapped servers stand at their own endpoint alone.
    private: bool,
    partial: Vec<String>,
    problems: Vec<String>,
    capabilities: Vec<&'static str>,
}

/// Between an upstream's name and its tool's.
const SEPARATOR: &str = "__";

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
                        Ok(Event::Changed) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => break,
                        Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    },
                    () = stop.cancelled() => {
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
        let state = upstream.state();
        let mut part = match &*state {
            State::Ready(connected) => self.part(upstream, connected).await,
            State::Starting => Part { partial: vec!["still starting".into()], ..Part::default() },
            State::Down { why } => Part { partial: vec![why.to_string()], ..Part::default() },
        };
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

    async fn part(&self, upstream: &Arc<Upstream>, connected: &Connected) -> Part {
        let mut part = Part { partial: connected.listing.failures.clone(), ..Part::default() };
        let firewall = self.firewall.load_full();
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
                    part.problems.push(format!(
                        "{}: a {} without `{key}`",
                        upstream.name,
                        kind.name()
                    ));
                    continue;
                };
                match check_name(kind, name, &mut names) {
                    Ok(()) => found.push((kind, name, definition)),
                    Err(why) => part.problems.push(problem(&upstream.name, kind, name, why)),
                }
            }
        }
        let mut drafts: Vec<Draft<'_>> = found
            .into_iter()
            .map(|(kind, name, definition)| Draft::new(kind, name, definition, &firewall))
            .collect();
        self.pin(upstream, &mut drafts, &mut part).await;
        for draft in drafts {
            let name = draft.name;
            match self.item(upstream, draft) {
                Ok(item) => part.push(item),
                Err((kind, why)) => part.problems.push(problem(&upstream.name, kind, name, &why)),
            }
        }
        part.instructions = instructions(connected, &firewall, &mut part.problems);
        part.capabilities = capabilities(&connected.handshake.capabilities);
        part
    }

    /// Sets the standing of each draft; without a working store none may be used.
    async fn pin(&self, upstream: &Upstream, drafts: &mut [Draft<'_>], part: &mut Part) {
        let seen: Vec<Seen<'_>> = drafts
            .iter()
            .map(|draft| Seen {
                kind: draft.kind.name(),
                name: draft.name,
                definition: draft.received,
                suspicion: draft.suspicion.clone(),
            })
            .collect();
        match pins::compare(&self.store, &upstream.name, &seen).await {
            Ok(standings) => {
                for (draft, (pin, standing)) in drafts.iter_mut().zip(standings) {
                    draft.pin = pin;
                    if let Standing::Quarantined(reason) = standing {
                        announce(&upstream.name, draft, &reason);
                        draft.quarantine = Some(reason);
                    }
                }
            }
            Err(error) => {
                part.partial.push(format!("pins cannot be read: {error}"));
                for draft in drafts {
                    draft.quarantine = Some("its pin cannot be read".into());
                }
            }
        }
    }

    fn item(&self, upstream: &Arc<Upstream>, draft: Draft<'_>) -> Result<Item, (Kind, String)> {
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
        let settings = (self.settings)(&upstream.name, kind, draft.name);
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
            quarantine: draft.quarantine,
        })
    }

    fn merge(&self, changes: Changes) {
        // INVARIANT: an older view of the parts never replaces a newer one.
        let _turn = self.merging.lock();
        let parts = self.parts.read().clone();
        let mut snapshot = Snapshot::default();
        let public = parts.values().filter(|part| !part.private).count();
        let plain = self.plain && public == 1;
        let mut uris: HashMap<String, Arc<str>> = HashMap::new();
        for (name, part) in &parts {
            let mut own = View::default();
            add(&mut own, name, part, |item| item.name.clone());
            own.instructions = part.instructions.clone();
            own.index();
            snapshot.each.insert(Arc::clone(name), own);
            snapshot.problems.extend(part.problems.iter().cloned());
            if part.private {
                continue;
            }
            for item in &part.resources {
                if let Some(other) = uris.insert(item.name.clone(), Arc::clone(name)) {
                    snapshot.problems.push(format!(
                        "{name}: the resource `{}` is also offered by `{other}`; at /mcp the \
                         latter answers, at /mcp/{name} this one does",
                        item.name
                    ));
                }
            }
            add(&mut snapshot.all, name, part, |item| {
                if plain { item.name.clone() } else { format!("{name}{SEPARATOR}{}", item.name) }
            });
            join_instructions(&mut snapshot.all.instructions, name, part, plain);
        }
        snapshot.all.tools.sort_by(|one, two| one.0.cmp(&two.0));
        snapshot.all.prompts.sort_by(|one, two| one.0.cmp(&two.0));
        let mut known = HashSet::new();
        snapshot.all.resources.retain(|item| known.insert(item.name.clone()));
        snapshot.all.index();
        for problem in &snapshot.problems {
            tracing::debug!("Left out of the catalog: {problem}");
        }
        self.catalog.replace(snapshot, changes);
    }
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

fn instructions(
    connected: &Connected,
    firewall: &Firewall,
    problems: &mut Vec<String>,
) -> Option<String> {
    let mut text = connected.handshake.instructions.clone()?;
    let inspection = firewall.inspect_text(Surface::Instructions, &mut text);
    if inspection.disposition == Disposition::Allow {
        return Some(text);
    }
    problems.push("its `instructions` are withheld: the firewall found an attack in them".into());
    None
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

fn add(view: &mut View, upstream: &Arc<str>, part: &Part, name: impl Fn(&Item) -> String) {
    view.tools.extend(part.tools.iter().map(|item| (name(item), Arc::clone(item))));
    view.prompts.extend(part.prompts.iter().map(|item| (name(item), Arc::clone(item))));
    view.resources.extend(part.resources.iter().map(Arc::clone));
    let templates = part.templates.iter();
    view.templates.extend(templates.map(|item| (Template::new(&item.name), Arc::clone(item))));
    view.partial.extend(part.partial.iter().map(|why| (Arc::clone(upstream), why.clone())));
    for capability in &part.capabilities {
        if !view.capabilities.contains(capability) {
            view.capabilities.push(capability);
        }
    }
}

fn join_instructions(all: &mut Option<String>, name: &str, part: &Part, plain: bool) {
    let Some(text) = &part.instructions else { return };
    let joined = all.get_or_insert_default();
    if !joined.is_empty() {
        joined.push_str("\n\n");
    }
    if !plain {
        joined.push_str(&format!("Server `{name}` says of its tools:\n"));
    }
    joined.push_str(text);
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
