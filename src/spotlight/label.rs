//! The label in `_meta`: for programs, and for whoever looks a result up later.

use super::{Marked, Mode};
use crate::mcp::{Json, Object};

/// Where a result came from, in the gateway's own names.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The server's name in the configuration.
    pub upstream: &'a str,
    /// The tool, prompt or resource.
    pub name: &'a str,
    /// Rules that matched, for the label.
    pub rules: &'a [&'a str],
    /// Some of the content is no text, and nobody read it.
    pub uninspected: bool,
}

/// The label in `_meta`, in the shape of SEP-1913's draft.
pub const META_PROVENANCE: &str = "dev.bartizan/provenance";

impl Origin<'_> {
    /// Built from names alone, cut to what cannot carry a sentence.
    pub fn source(self) -> String {
        const SOURCE_CHARS_MAX: usize = 64;
        let plain = |c: &char| c.is_ascii_alphanumeric() || "_./-".contains(*c);
        let full = self.upstream.chars().chain(['/']).chain(self.name.chars());
        full.filter(plain).take(SOURCE_CHARS_MAX).collect()
    }
}

/// Labels a message without touching the rest of it.
pub fn label(result: &mut Object, marked: &Marked, origin: Origin<'_>) {
    let mut provenance = Object::from([("integrity", "untrusted".into())]);
    provenance.insert("source", origin.source());
    let mode = if marked.nonce.is_some() { marked.mode } else { Mode::Label };
    provenance.insert("mode", mode.name());
    if let Some(nonce) = &marked.nonce {
        provenance.insert("boundary", nonce.as_str());
    }
    let rules = origin.rules.iter().chain(&marked.findings);
    let rules: Vec<Json> = rules.map(|rule| Json::from(*rule)).collect();
    if !rules.is_empty() {
        provenance.insert("findings", rules);
    }
    if origin.uninspected {
        provenance.insert("uninspected", true);
    }
    result.object_mut("_meta").insert(META_PROVENANCE, provenance);
}
