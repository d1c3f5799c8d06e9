//! Replays what the fuzz targets start from, and what they found, so that every test run holds
//! their laws. Searching for more is `cargo fuzz`'s affair.

use std::path::Path;

#[path = "../../fuzz/laws/header.rs"]
mod header;
#[path = "../../fuzz/laws/jsonrpc.rs"]
mod jsonrpc;
#[path = "../../fuzz/laws/sse.rs"]
mod sse;

/// Runs `law` on every seed of `target`. A file's name is printed before it is read, so that a
/// failing test names the one that failed.
fn replay(target: &str, law: impl Fn(&[u8])) {
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
fn the_decoder_holds_its_law_on_every_seed() {
    replay("jsonrpc", jsonrpc::holds);
}

#[test]
fn the_event_reader_holds_its_law_on_every_seed() {
    replay("sse", sse::holds);
}

#[test]
fn the_header_encoding_holds_its_law_on_every_seed() {
    replay("header", header::holds);
}
