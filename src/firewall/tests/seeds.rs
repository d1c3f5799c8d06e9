//! Replays what the fuzz targets of the firewall start from, and what they found.

use std::path::Path;

#[path = "../../../fuzz/laws/redaction.rs"]
mod redaction;
#[path = "../../../fuzz/laws/rules.rs"]
mod rules;
#[path = "../../../fuzz/laws/views.rs"]
mod views;

fn replay(target: &str, law: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of seeds") {
        let path = entry.expect("a seed").path();
        eprintln!("{}", path.display());
        law(&std::fs::read(&path).expect("a readable seed"));
        replayed += 1;
    }
    assert!(replayed > 0, "no seeds in {}", folder.display());
}

#[test]
fn readings_hold_their_law_on_every_seed() {
    replay("views", views::holds);
}

#[test]
fn rule_files_hold_their_law_on_every_seed() {
    replay("rules", rules::holds);
}

#[test]
fn what_is_taken_out_holds_its_law_on_every_seed() {
    replay("redaction", redaction::holds);
}
