//! Lists, cut to what the caller may see, and what the gateway says of itself.

use std::sync::Arc;

use super::Gateway;
use crate::{
    catalog::{Item, View},
    corridor::{Arrival, Trail},
    inspect::Mode,
    mcp::{Era, Json, Method, Object, Revision, RpcError, client::EXTENSION_TASKS},
    refusal::{Code, Refusal},
    spotlight,
};

/// Items of one page.
const PAGE_ITEMS: usize = 500;

/// Says which tools are kept back.
const META_QUARANTINE: &str = "dev.bartizan/kept-back";

/// There if some upstream could not contribute to a list. It names those that the caller may know
/// of; an empty list says only that something is missing.
const META_PARTIAL: &str = "dev.bartizan/partial";

impl Gateway {
    pub(super) fn list(&self, arrival: &Arrival, trail: &mut Trail) -> Result<Object, Refusal> {
        let from = self.cursor(arrival)?;
        let key = crate::limits::key_of(&arrival.principal);
        let counted = self.limiter.load().admit(key, arrival.method.name());
        let listed = self.catalog.with_view(&arrival.scope, |view| {
            let mode = if counted.is_err() { limits_mode(view) } else { Mode::Enforce };
            let _seat = trail.carry_out(mode, counted)?;
            Ok(self.page(arrival, view, from))
        });
        let (mut page, next) =
            listed.ok_or_else(|| Refusal::unknown(arrival.method, "", "no such endpoint"))??;
        if let Some(next) = next {
            page.insert("nextCursor", self.next_cursor(arrival, next)?);
        }
        Ok(page)
    }

    /// One page from position `from`, and where the next one begins, if there is one.
    fn page(&self, arrival: &Arrival, view: &View, from: usize) -> (Object, Option<usize>) {
        let may = |item: &Item| self.may_list(&arrival.principal, item);
        let own = |item: &Item| Json::Object(item.definition.clone());
        let quotes = self.quotes_descriptions(arrival);
        let (member, items): (_, Vec<Json>) = match arrival.method {
            Method::ToolsList => {
                let tools = view.tools.iter().filter(|(_, item)| may(item));
                ("tools", page_of(tools, from, |(name, item)| shown(item, name, quotes)))
            }
            Method::PromptsList => {
                let prompts = view.prompts.iter().filter(|(_, item)| may(item));
                ("prompts", page_of(prompts, from, |(name, item)| item.offered(name)))
            }
            Method::ResourcesList => {
                let resources = view.resources.iter().filter(|item| may(item));
                ("resources", page_of(resources, from, |item| own(item)))
            }
            _ => {
                let templates = view.templates.iter().filter(|(_, item)| may(item));
                ("resourceTemplates", page_of(templates, from, |(_, item)| own(item)))
            }
        };
        let full = items.len() > PAGE_ITEMS;
        let items: Vec<Json> = items.into_iter().take(PAGE_ITEMS).collect();
        let mut result = Object::from([(member, items.into())]);
        if arrival.method == Method::ToolsList
            && let Some(text) = kept_back(view, |item| self.may_know(&arrival.principal, item))
        {
            result.object_mut("_meta").insert(META_QUARANTINE, text);
        }
        if !view.partial.is_empty() {
            self.metrics.partial_list();
            result.object_mut("_meta").insert(META_PARTIAL, self.missing(arrival, view));
        }
        (result, full.then(|| from.saturating_add(PAGE_ITEMS)))
    }

    /// The upstreams whose part is missing or incomplete, as far as the caller may know of any.
    fn missing(&self, arrival: &Arrival, view: &View) -> Vec<Json> {
        let mut names: Vec<&Arc<str>> = view.partial.iter().map(|(name, _)| name).collect();
        names.dedup();
        names.retain(|name| self.may_hear_of(arrival, view, name));
        names.into_iter().map(|name| Json::from(&**name)).collect()
    }

    /// Whether the caller may know of the upstream, or of anything that it offers.
    fn may_hear_of(&self, arrival: &Arrival, view: &View, name: &Arc<str>) -> bool {
        let principal = &arrival.principal;
        let mut own = items(view).filter(|item| item.upstream.endpoint == *name);
        own.any(|item| self.may_know(principal, item)) || self.may_know_of(principal, name)
    }

    /// What the upstreams that the caller may know of say of themselves.
    fn instructions(&self, arrival: &Arrival, view: &View) -> Option<String> {
        let heard = view.instructions.iter();
        let heard = heard.filter(|(name, _)| self.may_hear_of(arrival, view, name));
        let texts: Vec<&str> = heard.map(|(_, text)| text.as_str()).collect();
        (!texts.is_empty()).then(|| texts.join("\n\n"))
    }

    /// Our own cursors are positions in a stable order, sealed so that nobody else makes one; an
    /// upstream's never leaves the gateway.
    fn cursor(&self, arrival: &Arrival) -> Result<usize, Refusal> {
        let invalid =
            || Refusal::protocol(RpcError::new(RpcError::INVALID_PARAMS, "Invalid cursor"));
        let stated = arrival.params.get("cursor").filter(|cursor| **cursor != Json::Null);
        let Some(cursor) = stated else { return Ok(0) };
        let token = cursor.as_str().ok_or_else(invalid)?;
        let position = self.sealer.open(arrival.method.name(), token);
        position.and_then(|position| position.parse().ok()).ok_or_else(invalid)
    }

    fn next_cursor(&self, arrival: &Arrival, from: usize) -> Result<String, Refusal> {
        let sealed = self.sealer.seal(arrival.method.name(), &from.to_string());
        sealed.map_err(|error| Refusal::internal(error.to_string()))
    }

    /// The answer to `initialize` and `server/discover`.
    pub(super) fn describe(&self, arrival: &Arrival) -> Object {
        let era = arrival.revision.era();
        let described = self.catalog.with_view(&arrival.scope, |view| {
            (capabilities(view, era), self.instructions(arrival, view))
        });
        let (capabilities, instructions) = described.unwrap_or_default();
        let mut result = Object::new();
        match era {
            Era::Legacy => {
                result.insert("protocolVersion", arrival.revision.name());
                result.insert("capabilities", capabilities);
                result.insert("serverInfo", super::server_info());
            }
            Era::Modern => {
                let versions = Revision::ALL.iter().filter(|it| it.era() == Era::Modern);
                let versions: Vec<Json> = versions.map(|it| it.name().into()).collect();
                result.insert("supportedVersions", versions);
                result.insert("capabilities", capabilities);
            }
        }
        if let Some(text) = self.contract(arrival, instructions) {
            result.insert("instructions", text);
        }
        result
    }

    /// What the agent is told of marks, before what any server says.
    fn contract(&self, arrival: &Arrival, instructions: Option<String>) -> Option<String> {
        let marked = self.marks.load().fences_for(&arrival.client.name);
        let transparent = self.firewall.load().profile == crate::inspect::Profile::Transparent;
        if transparent || !marked {
            return instructions;
        }
        Some(match instructions {
            None => spotlight::CONTRACT.to_owned(),
            Some(text) => format!(
                "{}\n\nWhat the tool servers say of themselves, unverified:\n{text}",
                spotlight::CONTRACT
            ),
        })
    }

    /// Whether the caller is told whose words a tool's description is.
    fn quotes_descriptions(&self, arrival: &Arrival) -> bool {
        let marks = self.marks.load();
        marks.quote_descriptions
            && marks.fences_for(&arrival.client.name)
            && self.firewall.load().profile != crate::inspect::Profile::Transparent
    }

    /// Subscribes the caller's session to a resource, or ends that.
    pub(super) async fn subscribe(
        &self,
        arrival: &mut Arrival,
        trail: &mut Trail,
    ) -> Result<Object, Refusal> {
        let item = self.permit_watch(arrival, trail).await?;
        let uri = arrival.params.str("uri").unwrap_or("");
        let Some(watches) = &arrival.watches else { return Ok(Object::new()) };
        if arrival.method == Method::ResourcesUnsubscribe {
            watches.end(uri);
        } else if !watches.at(uri, &item.upstream) {
            if watches.count() >= WATCHES_MAX {
                let text = format!("Not subscribed: a session may watch {WATCHES_MAX} resources.");
                return Err(Refusal::new(Code::Limited, text, ""));
            }
            watches.add(item.upstream.watch(uri).await.map_err(|error| {
                let text = format!("The subscription failed: {error}.");
                Refusal::new(Code::Upstream, text, error.to_string())
            })?);
        }
        Ok(Object::new())
    }
}

/// One sentence on tools that wait for a person, for the agent, if it may know of them.
fn kept_back(view: &View, may_know: impl Fn(&Item) -> bool) -> Option<String> {
    let waits = |item: &Item| item.quarantine.is_some() && may_know(item);
    let names = view.tools.iter().filter(|(_, item)| waits(item));
    let names: Vec<&str> = names.map(|(name, _)| name.as_str()).take(NAMED_MAX).collect();
    (!names.is_empty()).then(|| {
        format!("Kept back until a person looks at their definitions: {}.", names.join(", "))
    })
}

/// Resources that one legacy session may watch.
const WATCHES_MAX: usize = 256;

/// Names in one sentence.
const NAMED_MAX: usize = 10;

/// A tool as it is listed. What its results will not hold is not promised.
fn shown(item: &Item, name: &str, quotes: bool) -> Json {
    let mut definition = item.offered(name);
    let Some(members) = definition.as_object_mut() else { return definition };
    if item.settings.structured == spotlight::Structured::Drop {
        members.remove("outputSchema");
    }
    if quotes && let Some(Json::String(text)) = members.get_mut("description") {
        text.insert_str(0, spotlight::DESCRIBED);
    }
    definition
}

/// One item more than a page, so that the caller learns whether there is another.
fn page_of<'a, T: 'a>(
    items: impl Iterator<Item = &'a T>,
    from: usize,
    show: impl Fn(&T) -> Json,
) -> Vec<Json> {
    items.skip(from).take(PAGE_ITEMS + 1).map(show).collect()
}

/// Everything that a view offers.
fn items(view: &View) -> impl Iterator<Item = &Arc<Item>> {
    let named = view.tools.iter().chain(&view.prompts).map(|(_, item)| item);
    let templates = view.templates.iter().map(|(_, item)| item);
    named.chain(&view.resources).chain(templates)
}

/// A list belongs to no single tool: its rate is only observed where that of each of them is.
fn limits_mode(view: &View) -> Mode {
    let mut modes = items(view).map(|item| item.settings.modes.limits).peekable();
    let lists_any = modes.peek().is_some();
    if lists_any && modes.all(|mode| mode == Mode::Observe) { Mode::Observe } else { Mode::Enforce }
}

fn capabilities(view: &View, era: Era) -> Object {
    let has = |name: &str| view.capabilities.contains(&name);
    let changes = || Object::from([("listChanged", true.into())]);
    let mut resources = changes();
    if has("subscribe") {
        resources.insert("subscribe", true);
    }
    // Offered whether or not anything is listed yet: an upstream may still be starting.
    let mut all = Object::from([
        ("tools", changes().into()),
        ("prompts", changes().into()),
        ("resources", resources.into()),
    ]);
    if has("completions") {
        all.insert("completions", Object::new());
    }
    if has("logging") || era == Era::Legacy {
        all.insert("logging", Object::new());
    }
    if has("tasks") && era == Era::Modern {
        all.insert("extensions", Object::from([(EXTENSION_TASKS, Object::new().into())]));
    }
    all
}
