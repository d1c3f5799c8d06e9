use std::{collections::BTreeSet, path::Path, sync::Arc};

use super::{Clip, FOLDER, QUEUE_BYTES_MAX, Settings, Tape, Tapes, prune, segment};
use crate::{
    capture::Vault,
    firewall::{Ruleset, Surface, score::Thresholds},
    ids::now_ms,
    inspect::{Firewall, Mode, Profile},
    mcp::Object,
};

fn clip(reference: &str, text: &str) -> Clip {
    Clip {
        reference: reference.to_owned(),
        time: now_ms(),
        surface: Surface::ToolResult,
        upstream: "r".to_owned(),
        tool: "t".to_owned(),
        agent: "alice".to_owned(),
        run: Some("one".to_owned()),
        rules: BTreeSet::from([Arc::from("injection.x")]),
        content: Object::from([("text", text.into())]),
    }
}

fn tape(folder: &Path) -> Tape {
    let vault = Arc::new(Vault::in_folder(folder).expect("a key"));
    Tape::open(folder, vault, Settings::default()).expect("opens")
}

fn read(folder: &Path) -> Vec<Clip> {
    let tapes = Tapes::since(folder, 0).expect("read").expect("a key");
    tapes.map(|clip| clip.expect("it opens")).collect()
}

#[test]
fn what_is_put_comes_back_in_order_and_lies_sealed() {
    let folder = tempfile::tempdir().expect("folder");
    assert!(Tapes::since(folder.path(), 0).expect("read").is_none(), "nothing was captured");
    let tape = tape(folder.path());
    tape.put(clip("req_1", "first words"), None);
    tape.put(clip("req_2", "second words"), None);
    drop(tape);
    let clips = read(folder.path());
    let texts: Vec<_> = clips.iter().filter_map(|clip| clip.content.str("text")).collect();
    assert_eq!(texts, ["first words", "second words"]);
    assert_eq!((clips[0].run.as_deref(), clips[0].rules.len()), (Some("one"), 1));
    let now = now_ms();
    let one = Tapes::of_request(folder.path(), "req_2", (now, now)).expect("read").expect("a key");
    assert_eq!(one.count(), 1);
    assert_eq!(Tapes::since(folder.path(), now + 1000).expect("read").expect("a key").count(), 0);
    let names = segment::list(&folder.path().join(FOLDER)).expect("a folder");
    let bytes = std::fs::read(folder.path().join(FOLDER).join(&names[0].name)).expect("a file");
    assert!(!bytes.windows(5).any(|part| part == b"words"));
}

#[test]
fn an_altered_clip_is_an_error_and_a_torn_end_is_not() {
    let folder = tempfile::tempdir().expect("folder");
    let tape = tape(folder.path());
    tape.put(clip("req_1", "first"), None);
    tape.put(clip("req_2", "second"), None);
    drop(tape);
    let names = segment::list(&folder.path().join(FOLDER)).expect("a folder");
    let path = folder.path().join(FOLDER).join(&names[0].name);
    let whole = std::fs::read(&path).expect("a file");
    std::fs::write(&path, &whole[..whole.len() - 3]).expect("written");
    assert_eq!(read(folder.path()).len(), 1, "the torn one is passed over");
    let mut bent = whole;
    bent[20] ^= 1;
    std::fs::write(&path, bent).expect("written");
    let mut tapes = Tapes::since(folder.path(), 0).expect("read").expect("a key");
    assert!(tapes.next().expect("something").is_err());
    assert!(tapes.next().is_none());
}

#[test]
fn what_no_door_edited_is_redacted_before_it_is_written() {
    let folder = tempfile::tempdir().expect("folder");
    let firewall = Firewall {
        rules: Arc::new(
            Ruleset::compile_in_force(&Ruleset::core_sources(), Ruleset::LEVEL)
                .expect("shipped rules compile"),
        ),
        profile: Profile::Balanced,
        mode: Mode::Enforce,
        thresholds: Thresholds::default(),
        lifecycle: Arc::default(),
        classifier: None,
    };
    let tape = tape(folder.path());
    let secret = format!("postgres://app:{}@10.0.0.1/prod", "Zq8vR2mK9xT4");
    tape.put(clip("req_1", &secret), Some(Arc::new(firewall)));
    drop(tape);
    let kept = read(folder.path()).remove(0).content.to_string();
    assert!(!kept.contains("Zq8vR2mK9xT4") && kept.contains("postgres"), "{kept}");
}

#[test]
fn what_has_no_room_in_the_queue_is_dropped_and_counted() {
    let folder = tempfile::tempdir().expect("folder");
    let tape = tape(folder.path());
    tape.put(clip("req_1", &"x".repeat(QUEUE_BYTES_MAX + 1)), None);
    assert_eq!((tape.take_dropped(), tape.take_dropped()), (1, 0));
    tape.put(clip("req_2", "short"), None);
    drop(tape);
    assert_eq!(read(folder.path()).len(), 1);
}

#[test]
fn old_segments_go_and_then_the_oldest_beyond_the_room() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path();
    let settings = Settings { content_days: 7, content_mb: 1, ..Settings::default() };
    let day = 24 * segment::SPAN_MS;
    let now = now_ms();
    segment::make_folder(&data.join(FOLDER)).expect("made");
    for (age, bytes) in [(9, 10), (6, 600 << 10), (3, 600 << 10), (0, 10)] {
        let (it, _) = segment::create(&data.join(FOLDER), now - age * day).expect("made");
        std::fs::write(data.join(FOLDER).join(it.name), vec![0; bytes]).expect("written");
    }
    assert_eq!(prune(data, settings, now).expect("pruned"), 2);
    let left = segment::list(&data.join(FOLDER)).expect("a folder");
    assert_eq!(left.iter().map(|it| (now - it.began) / day).collect::<Vec<_>>(), [3, 0]);
    assert_eq!(prune(data, Settings { content_days: 0, ..settings }, now).expect("pruned"), 1);
}
