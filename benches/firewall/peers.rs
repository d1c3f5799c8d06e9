//! The same patterns in the regex crate: a loop over each, and one set of all.

use std::hint::black_box;
use std::time::Duration;

use regex::{Regex, RegexSetBuilder};

use crate::corpus::{Corpus, pieces};
use crate::meter::{line, rate, spent};
use crate::rules;

/// Bytes of each kind that the slow ones read.
const BYTES: usize = 256 << 10;

/// Throughput of both over 64 KiB texts.
pub(crate) fn measure(corpus: &Corpus) -> anyhow::Result<()> {
    line("\nMB/s of one core, 64 KiB, ASCII | loop over Regex | RegexSet");
    let patterns = rules::patterns(&rules::shipped()?);
    let each: Vec<Regex> = patterns.iter().map(|one| Regex::new(one)).collect::<Result<_, _>>()?;
    let set =
        RegexSetBuilder::new(&patterns).size_limit(1 << 30).dfa_size_limit(200 << 20).build()?;
    for (kind, text) in &corpus.kinds {
        let texts: Vec<_> = pieces(text, 64 << 10, true).into_iter().take(BYTES >> 16).collect();
        let bytes: usize = texts.iter().map(String::len).sum();
        let time = |work: &dyn Fn(&str) -> usize| -> Duration {
            spent(|| {
                texts.iter().for_each(|text| {
                    black_box(work(text));
                })
            })
        };
        let looped = time(&|text| each.iter().map(|one| one.find_iter(text).count()).sum());
        let together = time(&|text| set.matches(text).len());
        line(&format!("{kind} | {:.2} | {:.2}", rate(bytes, looped), rate(bytes, together)));
    }
    Ok(())
}
