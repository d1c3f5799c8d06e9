//! The real ONNX Runtime, set up as a person would, and the tests' own small model.

use super::program::plain;

/// Words add up: `assistant` 3, `ignore` 3, `send` 2; from 6 on it holds, from 8 on it blocks.
/// `canarybird` does so by itself, `poison` is no number.
pub(crate) const PACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixture/model");
pub(crate) const FILE: &str = "libonnxruntime.so.1.32.0";

/// `bartizan setup` into the build folder: it does nothing where that was done before.
pub(crate) async fn library() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/onnxruntime");
    plain(&["setup", "--to", folder]).await.ended(0);
    format!("{folder}/{FILE}")
}

/// A `[classifier]` with the tests' model, and `more` beside.
pub(crate) async fn classifier(more: &str) -> String {
    let library = library().await;
    format!(
        "[classifier]\nmode = \"required\"\npack = \"{PACK}\"\nlibrary = \"{library}\"\n{more}\n"
    )
}
