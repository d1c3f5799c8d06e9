//! `bartizan rules exclude`: from a finding that is none to an exclusion that silences nothing else.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use serde_json::Value;

use super::Ran;
use crate::{
    app::rules,
    audit::{Filter, Order, Records, facts},
    cli::{ConfigArgument, admin::text, audit_dir, harmless, say},
    config::Config,
    firewall::{
        Source, Surface,
        exclusion::{Case, DAYS_MAX, Date, Document, Exclusions, Match, Spot},
    },
    ids::now_ms,
};

#[derive(Debug, clap::Args)]
pub(super) struct Exclude {
    #[command(flatten)]
    config: ConfigArgument,
    /// The reference of the request in which it was found, such as req_…
    #[arg(long, value_name = "REF")]
    from: String,
    /// The rule, where several found something
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Why it is no finding
    #[arg(long)]
    reason: String,
    /// Who answers for it [default: the user's name]
    #[arg(long)]
    owner: Option<String>,
    /// Where it was talked over
    #[arg(long)]
    ticket: Option<String>,
    /// Days for which it holds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX)))]
    days: u32,
    /// Whatever the text says there, and not this very text alone
    #[arg(long)]
    any_text: bool,
    /// Show it and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// How many of the newest records are looked at.
const RECORDS_MAX: usize = 50_000;

pub(super) fn run(command: &Exclude) -> Ran {
    let config = command.config.load()?;
    let records = records(command)?;
    let found = records.iter().find_map(|record| found(command, record).transpose());
    let found = found.transpose()?.with_context(|| {
        format!("no record of `{}` says where a rule found something", command.from)
    })?;
    let document = document(command, &found)?;
    let text = written(&document)?;
    let source = Source { name: "the exclusion".to_owned(), text: text.clone() };
    let firewall = rules::firewall(&config)?;
    Exclusions::read(&[source], Some(&firewall.rules), now_ms()).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })?;
    say(text.trim_end());
    say("");
    consequences(&document, &firewall.rules, &records);
    if command.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    write(&config, &document.id, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn records(command: &Exclude) -> anyhow::Result<Vec<Value>> {
    let folder = audit_dir(&command.config)?;
    let records = Records::open(&folder, Order::NewestFirst, Filter::default())?;
    let facts = records.take(RECORDS_MAX).map(|record| Ok(facts(&record?.payload)));
    let wanted = |record: &Value| record["spots"].is_array();
    facts.filter(|record| record.as_ref().map_or(true, wanted)).collect()
}

/// Where a rule found something, as a record says it.
struct Found {
    rule: String,
    server: Option<String>,
    tool: Option<String>,
    pointer: String,
    sha256: Option<String>,
    surface: Surface,
}

impl Found {
    fn spot(&self) -> Spot<'_> {
        Spot {
            surface: self.surface,
            server: self.server.as_deref(),
            tool: self.tool.as_deref(),
            principal: None,
            pointer: &self.pointer,
        }
    }
}

/// What a record of the request says of the rule that is meant.
fn found(command: &Exclude, record: &Value) -> anyhow::Result<Option<Found>> {
    if text(record, "reference") != command.from {
        return Ok(None);
    }
    let meant = |found: &Found| command.rule.as_ref().is_none_or(|rule| *rule == found.rule);
    let mut spots: Vec<Found> = spots(record).filter(meant).collect();
    let first = spots.first().map(|spot| spot.rule.clone()).unwrap_or_default();
    if let Some(other) = spots.iter().find(|spot| spot.rule != first) {
        anyhow::bail!("`{first}` and `{}` found something; choose one with `--rule`", other.rule);
    }
    spots.truncate(1);
    Ok(spots.pop())
}

fn spots(record: &Value) -> impl Iterator<Item = Found> {
    let server = record["upstream"].as_str();
    let tool = (record["method"] == "tools/call").then(|| {
        let target = text(record, "target");
        let prefix = server.map(|server| format!("{server}__")).unwrap_or_default();
        target.strip_prefix(&prefix).unwrap_or(target).to_owned()
    });
    let outcome = record["phase"] == "outcome";
    let each = record["spots"].as_array().into_iter().flatten();
    each.filter_map(move |spot| {
        let surface = spot["surface"].as_str()?;
        let surface = Surface::ALL.into_iter().find(|it| it.name() == surface)?;
        let inbound = surface.direction() == crate::firewall::Direction::Inbound;
        // The second record of a request tells again what the first one told.
        (outcome != inbound || !text(record, "disposition").is_empty()).then(|| Found {
            rule: text(spot, "rule").to_owned(),
            server: server.map(str::to_owned),
            tool: tool.clone(),
            pointer: text(spot, "pointer").to_owned(),
            sha256: spot["sha256"].as_str().map(str::to_owned),
            surface,
        })
    })
}

fn document(command: &Exclude, found: &Found) -> anyhow::Result<Document> {
    let owner = command.owner.clone().or_else(|| std::env::var("USER").ok());
    let content_sha256 = found.sha256.clone().filter(|_| !command.any_text);
    if content_sha256.is_none() && !command.any_text {
        say(
            "This rule takes secrets out, so the text's digest is not recorded: the place alone is named.",
        );
    }
    let today = Date::of_ms(now_ms());
    let case = |silenced, pointer: &str, content_sha256| Case {
        silenced,
        surface: found.surface,
        server: found.server.clone(),
        tool: found.tool.clone(),
        pointer: pointer.to_owned(),
        principal: None,
        content_sha256,
    };
    let mut cases = vec![case(true, &found.pointer, content_sha256.clone())];
    cases.push(case(false, &format!("{}/elsewhere", found.pointer), content_sha256.clone()));
    if content_sha256.is_some() {
        cases.push(case(false, &found.pointer, Some("0".repeat(64))));
    }
    let reference: String = command.from.chars().filter(char::is_ascii_alphanumeric).collect();
    Ok(Document {
        id: format!("{}-{}", found.rule, reference.to_ascii_lowercase()),
        owner: owner.unwrap_or_else(|| "local".into()),
        reason: command.reason.clone(),
        ticket: command.ticket.clone(),
        expires: today.after(command.days).to_string().parse().context("a date")?,
        rule: found.rule.clone(),
        at: Match {
            server: found.server.clone(),
            tool: found.tool.clone(),
            surface: Some(found.surface),
            pointer: Some(found.pointer.clone()),
            principal: None,
            content_sha256,
        },
        cases,
    })
}

fn written(document: &Document) -> anyhow::Result<String> {
    #[derive(serde::Serialize)]
    struct File<'a> {
        schema: u32,
        exclusion: [&'a Document; 1],
    }
    Ok(toml::to_string(&File { schema: 1, exclusion: [document] })?)
}

/// What it silences of what was found lately, and what of the rule's own examples it would miss.
fn consequences(document: &Document, rules: &crate::firewall::Ruleset, records: &[Value]) {
    let (mut silenced, mut kept) = (Vec::new(), 0_usize);
    for record in records {
        for found in spots(record).filter(|found| found.rule == document.rule) {
            let mut digest = || found.sha256.clone().unwrap_or_default();
            match document.at.covers(found.spot(), &mut digest) {
                true => silenced.push(text(record, "reference")),
                false => kept += 1,
            }
        }
    }
    silenced.dedup();
    say(format_args!(
        "of {} recorded findings it silences {}",
        silenced.len() + kept,
        silenced.len()
    ));
    for reference in silenced.iter().take(10) {
        say(format_args!("  {}", harmless(reference)));
    }
    let Some(rule) = rules.rule(&document.rule) else { return };
    let examples = &rule.examples.matching;
    let missed = examples.iter().filter(|example| {
        let digest = crate::hex::sha256(example.get_ref().as_bytes());
        document.at.content_sha256.as_ref().is_none_or(|wanted| *wanted == digest)
    });
    say(format_args!(
        "of the rule's {} examples it would newly miss {} in that place",
        examples.len(),
        missed.count()
    ));
}

fn write(config: &Config, id: &str, text: &str) -> anyhow::Result<()> {
    let Some(folder) = &config.file.firewall.exclusions else {
        anyhow::bail!(
            "nowhere to write it: put `exclusions = \"exclusions\"` under `[firewall]` in {}",
            config.path.display()
        );
    };
    let folder = config.resolve(folder);
    let name: String = id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '-' })
        .collect();
    let path: PathBuf = folder.join(format!("{name}.toml"));
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    say(format_args!("written to {}", path.display()));
    Ok(())
}
