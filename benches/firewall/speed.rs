//! Throughput, the slowest texts, and what compiling takes.

use std::hint::black_box;

use bartizan::firewall::{Budget, Finding, Ruleset, Surface};

use crate::corpus::{Corpus, pieces};
use crate::meter::{line, median, rate, spent};
use crate::rules;

/// Reads every piece in all its views.
pub(crate) fn scan(rules: &Ruleset, pieces: &[String], findings: &mut Vec<Finding>) {
    for piece in pieces {
        findings.clear();
        let mut budget = Budget::new(usize::MAX, usize::MAX);
        black_box(rules.scan(Surface::ToolResult, piece, &mut budget, findings)).ok();
    }
}

/// Reads every piece as received only.
fn scan_raw(rules: &Ruleset, pieces: &[String], findings: &mut Vec<Finding>) {
    for piece in pieces {
        findings.clear();
        let mut budget = Budget::new(usize::MAX, usize::MAX);
        black_box(rules.scan_raw(Surface::ToolResult, piece, &mut budget, findings)).ok();
    }
}

/// Throughput with the shipped rules.
pub(crate) fn shipped(corpus: &Corpus, runs: usize) -> anyhow::Result<()> {
    let rules = rules::shipped()?;
    let (literals, bytes) = rules.filter_size();
    line(&format!("\nshipped rules: {} literals, filters of {} KiB", literals, bytes / 1024));
    line(
        "MB/s of one core | raw, ASCII | all views, ASCII | all views, as is | p99 of all views, ASCII",
    );
    let mut findings = Vec::new();
    for size in [4 << 10, 16 << 10, 64 << 10] {
        for (kind, text) in &corpus.kinds {
            let plain = pieces(text, size, true);
            let mixed = pieces(text, size, false);
            let total = |pieces: &[String]| pieces.iter().map(String::len).sum::<usize>();
            scan(&rules, &plain, &mut findings);
            let raw = median(runs, || spent(|| scan_raw(&rules, &plain, &mut findings)));
            let all = median(runs, || spent(|| scan(&rules, &plain, &mut findings)));
            let mixed_time = median(runs, || spent(|| scan(&rules, &mixed, &mut findings)));
            let one = |piece| spent(|| scan(&rules, std::slice::from_ref(piece), &mut findings));
            let mut times: Vec<_> = plain.iter().map(one).collect();
            times.sort_unstable();
            let slow = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
            line(&format!(
                "{kind} {} KiB | {:.0} | {:.0} | {:.0} | {:.0} µs",
                size >> 10,
                rate(total(&plain), raw),
                rate(total(&plain), all),
                rate(total(&mixed), mixed_time),
                slow.as_secs_f64() * 1e6
            ));
        }
    }
    Ok(())
}

/// What compiling takes, with examples proven and without.
pub(crate) fn compile(runs: usize) -> anyhow::Result<()> {
    let shipped = Ruleset::core_sources();
    let made = [rules::made(500)];
    let milliseconds = |work: &dyn Fn() -> bool| {
        let mut sound = true;
        let time = median(runs, || spent(|| sound &= work()));
        anyhow::ensure!(sound, "the rules do not compile");
        anyhow::Ok(time.as_secs_f64() * 1e3)
    };
    let trusted =
        milliseconds(&|| Ruleset::compile_in_force(&shipped, Ruleset::LEVEL_MAX).is_ok())?;
    let proven = milliseconds(&|| Ruleset::compile(&shipped).is_ok())?;
    let five = milliseconds(&|| Ruleset::compile(&made).is_ok())?;
    line(&format!(
        "shipped rules: {trusted:.0} ms at start, {proven:.0} ms with patterns and examples"
    ));
    line(&format!("500 made rules: {five:.0} ms with patterns and examples"));
    Ok(())
}
