//! The approval door: most calls walk straight through, a few wait for a person.

use std::time::Duration;

use super::{Call, Trail, screen::Screened};
use crate::{
    approval::Request,
    gateway::Gateway,
    inspect::Mode,
    limits::{Limiter, Seat, key_of},
    mcp::{Json, Method},
    metrics::Fate,
    refusal::{Code, Refusal},
};

/// A call that may run now. Nothing else can be sent.
#[derive(Debug)]
pub(super) struct Cleared {
    /// Held until the answer is there.
    pub(super) seat: Option<Seat>,
    pub(super) approval: Option<String>,
}

impl Gateway {
    pub(super) async fn clear<'a>(
        &self,
        mut call: Call<'a, Screened>,
        trail: &mut Trail,
    ) -> Result<Call<'a, Cleared>, Refusal> {
        let reasons = reasons(&call);
        let edited = call.passed.edited;
        let mut approval = None;
        if !reasons.is_empty() && call.item.settings.modes.approval == Mode::Observe {
            let text = "a person would have been asked";
            trail.would_refuse(&Refusal::new(Code::ApprovalPending, text, reasons.join("; ")));
        } else if !reasons.is_empty() {
            // On the heap, so that calls that need nobody do not carry the room for it.
            let held = Box::pin(self.hold(&mut call, &reasons.join("; "), trail)).await?;
            Box::pin(self.still_offered(&call, &held.id)).await?;
            Box::pin(self.still_judged_so(&mut call, &held, trail)).await?;
            call.arguments = held.arguments;
            approval = Some(held.id);
        }
        if edited || approval.is_some() {
            self.confirm(call.arrival, &call.item, &call.arguments, trail)?;
        }
        Ok(call.pass(|screened| Cleared { seat: screened.admitted.seat, approval }))
    }

    /// A person agreed to the definition they were shown. If it changed while they thought, their
    /// answer is void, although it is spent.
    async fn still_offered(&self, call: &Call<'_, Screened>, id: &str) -> Result<(), Refusal> {
        let name = call.arrival.params.str("name").unwrap_or("");
        let now = self.catalog.with_view(&call.arrival.scope, |view| view.tool(name).cloned());
        let same = now.flatten().is_some_and(|now| {
            let server = now.upstream.route().digest() == call.item.upstream.route().digest();
            server && now.pin == call.item.pin && now.quarantine.is_none()
        });
        if same {
            return Ok(());
        }
        self.approvals.note_outcome(id, "voided").await;
        let text = "Not executed: the approval is void because the tool or its server \
            changed meanwhile. Tell the user.";
        Err(Refusal::new(Code::ApprovalExpired, text, "the definition changed while it waited"))
    }

    /// Waits without an executing seat, so that those who wait never starve those who run.
    async fn hold(
        &self,
        call: &mut Call<'_, Screened>,
        reasons: &str,
        trail: &mut Trail,
    ) -> Result<crate::approval::Held, Refusal> {
        let arrival = call.arrival;
        if arrival.method != Method::ToolsCall {
            let text = "Not executed: this needs a person, and only tool calls can wait for one.";
            return Err(Refusal::new(Code::Forbidden, text, reasons));
        }
        if Json::from(call.arguments.clone()).to_string().len() > HELD_BYTES_MAX {
            let text = "Not executed: this needs a person, and its arguments are more than a person \
                can check. Make them shorter.";
            return Err(Refusal::new(Code::Forbidden, text, reasons));
        }
        let key = key_of(&arrival.principal);
        let limiter = self.limiter.load_full();
        let mode = call.item.settings.modes.limits;
        let waiting = trail.carry_out(mode, limiter.wait_seat(key))?;
        call.passed.admitted.seat = None;
        let (policies, rules) = (self.policies.load_full(), self.firewall.load_full());
        let request = Request {
            principal: &arrival.principal,
            client: &arrival.client.name,
            upstream: &call.item.upstream.name,
            tool: &call.item.name,
            definition: &call.item.pin,
            route: call.item.upstream.route().digest(),
            arguments: &call.arguments,
            reasons,
            policy_digest: policies.digest(),
            ruleset_digest: rules.rules.digest(),
        };
        trail.held(reasons);
        let held = self.approvals.clear(&request, &arrival.line).await;
        trail.approval = match &held {
            Ok(held) => Some(held.id.clone()),
            Err(refusal) => refusal.approval().map(str::to_owned),
        };
        let held = held?;
        if call.passed.hold {
            let counts = &rules.lifecycle.counts;
            trail.rules.iter().for_each(|rule| counts.rule(rule, Fate::Overridden));
        }
        drop(waiting);
        let seat = match mode {
            Mode::Enforce => seat_in_time(&limiter, key).await,
            Mode::Observe => limiter.seat(key),
        };
        call.passed.admitted.seat = trail.carry_out(mode, seat)?;
        Ok(held)
    }
}

/// Bytes of arguments that a person is shown; they are kept until the hold is forgotten.
const HELD_BYTES_MAX: usize = 256 << 10;

/// The approval is spent by now, so a moment without a free seat must not waste it.
async fn seat_in_time(limiter: &Limiter, key: u64) -> Result<Seat, Refusal> {
    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(100);
    for _ in 0..TRIES {
        if let Ok(seat) = limiter.seat(key) {
            return Ok(seat);
        }
        tokio::time::sleep(PAUSE).await;
    }
    limiter.seat(key)
}

fn reasons(call: &Call<'_, Screened>) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(reason) = &call.passed.admitted.recalled.authorized.hold {
        reasons.push(reason.to_string());
    }
    if call.passed.hold {
        reasons.push("the firewall found something in the arguments".to_owned());
    }
    if let Some(flow) = &call.passed.flow {
        reasons.extend(flow.reasons.iter().cloned());
    }
    if call.item.settings.hold {
        reasons.push("the configuration holds every call of this tool".to_owned());
    }
    reasons
}
