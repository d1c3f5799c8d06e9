//! The limits door: counts the call and takes a seat for it.

use super::{Call, Trail, flow::Recalled};
use crate::{
    gateway::Gateway,
    limits::{Seat, key_of},
    refusal::Refusal,
};

/// A call that was counted and has a seat.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) recalled: Recalled,
    /// Missing only where limits merely observe.
    pub(super) seat: Option<Seat>,
}

impl Gateway {
    pub(super) fn admit<'a>(
        &self,
        call: Call<'a, Recalled>,
        trail: &mut Trail,
    ) -> Result<Call<'a, Admitted>, Refusal> {
        let key = key_of(&call.arrival.principal);
        let item = &call.item;
        // By what it is at its server: one tool under two names, or a template's many URIs, is one.
        let target = (&item.upstream.name, item.kind, &item.name);
        let counted = self.limiter.load().admit(key, target);
        let seat = trail.carry_out(item.settings.modes.limits, counted)?;
        Ok(call.pass(|recalled| Admitted { recalled, seat }))
    }
}
