//! Replays what the fuzz target of the readings starts from, and what it found.

use std::path::Path;

#[path = "../../../fuzz/laws/views.rs"]
mod views;

#[test]
fn readings_hold_their_law_on_every_seed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/views");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of seeds") {
        let path = entry.expect("a seed").path();
        eprintln!("{}", path.display());
        views::holds(&std::fs::read(&path).expect("a readable seed"));
        replayed += 1;
    }
    assert!(replayed > 0, "no seeds in {}", folder.display());
}
