//! The first two doors: does it exist, and may this caller do this now?

use std::sync::Arc;

use super::{Arrival, Call, Trail};
use crate::{
    access::{Action, Caller, Decision, Names, Policies, Question, Target, TargetKind},
    catalog::{Item, Kind, View},
    gateway::Gateway,
    identity::{Principal, Proof},
    inspect::Mode,
    mcp::{Json, Method, Object, RpcError},
    refusal::{Code, Refusal},
    settings::Risk,
};

/// A call whose target exists.
#[derive(Debug)]
pub(super) struct Found(());

/// A call that the policies allow, perhaps if a person agrees.
#[derive(Debug)]
pub(super) struct Authorized {
    /// Why a person must agree, if one must.
    pub(super) hold: Option<Arc<str>>,
}

impl Gateway {
    /// Finds what the call is for. Malformed parameters of a known method are refused here: what
    /// cannot be read cannot be checked.
    pub(super) fn find<'a>(
        &self,
        arrival: &'a mut Arrival,
        trail: &mut Trail,
    ) -> Result<Call<'a, Found>, Refusal> {
        let arguments = take_arguments(arrival)?;
        let arrival: &'a Arrival = arrival;
        let name = name_of(arrival)?;
        if name.len() > NAME_BYTES_MAX {
            return Err(invalid("the name or URI is too long"));
        }
        trail.target = name.to_owned();
        let found = self.catalog.with_view(&arrival.scope, |view| lookup(view, arrival, name));
        let item = found.flatten().ok_or_else(|| {
            Refusal::unknown(arrival.method, name, "no such target in the catalog")
        })?;
        trail.item = Some(Arc::clone(&item));
        Ok(Call { arrival, item, arguments, passed: Found(()) })
    }

    pub(super) fn authorize<'a>(
        &self,
        call: Call<'a, Found>,
        trail: &mut Trail,
    ) -> Result<Call<'a, Authorized>, Refusal> {
        let policies = self.policies.load();
        let decided = self.decide(&policies, call.arrival, &call.item, &call.arguments, trail);
        let hold = trail.carry_out(call.item.settings.modes.access, decided)?.flatten();
        // A definition that nobody accepted is kept back in observe mode too: what it would let
        // through is not known, and one command of a person lets it through.
        if let Some(why) = &call.item.quarantine {
            // The agent learns what happened, not which rule saw it (settled rule 15).
            let text = format!(
                "Not executed: `{}` is kept back because its definition is not one that a person \
                 accepted. Somebody must look at it (`bartizan pins diff`) before it can be used.",
                trail.target
            );
            return Err(Refusal::new(Code::Quarantined, text, why.clone()));
        }
        Ok(call.pass(|Found(())| Authorized { hold }))
    }

    /// Decides again on what will really be sent, with the policies then in force.
    pub(super) fn confirm(
        &self,
        arrival: &Arrival,
        item: &Item,
        arguments: &Object,
        trail: &mut Trail,
    ) -> Result<(), Refusal> {
        let policies = self.policies.load();
        let decided = self.decide(&policies, arrival, item, arguments, trail);
        trail.carry_out(item.settings.modes.access, decided).map(drop)
    }

    /// Whether a list may show this item to this caller.
    pub(crate) fn may_list(&self, principal: &Principal, item: &Item) -> bool {
        item.quarantine.is_none() && self.may_know(principal, item)
    }

    /// Whether this caller may know that this item exists.
    pub(crate) fn may_know(&self, principal: &Principal, item: &Item) -> bool {
        let question = question(principal, item, Action::List, None);
        let allowed = matches!(self.policies.load().decide(&question), Decision::Allow { .. });
        allowed || item.settings.modes.access == Mode::Observe
    }

    /// Whether the policies let this caller know of anything at `server`, of which nothing is
    /// listed now. Asked of an item without a name: a policy that names single items says no.
    pub(crate) fn may_know_of(&self, principal: &Principal, server: &str) -> bool {
        let policies = self.policies.load();
        let risk = Risk::default().name();
        [TargetKind::Tool, TargetKind::Prompt, TargetKind::Resource].into_iter().any(|kind| {
            let target = Target { kind, server, name: "", risk, classes: &[] };
            let question = ask(principal, target, Action::List, None);
            matches!(policies.decide(&question), Decision::Allow { .. })
        })
    }
}

/// Bytes of a name or a URI. Long ones are matched against every template, before anybody asked
/// whether this caller may do anything.
const NAME_BYTES_MAX: usize = 8 << 10;

fn invalid(what: &str) -> Refusal {
    Refusal::protocol(RpcError::new(RpcError::INVALID_PARAMS, what))
}

/// Takes what the call carries out of its parameters, so that it exists once.
fn take_arguments(arrival: &mut Arrival) -> Result<Object, Refusal> {
    let key = match arrival.method {
        Method::ToolsCall | Method::PromptsGet => "arguments",
        Method::Complete => "argument",
        _ => {
            let uri = arrival.params.str("uri").ok_or_else(|| invalid("`uri` must be a string"))?;
            return Ok(Object::from([("uri", uri.into())]));
        }
    };
    match arrival.params.get_mut(key) {
        Some(Json::Object(arguments)) => Ok(std::mem::take(arguments)),
        None | Some(Json::Null) if key == "arguments" => Ok(Object::new()),
        _ => Err(invalid(&format!("`{key}` must be an object"))),
    }
}

/// The name a call is for.
fn name_of(arrival: &Arrival) -> Result<&str, Refusal> {
    let params = &arrival.params;
    match arrival.method {
        Method::ToolsCall | Method::PromptsGet => {
            params.str("name").ok_or_else(|| invalid("`name` must be a string"))
        }
        Method::Complete => {
            let reference = params.get("ref");
            let named = |key: &str| reference.and_then(|of| of.get(key)).and_then(Json::as_str);
            let name = match named("type") {
                Some("ref/prompt") => named("name"),
                Some("ref/resource") => named("uri"),
                _ => None,
            };
            name.ok_or_else(|| invalid("`ref` must name a prompt or a resource"))
        }
        _ => params.str("uri").ok_or_else(|| invalid("`uri` must be a string")),
    }
}

fn lookup(view: &View, arrival: &Arrival, name: &str) -> Option<Arc<Item>> {
    let item = match arrival.method {
        Method::ToolsCall => view.tool(name),
        Method::PromptsGet => view.prompt(name),
        Method::Complete if arrival.params.get("ref")?.get("name").is_some() => view.prompt(name),
        Method::Complete => view.template_named(name).or_else(|| view.resource(name)),
        _ => view.resource(name),
    };
    item.cloned()
}

fn question<'a>(
    principal: &'a Principal,
    item: &'a Item,
    action: Action,
    arguments: Option<&'a serde_json::Value>,
) -> Question<'a> {
    let kind = match item.kind {
        Kind::Tool => TargetKind::Tool,
        Kind::Prompt => TargetKind::Prompt,
        Kind::Resource | Kind::Template => TargetKind::Resource,
    };
    let target = Target {
        kind,
        server: &item.upstream.name,
        name: &item.name,
        risk: item.settings.risk.name(),
        classes: &item.settings.classes,
    };
    ask(principal, target, action, arguments)
}

fn ask<'a>(
    principal: &'a Principal,
    target: Target<'a>,
    action: Action,
    arguments: Option<&'a serde_json::Value>,
) -> Question<'a> {
    let caller = Caller {
        agent: &principal.agent,
        user: principal.user.as_deref(),
        groups: &principal.groups,
        proof: principal.proof.name(),
        run: principal.run.as_deref(),
    };
    Question { caller, action, target, arguments, time: crate::ids::now_ms() }
}

impl Gateway {
    /// Asks the policies; the reason to hold, if a person must agree.
    fn decide(
        &self,
        policies: &Policies,
        arrival: &Arrival,
        item: &Item,
        arguments: &Object,
        trail: &mut Trail,
    ) -> Result<Option<Arc<str>>, Refusal> {
        let principal = &arrival.principal;
        // The name as the caller wrote it, so that unknown and forbidden answers differ in nothing.
        let name = trail.target.clone();
        let unknown = |why: &str| Refusal::unknown(arrival.method, &name, why);
        if principal.proof == Proof::Bearer && item.settings.risk >= Risk::High {
            return Err(unknown("a plain bearer token never suffices for risk high or critical"));
        }
        let candidate = self.candidate.load_full();
        let reads = candidate.as_ref().is_some_and(|it| it.reads_arguments());
        // Only policies that read the arguments pay for their conversion.
        let value = (reads || policies.reads_arguments()).then(|| arguments.to_value());
        let question = question(principal, item, Action::Call, value.as_ref());
        let decision = policies.decide(&question);
        if let Some(candidate) = candidate {
            let other = candidate.decide(&question).name();
            if other != decision.name() && trail.candidate.replace(other).is_none() {
                self.metrics.candidate_difference();
            }
        }
        match decision {
            Decision::Allow { policies } => {
                trail.policies = policies;
                Ok(None)
            }
            Decision::Hold { reason, policies } => {
                trail.policies = policies;
                Ok(Some(reason))
            }
            Decision::Deny { policies, errors, listed } => {
                trail.policies = Names::clone(&policies);
                let detail = errors.first().map_or("denied by policy", AsRef::as_ref);
                if !listed {
                    return Err(unknown(detail));
                }
                let text = format!(
                    "Not executed: the policies do not allow `{name}` with these arguments."
                );
                Err(Refusal::new(Code::Forbidden, text, detail))
            }
        }
    }
}
