//! `bartizan rules import`: rules of other tools as drafts. What cannot be carried over is told rule
//! by rule; nothing is dropped in silence.

mod ascii;
mod draft;
mod gitleaks;
mod sigma;
mod yara;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Ran;
use crate::cli::{harmless, say, say_json};

use self::draft::{Draft, Written};

/// Drafts go to standard output or to `--out`, and what could not be carried over to standard error.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// What the file is
    #[arg(value_enum)]
    kind: Kind,
    /// gitleaks' TOML, a Sigma rule (YAML), or YARA rules
    file: PathBuf,
    /// What stands before the dot of each id [default: the kind]
    #[arg(long)]
    prefix: Option<String>,
    /// Write the drafts to this file, which must not exist
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The report as JSON, with the drafts in it
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Gitleaks,
    Sigma,
    Yara,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Gitleaks => "gitleaks",
            Self::Sigma => "sigma",
            Self::Yara => "yara",
        }
    }
}

/// The largest file, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What a reader made of a file.
#[derive(Debug, Default)]
struct Taken {
    drafts: Vec<Draft>,
    /// What belongs to no draft, each with its reason.
    left: Vec<(String, String)>,
}

pub(super) fn run(command: &Import) -> Ran {
    let named = || command.file.display().to_string();
    let length = std::fs::metadata(&command.file).with_context(named)?.len();
    anyhow::ensure!(length <= FILE_BYTES_MAX, "{}: longer than {FILE_BYTES_MAX} bytes", named());
    let text = std::fs::read_to_string(&command.file).with_context(named)?;
    let taken = match command.kind {
        Kind::Gitleaks => gitleaks::read(&text),
        Kind::Sigma => sigma::read(&text),
        Kind::Yara => yara::read(&text),
    };
    let Taken { drafts, mut left } = taken.with_context(named)?;
    let prefix = command.prefix.as_deref().unwrap_or(command.kind.name());
    let mut file = format!(
        "# Drafts from {} rules. Look at each before it runs.\nschema = 1\n",
        command.kind.name()
    );
    let mut rows = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for draft in drafts {
        match draft.write(prefix, &mut ids) {
            Ok(written) => {
                file.push('\n');
                file.push_str(&written.text);
                rows.push(written);
            }
            Err(reason) => left.push((draft.name, reason)),
        }
    }
    if let Some(path) = &command.out {
        let options = std::fs::File::create_new(path);
        let mut out = options.with_context(|| path.display().to_string())?;
        std::io::Write::write_all(&mut out, file.as_bytes())?;
    }
    report(command, &file, &rows, &left);
    Ok(if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn report(command: &Import, file: &str, rows: &[Written], left: &[(String, String)]) {
    if command.json {
        let left: Vec<Value> =
            left.iter().map(|(name, reason)| json!({"name": name, "reason": reason})).collect();
        let drafts: Vec<Value> = rows
            .iter()
            .map(|row| json!({"id": row.id, "proven": row.proven, "notes": row.notes}))
            .collect();
        say_json(&json!({"drafts": drafts, "left_out": left, "toml": file}));
        return;
    }
    if command.out.is_none() {
        say(file);
    }
    for row in rows {
        for note in &row.notes {
            eprintln!("{}: {}", harmless(&row.id), harmless(note));
        }
    }
    for (name, reason) in left {
        eprintln!("left out: {}: {}", harmless(name), harmless(reason));
    }
    let proven = rows.iter().filter(|row| row.proven).count();
    eprintln!(
        "{} drafts ({proven} with examples that come out), {} left out",
        rows.len(),
        left.len()
    );
}
