use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::audit::journal::{Journal, Options};

const SEGMENT_BYTES: u64 = 4 << 10;

/// A journal of `records` records, in segments of about fifteen.
fn journal(records: usize) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options { segment_bytes_max: SEGMENT_BYTES, ..Options::default() };
    let journal = Journal::open(folder.path(), options).expect("the folder is new");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for index in 0..records {
        let payload = format!(r#"{{"index":{index},"text":"record"}}"#);
        runtime.block_on(journal.append(payload.as_bytes())).expect("there is room");
    }
    folder
}

fn edit(folder: &TempDir, number: u64, change: impl FnOnce(&mut Vec<String>)) {
    let path = segment::path(folder.path(), number);
    let text = fs::read_to_string(&path).expect("the segment is text");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(path, text).expect("the segment can be written");
}

fn first_bad(folder: &TempDir) -> Bad {
    let report = verify(folder.path()).expect("the folder can be read");
    assert!(!report.is_intact());
    report.first_bad.expect("something was changed")
}

#[test]
fn an_untouched_journal_is_intact_over_all_its_segments() {
    let report = verify(journal(40).path()).expect("the folder can be read");
    assert!(report.is_intact(), "{report}");
    assert_eq!((report.records, report.segments), (40, 3));
}

#[test]
fn an_empty_folder_holds_the_genesis() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = verify(folder.path()).expect("the folder can be read");
    assert_eq!((report.records, report.head), (0, Digest::genesis().to_string()));
}

/// What was done to segment 1, the line that is first bad, and why.
type Tampering = (&'static str, fn(&mut Vec<String>), u64, Reason);

#[test]
fn each_kind_of_tampering_is_named_at_its_first_line() {
    let malformed = |part: &str| Reason::Malformed(part.to_owned());
    let table: [Tampering; 9] = [
        ("payload altered", |l| l[3] = l[3].replace("record", "rekord"), 4, Reason::Altered),
        ("number altered", |l| l[3] = l[3].replace("\"seq\":4,", "\"seq\":5,"), 4, Reason::Altered),
        ("digest altered", |l| l[3] = zeroed(&l[3], "sha256"), 4, Reason::Altered),
        ("link altered", |l| l[3] = zeroed(&l[3], "prev"), 4, Reason::Altered),
        ("deleted", |l| drop(l.remove(3)), 4, Reason::OutOfPlace { sealed_for: Sequence(5) }),
        (
            "repeated",
            |l| l.insert(3, l[2].clone()),
            4,
            Reason::OutOfPlace { sealed_for: Sequence(3) },
        ),
        ("reordered", |l| l.swap(3, 4), 4, Reason::OutOfPlace { sealed_for: Sequence(5) }),
        ("forged, well sealed", |l| l[3] = forged(4), 4, Reason::Unlinked),
        (
            "garbage",
            |l| l.insert(3, "garbage".into()),
            4,
            malformed("it does not begin with a seal"),
        ),
    ];
    for (what, change, line, reason) in table {
        let folder = journal(40);
        edit(&folder, 1, change);
        let bad = first_bad(&folder);
        assert_eq!((bad.line, bad.seq, &bad.reason), (line, Sequence(line), &reason), "{what}");
        assert_eq!(bad.segment, "000001.jsonl", "{what}");
    }
}

/// The line with the digest under `key` replaced by zeros.
fn zeroed(line: &str, key: &str) -> String {
    let (before, after) = line.split_once(&format!("\"{key}\":\"")).expect("the seal has the key");
    let (_, rest) = after.split_once('"').expect("the digest ends");
    format!("{before}\"{key}\":\"{}\"{rest}", "0".repeat(64))
}

/// A record with a right digest of its own, by somebody who knows no predecessor.
fn forged(sequence: u64) -> String {
    let mut line = Vec::new();
    let payload = br#"{"forged":true}"#;
    Seal::over(Sequence(sequence), Digest::genesis(), payload).write_line(payload, &mut line);
    String::from_utf8(line).expect("a line is text").trim_end().to_owned()
}

#[test]
fn a_missing_first_or_middle_segment_is_named() {
    for missing in [1, 2] {
        let folder = journal(40);
        fs::remove_file(segment::path(folder.path(), missing)).expect("the segment exists");
        let bad = first_bad(&folder);
        assert_eq!((bad.segment, bad.reason), (segment::name(missing), Reason::Missing));
    }
}

#[test]
fn a_shortened_segment_before_the_last_is_noticed() {
    let cut_lines = journal(40);
    edit(&cut_lines, 1, |lines| lines.truncate(5));
    let bad = first_bad(&cut_lines);
    assert_eq!((bad.segment.as_str(), bad.line, bad.seq), ("000002.jsonl", 1, Sequence(6)));

    let cut_bytes = journal(40);
    let path = segment::path(cut_bytes.path(), 1);
    let bytes = fs::read(&path).expect("the segment exists");
    fs::write(&path, &bytes[..bytes.len() - 10]).expect("the segment can be written");
    assert_eq!(first_bad(&cut_bytes).reason, Reason::CutShort);

    let emptied = journal(40);
    fs::write(segment::path(emptied.path(), 2), "").expect("the segment can be written");
    assert_eq!(first_bad(&emptied).reason, Reason::CutShort);
}

#[test]
fn a_torn_end_is_told_apart_from_tampering() {
    let folder = journal(3);
    let path = segment::path(folder.path(), 1);
    let bytes = fs::read(&path).expect("the segment exists");
    fs::write(&path, &bytes[..bytes.len() - 1]).expect("the segment can be written");
    let report = verify(folder.path()).expect("the folder can be read");
    assert!(report.torn && report.first_bad.is_none() && !report.is_intact());
    assert_eq!(report.records, 2);
}

/// Not a wish, but the limit that the documentation states.
#[test]
fn a_clean_cut_at_the_end_shows_only_against_a_head_kept_elsewhere() {
    let folder = journal(10);
    let kept = verify(folder.path()).expect("the folder can be read").head;
    edit(&folder, 1, |lines| lines.truncate(9));
    let report = verify(folder.path()).expect("the folder can be read");
    assert!(report.is_intact());
    assert_ne!(report.head, kept);
}

#[test]
fn the_report_names_the_place_in_words_and_in_json() {
    let folder = journal(5);
    edit(&folder, 1, |lines| lines[1] = lines[1].replace("record", "rekord"));
    let report = verify(folder.path()).expect("the folder can be read");
    let text = report.to_string();
    assert!(text.contains("first bad: record 2 at 000001.jsonl:2: its payload"), "{text}");
    let json = serde_json::to_value(&report).expect("a report is JSON");
    assert_eq!(json["first_bad"]["reason"], "altered");
    assert_eq!(json["first_bad"]["seq"], 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_changed_removed_or_added_byte_is_noticed(
        number in 1_u64..=2, place in any::<proptest::sample::Index>(),
        flip in 1_u8.., kind in 0..3,
    ) {
        let folder = journal(20);
        let path = segment::path(folder.path(), number);
        let mut bytes = fs::read(&path).expect("the segment exists");
        let place = place.index(bytes.len());
        match kind {
            0 => bytes[place] ^= flip,
            1 => drop(bytes.remove(place)),
            _ => bytes.insert(place, flip),
        }
        fs::write(&path, bytes).expect("the segment can be written");
        prop_assert!(!verify(folder.path()).expect("the folder can be read").is_intact());
    }
}
