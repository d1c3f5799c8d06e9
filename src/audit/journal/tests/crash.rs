//! What a crash, a full disk or a failing one leaves behind. Some of it needs a process of its own:
//! the test starts itself again with [`CHILD`] set, and `child` then does what it says.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use super::*;
use crate::audit::chain::Seal;

/// What the child does, `kill` or `full`, then `process` or `power`, then the folder.
const CHILD: &str = "BARTIZAN_TEST_JOURNAL_CHILD";

fn start_child(what: &str, durability: Durability, folder: &TempDir) -> Child {
    let (_, module) = module_path!().split_once("::").expect("the crate's name comes first");
    let durability = format!("{durability:?}").to_lowercase();
    Command::new(env::current_exe().expect("the test runs from a file"))
        .args([&format!("{module}::child"), "--exact", "--nocapture"])
        .env(CHILD, format!("{what} {durability} {}", folder.path().display()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test can be started again")
}

#[test]
fn child() {
    let Ok(task) = env::var(CHILD) else { return };
    let mut words = task.splitn(3, ' ');
    let mut word = || words.next().expect("three words");
    let (what, durability, folder) = (word(), word(), word());
    let durability = if durability == "power" { Durability::Power } else { Durability::Process };
    let journal = Journal::open(Path::new(folder), options(durability)).expect("it is free");
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
    match what {
        "kill" => runtime.block_on(append_until_killed(Arc::new(journal))),
        _ => runtime.block_on(append_to_a_full_disk(&journal, Path::new(folder))),
    }
}

async fn append_until_killed(journal: Arc<Journal>) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let journal = Arc::clone(&journal);
        tasks.spawn(append_and_tell(journal));
    }
    tasks.join_all().await;
}

async fn append_and_tell(journal: Arc<Journal>) {
    let payload = format!("{{\"text\":\"{}\"}}", "x".repeat(500));
    loop {
        let sequence = journal.append(payload.as_bytes()).await.expect("there is room");
        writeln!(std::io::stdout(), "\nacknowledged {sequence}").expect("somebody reads");
    }
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    for durability in BOTH {
        let folder = folder();
        let mut child = start_child("kill", durability, &folder);
        let mut acknowledged = Vec::new();
        let out = BufReader::new(child.stdout.take().expect("the pipe was asked for"));
        for line in out.lines() {
            let line = line.expect("the child writes text");
            let number = line.strip_prefix("acknowledged ").and_then(|number| number.parse().ok());
            acknowledged.extend::<Option<u64>>(number);
            if acknowledged.len() == 200 {
                child.kill().expect("the child runs");
            }
        }
        child.wait().expect("the child was started");
        assert!(acknowledged.len() >= 200);
        let last = acknowledged.iter().max().copied().expect("there are some");
        let report = verify(folder.path()).expect("the folder can be read");
        assert_eq!(report.first_bad, None);
        assert!(report.records >= last, "{} kept, {last} acknowledged", report.records);
        let journal = open(&folder, durability);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let next = runtime.block_on(append(&journal, 1));
        assert_eq!(next, Sequence(report.records + 1));
        assert_intact(folder.path(), next.0);
    }
}

/// A limit on the size of files stands in for the disk: it lets part of a record through, then fails.
async fn append_to_a_full_disk(journal: &Journal, folder: &Path) {
    // Unless it is taken, this signal ends the process.
    let taken = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
    let _taken = taken.expect("the signal can be taken");
    append(journal, 3).await;
    let size = fs::metadata(segment::path(folder, 1)).expect("the segment exists").len();
    let before = getrlimit(Resource::Fsize);
    let limit = Rlimit { current: Some(size + 100), maximum: before.maximum };
    setrlimit(Resource::Fsize, limit).expect("a lower limit is allowed");
    for _ in 0..2 {
        let error = journal.append(b"{}").await.expect_err("the disk is full");
        assert!(matches!(error, AuditError::Unwritten { sequence: Sequence(4), .. }), "{error}");
        assert!(error.to_string().starts_with("no record, no call"), "{error}");
        assert_intact(folder, 3);
    }
    setrlimit(Resource::Fsize, before).expect("the limit was allowed before");
    assert_eq!(append(journal, 1).await, Sequence(4));
    assert_intact(folder, 4);
}

#[test]
fn a_full_disk_refuses_records_until_there_is_room_again() {
    for durability in BOTH {
        let folder = folder();
        let mut child = start_child("full", durability, &folder);
        assert!(child.wait().expect("the child was started").success());
        assert_intact(folder.path(), 4);
    }
}

fn lock() -> File {
    tempfile::tempfile().expect("a temporary file")
}

fn journal_on(device: &str, durability: Durability, folder: &TempDir) -> Journal {
    let file = fs::OpenOptions::new().append(true).open(device).expect("the device exists");
    let digest = Digest::genesis();
    let recovered = Recovered { file, segment: 1, length: 0, sequence: 0, digest, torn: None };
    let options = options(durability);
    Journal::start(Arc::new(Kernel), folder.path(), options, lock(), recovered).expect("it starts")
}

#[tokio::test]
async fn what_can_neither_be_written_nor_cut_off_refuses_every_record() {
    let folder = folder();
    let journal = journal_on("/dev/full", Durability::Process, &folder);
    for _ in 0..3 {
        let error = journal.append(b"{}").await.expect_err("nothing fits on the device");
        assert!(matches!(error, AuditError::Unwritten { sequence: Sequence(1), .. }), "{error}");
    }
}

#[tokio::test]
async fn a_failed_sync_refuses_the_record_and_all_later_ones() {
    let folder = folder();
    let journal = journal_on("/dev/null", Durability::Power, &folder);
    for _ in 0..3 {
        let error = journal.append(b"{}").await.expect_err("the device cannot sync");
        assert!(error.to_string().contains("could not be synced"), "{error}");
    }
}

/// All ways to cut the last record short, and what a power cut can leave in its place.
#[tokio::test]
async fn a_torn_end_is_set_aside_and_the_chain_goes_on() {
    let mut line = Vec::new();
    let seal = Seal::over(Sequence(3), Digest::genesis(), b"{}");
    seal.write_line(b"{}", &mut line);
    let mut ends: Vec<Vec<u8>> = (1..line.len()).map(|length| line[..length].to_vec()).collect();
    ends.push(vec![0; 5000]);
    for end in ends {
        let folder = folder();
        append(&open(&folder, Durability::Process), 2).await;
        let path = segment::path(folder.path(), 1);
        let mut file = segment::appending().open(&path).expect("the segment exists");
        file.write_all(&end).expect("there is room");
        let journal = open(&folder, Durability::Process);
        let torn = journal.torn().expect("the end was torn");
        assert_eq!((torn.segment.as_str(), torn.bytes), ("000001.jsonl", end.len()));
        let kept = fs::read(&torn.kept_in).expect("it was kept");
        assert_eq!(kept.strip_suffix(b"\n"), Some(&end[..]));
        assert_eq!(append(&journal, 1).await, Sequence(3));
        assert_intact(folder.path(), 3);
        assert_eq!(verify(folder.path()).expect("readable").set_aside, 1);
    }
}

#[tokio::test]
async fn a_crash_right_after_a_rotation_goes_on_from_the_segment_before() {
    for rest in [&b""[..], b"{\"seal\":"] {
        let folder = folder();
        append(&open(&folder, Durability::Process), 3).await;
        fs::write(segment::path(folder.path(), 2), rest).expect("there is room");
        let journal = open(&folder, Durability::Process);
        assert_eq!(append(&journal, 1).await, Sequence(4));
        assert_intact(folder.path(), 4);
        assert_eq!(fs::metadata(segment::path(folder.path(), 2)).expect("exists").nlink(), 1);
    }
}
