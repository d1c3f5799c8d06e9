//! What each command is answered.

use serde_json::{Value, json};

use super::{AdminRequest, findings, proof, rules};
use crate::{
    app::{Parts, reload},
    catalog::pins,
    mcp::{
        Json,
        json::{Limits, parse},
    },
    store::{approvals::DecisionRow, pins::PinRow},
    upstream::State,
};

pub(super) type Answer = Result<Value, String>;

pub(super) async fn answer(parts: &Parts, request: AdminRequest) -> Answer {
    match request {
        AdminRequest::Approvals { open } => approvals(parts, open).await,
        AdminRequest::Approval { id } => approval(parts, &id).await,
        AdminRequest::Decide { id, approve, by, note, signature } => {
            decide(parts, &id, approve, by, note, signature.as_deref()).await
        }
        AdminRequest::Pins { upstream } => pins(parts, upstream.as_deref()).await,
        AdminRequest::AcceptPins { upstream, name, seen, by, signature } => {
            let definition = Definition { upstream: &upstream, name: &name, seen: &seen };
            accept(parts, definition, &by, signature.as_deref()).await
        }
        AdminRequest::Runs => {
            let runs = parts.gateway.runs.list().await.map_err(said)?;
            serde_json::to_value(runs).map_err(said)
        }
        AdminRequest::EndRun { id, by, signature } => {
            end_run(parts, &id, &by, signature.as_deref()).await
        }
        AdminRequest::Withheld { reference } => findings::withheld(&parts.store, &reference).await,
        AdminRequest::Release { reference, show, by, signature } => {
            findings::release(parts, &reference, show, &by, signature.as_deref()).await
        }
        AdminRequest::Triaged { reference } => {
            findings::triaged(&parts.store, reference.as_deref()).await
        }
        AdminRequest::Triage { reference, rules, state, note, owner, by } => {
            let word = findings::Word { reference, rules, state, note, owner, by };
            findings::triage(parts, word).await
        }
        AdminRequest::RuleStages { rule } => rules::status(parts, rule.as_deref()).await,
        AdminRequest::PlaceRule(wish) => rules::place(parts, wish).await,
        AdminRequest::Upstreams => Ok(upstreams(parts)),
        AdminRequest::Tools { upstream } => tools(parts, &upstream),
        AdminRequest::Status => Ok(status(parts)),
        AdminRequest::Reload => {
            reload::now(parts).await.map(|()| json!("reloaded")).map_err(|it| format!("{it:#}"))
        }
    }
}

pub(super) fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn approvals(parts: &Parts, open: bool) -> Answer {
    let rows = parts.gateway.approvals.list(open).await.map_err(said)?;
    let shown: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut value = serde_json::to_value(row).unwrap_or_default();
            value["callers_waiting"] = json!(parts.gateway.approvals.waiting(&row.id));
            value
        })
        .collect();
    Ok(json!(shown))
}

async fn approval(parts: &Parts, id: &str) -> Answer {
    let row = parts.gateway.approvals.get(id).await.map_err(said)?;
    let row = row.ok_or_else(|| format!("no approval `{id}`"))?;
    let mut value = serde_json::to_value(&row).unwrap_or_default();
    value["callers_waiting"] = json!(parts.gateway.approvals.waiting(id));
    let snapshot = parts.gateway.catalog.snapshot();
    let tools = snapshot.each.get(row.upstream.as_str()).map(|view| view.tools.as_slice());
    let item = tools.unwrap_or_default().iter().find(|(_, item)| item.name == row.tool);
    if let Some((_, item)) = item {
        value["classes"] = json!(item.classes.names().collect::<Vec<_>>());
        value["risk"] = json!(item.settings.risk.name());
    }
    let last = parts.store.last_run(&row.upstream, &row.tool).await.map_err(said)?;
    if let Some(last) = last.filter(|last| last.id != row.id) {
        let read = |text: &str| parse(text.as_bytes(), &Limits::default()).unwrap_or_default();
        value["last"] = json!({
            "id": last.id,
            "decided_by": last.decided_by,
            "consumed_at": last.consumed_at,
            "outcome": last.outcome,
            "diff": pins::diff(&read(&last.arguments), &read(&row.arguments)),
        });
    }
    Ok(value)
}

async fn decide(
    parts: &Parts,
    id: &str,
    approve: bool,
    by: String,
    note: Option<String>,
    signature: Option<&str>,
) -> Answer {
    const NOTE_CHARS_MAX: usize = 500;
    let row = parts.gateway.approvals.get(id).await.map_err(said)?;
    let row = row.ok_or_else(|| format!("no approval `{id}`"))?;
    let verb = if approve { "approve" } else { "deny" };
    let text = proof::decision_text("approval", id, verb, &row.arguments_digest);
    let config = parts.config.load();
    let approvers = &config.file.approvals.approvers;
    let proven = proof::check(approvers, parts.options, &by, &text, signature)?;
    let note =
        note.map(|note| note.chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect());
    let decision = DecisionRow { approve, by, proven, note };
    // INVARIANT: the decision is on the record before it counts.
    parts.gateway.record_event(verb, id, &decision.by).await.map_err(said)?;
    if parts.gateway.approvals.decide(id, &decision).await.map_err(said)? {
        return Ok(json!({ "id": id, "decision": verb, "proven": proven }));
    }
    Err(format!("`{id}` no longer waits: it is {}", row.state))
}

async fn pins(parts: &Parts, upstream: Option<&str>) -> Answer {
    let rows = parts.store.pins(upstream).await.map_err(said)?;
    Ok(rows.iter().map(shown).collect())
}

fn shown(row: &PinRow) -> Value {
    let read = |text: &str| parse(text.as_bytes(), &Limits::default()).unwrap_or_default();
    let diff = row.candidate.as_deref().map(|candidate| {
        // What was never accepted is compared with nothing, member by member.
        let before = if row.definition.is_empty() { "{}" } else { &row.definition };
        let before = read(before);
        pins::diff(&before, &read(candidate))
    });
    json!({
        "upstream": row.upstream,
        "kind": row.kind,
        "name": row.name,
        "state": row.state,
        "digest": row.digest,
        "candidate_digest": row.candidate_digest,
        "reason": row.reason,
        "accepted_by": row.accepted_by,
        "changed_at": row.changed_at,
        "diff": diff,
    })
}

/// The tools of one server with their definitions. Those of which the configuration or the
/// catalogue speaks are marked.
fn tools(parts: &Parts, name: &str) -> Answer {
    let upstreams = parts.upstreams.all();
    let upstream = upstreams.iter().find(|it| *it.name == *name);
    let upstream = upstream.ok_or_else(|| format!("there is no upstream `{name}`"))?;
    let says = match &*upstream.state() {
        State::Ready(connected) => connected.handshake.server.clone(),
        State::Starting | State::Down { .. } => Json::Null,
    };
    let route = upstream.route().definition();
    let known = parts.config.load().known(name, Some(route), Some(&says));
    let snapshot = parts.gateway.catalog.snapshot();
    let items = snapshot.each.get(name).map(|view| view.tools.as_slice()).unwrap_or_default();
    let shown: Vec<Value> = items
        .iter()
        .map(|(_, item)| {
            let mut value = item.offered(&item.name).to_value();
            value["classified"] = json!(!item.settings.classes.is_empty());
            value
        })
        .collect();
    Ok(json!({ "entry": known.entry().map(|(name, _)| name), "tools": shown }))
}

/// A definition as a person saw it.
#[derive(Clone, Copy)]
struct Definition<'a> {
    upstream: &'a str,
    name: &'a str,
    seen: &'a str,
}

async fn accept(
    parts: &Parts,
    definition: Definition<'_>,
    by: &str,
    signature: Option<&str>,
) -> Answer {
    let Definition { upstream, name, seen } = definition;
    let full = format!("{upstream}/{name}");
    let text = proof::decision_text("pin", &full, "accept", seen);
    let config = parts.config.load();
    proof::check(&config.file.approvals.approvers, parts.options, by, &text, signature)?;
    let target = format!("{full} {seen}");
    parts.gateway.record_event("accept-pin", &target, by).await.map_err(said)?;
    let accepted = parts.store.accept_pins(upstream, Some(name), Some(seen), by).await;
    let accepted = accepted.map_err(said)?;
    if accepted.is_empty() {
        return Err(format!("`{full}` does not wait with this definition; look at it again"));
    }
    parts.upstreams.rebuild(Some(upstream)).await;
    Ok(json!({ "accepted": accepted }))
}

/// Ends a run: its taint is shed, so only a person may.
async fn end_run(parts: &Parts, id: &str, by: &str, signature: Option<&str>) -> Answer {
    let text = proof::decision_text("run", id, "end", "");
    let config = parts.config.load();
    let approvers = &config.file.approvals.approvers;
    let proven = proof::check(approvers, parts.options, by, &text, signature)?;
    // INVARIANT: the decision is on the record before it counts.
    parts.gateway.record_event("end-run", id, by).await.map_err(said)?;
    if parts.gateway.runs.end(id, by).await.map_err(said)? {
        return Ok(json!({ "id": id, "ended": true, "proven": proven }));
    }
    Err(format!("no run `{id}` goes on"))
}

fn status(parts: &Parts) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "development": parts.options.development,
        "local": parts.options.purpose == crate::app::Purpose::Local,
        "left_out": parts.gateway.catalog.snapshot().problems,
    })
}

fn upstreams(parts: &Parts) -> Value {
    use crate::upstream::State;
    let states = parts.upstreams.all().into_iter().map(|upstream| {
        let state = match &*upstream.state() {
            State::Starting => json!({ "state": "starting" }),
            State::Down { why } => json!({ "state": "down", "why": why.to_string() }),
            State::Ready(connected) => json!({
                "state": "ready",
                "revision": connected.handshake.revision.name(),
                "tools": connected.listing.tools.len(),
            }),
        };
        (upstream.name.to_string(), state)
    });
    Value::Object(states.collect())
}
