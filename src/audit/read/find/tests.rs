use std::{fs, path::Path};

use super::{Records, index, path};
use crate::audit::{Disposition, Entry, Fields, Journal, Options, Outcome};

/// A journal of requests with a decision and an outcome each, in several segments.
async fn journal(folder: &Path, requests: usize) {
    let options = Options { segment_bytes_max: 4 << 10, ..Options::default() };
    let journal = Journal::open(folder, options).expect("opens");
    for number in 0..requests {
        let request = format!("req_{number}");
        let fields = Fields {
            request: &request,
            target: Some("\"request\":{\"uid\":\"x\""),
            ..Fields::default()
        };
        for entry in
            [Entry::decision(Disposition::Allowed, fields), Entry::outcome(Outcome::Ok, fields)]
        {
            let mut bytes = Vec::new();
            entry.write(&mut bytes);
            journal.append(bytes).await.expect("appended");
        }
    }
}

fn phases(folder: &Path, request: &str) -> Vec<String> {
    let found = Records::of_request(folder, request).expect("read");
    let phase =
        |it: super::Record| it.payload["unmapped"]["bartizan"]["phase"].as_str().map(str::to_owned);
    found.into_iter().filter_map(phase).collect()
}

#[tokio::test]
async fn a_request_is_found_in_any_segment_with_and_without_an_index() {
    let folder = tempfile::tempdir().expect("folder");
    journal(folder.path(), 40).await;
    let lacking = fs::read_dir(folder.path()).expect("a folder").count();
    assert!(lacking > 5, "several segments");
    for _ in ["without", "with"] {
        for number in 0..40 {
            assert_eq!(phases(folder.path(), &format!("req_{number}")), ["outcome", "decision"]);
        }
        assert!(phases(folder.path(), "req_none").is_empty());
    }
    assert!(path(folder.path(), 1).exists(), "whoever asked first made it");
    assert_eq!(index(folder.path()).expect("read"), 0, "nothing is lacking");
}

#[tokio::test]
async fn an_index_that_does_not_fit_is_passed_over() {
    let folder = tempfile::tempdir().expect("folder");
    journal(folder.path(), 40).await;
    assert!(index(folder.path()).expect("read") > 1);
    for broken in [b"nonsense".as_slice(), b"BZINDEX1", b"BZINDEX1\0\0\0\0\0\0\0\x07"] {
        fs::write(path(folder.path(), 1), broken).expect("written");
        assert_eq!(phases(folder.path(), "req_0"), ["outcome", "decision"]);
    }
}
