//! `bartizan models list`: which packs are there, and what they say of themselves.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use serde_json::json;

use crate::{
    classifier::{Fault, Pack, pack::MANIFEST},
    cli::{Ran, harmless, say, say_json},
};

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Folders that hold packs, beside the shipped one
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(list: &List) -> Ran {
    let mut packs = match Pack::named(None) {
        Err(Fault::NoPack) => Vec::new(),
        shipped => vec![("shipped".to_owned(), shipped)],
    };
    for folder in &list.folders {
        let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        let mut inner: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        inner.sort();
        let found = inner.into_iter().chain([folder.clone()]);
        let found = found.filter(|path| path.join(MANIFEST).is_file());
        packs.extend(found.map(|path| (path.display().to_string(), Pack::read(&path))));
    }
    if list.json {
        let rows = packs.iter().map(|(place, pack)| match pack {
            Ok(pack) => json!({
                "place": place,
                "name": pack.manifest.name,
                "version": pack.manifest.version,
                "licence": pack.manifest.licence,
                "bytes": pack.bytes(),
                "thresholds": pack.manifest.thresholds,
            }),
            Err(fault) => {
                json!({ "place": place, "code": fault.code(), "error": fault.to_string() })
            }
        });
        say_json(&rows.collect());
        return Ok(ExitCode::SUCCESS);
    }
    if packs.is_empty() {
        say("no pack: none is shipped with this build; name folders that hold some");
    }
    for (place, pack) in &packs {
        match pack {
            Ok(pack) => say(format_args!(
                "{place}: {}, {}, {} bytes",
                harmless(&pack.title()),
                harmless(&pack.manifest.licence),
                pack.bytes()
            )),
            Err(fault) => say(format_args!("{place}: {}: {fault}", fault.code())),
        }
    }
    Ok(ExitCode::SUCCESS)
}
