//! `bartizan rules bench`

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};
use toml_edit::{ArrayOfTables, DocumentMut, Item, value};

use super::{
    Ran,
    sources::{Chosen, faulty},
};
use crate::{
    cli::{say, say_json},
    firewall::{Ruleset, Source, Surface},
    inspect::Profile,
    scan::{Detectors, Scanner},
};

/// Each rule alone, with the automaton over its own literals; then all together, which costs far less
/// than the sum.
#[derive(Debug, clap::Args)]
pub(super) struct Bench {
    #[command(flatten)]
    chosen: Chosen,
    /// Texts to measure on [default: a few built-in ones]
    #[arg(long, value_name = "FILE")]
    text: Vec<PathBuf>,
    /// Only rules whose id begins so
    #[arg(long, value_name = "PREFIX", default_value = "")]
    rule: String,
    /// Ends with 1 if a rule alone costs more than this
    #[arg(long, value_name = "MICROSECONDS")]
    max_us_per_kib: Option<f64>,
    /// Rules to show
    #[arg(long, default_value_t = 20)]
    top: usize,
    #[arg(long)]
    json: bool,
}

/// Measurements of one rule on one text, of which the median counts.
const ROUNDS: usize = 5;
/// The time after which a measurement has enough rounds.
const ENOUGH: Duration = Duration::from_millis(2);

/// Markdown, code, and rules: the last holds more literals than any honest text.
const TEXTS: [(&str, &str); 3] = [
    ("markdown", include_str!("../../../README.md")),
    ("code", include_str!("../../firewall/sanitize.rs")),
    ("rules", include_str!("../../../rulesets/core/protocol.toml")),
];

pub(super) fn run(command: &Bench) -> Ran {
    let sources = command.chosen.sources()?;
    let texts = texts(&command.text)?;
    let together = Ruleset::compile_in_force(&sources, Ruleset::LEVEL_MAX)
        .map_err(|faults| faulty(&faults))?;
    let whole = cost(&scanner(together), Surface::ToolResult, &texts);
    let mut costs = Vec::new();
    for (id, rules) in alone(&sources)? {
        if !id.starts_with(&command.rule) {
            continue;
        }
        let surface = rules.rule(&id).and_then(|rule| rule.surfaces.get_ref().first().copied());
        let cost = cost(&scanner(rules), surface.unwrap_or(Surface::ToolResult), &texts);
        costs.push((id, cost));
    }
    costs.sort_by(|a, b| b.1.total_cmp(&a.1));
    let over = |cost: f64| command.max_us_per_kib.is_some_and(|max| cost > max);
    let above = costs.iter().filter(|(_, cost)| over(*cost)).count();
    report(command, &costs, whole, above);
    Ok(if above == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn report(command: &Bench, costs: &[(String, f64)], whole: f64, above: usize) {
    let shown = costs.iter().take(command.top);
    if command.json {
        let rows: Vec<Value> =
            shown.map(|(id, cost)| json!({"rule": id, "us_per_kib": cost})).collect();
        say_json(&json!({"all_us_per_kib": whole, "above": above, "rules": rows}));
        return;
    }
    say(format_args!("{:>10}  rule alone", "µs/KiB"));
    for (id, cost) in shown {
        say(format_args!("{cost:10.3}  {id}"));
    }
    say(format_args!("{whole:10.3}  all rules together ({} measured alone)", costs.len()));
    if above > 0 {
        say(format_args!("{above} rules cost more than `--max-us-per-kib` alone"));
    }
    if cfg!(debug_assertions) {
        say("This is a debug build: compare the figures with each other only.");
    }
}

fn texts(paths: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    if paths.is_empty() {
        return Ok(TEXTS.iter().map(|(_, text)| (*text).to_owned()).collect());
    }
    let read =
        |path: &PathBuf| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    paths.iter().map(read).collect()
}

/// A set for each rule, with nothing else in it.
fn alone(sources: &[Source]) -> anyhow::Result<Vec<(String, Ruleset)>> {
    let mut sets = Vec::new();
    for source in sources {
        let document: DocumentMut = source.text.parse().with_context(|| source.name.clone())?;
        let rules = document.get("rule").and_then(Item::as_array_of_tables);
        for rule in rules.into_iter().flat_map(ArrayOfTables::iter) {
            let mut one = DocumentMut::new();
            one.insert("schema", value(1));
            let mut list = ArrayOfTables::new();
            list.push(rule.clone());
            one.insert("rule", Item::ArrayOfTables(list));
            let text = one.to_string();
            let set = Ruleset::compile(&[Source { name: source.name.clone(), text }])
                .map_err(|faults| faulty(&faults))?;
            let id = rule.get("id").and_then(Item::as_str).unwrap_or_default().to_owned();
            sets.push((id, set));
        }
    }
    Ok(sets)
}

fn scanner(rules: Ruleset) -> Scanner {
    Scanner::new(rules.into(), Profile::Balanced, Detectors::default())
}

/// Microseconds for each KiB of the texts, the median of the rounds summed over the texts.
fn cost(scanner: &Scanner, surface: Surface, texts: &[String]) -> f64 {
    let bytes: usize = texts.iter().map(String::len).sum();
    let microseconds: f64 = texts.iter().map(|text| median(scanner, surface, text)).sum();
    microseconds * 1024.0 / bytes.max(1) as f64
}

fn median(scanner: &Scanner, surface: Surface, text: &str) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| round(scanner, surface, text)).collect();
    rounds.sort_by(f64::total_cmp);
    rounds.get(ROUNDS / 2).copied().unwrap_or_default()
}

fn round(scanner: &Scanner, surface: Surface, text: &str) -> f64 {
    let began = Instant::now();
    let mut scans = 0_u32;
    while scans == 0 || began.elapsed() < ENOUGH {
        std::hint::black_box(scanner.scan(surface, std::hint::black_box(text)));
        scans += 1;
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(scans)
}
