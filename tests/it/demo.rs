//! The demo, as a person without anything but this one file starts it.

use std::process::{Command, Stdio};

use serde_json::Value;

/// What the demo promises to show.
const SCENES: [&str; 8] = [
    "ordinary-call",
    "secret",
    "hidden-orders",
    "poisoned-tool",
    "changed-tool",
    "payment",
    "forbidden-tool",
    "record",
];

/// Alone in an empty folder: no network variable, no tool on the path, no input.
#[test]
fn every_scene_of_the_demo_ends_as_promised_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan"));
    command.args(["demo", "--once", "--json"]).current_dir(folder.path());
    command.env_clear().env("TMPDIR", folder.path()).stdin(Stdio::null());
    let output = command.output().expect("the demo starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8(output.stdout).expect("the demo prints UTF-8");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    for id in SCENES {
        let scene = lines.iter().find(|line| line["scene"] == id);
        let scene = scene.unwrap_or_else(|| panic!("no scene `{id}`: {text}{errors}"));
        assert_eq!(scene["kept"], true, "{id}: {}", scene["broken"]);
    }
    let last = lines.last().expect("a last line");
    assert_eq!((&last["scenes"], &last["kept"]), (&SCENES.len().into(), &SCENES.len().into()));
    assert!(output.status.success(), "{:?}: {errors}", output.status);
    let left = std::fs::read_dir(folder.path()).expect("readable").count();
    assert_eq!(left, 0, "the demo left {left} files behind");
}
