//! What is withheld is kept for a person to look at. Released, it goes to the same call, once,
//! when that is made again: nothing is sent then, and the marks of a stranger's text stay on it.

use std::sync::Arc;

use super::{Answer, Arrival, Call, Trail, release::Released, screen::Screened};
use crate::{
    capture::{
        Clip,
        withheld::{CallKey, Keeping},
    },
    catalog::Item,
    firewall::Surface,
    gateway::Gateway,
    ids::now_ms,
    inspect::{Firewall, Inspection, Mode, Profile},
    mcp::{Object, bridge::ResultType},
    refusal::{META_RELEASED, Refusal},
};

/// A result that a door withheld.
#[derive(Debug)]
pub(super) struct KeptBack {
    pub(super) result: Object,
    /// Whether an agent could be given it, if a person said so.
    pub(super) releasable: bool,
}

impl Gateway {
    /// Captures a message as a door left it, where the operator asks for that. Never waits.
    pub(super) fn capture(
        &self,
        arrival: &Arrival,
        item: &Item,
        surface: Surface,
        content: &Object,
        inspection: &Inspection,
    ) {
        let tape = self.tape.load();
        let Some(tape) = tape.as_ref() else { return };
        if inspection.incomplete {
            // It may hold a secret that nobody cut out.
            return tape.lose();
        }
        let firewall = self.firewall_for(item.settings.modes.firewall);
        let edits = firewall.mode == Mode::Enforce && firewall.profile != Profile::Transparent;
        let redactor = (!edits).then(|| {
            let (mode, profile) = (Mode::Enforce, Profile::Balanced);
            Arc::new(Firewall { mode, profile, ..(*firewall).clone() })
        });
        let clip = Clip {
            reference: arrival.reference.clone(),
            time: now_ms(),
            surface,
            upstream: item.upstream.name.to_string(),
            tool: item.name.clone(),
            agent: arrival.principal.agent.clone(),
            run: arrival.principal.run.clone(),
            rules: inspection.rules.clone(),
            content: content.clone(),
        };
        tape.put(clip, redactor);
    }

    /// Keeps what a door withheld. If that fails it is withheld all the same, and lost.
    pub(crate) async fn keep_withheld(
        &self,
        arrival: &Arrival,
        trail: &mut Trail,
        refusal: &Refusal,
    ) {
        let (Some(kept), Some(item)) = (trail.kept_back.take(), trail.item.clone()) else { return };
        let rules: Vec<&str> = trail.rules.iter().map(AsRef::as_ref).collect();
        let keeping = Keeping {
            reference: &arrival.reference,
            call: key(arrival, &item, &trail.target, &trail.arguments_digest),
            result: &kept.result,
            why: &refusal.detail,
            rules: &rules.join(" "),
            releasable: kept.releasable,
        };
        if let Err(error) = self.withheld.keep(keeping).await {
            tracing::warn!(%error, reference = arrival.reference,
                "A withheld result could not be kept for a person.");
        }
    }

    /// Hands out the result that a person released for exactly this call. Every door on the way in
    /// was passed anew; nothing runs, so nobody is asked.
    pub(super) async fn hand_out(
        &self,
        call: &Call<'_, Screened>,
        trail: &mut Trail,
    ) -> Result<Option<Object>, Refusal> {
        if !self.withheld.any_released() {
            return Ok(None);
        }
        let (arrival, item) = (call.arrival, &call.item);
        let digest = call.arguments.digest();
        let key = key(arrival, item, &trail.target, &digest);
        let taken = self.withheld.take(key).await;
        let taken = taken.map_err(|error| Refusal::internal(error.to_string()))?;
        let Some((row, result)) = taken else { return Ok(None) };
        trail.arguments_digest = digest;
        let by = row.released_by.as_deref().unwrap_or_default();
        trail.released = Some(format!("{by} released the withheld result of {}", row.reference));
        trail.decide(self, arrival).await?;
        trail.rules.extend(row.rules.split_whitespace().map(Into::into));
        let passed = Released { kind: ResultType::Complete, _seat: None };
        let mut answer = Answer { arrival, item: item.clone(), result, passed };
        answer.result.object_mut("_meta").insert(META_RELEASED, row.reference.as_str());
        let brought = self.brought(&mut answer.result, trail);
        let result = self.fence(answer, trail);
        self.remember(brought, &result, trail).await?;
        Ok(Some(result))
    }
}

fn key<'a>(
    arrival: &'a Arrival,
    item: &'a Item,
    target: &'a str,
    arguments_digest: &'a str,
) -> CallKey<'a> {
    CallKey {
        principal: &arrival.principal,
        client: &arrival.client.name,
        method: arrival.method.name(),
        upstream: &item.upstream.name,
        target,
        arguments_digest,
    }
}
