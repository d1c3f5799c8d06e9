//! The scene about the record itself.

use std::{fs, path::Path};

use anyhow::Context as _;

use super::Props;
use crate::{
    audit::{Reason, verify},
    demo::told::{Label, Told},
};

pub(super) async fn altered(props: &Props) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let journal = props.folder.journal();
    let report = verify(&journal)?;
    told.line(Label::Person, "bartizan audit verify");
    told.line(Label::Gateway, report.to_string().trim_end());
    told.expect(report.is_intact(), "the record does not hold");
    told.expect(report.records > 10, "the record is shorter than the demo");
    let copy = props.folder.scratch("copy-of-the-record");
    let line = flip(&journal, &copy)?;
    told.line(Label::Person, format!("alters one byte of record {line} in a copy, verifies it"));
    let altered = verify(&copy)?;
    told.line(Label::Gateway, altered.to_string().trim_end());
    let caught = altered.first_bad.as_ref();
    told.expect(caught.is_some_and(|bad| bad.line == line), "another record was named");
    told.expect(caught.is_some_and(|bad| bad.reason == Reason::Altered), "it was not caught");
    told.expect(verify(&journal)?.is_intact(), "the record itself was harmed");
    Ok(told)
}

/// Copies the journal and turns one letter in the middle of it; returns its line, from 1.
fn flip(journal: &Path, copy: &Path) -> anyhow::Result<u64> {
    fs::create_dir(copy)?;
    let mut names: Vec<_> = fs::read_dir(journal)?.collect::<Result<Vec<_>, _>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    let mut changed = None;
    for entry in names.iter().filter(|entry| entry.path().is_file()) {
        let mut bytes = fs::read(entry.path())?;
        let place = bytes.windows(6).enumerate().skip(bytes.len() / 2);
        // A member that every record has, so that the line stays JSON and only its meaning changes.
        let found = place.into_iter().find(|(_, window)| *window == b"\"time\"");
        if let (None, Some((at, _))) = (changed, found) {
            let digit = bytes.get_mut(at + 8).context("the record breaks off")?;
            *digit = if *digit == b'9' { b'8' } else { *digit + 1 };
            let lines = bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
            changed = Some(u64::try_from(lines)? + 1);
        }
        fs::write(copy.join(entry.file_name()), bytes)?;
    }
    changed.context("the journal is empty")
}
