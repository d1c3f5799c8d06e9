use super::*;

const LIMITS: Limits =
    Limits { percent_max: 20, window_s: 300, messages_min: 50, texts_min: 20, servers_min: 2 };

struct Traffic {
    breaker: Breaker,
    rule: Arc<str>,
    now: i64,
    next: u64,
}

impl Traffic {
    fn new(limits: Limits) -> Self {
        Self { breaker: Breaker::new(limits), rule: Arc::from("a.b"), now: 1_000, next: 0 }
    }

    /// `hits` of a hundred messages of a server are stopped, each with a text of its own unless
    /// `same`. Returns whether the rule fell.
    fn hundred(&mut self, server: &str, hits: u64, same: bool) -> bool {
        let mut fell = false;
        for number in 0..100 {
            self.next += 1;
            let text = if same { 1 } else { self.next };
            let found = [(Arc::clone(&self.rule), text)];
            let hits: &[_] = if number >= 100 - hits { &found } else { &[] };
            fell |= !self.breaker.count(server, hits, self.now).is_empty();
        }
        fell
    }
}

#[test]
fn a_rule_that_stops_too_much_on_two_servers_falls_once() {
    let mut traffic = Traffic::new(LIMITS);
    assert!(!traffic.hundred("one", 40, false));
    assert!(traffic.hundred("two", 40, false));
    assert!(!traffic.hundred("two", 40, false), "it fell already");
}

#[test]
fn one_server_cannot_flood_a_rule_out_of_force() {
    let mut traffic = Traffic::new(LIMITS);
    for _ in 0..10 {
        assert!(!traffic.hundred("one", 100, false));
    }
    let mut alone = Traffic::new(Limits { servers_min: 1, ..LIMITS });
    assert!(alone.hundred("one", 100, false), "unless the operator says so");
}

#[test]
fn the_same_text_again_and_again_counts_once() {
    let mut traffic = Traffic::new(LIMITS);
    assert!(!traffic.hundred("one", 100, true) && !traffic.hundred("two", 100, true));
}

#[test]
fn a_rule_within_its_share_stays_and_counts_begin_anew_with_each_window() {
    let mut traffic = Traffic::new(LIMITS);
    assert!(!traffic.hundred("one", 20, false) && !traffic.hundred("two", 20, false));
    let mut traffic = Traffic::new(LIMITS);
    assert!(!traffic.hundred("one", 40, false));
    traffic.now += 300_000;
    assert!(!traffic.hundred("two", 40, false), "the other server's share is forgotten");
}

#[test]
fn it_can_be_switched_off() {
    let mut traffic = Traffic::new(Limits { percent_max: 100, ..LIMITS });
    assert!(!traffic.hundred("one", 100, false) && !traffic.hundred("two", 100, false));
}
