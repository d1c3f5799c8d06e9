//! `bartizan findings`

mod hunt;
mod print;
mod release;
mod report;
pub(in crate::cli) mod since;
mod triage;

use std::{collections::BTreeMap, path::Path, process::ExitCode, time::Duration};

use serde_json::Value;

use super::{ConfigArgument, Ran, admin::text, kept};
use crate::{
    app::TriageState,
    audit::{AuditError, Filter, Order, Record, Records, facts, is_finding},
    ids::now_ms,
};

use self::print::Form;

/// What was found, refused, held or withheld, and what would have been where a door only observes.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Findings {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Count what was refused, asked and found, or would have been, per rule, tool and agent
    Report(report::Report),
    /// Say what you make of a finding
    Triage(triage::Triage),
    /// Let the same call have its withheld result, once; or print it for you
    Release(release::Release),
    /// Show the runs in which a rule found something, and what followed in them
    Hunt(hunt::Hunt),
}

#[derive(Debug, clap::Args)]
struct List {
    /// How many of the newest records to look at
    #[arg(long, default_value_t = 10_000)]
    records: usize,
    /// Only what is not older, such as `30m`, `12h` or `7d`
    #[arg(long, value_name = "AGE", value_parser = since::age)]
    since: Option<Duration>,
    /// Only what this rule found, by its id or by what stands before a dot
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Only what this agent asked for
    #[arg(long)]
    agent: Option<String>,
    /// Only calls of this tool, as the record names it: `TOOL`, or `SERVER/TOOL`
    #[arg(long)]
    tool: Option<String>,
    /// Only what a person said this of; `open` is what nobody judged yet
    #[arg(long, conflicts_with = "follow")]
    state: Option<Triaged>,
    /// Comma-separated values, with a line of names first
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Go on with what comes, oldest first, until interrupted
    #[arg(long)]
    follow: bool,
    #[arg(long)]
    json: bool,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Triaged {
    Open,
    True,
    False,
    BenignExpected,
}

impl Triaged {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::True => TriageState::True.name(),
            Self::False => TriageState::False.name(),
            Self::BenignExpected => TriageState::BenignExpected.name(),
        }
    }
}

/// How often a journal that is followed is looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

pub(super) fn run(command: &Findings) -> Ran {
    match &command.command {
        Some(Command::Report(report)) => report::run(report, &command.config),
        Some(Command::Triage(triage)) => triage::run(triage, &command.config),
        Some(Command::Release(release)) => release::run(release, &command.config),
        Some(Command::Hunt(hunt)) => hunt::run(hunt, &command.config),
        None => list(&command.list, &command.config),
    }
}

fn list(command: &List, config: &ConfigArgument) -> Ran {
    let folder = super::audit_dir(config)?;
    let form = match (command.csv, command.json, command.follow) {
        (true, ..) => Form::Csv,
        (_, true, true) => Form::Lines,
        (_, true, false) => Form::Json,
        _ => Form::People,
    };
    if command.follow {
        return follow(command, &folder, form);
    }
    let records = Records::open(&folder, Order::NewestFirst, Filter::default())?;
    let found = newest(command, records, None)?;
    let words = words(config, command.state.is_some())?;
    let wanted = found.iter().filter(|record| command.wants(&record.payload));
    let mut found: Vec<Value> =
        wanted.map(|record| judged(facts(&record.payload), &words)).collect();
    if let Some(state) = command.state {
        found.retain(|fact| fact["triage"] == state.name());
    }
    print::all(&found, form);
    Ok(ExitCode::SUCCESS)
}

/// What people said, by request and rule. Where only the list is asked for, a store that cannot be
/// read takes nothing from it.
fn words(
    config: &ConfigArgument,
    needed: bool,
) -> anyhow::Result<BTreeMap<(String, String), Value>> {
    let told = kept::triaged(&super::data_dir(config)?, None);
    let told = if needed { told? } else { told.unwrap_or_default() };
    let key = |word: &Value| (text(word, "reference").to_owned(), text(word, "rule").to_owned());
    Ok(told.into_iter().map(|word| (key(&word), word)).collect())
}

/// A finding with what people made of it: of several rules the one that nobody judged comes first,
/// then the worst.
fn judged(mut fact: Value, words: &BTreeMap<(String, String), Value>) -> Value {
    let reference = text(&fact, "reference").to_owned();
    let mut worst: Option<(&str, &Value)> = None;
    let order = ["benign-expected", "false", "true", "open"];
    let rank = |state: &str| order.iter().position(|it| *it == state);
    for rule in triage::subjects(&fact) {
        let word = words.get(&(reference.clone(), rule)).unwrap_or(&Value::Null);
        let state = word["state"].as_str().unwrap_or("open");
        if worst.is_none_or(|(known, _)| rank(known) < rank(state)) {
            worst = Some((state, word));
        }
    }
    let (state, word) = worst.unwrap_or(("open", &Value::Null));
    fact["triage"] = state.into();
    fact["owner"] = word["owner"].clone();
    fact["note"] = word["note"].clone();
    fact
}

/// Records that are not older than `since`, newest first, as the members that people ask for.
pub(super) fn recent(
    folder: &Path,
    since: Duration,
) -> anyhow::Result<impl Iterator<Item = Result<Value, AuditError>> + use<>> {
    let oldest = now_ms() - i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2);
    let records = Records::open(folder, Order::NewestFirst, Filter::default())?;
    let young = move |record: &Result<Record, AuditError>| match record {
        Ok(record) => record.payload["time"].as_i64().is_none_or(|time| time >= oldest),
        Err(_) => true,
    };
    Ok(records.take_while(young).map(|record| record.map(|it| it.payload)))
}

/// Whether `name` is the rule or what stands before a dot of its id.
fn covers(name: &str, rule: &str) -> bool {
    rule.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The newest records, newest first, down to `after` or to the age asked for.
fn newest(command: &List, records: Records, after: Option<&Record>) -> anyhow::Result<Vec<Record>> {
    let oldest = command.since.map(|age| now_ms() - i64::try_from(age.as_millis()).unwrap_or(0));
    let mut found = Vec::new();
    for record in records.take(command.records) {
        let record = record?;
        let time = record.payload["time"].as_i64();
        let old = oldest.zip(time).is_some_and(|(oldest, time)| time < oldest);
        if old || after.is_some_and(|after| record.sequence <= after.sequence) {
            break;
        }
        found.push(record);
    }
    Ok(found)
}

impl List {
    fn wants(&self, payload: &Value) -> bool {
        if !is_finding(payload) {
            return false;
        }
        let facts = facts(payload);
        let rules = facts["rules"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let rule =
            self.rule.as_ref().is_none_or(|name| rules.into_iter().any(|it| covers(name, it)));
        let (server, target) = (text(&facts, "upstream"), text(&facts, "target"));
        let tool = |name: &String| target == name || format!("{server}/{target}") == *name;
        rule && self.agent.as_ref().is_none_or(|agent| facts["agent"] == agent.as_str())
            && self.tool.as_ref().is_none_or(tool)
    }
}

/// What is there, oldest first, then what comes.
fn follow(command: &List, folder: &Path, form: Form) -> Ran {
    let mut last: Option<Record> = None;
    print::head(form);
    loop {
        let records = Records::open(folder, Order::NewestFirst, Filter::default())?;
        let mut fresh = newest(command, records, last.as_ref())?;
        fresh.reverse();
        for record in &fresh {
            if command.wants(&record.payload) {
                print::one(&facts(&record.payload), form)?;
            }
        }
        last = fresh.pop().or(last);
        std::thread::sleep(FOLLOW_EVERY);
    }
}
