//! `bartizan findings`

mod print;
pub(in crate::cli) mod since;

use std::{process::ExitCode, time::Duration};

use serde_json::Value;

use super::{ConfigArgument, Ran};
use crate::{
    audit::{Filter, Order, Record, Records, facts, is_finding},
    ids::now_ms,
};

use self::print::Form;

/// What was found, refused, held or withheld, and what would have been where a door only observes.
#[derive(Debug, clap::Args)]
pub(super) struct Findings {
    #[command(flatten)]
    config: ConfigArgument,
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
    /// Counts per rule or refusal, tool and agent instead of single records
    #[arg(long, conflicts_with_all = ["csv", "follow"])]
    report: bool,
    /// Comma-separated values, with a line of names first
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Go on with what comes, oldest first, until interrupted
    #[arg(long)]
    follow: bool,
    #[arg(long)]
    json: bool,
}

/// How often a journal that is followed is looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

pub(super) fn run(command: &Findings) -> Ran {
    let folder = super::audit_dir(&command.config)?;
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
    let wanted = found.iter().filter(|record| command.wants(&record.payload));
    let found: Vec<Value> = wanted.map(|record| facts(&record.payload)).collect();
    if command.report {
        print::report(&found, command.json);
    } else {
        print::all(&found, form);
    }
    Ok(ExitCode::SUCCESS)
}

/// The newest records, newest first, down to `after` or to the age asked for.
fn newest(
    command: &Findings,
    records: Records,
    after: Option<&Record>,
) -> anyhow::Result<Vec<Record>> {
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

impl Findings {
    fn wants(&self, payload: &Value) -> bool {
        if !is_finding(payload) {
            return false;
        }
        let facts = facts(payload);
        let rules = facts["rules"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let covers = |name: &str, rule: &str| {
            rule.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let rule =
            self.rule.as_ref().is_none_or(|name| rules.into_iter().any(|it| covers(name, it)));
        rule && self.agent.as_ref().is_none_or(|agent| facts["agent"] == agent.as_str())
    }
}

/// What is there, oldest first, then what comes.
fn follow(command: &Findings, folder: &std::path::Path, form: Form) -> Ran {
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
