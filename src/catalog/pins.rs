//! Pinned definitions: what each tool looked like when it was accepted. On first use a clean
//! definition is accepted; a changed or a suspicious one waits for a person, alone. Where the server
//! itself is another one, all it offers waits.

mod server;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use server::Server;

use crate::{
    ids::now_ms,
    mcp::Json,
    store::{Store, StoreError, pins::PinRow},
};

/// A definition as it was just received.
#[derive(Debug)]
pub struct Seen<'a> {
    pub kind: &'static str,
    pub name: &'a str,
    pub definition: &'a Json,
    /// Why the firewall would keep it back, if it would.
    pub suspicion: Option<String>,
}

/// Whether a definition may be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    Accepted,
    Quarantined(String),
}

/// Definitions of one upstream that are kept; a server that always shows new ones fills no disk.
const PINS_MAX: usize = 20_000;

/// The standing of a server and of each thing it offers.
#[derive(Debug)]
pub struct Compared {
    pub server: Standing,
    /// Pin and standing, in the order that the definitions were given in.
    pub items: Vec<(String, Standing)>,
}

/// Who accepted what nobody looked at.
const FIRST_USE: &str = "first-use";

/// Compares what an upstream sent, and how it was reached, with what was pinned, and pins what is
/// new. Of a server that is not accepted, nothing is, and nothing new is pinned.
///
/// # Errors
/// The store failed; the caller must then offer nothing.
pub async fn compare(
    store: &Store,
    upstream: &str,
    server: Server<'_>,
    seen: &[Seen<'_>],
) -> Result<Compared, StoreError> {
    let rows = store.pins(Some(upstream)).await?;
    let (server, update) = server::judge(upstream, server, &rows);
    let known: HashMap<(&str, &str), &PinRow> =
        rows.iter().map(|row| ((row.kind.as_str(), row.name.as_str()), row)).collect();
    let mut changed: Vec<PinRow> = update.into_iter().collect();
    let mut items = Vec::with_capacity(seen.len());
    let mut room = PINS_MAX.saturating_sub(rows.len());
    for item in seen {
        let digest = item.definition.pin();
        let row = known.get(&(item.kind, item.name)).copied();
        if row.is_none() && room == 0 {
            let reason = format!("its server has shown more than {PINS_MAX} definitions by now");
            items.push((digest, Standing::Quarantined(reason)));
            continue;
        }
        room -= usize::from(row.is_none());
        let (standing, update) = judge(upstream, item, &digest, row);
        match (&server, standing) {
            (Standing::Quarantined(_), Standing::Accepted) => {
                // What a stranger offers for the first time is no first use.
                changed.extend(update.filter(|_| row.is_some()));
                items.push((digest, server.clone()));
            }
            (_, standing) => {
                changed.extend(update);
                items.push((digest, standing));
            }
        }
    }
    if !changed.is_empty() {
        store.put_pins(&changed).await?;
    }
    Ok(Compared { server, items })
}

fn judge(
    upstream: &str,
    item: &Seen<'_>,
    digest: &str,
    row: Option<&PinRow>,
) -> (Standing, Option<PinRow>) {
    match row {
        Some(row) if row.digest == digest => {
            let by_person = row.accepted_by.as_deref().is_some_and(|by| by != FIRST_USE);
            match &item.suspicion {
                Some(reason) if !by_person => {
                    let waiting = waiting(upstream, item, digest, "poisoned", reason, Some(row));
                    (quarantined(reason), Some(waiting))
                }
                _ => (Standing::Accepted, settled(row)),
            }
        }
        Some(row) if row.candidate_digest.as_deref() == Some(digest) => {
            (quarantined(row.reason.as_deref().unwrap_or(CHANGED)), None)
        }
        Some(row) => {
            let reason = item.suspicion.as_deref().unwrap_or(CHANGED);
            let waiting = waiting(upstream, item, digest, "changed", reason, Some(row));
            (quarantined(reason), Some(waiting))
        }
        None => match &item.suspicion {
            Some(reason) => {
                let waiting = waiting(upstream, item, digest, "poisoned", reason, None);
                (quarantined(reason), Some(waiting))
            }
            None => (Standing::Accepted, Some(accepted(upstream, item, digest))),
        },
    }
}

/// What a person is told of a definition that is not the accepted one.
pub const CHANGED: &str = "its definition changed since it was accepted";

fn quarantined(reason: &str) -> Standing {
    Standing::Quarantined(reason.to_owned())
}

/// A definition that went back to what was accepted needs nobody any more.
fn settled(row: &PinRow) -> Option<PinRow> {
    (row.state != "accepted").then(|| PinRow {
        state: "accepted".into(),
        candidate: None,
        candidate_digest: None,
        reason: None,
        changed_at: now_ms(),
        ..row.clone()
    })
}

fn accepted(upstream: &str, item: &Seen<'_>, digest: &str) -> PinRow {
    PinRow {
        upstream: upstream.to_owned(),
        kind: item.kind.to_owned(),
        name: item.name.to_owned(),
        state: "accepted".into(),
        digest: digest.to_owned(),
        definition: item.definition.to_string(),
        candidate_digest: None,
        candidate: None,
        reason: None,
        accepted_by: Some(FIRST_USE.to_owned()),
        changed_at: now_ms(),
    }
}

fn waiting(
    upstream: &str,
    item: &Seen<'_>,
    digest: &str,
    state: &str,
    reason: &str,
    row: Option<&PinRow>,
) -> PinRow {
    PinRow {
        upstream: upstream.to_owned(),
        kind: item.kind.to_owned(),
        name: item.name.to_owned(),
        state: state.into(),
        digest: row.map(|row| row.digest.clone()).unwrap_or_default(),
        definition: row.map(|row| row.definition.clone()).unwrap_or_default(),
        candidate_digest: Some(digest.to_owned()),
        candidate: Some(item.definition.to_string()),
        reason: Some(reason.to_owned()),
        accepted_by: row.and_then(|row| row.accepted_by.clone()),
        changed_at: now_ms(),
    }
}

/// One line per place where two definitions differ, for `bartizan pins diff`.
pub fn diff(before: &Json, after: &Json) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", Some(before), Some(after), &mut lines);
    lines
}

fn walk(path: &str, before: Option<&Json>, after: Option<&Json>, lines: &mut Vec<String>) {
    match (before, after) {
        (Some(Json::Object(old)), Some(Json::Object(new))) => {
            for key in old.keys() {
                walk(&step(path, key), old.get(key), new.get(key), lines);
            }
            for key in new.keys().filter(|key| old.get(key).is_none()) {
                walk(&step(path, key), None, new.get(key), lines);
            }
        }
        (Some(old), Some(new)) if old == new => {}
        (old, new) => {
            if let Some(old) = old {
                lines.push(format!("- {path}: {}", shown(old)));
            }
            if let Some(new) = new {
                lines.push(format!("+ {path}: {}", shown(new)));
            }
        }
    }
}

/// A key is as much a stranger's text as a value.
fn step(path: &str, key: &str) -> String {
    format!("{path}/{}", crate::approval::shown_text(key))
}

/// JSON with every character that could hide or reorder text spelled out.
fn shown(value: &Json) -> String {
    value
        .to_string()
        .chars()
        .flat_map(|c| -> Box<dyn Iterator<Item = char>> {
            if c.is_ascii() && !c.is_ascii_control() || c.is_alphanumeric() {
                Box::new(std::iter::once(c))
            } else {
                Box::new(c.escape_unicode())
            }
        })
        .collect()
}
