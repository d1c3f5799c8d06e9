//! The limits door: counts the call and takes a seat for it.

use super::{Call, Trail, authorize::Authorized};
use crate::{
    gateway::Gateway,
    limits::{Seat, key_of},
    refusal::Refusal,
};

/// A call that was counted and has a seat.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) authorized: Authorized,
    /// Missing only where limits merely observe.
    pub(super) seat: Option<Seat>,
}

impl Gateway {
    pub(super) fn admit<'a>(
        &self,
        call: Call<'a, Authorized>,
        trail: &mut Trail,
    ) -> Result<Call<'a, Admitted>, Refusal> {
        let key = key_of(&call.arrival.principal);
        let counted = self.limiter.load().admit(key, &trail.target);
        let seat = trail.carry_out(call.item.settings.modes.limits, counted)?;
        Ok(call.pass(|authorized| Admitted { authorized, seat }))
    }
}
