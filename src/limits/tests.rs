use std::time::Duration;

use governor::clock::FakeRelativeClock;
use proptest::prelude::*;

use super::{Limiter, Limits, rate};

fn limiter(limits: Limits) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Limiter::with_clock(limits, clock.clone()), clock)
}

#[test]
fn a_burst_then_a_steady_refill() {
    let limits = Limits { calls_per_principal: rate(60, 5), ..Limits::default() };
    let (limiter, clock) = limiter(limits);
    let passed = |count: u32| (0..count).filter(|_| limiter.admit(1, "a").is_ok()).count();
    assert_eq!(passed(20), 5);
    let refusal = limiter.admit(1, "a").expect_err("spent");
    assert!(refusal.text.contains("limits.calls_per_principal"), "{}", refusal.text);
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(1)));
    clock.advance(Duration::from_secs(1));
    assert_eq!(passed(20), 1);
    clock.advance(Duration::from_secs(3));
    assert_eq!(passed(20), 3);
    clock.advance(Duration::from_secs(3600));
    assert_eq!(passed(20), 5);
}

#[test]
fn the_defaults_pass_an_ordinary_minute() {
    let (limiter, _) = limiter(Limits::default());
    assert!((0..300).all(|_| limiter.admit(1, "read_file").is_ok()));
}

#[test]
fn seats_come_back_when_their_call_ends() {
    let limits = Limits { executing_per_principal: 2, executing_in_all: 3, ..Limits::default() };
    let (limiter, _) = limiter(limits);
    let mine = [limiter.seat(1).expect("first"), limiter.seat(1).expect("second")];
    let refusal = limiter.seat(1).expect_err("third of one principal");
    assert!(refusal.text.contains("limits.executing_per_principal"));
    let theirs = limiter.seat(2).expect("another principal");
    assert!(limiter.seat(3).expect_err("fourth").text.contains("limits.executing_in_all"));
    drop((mine, theirs));
    assert_eq!(limiter.taken(), (0, 0));
    assert!(limiter.seat(1).is_ok());
}

proptest! {
    #[test]
    fn one_principal_never_starves_another(flood in 1_u32..500, steps in 1_u32..20) {
        let limits = Limits { calls_per_principal: rate(60, 3), ..Limits::default() };
        let (limiter, clock) = limiter(limits);
        for _ in 0..steps {
            for _ in 0..flood {
                drop(limiter.admit(1, "a"));
            }
            prop_assert!(limiter.admit(2, "a").is_ok());
            clock.advance(Duration::from_secs(1));
        }
    }

    #[test]
    fn what_passes_is_exactly_the_burst_and_the_refill(
        burst in 1_u32..20, gaps in prop::collection::vec(0_u64..5, 1..30)
    ) {
        let limits = Limits { calls_per_principal: rate(60, burst), ..Limits::default() };
        let (limiter, clock) = limiter(limits);
        let mut tokens = u64::from(burst);
        for gap in gaps {
            clock.advance(Duration::from_secs(gap));
            tokens = (tokens + gap).min(u64::from(burst));
            prop_assert_eq!(limiter.admit(1, "a").is_ok(), tokens > 0);
            tokens = tokens.saturating_sub(1);
        }
    }
}
