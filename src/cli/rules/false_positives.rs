//! `bartizan rules fp CORPUS`

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Ran, sources::Chosen};
use crate::{
    cli::{harmless, say},
    firewall::{Ruleset, Surface},
    inspect::Profile,
    scan::{Detectors, Found, Report, Scanner, surface},
};

#[derive(Debug, clap::Args)]
pub(super) struct FalsePositives {
    /// A folder whose files are texts, or a file of lines `{"id": …, "text": "…"}` (`.jsonl`)
    corpus: PathBuf,
    #[command(flatten)]
    chosen: Chosen,
    /// Where the texts would stand in a message
    #[arg(long, default_value = "tool_result", value_parser = surface)]
    surface: Surface,
    /// Only these rules, by id or by what stands before a dot
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    detectors: Vec<String>,
    /// Rules up to this level
    #[arg(long, default_value_t = Ruleset::LEVEL, value_parser = clap::value_parser!(u8).range(1..=4))]
    level: u8,
    #[arg(long)]
    json: bool,
}

/// Bytes of one text of a corpus; a longer one is an error.
const TEXT_BYTES_MAX: u64 = 16 << 20;
/// Folders inside each other that are looked into.
const DEPTH_MAX: usize = 32;
/// Characters shown to either side of what was found.
const AROUND_CHARS: usize = 40;
/// Characters of what was found that are shown.
const FOUND_CHARS_MAX: usize = 160;

pub(super) fn run(command: &FalsePositives) -> Ran {
    let rules = Arc::new(command.chosen.compile(command.level)?);
    let detectors = Detectors::named(&command.detectors, &rules)?;
    let scanner = Scanner::new(rules, Profile::Balanced, detectors);
    let mut corpus = Corpus { command, scanner: &scanner, texts: 0, alerts: 0 };
    if command.corpus.is_dir() {
        corpus.folder(&command.corpus, DEPTH_MAX)?;
    } else if command.corpus.extension().is_some_and(|kind| kind == "jsonl") {
        corpus.lines(&command.corpus)?;
    } else {
        corpus.file(&command.corpus)?;
    }
    let (texts, alerts) = (corpus.texts, corpus.alerts);
    anyhow::ensure!(texts > 0, "{} holds no text", command.corpus.display());
    if !command.json {
        say(format_args!("{texts} texts, {alerts} alerts"));
    }
    Ok(if alerts == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

struct Corpus<'a> {
    command: &'a FalsePositives,
    scanner: &'a Scanner,
    texts: u64,
    alerts: u64,
}

impl Corpus<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) -> anyhow::Result<()> {
        let named = || folder.display().to_string();
        anyhow::ensure!(depth > 0, "{} lies more than {DEPTH_MAX} folders deep", named());
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).with_context(named)? {
            entries.push(entry.with_context(named)?.path());
        }
        entries.sort();
        for entry in entries {
            // A link may lead in a circle, and out of the corpus.
            let kind = std::fs::symlink_metadata(&entry).with_context(named)?.file_type();
            if kind.is_dir() {
                self.folder(&entry, depth - 1)?;
            } else if kind.is_file() && entry.extension().is_some_and(|kind| kind == "jsonl") {
                self.lines(&entry)?;
            } else if kind.is_file() {
                self.file(&entry)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        let named = || path.display().to_string();
        let mut bytes = Vec::new();
        let file = File::open(path).with_context(named)?;
        file.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(named)?;
        anyhow::ensure!(
            bytes.len() as u64 <= TEXT_BYTES_MAX,
            "{}: longer than {TEXT_BYTES_MAX} bytes",
            named()
        );
        // What is no text reaches no model as one.
        String::from_utf8(bytes).map_or(Ok(()), |text| self.text(&Value::from(named()), &text))
    }

    fn lines(&mut self, path: &Path) -> anyhow::Result<()> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let place = || format!("{}:{number}", path.display());
            let read = (&mut reader).take(TEXT_BYTES_MAX + 1).read_until(b'\n', &mut line);
            if read.with_context(place)? == 0 {
                break;
            }
            anyhow::ensure!(
                line.len() as u64 <= TEXT_BYTES_MAX,
                "{}: the line is too long",
                place()
            );
            let record: Value = serde_json::from_slice(&line).with_context(place)?;
            let text =
                record["text"].as_str().with_context(|| format!("{}: no `text`", place()))?;
            let id =
                if record["id"].is_null() { Value::from(place()) } else { record["id"].clone() };
            self.text(&id, text)?;
        }
        Ok(())
    }

    fn text(&mut self, id: &Value, text: &str) -> anyhow::Result<()> {
        self.texts += 1;
        let report = self.scanner.scan(self.command.surface, text);
        self.alerts += report.findings.len() as u64 + u64::from(report.incomplete.is_some());
        self.tell(id, text, &report);
        Ok(())
    }

    fn tell(&self, id: &Value, text: &str, report: &Report) {
        let shown = id.as_str().map_or_else(|| id.to_string(), harmless);
        for found in &report.findings {
            let excerpt = excerpt(text, found);
            if self.command.json {
                say(json!({"id": id, "rule": found.rule, "view": found.view, "start": found.start,
                    "end": found.end, "action": found.action, "text": excerpt}));
            } else {
                say(format_args!("{shown}:{}: {}  {excerpt}", found.start, found.rule));
            }
        }
        match (&report.incomplete, self.command.json) {
            (Some(why), true) => say(json!({"id": id, "incomplete": why})),
            (Some(why), false) => say(format_args!("{shown}: {why}")),
            (None, _) => {}
        }
    }
}

/// What was found, between marks, with what stands around it.
fn excerpt(text: &str, found: &Found) -> String {
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let before: Vec<char> = part(0..found.start).chars().rev().take(AROUND_CHARS).collect();
    let before: String = before.into_iter().rev().collect();
    let matched: String = part(found.start..found.end).chars().take(FOUND_CHARS_MAX).collect();
    let after: String = part(found.end..text.len()).chars().take(AROUND_CHARS).collect();
    let shown = |part: &str| harmless(&part.replace('\n', " "));
    format!("{}»{}«{}", shown(&before), shown(&matched), shown(&after))
}
