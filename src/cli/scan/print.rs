//! Reports as people, scripts and code scanning read them, written as they come. Matched text is
//! never printed: it may be a secret.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, ErrorKind, Stdout, Write},
};

use serde::Serialize;
use serde_json::{Value, json};

use super::sarif::Sarif;
use crate::{
    cli::harmless,
    firewall::{Ruleset, Severity, rule::Rule},
    scan::{Found, Report, launch::Started},
};

/// How reports are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    People,
    /// One JSON array.
    Json,
    /// A JSON object a line.
    Lines,
    Sarif,
}

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    /// The line of a file whose lines are texts.
    pub(super) line: Option<usize>,
    pub(super) text: &'a str,
}

/// Writes reports and counts them.
pub(super) struct Printer {
    form: Form,
    out: BufWriter<Stdout>,
    sarif: Option<Sarif>,
    /// What each rule finds, by its id.
    titles: BTreeMap<String, String>,
    texts: u64,
    found: u64,
    broken: Vec<String>,
    faults: u64,
}

/// Broken inputs that are kept for the end of a SARIF log.
const BROKEN_MAX: usize = 100;

#[derive(Serialize)]
struct Line<'a> {
    id: &'a Value,
    #[serde(flatten)]
    report: &'a Report,
}

impl Printer {
    pub(super) fn begin(form: Form, rules: &Ruleset) -> anyhow::Result<Self> {
        let sarif = (form == Form::Sarif).then(|| Sarif::new(rules));
        let out = BufWriter::new(io::stdout());
        let (broken, texts, found, faults) = (Vec::new(), 0, 0, 0);
        let title = |rule: &Rule| (rule.id.get_ref().clone(), rule.title.clone());
        let titles = rules.rules().map(title).collect();
        let mut printer = Self { form, out, sarif, titles, texts, found, broken, faults };
        let head = printer.sarif.as_ref().map(Sarif::head);
        match form {
            Form::People | Form::Lines => {}
            Form::Json => printer.put("[")?,
            Form::Sarif => printer.put(&head.unwrap_or_default())?,
        }
        Ok(printer)
    }

    /// Writes what was found in one text.
    pub(super) fn report(
        &mut self,
        id: &Value,
        place: &Place<'_>,
        report: &Report,
    ) -> anyhow::Result<()> {
        let first = self.texts == 0;
        self.texts += 1;
        self.found += u64::from(!report.is_clean());
        match self.form {
            Form::People => self.people(id, place, report),
            Form::Lines => {
                let line = serde_json::to_string(&Line { id, report })?;
                self.put(&format!("{line}\n"))
            }
            Form::Json => {
                let line = serde_json::to_string(&Line { id, report })?;
                let comma = if first { "\n" } else { ",\n" };
                self.put(&format!("{comma}{line}"))
            }
            Form::Sarif => {
                let results = self.sarif.as_mut().map(|sarif| sarif.results(id, place, report));
                self.put(&results.unwrap_or_default())
            }
        }
    }

    fn people(&mut self, id: &Value, place: &Place<'_>, report: &Report) -> anyhow::Result<()> {
        let id = id.as_str().map_or_else(|| id.to_string(), harmless);
        for found in &report.findings {
            let (line, column) = line_and_column(place.text, found.start);
            let at = match place.line {
                Some(line) => {
                    format!("{}:{line}: {id}, byte {}", harmless(place.file), found.start)
                }
                None => format!("{id}:{line}:{column}"),
            };
            let title = self.titles.get(&found.rule).map(String::as_str);
            let what = harmless(found.message.as_deref().or(title).unwrap_or_default());
            let (severity, action) = (severity(found), found.action.name());
            self.put(&format!("{at}: {severity} {} ({action}) {what}\n", found.rule))?;
        }
        match &report.incomplete {
            Some(why) => {
                self.put(&format!("{id}: not read to its end, so not let through: {why}\n"))
            }
            None => Ok(()),
        }
    }

    /// Names a server, before its texts.
    pub(super) fn server(&mut self, server: &Started) -> anyhow::Result<()> {
        if self.form != Form::People {
            return Ok(());
        }
        self.put(&format!("{}  {}\n", harmless(&server.name), harmless(&server.shown)))
    }

    /// Tells of something that could not be read.
    pub(super) fn broken(
        &mut self,
        file: &str,
        line: Option<usize>,
        why: &str,
    ) -> anyhow::Result<()> {
        let place = line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
        let told = harmless(&format!("{place}: {why}"));
        eprintln!("bartizan: {told}");
        self.faults += 1;
        if self.broken.len() < BROKEN_MAX {
            self.broken.push(told);
        }
        Ok(())
    }

    /// Ends the output and says how the command ends.
    pub(super) fn end(mut self) -> anyhow::Result<u8> {
        match self.form {
            Form::Lines => {}
            Form::People => {
                let (texts, found, faults) = (self.texts, self.found, self.faults);
                self.put(&format!("{texts} texts read, {found} with findings, {faults} errors\n"))?;
            }
            Form::Json => self.put("\n]\n")?,
            Form::Sarif => {
                let tail = self.sarif.as_ref().map(|sarif| sarif.tail(&self.broken));
                self.put(&tail.unwrap_or_default())?;
            }
        }
        self.flush()?;
        Ok(match (self.faults, self.found) {
            (0, 0) => 0,
            (0, _) => 1,
            _ => 2,
        })
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        kept(self.out.flush())
    }

    fn put(&mut self, text: &str) -> anyhow::Result<()> {
        kept(self.out.write_all(text.as_bytes()))
    }
}

/// A reader that left wants nothing more, and no complaint.
fn kept(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(1),
        written => Ok(written?),
    }
}

/// Line and column of a byte, both from 1, the column in characters.
pub(super) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The severity's name.
pub(super) fn severity(found: &Found) -> String {
    let name = json!(found.severity);
    name.as_str().unwrap_or_default().to_owned()
}

/// What code scanning calls a severity.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}
