//! What a run did last, in memory alone: the end of what it read, so that an order cut in two results is
//! found, and the calls that it repeats without getting anywhere.

use std::collections::VecDeque;

use crate::flow::FlowLimits;

#[derive(Debug, Default)]
pub(super) struct Recent {
    pub(super) tail: String,
    calls: VecDeque<Repeated>,
}

/// A call, and when it got the same answer as the time before.
#[derive(Debug)]
struct Repeated {
    call: u64,
    answer: u64,
    times: VecDeque<i64>,
}

/// Different calls that are kept; a loop over more of them is one that other limits end.
const CALLS_MAX: usize = 64;

impl Recent {
    /// How often this call got the same answer within the window, if it may not be made again.
    pub(super) fn loops(&self, call: u64, limits: FlowLimits, now: i64) -> Option<usize> {
        let repeats = usize::try_from(limits.repeats).unwrap_or(usize::MAX);
        let known = self.calls.iter().find(|known| known.call == call)?;
        let since = now - i64::from(limits.repeats_window_s) * 1000;
        let within = known.times.iter().filter(|time| **time >= since).count();
        (repeats > 0 && within >= repeats).then_some(within)
    }

    pub(super) fn answered(&mut self, call: u64, answer: u64, limits: FlowLimits, now: i64) {
        let place = self.calls.iter().position(|known| known.call == call);
        let mut known = place.and_then(|place| self.calls.remove(place)).unwrap_or(Repeated {
            call,
            answer,
            times: VecDeque::new(),
        });
        if known.answer != answer {
            known.answer = answer;
            known.times.clear();
        }
        known.times.push_back(now);
        while known.times.len() > usize::try_from(limits.repeats).unwrap_or(usize::MAX) {
            known.times.pop_front();
        }
        if self.calls.len() >= CALLS_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back(known);
    }
}

#[cfg(test)]
mod tests {
    use super::{CALLS_MAX, Recent};
    use crate::flow::FlowLimits;

    const LIMITS: FlowLimits =
        FlowLimits { repeats: 3, repeats_window_s: 60, ..FlowLimits::DEFAULT };

    fn after(answers: &[u64]) -> Recent {
        let mut recent = Recent::default();
        answers.iter().for_each(|answer| recent.answered(7, *answer, LIMITS, 1_000));
        recent
    }

    #[test]
    fn the_same_call_with_the_same_answer_is_a_loop_until_its_window_passed() {
        assert_eq!(after(&[1, 1, 1]).loops(7, LIMITS, 2_000), Some(3));
        assert_eq!(after(&[1, 1]).loops(7, LIMITS, 2_000), None);
        assert_eq!(after(&[1, 1, 1]).loops(8, LIMITS, 2_000), None, "another call");
        assert_eq!(after(&[1, 1, 1]).loops(7, LIMITS, 62_000), None, "after the window");
        let never = FlowLimits { repeats: 0, ..LIMITS };
        assert_eq!(after(&[1, 1, 1]).loops(7, never, 2_000), None);
    }

    #[test]
    fn an_answer_that_changes_is_progress() {
        assert_eq!(after(&[1, 1, 2]).loops(7, LIMITS, 2_000), None);
        assert_eq!(after(&[1, 2, 2, 2]).loops(7, LIMITS, 2_000), Some(3));
    }

    #[test]
    fn pages_of_a_long_list_are_no_loop() {
        let mut recent = Recent::default();
        for page in 0..200 {
            assert_eq!(recent.loops(page, LIMITS, 1_000), None);
            recent.answered(page, 1, LIMITS, 1_000);
        }
        assert!(recent.calls.len() <= CALLS_MAX);
    }
}
