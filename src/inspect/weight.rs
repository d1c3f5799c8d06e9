//! What the findings of a message weigh together, and what follows from it.

use super::{Profile, Walk, disposition};
use crate::firewall::{Action, Direction};

#[cfg(test)]
mod tests;

impl Walk<'_> {
    /// At the threshold, `strict` answers as to one rule that blocks. The other profiles label:
    /// an honest article about attacks has every word of one.
    pub(super) fn weigh(&mut self) {
        let direction = self.surface.direction();
        if !self.firewall.thresholds.reached(direction, &self.inspection.score) {
            return;
        }
        self.inspection.suspicious = true;
        if self.firewall.profile == Profile::Strict {
            let asked = match direction {
                Direction::Inbound => Action::Hold,
                Direction::Outbound => Action::Block,
            };
            self.inspection.would = self.inspection.would.max(disposition(asked, self.surface));
        }
    }
}
