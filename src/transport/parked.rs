//! Modern calls that wait for their caller to come back with answers (MRTR). The `requestState`
//! a client carries only points here, is sealed, and works once.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Running;
use crate::{
    corridor::Arrival,
    exchange::{Answers, Question},
    identity::Principal,
    ids,
    mcp::{Json, Object},
    refusal::META_REFERENCE,
    seal::Sealer,
};

/// A call that asked its caller something.
#[derive(Debug)]
struct Call {
    running: Running,
    reply: oneshot::Sender<Answers>,
    keys: Vec<String>,
    expires_ms: i64,
}

/// Every parked call, by a name that only a sealed token reveals.
#[derive(Debug)]
pub struct Parked {
    calls: Mutex<HashMap<String, Call>>,
    sealer: Arc<Sealer>,
    /// Milliseconds that a caller has to come back.
    lifetime_ms: i64,
    calls_max: usize,
}

impl Parked {
    pub fn new(sealer: Arc<Sealer>, lifetime_ms: i64, calls_max: usize) -> Self {
        Self { calls: Mutex::default(), sealer, lifetime_ms, calls_max }
    }

    /// Parks a call and gives the `input_required` result for its caller.
    pub fn park(&self, context: &str, running: Running, question: Question) -> Option<Object> {
        let id = ids::session();
        let token = self.sealer.seal(context, &id).ok()?;
        let mut requests: Vec<_> = question.requests.into_iter().collect();
        requests.sort_by(|one, two| one.0.cmp(&two.0));
        let mut result = Object::from([("resultType", "input_required".into())]);
        let mut asked = Object::new();
        for (key, request) in &requests {
            let mut one = Object::from([("method", request.method.as_str().into())]);
            if !request.params.is_empty() {
                one.insert("params", request.params.clone());
            }
            asked.insert(key, one);
        }
        if !asked.is_empty() {
            result.insert("inputRequests", asked);
        }
        result.insert("requestState", token);
        result.object_mut("_meta").insert(META_REFERENCE, running.reference.as_str());
        let keys = requests.into_iter().map(|(key, _)| key).collect();
        let expires_ms = ids::now_ms() + self.lifetime_ms;
        let mut calls = self.calls.lock();
        calls.retain(|_, call| call.expires_ms > ids::now_ms());
        if calls.len() >= self.calls_max {
            return None;
        }
        calls.insert(id, Call { running, reply: question.reply, keys, expires_ms });
        Some(result)
    }

    /// Takes a parked call back with the answers that came, if the token is good for this caller
    /// and this call.
    pub fn resume(&self, context: &str, params: &Object) -> Option<Running> {
        let id = self.sealer.open(context, params.str("requestState")?)?;
        let call = self.calls.lock().remove(&id)?;
        if call.expires_ms <= ids::now_ms() {
            return None;
        }
        let responses = params.get("inputResponses").and_then(Json::as_object);
        let answer = |key: &String| {
            let answer = responses?.get(key)?.as_object()?.clone();
            Some((key.clone(), Ok(answer)))
        };
        let answers: Answers = call.keys.iter().filter_map(answer).collect();
        // The corridor may have given up meanwhile; its answer then says so.
        call.reply.send(answers).ok();
        Some(call.running)
    }

    /// Drops what nobody came back for, which ends the calls.
    pub fn tidy(&self) {
        let now = ids::now_ms();
        self.calls.lock().retain(|_, call| call.expires_ms > now);
    }
}

/// What a token is bound to: who calls, and exactly what.
pub fn context(arrival: &Arrival) -> String {
    let mut params = arrival.params.clone();
    params.retain(|key| !matches!(key, "_meta" | "inputResponses" | "requestState"));
    let call = params.digest();
    format!("{}\u{0}{}\u{0}{call}", principal_key(&arrival.principal), arrival.method.name())
}

fn principal_key(principal: &Principal) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{}\u{0}{}\u{0}{}", principal.agent, part(&principal.user), part(&principal.run))
}
