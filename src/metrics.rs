//! Counters and times for operators, in the Prometheus text format. Labels are bounded: methods,
//! codes and configured names, never a tool's or a caller's words.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use parking_lot::RwLock;

mod rules;

pub use rules::{Fate, RuleCounts};

use crate::{corridor::Arrival, mcp::Method, refusal::Code};

/// Upper bounds of the latency buckets, in seconds.
const BUCKETS: [f64; 12] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0];

/// Times of one method, and how many.
#[derive(Debug, Default)]
struct Times {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

type Counts = BTreeMap<(&'static str, &'static str), AtomicU64>;

/// What the gateway counts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// By method and outcome.
    requests: RwLock<Counts>,
    times: RwLock<BTreeMap<&'static str, Times>>,
    unidentified: AtomicU64,
    malformed: AtomicU64,
    partial_lists: AtomicU64,
    captures_dropped: AtomicU64,
    candidate_differences: AtomicU64,
}

impl Metrics {
    pub(crate) fn count(&self, arrival: &Arrival, refused: Option<Code>, elapsed: Duration) {
        let method = arrival.method.name();
        let outcome = refused.map_or("ok", Code::name);
        add(&self.requests, method, outcome);
        self.time(arrival.method, elapsed);
    }

    fn time(&self, method: Method, elapsed: Duration) {
        let times = self.times.read();
        if let Some(times) = times.get(method.name()) {
            return times.add(elapsed);
        }
        drop(times);
        self.times.write().entry(method.name()).or_default().add(elapsed);
    }

    /// A caller without a usable credential.
    pub fn unidentified(&self) {
        self.unidentified.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes that were no message, or headers that did not agree with it.
    pub fn malformed(&self) {
        self.malformed.fetch_add(1, Ordering::Relaxed);
    }

    /// A list that some tool server could not contribute to.
    pub(crate) fn partial_list(&self) {
        self.partial_lists.fetch_add(1, Ordering::Relaxed);
    }

    /// Messages that were to be captured and could not be.
    pub(crate) fn captures_dropped(&self, count: u64) {
        self.captures_dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// A decision that the candidate policies would have made otherwise.
    pub(crate) fn candidate_difference(&self) {
        self.candidate_differences.fetch_add(1, Ordering::Relaxed);
    }

    /// The Prometheus text exposition (format 0.0.4). `gauges` are read at this moment.
    pub fn render(&self, gauges: &[(&str, &str, u64)]) -> String {
        let mut text = String::new();
        head(&mut text, "bartizan_requests_total", "counter", "Requests by method and outcome.");
        for ((method, outcome), count) in self.requests.read().iter() {
            let count = count.load(Ordering::Relaxed);
            line(
                &mut text,
                format_args!(
                    "bartizan_requests_total{{method=\"{method}\",outcome=\"{outcome}\"}} {count}"
                ),
            );
        }
        let name = "bartizan_request_duration_seconds";
        head(&mut text, name, "histogram", "Time from arrival to answer, waiting included.");
        for (method, times) in self.times.read().iter() {
            times.render(name, method, &mut text);
        }
        for (name, help, count) in [
            (
                "bartizan_unidentified_total",
                "Callers without a usable credential.",
                &self.unidentified,
            ),
            ("bartizan_malformed_total", "Messages that could not be read.", &self.malformed),
            (
                "bartizan_partial_lists_total",
                "Lists that a tool server is missing from.",
                &self.partial_lists,
            ),
            (
                "bartizan_captures_dropped_total",
                "Messages that were to be captured and were dropped.",
                &self.captures_dropped,
            ),
            (
                "bartizan_candidate_differences_total",
                "Decisions that the candidate policies would have made otherwise.",
                &self.candidate_differences,
            ),
        ] {
            head(&mut text, name, "counter", help);
            line(&mut text, format_args!("{name} {}", count.load(Ordering::Relaxed)));
        }
        for (name, help, value) in gauges {
            head(&mut text, name, "gauge", help);
            line(&mut text, format_args!("{name} {value}"));
        }
        text
    }
}

impl Times {
    fn add(&self, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        if let Some(index) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            self.buckets[index].fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.sum_us.fetch_add(micros, Ordering::Relaxed);
    }

    #[expect(clippy::cast_precision_loss, reason = "a sum of times needs no more than a double")]
    fn render(&self, name: &str, method: &str, text: &mut String) {
        let mut below = 0;
        for (bound, bucket) in BUCKETS.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            line(text, format_args!("{name}_bucket{{method=\"{method}\",le=\"{bound}\"}} {below}"));
        }
        let count = self.count.load(Ordering::Relaxed);
        let sum = self.sum_us.load(Ordering::Relaxed) as f64 / 1e6;
        line(text, format_args!("{name}_bucket{{method=\"{method}\",le=\"+Inf\"}} {count}"));
        line(text, format_args!("{name}_sum{{method=\"{method}\"}} {sum}"));
        line(text, format_args!("{name}_count{{method=\"{method}\"}} {count}"));
    }
}

fn add(counts: &RwLock<Counts>, method: &'static str, outcome: &'static str) {
    if let Some(count) = counts.read().get(&(method, outcome)) {
        count.fetch_add(1, Ordering::Relaxed);
        return;
    }
    counts.write().entry((method, outcome)).or_default().fetch_add(1, Ordering::Relaxed);
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("writing to a string cannot fail");
}
