//! The far side of the corridor: records the decision, sends what is cleared, and follows the
//! upstream through its questions to one answer.

use std::{collections::HashMap, sync::Arc};

use super::{Answer, Arrival, Call, Trail, clear::Cleared, subject};
use crate::{
    catalog::Item,
    exchange::AskedRequest,
    firewall::Surface,
    gateway::Gateway,
    limits::Seat,
    mcp::{
        Era, Json, Method, Object, RpcError,
        bridge::{self, ResultType},
    },
    refusal::{Code, Refusal},
    relay::Relay,
    upstream::{Connected, error::UpstreamError, link::Outbound},
};

/// An answer as the upstream gave it.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) kind: ResultType,
    /// Given back when the answer has left.
    pub(super) seat: Option<Seat>,
}

/// Rounds of questions in one call; the SDKs' clients stop at ten too.
const ROUNDS_MAX: usize = 10;

impl Gateway {
    pub(super) async fn send<'a>(
        &self,
        mut call: Call<'a, Cleared>,
        trail: &mut Trail,
    ) -> Result<Answer<'a, Received>, Refusal> {
        let arrival = call.arrival;
        let connected =
            call.item.upstream.connected().ok_or_else(|| down(&call.item.upstream.down()))?;
        // INVARIANT: no record, no call. The decision is on the journal before a byte leaves.
        trail.arguments_digest = call.arguments.digest();
        trail.decide(self, arrival).await?;
        self.foresee(arrival, trail).await?;
        let relay = Relay::new(
            arrival.line.clone(),
            Arc::clone(&arrival.client),
            self.firewall_for(call.item.settings.modes.firewall),
            self.witness(arrival, &call.item, trail),
        )
        .marking(self.notices(arrival, &call.item));
        let brought = arrival.params.get("inputResponses").and_then(Json::as_object).cloned();
        let relay = Arc::new(relay.bring(brought));
        let approval = call.passed.approval.clone();
        let params = outgoing_params(&mut call);
        // On the heap, so that a call that waits for a person does not carry the room for it.
        let exchanged = Box::pin(self.exchange(&call, params, &connected, &relay, trail)).await;
        if let Some(id) = &approval {
            let outcome = if exchanged.is_ok() { "executed" } else { "outcome unknown" };
            Box::pin(self.approvals.note_outcome(id, outcome)).await;
        }
        let (result, kind) =
            exchanged.map_err(|refusal| self.fence_refusal(arrival, &call.item, refusal, trail))?;
        let Call { item, passed, .. } = call;
        let passed = Received { kind, seat: passed.seat };
        Ok(Answer { arrival, item, result, passed })
    }

    /// Sends, and answers the upstream's questions until it is done.
    async fn exchange(
        &self,
        call: &Call<'_, Cleared>,
        mut params: Object,
        connected: &Connected,
        relay: &Arc<Relay>,
        trail: &mut Trail,
    ) -> Result<(Object, ResultType), Refusal> {
        // Only a modern server can ask for another round, which needs the parameters again.
        let may_ask =
            call.arrival.method.may_ask() && connected.handshake.revision.era() == Era::Modern;
        let uri = params.str("uri").map(str::to_owned);
        for _ in 0..=ROUNDS_MAX {
            let outbound = Outbound {
                method: call.arrival.method.name(),
                params: if may_ask { params.clone() } else { std::mem::take(&mut params) },
                name: name_for(call, uri.as_deref()),
                mirrored: &call.item.mirrored,
                relay: Some(Arc::clone(relay)),
                timeout: call.item.upstream.call_timeout(),
                cancel: call.arrival.line.stop.clone(),
            };
            let sent = connected.link.request(outbound).await;
            let response = sent.map_err(|error| failed(&error))?;
            let result = match response.outcome {
                Ok(result) => result,
                Err(mut error) => {
                    if error.code == RpcError::URL_ELICITATION_REQUIRED {
                        screen_elicitations(&mut error, relay).await;
                    }
                    return Err(self.refused(call.arrival, &call.item, error, trail).await);
                }
            };
            match bridge::result_type(&result) {
                Ok(ResultType::InputRequired) if may_ask && !asks_too_much(&result) => {
                    self.ask(&result, relay, &mut params).await?;
                }
                Ok(ResultType::InputRequired) => {
                    return Err(garbage(
                        call,
                        "it asked too much, or where no question is allowed",
                    ));
                }
                Ok(kind) => return Ok((result, kind)),
                Err(what) => return Err(garbage(call, what)),
            }
        }
        Err(garbage(call, "it asked more than ten times"))
    }

    /// Takes the upstream's questions to the caller and the answers into the next round.
    async fn ask(
        &self,
        result: &Object,
        relay: &Relay,
        params: &mut Object,
    ) -> Result<(), Refusal> {
        let answers = relay.ask_all(questions(result)).await.map_err(Refusal::protocol)?;
        let mut responses = Object::new();
        for (key, answer) in answers {
            match answer {
                Ok(answer) => drop(responses.insert(&key, answer)),
                // There is no room for an error in `inputResponses`; a missing one is asked anew.
                Err(error) => tracing::debug!(code = error.code, "A question was refused."),
            }
        }
        params.insert("inputResponses", responses);
        match result.get("requestState") {
            Some(state) => drop(params.insert("requestState", state.clone())),
            None => drop(params.remove("requestState")),
        }
        Ok(())
    }

    /// An error of the upstream: a stranger's text like any other.
    pub(super) async fn refused(
        &self,
        arrival: &Arrival,
        item: &Item,
        mut error: RpcError,
        trail: &mut Trail,
    ) -> Refusal {
        if Code::is_ours(error.code) {
            // Our codes say what the gateway did; nobody else may.
            error.code = RpcError::INTERNAL;
        }
        let firewall = self.firewall_for(item.settings.modes.firewall);
        let mut said = Object::from([("message", std::mem::take(&mut error.message).into())]);
        if let Some(data) = error.data.take() {
            said.insert("data", data);
        }
        let mut said = Json::Object(said);
        let tail = trail.run.as_ref().map(|run| self.runs.tail(run)).unwrap_or_default();
        let subject = subject(arrival, item);
        let inspection = firewall.read_from(subject, &tail, Surface::Error, &mut said).await;
        trail.found(&inspection);
        trail.secrets.extend(self.runs.secrets(&inspection.secrets));
        if let Json::Object(said) = &mut said {
            said.str("message").unwrap_or_default().clone_into(&mut error.message);
            error.data = said.remove("data");
        }
        if inspection.blocks() {
            let text = "The call was sent and failed; the server's error text was withheld.";
            return Refusal::new(Code::Withheld, text, "the firewall blocked an error");
        }
        let detail = format!("the upstream refused with {}", error.code);
        let mut refusal = Refusal::new(Code::Upstream, "the upstream refused", detail);
        refusal.rpc = Some(error);
        refusal
    }
}

/// Screens the links that an error asks a person to open (SPEC 2025-11-25, elicitation) like any
/// other question. One that must not be asked takes all of them along.
async fn screen_elicitations(error: &mut RpcError, relay: &Relay) {
    let data = error.data.take();
    let asked = data.as_ref().and_then(|data| data.get("elicitations")).and_then(Json::as_array);
    let mut screened = Vec::new();
    for elicitation in asked.unwrap_or_default().iter().take(QUESTIONS_MAX) {
        let params = elicitation.as_object().cloned().unwrap_or_default();
        let mut asked = AskedRequest { method: "elicitation/create".to_owned(), params };
        if relay.let_ask(&mut asked).await.is_err() {
            return;
        }
        screened.push(Json::Object(asked.params));
    }
    if !screened.is_empty() {
        error.data = Some(Object::from([("elicitations", screened.into())]).into());
    }
}

pub(super) fn questions(result: &Object) -> HashMap<String, AskedRequest> {
    let requests = result.get("inputRequests").and_then(Json::as_object);
    let asked = |request: &Json| {
        let params = request.get("params").and_then(Json::as_object).cloned();
        let method = request.get("method")?.as_str()?.to_owned();
        Some(AskedRequest { method, params: params.unwrap_or_default() })
    };
    let each = requests.into_iter().flat_map(Object::iter);
    each.filter_map(|(key, request)| Some((key.to_owned(), asked(request)?))).collect()
}

/// The caller's parameters with what was checked put back in, under the upstream's names.
fn outgoing_params(call: &mut Call<'_, Cleared>) -> Object {
    // What a person approved is the arguments: nothing they did not see travels beside them.
    let mut params = match &call.passed.approval {
        Some(_) => Object::new(),
        None => call.arrival.params.clone(),
    };
    let arguments = std::mem::take(&mut call.arguments);
    match call.arrival.method {
        Method::ToolsCall | Method::PromptsGet => {
            params.insert("name", call.item.name.as_str());
            if params.get("arguments").is_some() || !arguments.is_empty() {
                params.insert("arguments", arguments);
            }
        }
        Method::Complete => {
            params.insert("argument", arguments);
            if let Some(Json::Object(reference)) = params.get_mut("ref")
                && reference.get("name").is_some()
            {
                reference.insert("name", call.item.name.as_str());
            }
        }
        _ => drop(params.insert("uri", arguments.get("uri").cloned().unwrap_or_default())),
    }
    // Ours, opened and used before this; an upstream's own state never leaves the gateway. Answers
    // come back through the relay, screened; here they would be to no question.
    params.remove("requestState");
    params.remove("inputResponses");
    if let Some(Json::Object(meta)) = params.get_mut("_meta") {
        // W3C baggage may carry anything about the caller, to strangers.
        meta.remove("baggage");
    }
    params
}

/// Questions of one round; a person would never answer more.
const QUESTIONS_MAX: usize = 32;

pub(super) fn asks_too_much(result: &Object) -> bool {
    let requests = result.get("inputRequests").and_then(Json::as_object);
    requests.is_some_and(|requests| requests.len() > QUESTIONS_MAX)
}

fn name_for<'a>(call: &'a Call<'_, Cleared>, uri: Option<&'a str>) -> Option<&'a str> {
    match call.arrival.method {
        Method::ToolsCall | Method::PromptsGet => Some(&call.item.name),
        Method::ResourcesRead => uri,
        _ => None,
    }
}

fn down(error: &UpstreamError) -> Refusal {
    let text = format!("Not executed: {error}. Try again later, or tell the user.");
    Refusal::new(Code::Upstream, text, error.to_string())
}

fn failed(error: &UpstreamError) -> Refusal {
    if let UpstreamError::Cancelled { .. } = error {
        let text = "The call was cancelled; whether it ran is not known.";
        return Refusal::new(Code::Cancelled, text, error.to_string());
    }
    if !error.may_have_run() {
        return down(error);
    }
    let text = format!("No result: {error}. Whether the call ran is not known.");
    Refusal::new(Code::Upstream, text, error.to_string())
}

fn garbage(call: &Call<'_, Cleared>, why: &str) -> Refusal {
    let text = format!(
        "The call ran, but the answer of `{}` is not valid and was withheld: {why}.",
        call.item.upstream.name
    );
    Refusal::new(Code::Withheld, text, why)
}
