//! Two fixed pieces of work, timed beside every run: absolute figures from two machines, or from a quiet and a busy
//! hour of one, compare only through them. The first stays in registers and shows the clock; the second misses the
//! caches and shows the neighbours, which slow servers down long before they slow the first.

use std::{hint::black_box, time::Instant};

use serde_json::{Value, json};

use crate::process::own_cpu;

/// Steps of the integer loop.
const STEPS: u32 = 200_000_000;
/// Entries of the table that the second loop walks: 32 MiB, beyond what a core's share of a cache holds.
const ENTRIES: u32 = 1 << 23;
/// Steps of the walk.
const WALK: u32 = 4_000_000;

/// What the two loops took, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calibration {
    integer: f64,
    /// Processor time of the integer loop: less than `integer` by what others took from this thread.
    integer_cpu: f64,
    memory: f64,
}

impl Calibration {
    /// Runs both loops once.
    pub(crate) fn take() -> Self {
        let (started, cpu) = (Instant::now(), own_cpu());
        let mut state = black_box(0x9e37_79b9_7f4a_7c15_u64);
        for _ in 0..STEPS {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
        black_box(state);
        let integer = milliseconds(started);
        let integer_cpu = own_cpu().saturating_sub(cpu).as_secs_f64() * 1e3;
        Self { integer, integer_cpu, memory: walk() }
    }

    /// The line that stands beside the figures.
    pub(crate) fn line(&self, when: &str) -> String {
        format!(
            "calibration {when}: integer {:.0} ms ({:.0} ms CPU), memory {:.0} ms",
            self.integer, self.integer_cpu, self.memory
        )
    }

    pub(crate) fn to_json(self) -> Value {
        json!({
            "integer_ms": self.integer, "integer_cpu_ms": self.integer_cpu,
            "memory_ms": self.memory
        })
    }
}

/// Follows a table whose entries name each other in an order that no prefetcher guesses.
fn walk() -> f64 {
    // A linear congruence with an odd increment and a multiplier of 1 modulo 4 visits every entry once.
    let next = |entry: u32| entry.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % ENTRIES;
    let table: Vec<u32> = (0..ENTRIES).map(next).collect();
    let started = Instant::now();
    let mut entry = 0_u32;
    for _ in 0..WALK {
        let index = usize::try_from(entry).unwrap_or(0);
        entry = black_box(table.get(index).copied().unwrap_or(0));
    }
    milliseconds(started)
}

fn milliseconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}
