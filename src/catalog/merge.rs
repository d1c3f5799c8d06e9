//! All parts put together: names as each endpoint gives them, and what is left out because two
//! servers claim it or one passes for the other.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Item, Snapshot, View,
    build::{Part, SEPARATOR},
    draft::{escaped, problem},
    imitation::{Names, plain},
    template::Template,
};
use crate::{flow::Advertised, mcp::Json};

/// Pairs of a template and something it may overlap with that are looked at for the report.
const LOOKS_MAX: usize = 8192;

/// Builds every endpoint's view. With `plain`, a single server keeps its own names at `/mcp`.
pub(super) fn merge(parts: &BTreeMap<Arc<str>, Arc<Part>>, plain: bool) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let public = parts.values().filter(|part| !part.private).count();
    let plain = plain && public == 1;
    let names = Names::new(parts.values().map(|part| &part.name));
    for (endpoint, part) in parts {
        advertise(&mut snapshot.advertised, part);
        let part = honest(part, &names, &mut snapshot.problems);
        let mut own = View::default();
        add(&mut own, endpoint, &part, |item| item.name.clone());
        add_instructions(&mut own, endpoint, &part, false);
        own.index();
        snapshot.each.insert(Arc::clone(endpoint), own);
        snapshot.problems.extend(part.problems.iter().cloned());
        if part.private {
            continue;
        }
        add(&mut snapshot.all, endpoint, &part, |item| {
            if plain { item.name.clone() } else { format!("{endpoint}{SEPARATOR}{}", item.name) }
        });
        add_instructions(&mut snapshot.all, endpoint, &part, !plain);
    }
    settle(&mut snapshot.all, &mut snapshot.problems);
    snapshot
}

/// Everything that an agent reads of a server before its first call.
fn advertise(advertised: &mut Advertised, part: &Part) {
    let items = [&part.tools, &part.prompts, &part.resources, &part.templates];
    // Nobody reads what is kept back.
    for item in items.into_iter().flatten().filter(|item| item.quarantine.is_none()) {
        advertised.add(&part.name, &Json::Object(item.definition.clone()));
    }
    if let Some(text) = &part.instructions {
        advertised.add(&part.name, &text.as_str().into());
    }
}

/// The part without names that pass for another server's.
fn honest<'a>(part: &'a Part, names: &Names, problems: &mut Vec<String>) -> Cow<'a, Part> {
    let imitates = |item: &Arc<Item>| names.imitated(&part.name, &item.name);
    let all = || part.tools.iter().chain(&part.prompts);
    if all().all(|item| imitates(item).is_none()) {
        return Cow::Borrowed(part);
    }
    for item in all() {
        if let Some(other) = imitates(item) {
            let why = format!("the name imitates a {} of `{other}`", item.kind.name());
            problems.push(problem(&part.name, item.kind, &item.name, &why));
        }
    }
    let mut part = part.clone();
    part.tools.retain(|item| names.imitated(&part.name, &item.name).is_none());
    part.prompts.retain(|item| names.imitated(&part.name, &item.name).is_none());
    Cow::Owned(part)
}

/// Sorts what several servers offer together, and leaves out what is not one server's alone.
fn settle(all: &mut View, problems: &mut Vec<String>) {
    for items in [&mut all.tools, &mut all.prompts] {
        items.sort_by(|one, two| one.0.cmp(&two.0));
        let claims = Claims::new(items.iter().map(|(name, item)| (plain(name), item)));
        items.retain(|(name, item)| claims.allow(&plain(name), item));
        problems.extend(claims.disputed().map(|(name, claim)| {
            format!("/mcp: {} offer `{}`, as it reads; {REMEDY}", claim, escaped(name))
        }));
    }
    let claims = Claims::new(all.resources.iter().map(|item| (item.name.clone(), item)));
    all.resources.retain(|item| claims.allow(&item.name, item));
    all.disputed = claims.disputed().map(|(uri, _)| uri.to_owned()).collect();
    problems.extend(claims.disputed().map(|(uri, claim)| {
        format!("/mcp: {} offer the resource `{}`; {REMEDY}", claim, escaped(uri))
    }));
    let claims = Claims::new(all.templates.iter().map(|(_, item)| (item.name.clone(), item)));
    problems.extend(claims.disputed().map(|(text, claim)| {
        format!("/mcp: {} offer the template `{}`; {REMEDY}", claim, escaped(text))
    }));
    report_overlaps(all, problems);
    all.templates.retain(|(_, item)| claims.allow(&item.name, item));
    all.index();
}

/// Where what is left out can still be had.
const REMEDY: &str = "it is left out there, and each server answers at its own /mcp/NAME";

/// Who offers what, by the name that it goes by.
struct Claims(BTreeMap<String, Claim>);

/// The servers that offer one thing: those from which it may be used, and those from which it is
/// kept back. Who is kept back takes nothing from the others.
#[derive(Default)]
struct Claim {
    usable: BTreeSet<Arc<str>>,
    kept_back: BTreeSet<Arc<str>>,
}

impl Claims {
    fn new<'a>(items: impl Iterator<Item = (String, &'a Arc<Item>)>) -> Self {
        let mut claims: BTreeMap<String, Claim> = BTreeMap::new();
        for (name, item) in items {
            let claim = claims.entry(name).or_default();
            let servers = match item.quarantine {
                None => &mut claim.usable,
                Some(_) => &mut claim.kept_back,
            };
            servers.insert(Arc::clone(&item.upstream.name));
        }
        Self(claims)
    }

    /// Whether `item` may go by `name`.
    fn allow(&self, name: &str, item: &Item) -> bool {
        let Some(claim) = self.0.get(name) else { return false };
        match claim.usable.len() {
            0 => claim.kept_back.first() == Some(&item.upstream.name),
            1 => claim.usable.contains(&item.upstream.name),
            _ => false,
        }
    }

    /// What more than one server offers, and which.
    fn disputed(&self) -> impl Iterator<Item = (&str, String)> {
        let disputed = self.0.iter().filter(|(_, claim)| claim.usable.len() > 1);
        disputed.map(|(name, claim)| {
            let servers: Vec<String> = claim.usable.iter().map(|it| format!("`{it}`")).collect();
            (name.as_str(), servers.join(" and "))
        })
    }
}

/// Says which templates of different servers can mean the same, as far as a sample of each shows.
/// A URI that fits both is refused when it is asked for; this is so that somebody knows before.
fn report_overlaps(all: &View, problems: &mut Vec<String>) {
    let foreign = |one: &Item, two: &Item| one.upstream.name != two.upstream.name;
    let mut looks = LOOKS_MAX;
    let mut told = BTreeSet::new();
    for (index, (template, item)) in all.templates.iter().enumerate() {
        for (other, rival) in all.templates.iter().skip(index + 1) {
            looks = looks.saturating_sub(1);
            let meet = || template.fits(other.sample()) || other.fits(template.sample());
            if looks > 0 && foreign(item, rival) && item.name != rival.name && meet() {
                problems.push(format!(
                    "/mcp: the templates `{}` of `{}` and `{}` of `{}` overlap; a URI that fits \
                     both is refused there, and each server answers at its own /mcp/NAME",
                    escaped(&item.name),
                    item.upstream.name,
                    escaped(&rival.name),
                    rival.upstream.name
                ));
            }
        }
        for listed in &all.resources {
            looks = looks.saturating_sub(1);
            let pair = (&item.name, &listed.upstream.name);
            let meet = || foreign(item, listed) && template.fits(&listed.name);
            if looks > 0 && !told.contains(&pair) && meet() {
                told.insert(pair);
                problems.push(format!(
                    "/mcp: the resource `{}` of `{}` fits the template `{}` of `{}`; what is \
                     listed comes first there",
                    escaped(&listed.name),
                    listed.upstream.name,
                    escaped(&item.name),
                    item.upstream.name
                ));
            }
        }
    }
}

fn add(view: &mut View, endpoint: &Arc<str>, part: &Part, name: impl Fn(&Item) -> String) {
    view.tools.extend(part.tools.iter().map(|item| (name(item), Arc::clone(item))));
    view.prompts.extend(part.prompts.iter().map(|item| (name(item), Arc::clone(item))));
    view.resources.extend(part.resources.iter().map(Arc::clone));
    let templates = part.templates.iter();
    view.templates.extend(templates.map(|item| (Template::new(&item.name), Arc::clone(item))));
    view.partial.extend(part.partial.iter().map(|why| (Arc::clone(endpoint), why.clone())));
    for capability in &part.capabilities {
        if !view.capabilities.contains(capability) {
            view.capabilities.push(capability);
        }
    }
}

fn add_instructions(view: &mut View, endpoint: &Arc<str>, part: &Part, headed: bool) {
    let Some(text) = &part.instructions else { return };
    let text = match headed {
        true => format!("Server `{endpoint}` says of its tools:\n{text}"),
        false => text.clone(),
    };
    view.instructions.push((Arc::clone(endpoint), text));
}
