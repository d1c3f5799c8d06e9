//! The server itself, pinned by how it is reached: definitions that are the same to the letter say
//! nothing of who runs behind them (CVE-2025-54136).

use super::{Standing, quarantined, settled};
use crate::{
    ids::now_ms,
    mcp::json::{Limits, parse},
    store::pins::PinRow,
    upstream::route::{Route, shown},
};

/// The kind of these rows.
pub(super) const KIND: &str = "server";

/// Their name, which no tool can have.
pub(super) const NAME: &str = "@server";

/// Routes that are remembered under one name; a wrapped server may have one per client.
const ROUTES_MAX: usize = 32;

/// The server behind a name, as it is reached now.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    pub route: &'a Route,
    /// Whether several may stand under one name at a time, as where each client wraps its own.
    pub several: bool,
}

/// Whether this server is one that was met before under this name, and the row to write.
pub(super) fn judge(
    upstream: &str,
    server: Server<'_>,
    rows: &[PinRow],
) -> (Standing, Option<PinRow>) {
    let digest = server.route.digest();
    let known: Vec<&PinRow> = rows.iter().filter(|row| row.kind == KIND).collect();
    if let Some(row) = known.iter().find(|row| *row.digest == **digest) {
        return (Standing::Accepted, settled(row));
    }
    let last = known.iter().filter(|row| !row.digest.is_empty()).max_by_key(|row| row.changed_at);
    let Some(last) = last else {
        let row = row(upstream, NAME.to_owned(), server.route);
        return (Standing::Accepted, Some(first(row)));
    };
    let reason = another(upstream, last, server.route);
    let name = if server.several { several_name(digest) } else { NAME.to_owned() };
    let mine = known.iter().find(|row| row.name == name);
    let waits = mine.is_some_and(|row| row.candidate_digest.as_deref() == Some(&**digest));
    if waits || (mine.is_none() && known.len() >= ROUTES_MAX) {
        return (quarantined(&reason), None);
    }
    let before = mine.copied().unwrap_or(last);
    let waiting = PinRow {
        state: "changed".into(),
        digest: mine.map(|row| row.digest.clone()).unwrap_or_default(),
        definition: before.definition.clone(),
        accepted_by: mine.and_then(|row| row.accepted_by.clone()),
        reason: Some(reason.clone()),
        ..row(upstream, name, server.route)
    };
    (quarantined(&reason), Some(waiting))
}

/// A second route under one name has a row of its own, so that accepting it drops no other.
fn several_name(digest: &str) -> String {
    const DIGITS: usize = 12;
    format!("{NAME}-{}", digest.get(..DIGITS).unwrap_or(digest))
}

fn another(upstream: &str, last: &PinRow, route: &Route) -> String {
    let was = parse(last.definition.as_bytes(), &Limits::default()).unwrap_or_default();
    format!(
        "the server behind `{upstream}` is another one (was: {}, is: {})",
        shown(&was),
        shown(route.definition())
    )
}

/// A row for this route, as a candidate.
fn row(upstream: &str, name: String, route: &Route) -> PinRow {
    PinRow {
        upstream: upstream.to_owned(),
        kind: KIND.to_owned(),
        name,
        state: String::new(),
        digest: String::new(),
        definition: String::new(),
        candidate_digest: Some(route.digest().to_string()),
        candidate: Some(route.definition().to_string()),
        reason: None,
        accepted_by: None,
        changed_at: now_ms(),
    }
}

/// The first one under a name is the accepted one: so it is for definitions, too.
fn first(row: PinRow) -> PinRow {
    PinRow {
        state: "accepted".into(),
        digest: row.candidate_digest.unwrap_or_default(),
        definition: row.candidate.unwrap_or_default(),
        candidate_digest: None,
        candidate: None,
        accepted_by: Some(super::FIRST_USE.to_owned()),
        ..row
    }
}
