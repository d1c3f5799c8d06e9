use std::fs;

use tempfile::TempDir;

use super::*;
use crate::audit::{Disposition, Entry, Fields, Journal, Options, Outcome};

/// Decisions and outcomes of `requests` requests, over several segments.
async fn journal(requests: usize) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options { segment_bytes_max: 4 << 10, ..Options::default() };
    let journal = Journal::open(folder.path(), options).expect("the folder is new");
    for index in 0..requests {
        let request = format!("req-{index}");
        let fields = Fields { request: &request, ..Fields::default() };
        let outcome = Fields { step: 1, ..fields };
        let entries =
            [Entry::decision(Disposition::Allowed, fields), Entry::outcome(Outcome::Ok, outcome)];
        for entry in entries {
            let mut payload = Vec::new();
            entry.write(&mut payload);
            journal.append(payload).await.expect("there is room");
        }
    }
    folder
}

fn sequences(folder: &TempDir, order: Order, filter: Filter) -> Vec<u64> {
    let records = Records::open(folder.path(), order, filter).expect("the folder can be read");
    records.map(|record| record.expect("the journal is whole").sequence.0).collect()
}

#[tokio::test]
async fn records_come_in_either_order_over_all_segments() {
    let folder = journal(30).await;
    let forward = sequences(&folder, Order::OldestFirst, Filter::default());
    assert_eq!(forward, (1..=60).collect::<Vec<_>>());
    let mut backward = sequences(&folder, Order::NewestFirst, Filter::default());
    backward.reverse();
    assert_eq!(backward, forward);
    assert!(segment::list(folder.path()).expect("the folder can be read").len() > 3);
}

#[tokio::test]
async fn a_request_is_found_whole_and_no_other_with_it() {
    let folder = journal(30).await;
    let request = |id: &str| Filter { request: Some(id.to_owned()), phase: None };
    assert_eq!(sequences(&folder, Order::OldestFirst, request("req-2")), [5, 6]);
    assert_eq!(sequences(&folder, Order::NewestFirst, request("req-2")), [6, 5]);
    assert!(sequences(&folder, Order::NewestFirst, request("req-2\"")).is_empty());
    let outcome = Filter { request: Some("req-2".into()), phase: Some(Phase::Outcome) };
    assert_eq!(sequences(&folder, Order::NewestFirst, outcome), [6]);
}

#[tokio::test]
async fn a_torn_end_is_passed_over() {
    let folder = journal(2).await;
    let path = segment::path(folder.path(), 1);
    let mut bytes = fs::read(&path).expect("the segment exists");
    bytes.extend_from_slice(b"{\"seal\":{\"v\":1,");
    fs::write(&path, bytes).expect("the segment can be written");
    assert_eq!(sequences(&folder, Order::OldestFirst, Filter::default()), [1, 2, 3, 4]);
    assert_eq!(sequences(&folder, Order::NewestFirst, Filter::default()), [4, 3, 2, 1]);
}

#[tokio::test]
async fn an_altered_record_is_an_error_and_ends_the_reading() {
    let folder = journal(2).await;
    let path = segment::path(folder.path(), 1);
    let text = fs::read_to_string(&path).expect("the segment is text");
    fs::write(&path, text.replacen("Allowed", "Blocked", 1)).expect("the segment can be written");
    let mut records = Records::open(folder.path(), Order::OldestFirst, Filter::default())
        .expect("the folder can be read");
    let error = records.next().expect("there is a record").expect_err("it was altered");
    assert!(error.to_string().contains("record 1 was altered"), "{error}");
    assert!(records.next().is_none());
}

#[test]
fn an_overlong_line_is_an_error_in_either_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let garbage = vec![b'x'; 2 << 20];
    fs::write(segment::path(folder.path(), 1), garbage).expect("the segment can be written");
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let records = Records::open(folder.path(), order, Filter::default());
        let first = records.expect("the folder can be read").next();
        first.expect("there is something").expect_err("it is no record");
    }
}
