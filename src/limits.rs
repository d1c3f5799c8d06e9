//! How often and how much: rates that refuse, and seats that bound what runs at once. Friction,
//! never the reason for an allow.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed, keyed::DashMapStateStore},
};
use parking_lot::Mutex;

use crate::{
    identity::{Principal, Proof},
    refusal::Refusal,
};

#[cfg(test)]
mod tests;

/// A rate: so many a minute, and so many at once after a pause.
#[derive(
    Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Calls a minute that refill.
    pub per_minute: NonZeroU32,
    /// Calls that may come at once.
    pub burst: NonZeroU32,
}

/// Limits on calls; each name is the one in the configuration and in the refusal.
#[derive(Clone, Copy, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests of one principal of any kind, refused ones included.
    pub requests_per_principal: Rate,
    /// Calls of one principal.
    pub calls_per_principal: Rate,
    /// Calls of one principal to one tool.
    pub calls_per_tool: Rate,
    /// Calls of all principals.
    pub calls_in_all: Rate,
    /// Calls of one principal that run at once.
    pub executing_per_principal: u32,
    /// Calls that run at once in all.
    pub executing_in_all: u32,
    /// Held calls of one principal that wait at once.
    pub waiting_per_principal: u32,
}

const fn rate(per_minute: u32, burst: u32) -> Rate {
    match (NonZeroU32::new(per_minute), NonZeroU32::new(burst)) {
        (Some(per_minute), Some(burst)) => Rate { per_minute, burst },
        _ => panic!("a default rate is not zero"),
    }
}

impl Default for Limits {
    /// Wide enough for a busy agent and for a benchmark: they guard the gateway. What guards a
    /// tool is set by those who know it.
    fn default() -> Self {
        Self {
            requests_per_principal: rate(12_000_000, 200_000),
            calls_per_principal: rate(6_000_000, 100_000),
            calls_per_tool: rate(6_000_000, 100_000),
            calls_in_all: rate(12_000_000, 200_000),
            executing_per_principal: 2_048,
            executing_in_all: 8_192,
            waiting_per_principal: 16_384,
        }
    }
}

type Keyed<C> = RateLimiter<u64, DashMapStateStore<u64>, C, NoOpMiddleware<<C as Clock>::Instant>>;
type Direct<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The limits' state.
pub struct Limiter<C: Clock = DefaultClock> {
    clock: C,
    request: Keyed<C>,
    principal: Keyed<C>,
    tool: Keyed<C>,
    all: Direct<C>,
    executing: Seats,
    executing_all: Arc<AtomicU32>,
    waiting: Seats,
    limits: Limits,
}

impl<C: Clock> std::fmt::Debug for Limiter<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Limiter").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Seats taken, by principal. A principal without any takes no room.
type Seats = Arc<Mutex<HashMap<u64, u32>>>;

/// A seat that is given back when it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    key: u64,
    all: Option<Arc<AtomicU32>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(all) = &self.all {
            all.fetch_sub(1, Ordering::AcqRel);
        }
        let mut seats = self.seats.lock();
        if let Some(taken) = seats.get_mut(&self.key) {
            *taken -= 1;
            if *taken == 0 {
                seats.remove(&self.key);
            }
        }
    }
}

/// What the limits count by. In development a run stands for a principal of its own.
pub fn key_of(principal: &Principal) -> u64 {
    let mut hasher = DefaultHasher::new();
    principal.agent.hash(&mut hasher);
    principal.user.hash(&mut hasher);
    if principal.proof == Proof::Development {
        principal.run.hash(&mut hasher);
    }
    hasher.finish()
}

impl Limiter {
    pub fn new(limits: Limits) -> Self {
        Self::with_clock(limits, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limiter<C> {
    pub fn with_clock(limits: Limits, clock: C) -> Self {
        let keyed =
            |rate: Rate| RateLimiter::new(quota(rate), DashMapStateStore::default(), clock.clone());
        Self {
            request: keyed(limits.requests_per_principal),
            principal: keyed(limits.calls_per_principal),
            tool: keyed(limits.calls_per_tool),
            all: RateLimiter::new(
                quota(limits.calls_in_all),
                InMemoryState::default(),
                clock.clone(),
            ),
            executing: Seats::default(),
            executing_all: Arc::default(),
            waiting: Seats::default(),
            limits,
            clock,
        }
    }

    /// Counts one request, whatever becomes of it.
    ///
    /// # Errors
    /// The limit is reached.
    pub fn request(&self, principal: u64) -> Result<(), Refusal> {
        self.request.check_key(&principal).map_err(|until| {
            Refusal::limited(
                "limits.requests_per_principal",
                until.wait_time_from(self.clock.now()),
            )
        })
    }

    /// Counts one call and takes a seat for it. `tool` tells tools apart, whatever they are called.
    ///
    /// # Errors
    /// A limit is reached; it is named, with the time to wait.
    pub fn admit(&self, principal: u64, tool: impl Hash) -> Result<Seat, Refusal> {
        let now = self.clock.now();
        let wait = |until: governor::NotUntil<C::Instant>| until.wait_time_from(now);
        let limited = |name: &str, wait: Duration| Err(Refusal::limited(name, wait));
        // The narrowest first, so that one principal's flood costs the others nothing.
        if let Err(until) = self.principal.check_key(&principal) {
            return limited("limits.calls_per_principal", wait(until));
        }
        let mut hasher = DefaultHasher::new();
        (principal, tool).hash(&mut hasher);
        if let Err(until) = self.tool.check_key(&hasher.finish()) {
            return limited("limits.calls_per_tool", wait(until));
        }
        if let Err(until) = self.all.check() {
            return limited("limits.calls_in_all", wait(until));
        }
        self.seat(principal)
    }

    /// Takes a seat to execute, without counting a call: for a held call that goes on.
    ///
    /// # Errors
    /// All seats are taken.
    pub fn seat(&self, principal: u64) -> Result<Seat, Refusal> {
        let all = &self.executing_all;
        if all.fetch_add(1, Ordering::AcqRel) >= self.limits.executing_in_all {
            all.fetch_sub(1, Ordering::AcqRel);
            return Err(Refusal::limited("limits.executing_in_all", SEAT_RETRY));
        }
        let max = self.limits.executing_per_principal;
        match take(&self.executing, principal, max, Some(Arc::clone(all))) {
            Some(seat) => Ok(seat),
            None => {
                all.fetch_sub(1, Ordering::AcqRel);
                Err(Refusal::limited("limits.executing_per_principal", SEAT_RETRY))
            }
        }
    }

    /// Takes a seat to wait for a person.
    ///
    /// # Errors
    /// All waiting seats of this principal are taken.
    pub fn wait_seat(&self, principal: u64) -> Result<Seat, Refusal> {
        take(&self.waiting, principal, self.limits.waiting_per_principal, None)
            .ok_or_else(|| Refusal::limited("limits.waiting_per_principal", SEAT_RETRY))
    }

    /// Calls that run and calls that wait, for metrics.
    pub fn taken(&self) -> (u32, u32) {
        let waiting = self.waiting.lock().values().sum();
        (self.executing_all.load(Ordering::Acquire), waiting)
    }

    /// Forgets keys that are as good as new. Called now and then, so that memory does not grow
    /// with the number of callers ever seen.
    pub fn tidy(&self) {
        self.request.retain_recent();
        self.principal.retain_recent();
        self.tool.retain_recent();
    }
}

/// What a caller without a seat is told to wait.
const SEAT_RETRY: Duration = Duration::from_secs(1);

fn quota(rate: Rate) -> Quota {
    let period = Duration::from_secs(60) / rate.per_minute.get();
    let quota = Quota::with_period(period.max(Duration::from_nanos(1)));
    quota.expect("a period of at least a nanosecond").allow_burst(rate.burst)
}

fn take(seats: &Seats, key: u64, max: u32, all: Option<Arc<AtomicU32>>) -> Option<Seat> {
    let mut taken = seats.lock();
    let count = taken.entry(key).or_insert(0);
    if *count >= max {
        if *count == 0 {
            taken.remove(&key);
        }
        return None;
    }
    *count += 1;
    drop(taken);
    Some(Seat { seats: Arc::clone(seats), key, all })
}
