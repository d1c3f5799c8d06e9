//! `cargo bench --bench firewall`: what the firewall's engine costs. Throughput of one core over four kinds of text,
//! curves over rules and over input, the slowest texts, and what compiling takes. Figures are processor time of the
//! thread, beside a loop over `regex::Regex` and a `regex::RegexSet` with the same patterns; `peers.py` beside this
//! file measures Hyperscan and yara-x on the same texts.

mod corpus;
mod curve;
mod export;
mod meter;
mod peers;
mod rules;
mod speed;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::corpus::Corpus;

/// What to measure, and on what.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where texts are taken from; by default the sources of crates that cargo has fetched.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Bytes of each kind of text.
    #[arg(long, default_value_t = 2_000_000)]
    bytes: usize,
    /// Runs of each measure; the median is printed.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Leaves out what takes minutes: the loop, the set and the curves.
    #[arg(long)]
    quick: bool,
    /// Writes texts and patterns there, for `peers.py`.
    #[arg(long)]
    export: Option<PathBuf>,
    /// Cargo adds this to the arguments of every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match start(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            meter::line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: &Arguments) -> anyhow::Result<()> {
    let corpus = Corpus::read(arguments.corpus.clone(), arguments.bytes)?;
    if let Some(folder) = &arguments.export {
        export::write(folder, &corpus)?;
    }
    speed::compile(arguments.runs)?;
    speed::shipped(&corpus, arguments.runs)?;
    if !arguments.quick {
        peers::measure(&corpus)?;
        curve::rules(&corpus, arguments.runs)?;
        curve::input(&corpus, arguments.runs)?;
    }
    Ok(())
}
