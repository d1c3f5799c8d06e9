//! `bartizan models bench`: how long a pack takes over texts of known length.

use std::{process::ExitCode, time::Instant};

use serde_json::json;

use super::Chosen;
use crate::{
    classifier::Fault,
    cli::{Ran, say, say_json},
};

#[derive(Debug, clap::Args)]
pub(super) struct Bench {
    #[command(flatten)]
    chosen: Chosen,
    /// Runs of each length; the first fifth is not counted
    #[arg(long, default_value_t = 200)]
    runs: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Tokens of one text, and bytes of a longer one.
const TOKENS: [usize; 4] = [32, 64, 128, 254];
const BYTES: [usize; 3] = [1 << 10, 10 << 10, 50 << 10];

pub(super) fn run(bench: &Bench) -> Ran {
    let (mut model, pack, _) = bench.chosen.load()?;
    let mut rows = Vec::new();
    for tokens in TOKENS {
        let texts: Vec<String> = (0..bench.runs).map(|number| prose(number, tokens)).collect();
        rows.push((format!("{tokens} words"), times(&texts, |text| model.score(text).map(drop))?));
    }
    for bytes in BYTES {
        let runs = (bench.runs * 256 / bytes).clamp(5, bench.runs);
        let texts = (0..runs).map(|number| prose(number, bytes).chars().take(bytes).collect());
        let texts: Vec<String> = texts.collect();
        rows.push((format!("{bytes} bytes"), times(&texts, |text| model.score(text).map(drop))?));
    }
    if bench.json {
        let rows =
            rows.iter().map(|(of, (p50, p99))| json!({ "of": of, "p50_us": p50, "p99_us": p99 }));
        say_json(&json!({ "pack": pack.title(), "rows": rows.collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    say(format_args!("{}, one thread, one text at a time:", pack.title()));
    for (of, (p50, p99)) in rows {
        say(format_args!("{of:>12}  p50 {p50:>8} us  p99 {p99:>8} us"));
    }
    Ok(ExitCode::SUCCESS)
}

/// So many common words, each one token in nearly every vocabulary of English.
fn prose(seed: usize, words: usize) -> String {
    const WORDS: [&str; 16] = [
        "the", "house", "was", "built", "near", "a", "river", "and", "people", "came", "from",
        "every", "town", "to", "see", "it",
    ];
    let word = |n: usize| WORDS[(n * 7 + n / 16 + seed) % WORDS.len()];
    (0..words).map(word).collect::<Vec<_>>().join(" ")
}

/// Median and p99 in microseconds, of the runs after the first fifth.
fn times(
    texts: &[String],
    mut run: impl FnMut(&str) -> Result<(), Fault>,
) -> Result<(u128, u128), Fault> {
    let mut times = Vec::with_capacity(texts.len());
    for text in texts {
        let start = Instant::now();
        run(text)?;
        times.push(start.elapsed().as_micros());
    }
    let mut counted = times.split_off(times.len() / 5);
    counted.sort_unstable();
    let at = |share: usize| {
        let last = counted.len().saturating_sub(1);
        counted.get((counted.len() * share / 100).min(last)).copied().unwrap_or(0)
    };
    Ok((at(50), at(99)))
}
