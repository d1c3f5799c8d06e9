//! What people ask and say about findings: triage, and results that were withheld.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    answer::{Answer, said},
    proof,
};
use crate::{
    app::Parts,
    capture::Withheld,
    ids::now_ms,
    store::{Store, findings::TriageRow},
};

/// What a person makes of a finding.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TriageState {
    /// It is what the rule looks for
    True,
    /// It is not: the rule erred
    False,
    /// It is, and it is meant to be there
    BenignExpected,
}

impl TriageState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::BenignExpected => "benign-expected",
        }
    }
}

/// A person's word on the findings of one request.
pub(super) struct Word {
    pub(super) reference: String,
    pub(super) rules: Vec<String>,
    pub(super) state: TriageState,
    pub(super) note: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) by: String,
}

/// Words of triage that are told at once.
const TRIAGED_MAX: i64 = 100_000;
/// Rules of one request that are judged at once.
const RULES_MAX: usize = 64;
/// Characters of a name or a reference.
const NAME_CHARS_MAX: usize = 128;
/// Characters of a note.
const NOTE_CHARS_MAX: usize = 500;

pub(super) async fn triage(parts: &Parts, word: Word) -> Answer {
    let Word { reference, rules, state, note, owner, by } = word;
    let long = |text: &String| text.is_empty() || text.chars().count() > NAME_CHARS_MAX;
    if rules.is_empty() || rules.len() > RULES_MAX || rules.iter().any(long) || long(&reference) {
        return Err(format!("a word is about 1 to {RULES_MAX} rules of one request"));
    }
    let clean = |text: String, max: usize| -> String {
        text.chars().filter(|c| !c.is_control()).take(max).collect()
    };
    let note = note.map(|note| clean(note, NOTE_CHARS_MAX));
    let owner = owner.map(|owner| clean(owner, NAME_CHARS_MAX));
    let target = format!("{reference} {} {}", state.name(), rules.join(" "));
    // INVARIANT: the word is on the record before it counts.
    parts.gateway.record_event("triage", &target, &by).await.map_err(said)?;
    let at = now_ms();
    let row = |rule: String| TriageRow {
        reference: reference.clone(),
        rule,
        state: state.name().to_owned(),
        note: note.clone(),
        owner: owner.clone(),
        by: by.clone(),
        at,
    };
    let rows: Vec<TriageRow> = rules.into_iter().map(row).collect();
    parts.store.put_triage(&rows).await.map_err(said)?;
    Ok(json!(rows))
}

/// What people made of findings, the newest first.
///
/// # Errors
/// The store failed.
pub(crate) async fn triaged(store: &Store, reference: Option<&str>) -> Answer {
    Ok(json!(store.triage(reference, TRIAGED_MAX).await.map_err(said)?))
}

/// What is kept of a withheld result, its content sealed; null if nothing is.
///
/// # Errors
/// The store failed.
pub(crate) async fn withheld(store: &Store, reference: &str) -> Answer {
    let row = store.withheld(reference).await.map_err(said)?;
    let Some(row) = row else { return Ok(json!(null)) };
    let mut value = json!(row);
    value["sealed"] = json!(STANDARD.encode(&row.sealed));
    Ok(value)
}

pub(super) async fn release(
    parts: &Parts,
    reference: &str,
    show: bool,
    by: &str,
    signature: Option<&str>,
) -> Answer {
    let row = parts.gateway.withheld.get(reference).await.map_err(said)?;
    let verb = if show { "show" } else { "release" };
    let text = proof::decision_text("withheld", reference, verb, &row.digest);
    let config = parts.config.load();
    let approvers = &config.file.approvals.approvers;
    let proven = proof::check(approvers, parts.options, by, &text, signature)?;
    if show {
        parts.gateway.record_event("withheld.show", reference, by).await.map_err(said)?;
        return withheld(&parts.store, reference).await;
    }
    Withheld::may_release(&row).map_err(said)?;
    // INVARIANT: the release is on the record before it counts.
    parts.gateway.record_event("withheld.release", reference, by).await.map_err(said)?;
    let until = parts.gateway.withheld.release(reference, by, proven).await.map_err(said)?;
    Ok(json!({ "reference": reference, "retry_until": until, "proven": proven }))
}
