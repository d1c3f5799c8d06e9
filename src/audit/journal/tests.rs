use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;
use crate::audit::verify;

mod crash;
mod power_cut;

const BOTH: [Durability; 2] = [Durability::Process, Durability::Power];

fn options(durability: Durability) -> Options {
    Options { durability, segment_bytes_max: 4 << 10, ..Options::default() }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn open(folder: &TempDir, durability: Durability) -> Journal {
    Journal::open(folder.path(), options(durability)).expect("nobody else holds the folder")
}

async fn append(journal: &Journal, count: u64) -> Sequence {
    let mut last = Sequence(0);
    for index in 0..count {
        let payload = format!(r#"{{"index":{index}}}"#);
        last = journal.append(payload.as_bytes()).await.expect("there is room");
    }
    last
}

#[track_caller]
fn assert_intact(folder: &Path, records: u64) {
    let report = verify(folder).expect("the folder can be read");
    assert!(report.is_intact(), "{report}");
    assert_eq!(report.records, records);
}

#[tokio::test]
async fn numbers_go_on_over_segments_and_restarts() {
    for durability in BOTH {
        let folder = folder();
        assert_eq!(append(&open(&folder, durability), 40).await, Sequence(40));
        let journal = open(&folder, durability);
        assert_eq!(journal.head().0, Sequence(40));
        assert_eq!(append(&journal, 1).await, Sequence(41));
        assert_intact(folder.path(), 41);
        assert_eq!(segment::list(folder.path()).expect("the folder can be read"), [1, 2, 3]);
        assert_eq!(verify(folder.path()).expect("readable").head, journal.head().1.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_appends_keep_one_order() {
    for durability in BOTH {
        let folder = folder();
        let journal = Arc::new(open(&folder, durability));
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let journal = Arc::clone(&journal);
                tokio::spawn(async move {
                    let mut seen = Vec::new();
                    for _ in 0..25 {
                        seen.push(journal.append(b"{}").await.expect("there is room"));
                    }
                    seen
                })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            let seen = task.await.expect("the task ends");
            assert!(seen.is_sorted(), "a task's own records are in its order");
            all.extend(seen);
        }
        all.sort_unstable();
        assert_eq!(all, (1..=400).map(Sequence).collect::<Vec<_>>());
        assert_intact(folder.path(), 400);
    }
}

#[tokio::test]
async fn an_append_that_nobody_waits_for_any_more_leaves_its_record() {
    let folder = folder();
    let journal = open(&folder, Durability::Power);
    let abandoned = tokio::time::timeout(std::time::Duration::ZERO, journal.append(b"{}")).await;
    drop(abandoned);
    assert_eq!(append(&journal, 1).await, Sequence(2));
    assert_intact(folder.path(), 2);
}

#[tokio::test]
async fn a_second_journal_on_the_folder_is_refused_until_the_first_is_gone() {
    let folder = folder();
    let first = open(&folder, Durability::Process);
    let error = Journal::open(folder.path(), Options::default()).expect_err("the folder is taken");
    assert!(matches!(error, AuditError::Locked { .. }));
    assert!(error.to_string().contains("a folder of its own"), "{error}");
    drop(first);
    Journal::open(folder.path(), Options::default()).expect("the folder is free again");
}

#[tokio::test]
async fn files_are_for_their_owner_only() {
    let parent = folder();
    let path = parent.path().join("state/audit");
    let journal = Journal::open(&path, Options::default()).expect("the folder can be made");
    append(&journal, 1).await;
    let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&segment::path(&path, 1)), 0o600);
    assert_eq!(mode(&path.join(LOCK_FILE)), 0o600);
}

#[test]
fn a_folder_that_anyone_may_write_is_refused() {
    let folder = folder();
    let mode = fs::Permissions::from_mode(0o777);
    fs::set_permissions(folder.path(), mode).expect("the folder is ours");
    let error = Journal::open(folder.path(), Options::default()).expect_err("anyone may write");
    assert!(error.to_string().contains("chmod o-w"), "{error}");
}

#[tokio::test]
async fn what_is_no_object_on_one_line_or_too_long_is_refused_and_leaves_no_trace() {
    let folder = folder();
    let small = Options { record_bytes_max: 1 << 10, ..options(Durability::Process) };
    let journal = Journal::open(folder.path(), small).expect("the folder is new");
    for payload in [&b"[]"[..], b"", b"{", b"{\n}", b"{\"a\":\"\xff\"}", b" {}"] {
        let error = journal.append(payload).await.expect_err("it is no object on one line");
        assert!(matches!(error, AuditError::NotOneObject), "{error}");
    }
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 10));
    let error = journal.append(long.as_bytes()).await.expect_err("it is too long");
    assert!(error.to_string().contains("record_bytes_max"), "{error}");
    assert_eq!(append(&journal, 1).await, Sequence(1));
    assert_intact(folder.path(), 1);
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let folder = folder();
    let record = Options { record_bytes_max: RECORD_BYTES_CEILING + 1, ..Options::default() };
    let segment = Options { segment_bytes_max: 1, ..Options::default() };
    for (options, name) in [(record, "record_bytes_max"), (segment, "segment_bytes_max")] {
        let error = Journal::open(folder.path(), options).expect_err("it is out of range");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn a_segment_changed_by_somebody_else_stops_the_journal() {
    let removed: fn(&Path) = |path| fs::remove_file(path).expect("the segment exists");
    let emptied: fn(&Path) = |path| fs::write(path, "").expect("the segment exists");
    for change in [removed, emptied] {
        let folder = folder();
        let journal = open(&folder, Durability::Process);
        append(&journal, 3).await;
        change(&segment::path(folder.path(), 1));
        for _ in 0..2 {
            let error = journal.append(b"{}").await.expect_err("the record would be lost");
            assert!(error.to_string().contains("changed by another program"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_journal_whose_last_record_was_altered_is_not_gone_on_with() {
    let folder = folder();
    append(&open(&folder, Durability::Process), 3).await;
    let path = segment::path(folder.path(), 1);
    let text = fs::read_to_string(&path).expect("the segment is text");
    fs::write(&path, text.replace("\"index\":2", "\"index\":7")).expect("it can be written");
    let error = Journal::open(folder.path(), Options::default()).expect_err("it was altered");
    assert!(error.to_string().contains("record 3 was altered"), "{error}");
    assert!(error.to_string().contains("bartizan audit verify"), "{error}");
}
