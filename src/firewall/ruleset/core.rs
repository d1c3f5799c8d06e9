//! The rule files that are part of the program.

use super::Source;

/// Every file of `rulesets/core`, by name.
pub(super) fn sources() -> Vec<Source> {
    FILES.iter().map(|(name, text)| source(name, text)).collect()
}

fn source(name: &str, text: &str) -> Source {
    Source { name: format!("core/{name}.toml"), text: text.to_owned() }
}

const FILES: [(&str, &str); 7] = [
    ("arguments", include_str!("../../../rulesets/core/arguments.toml")),
    ("exfiltration", include_str!("../../../rulesets/core/exfiltration.toml")),
    ("injection", include_str!("../../../rulesets/core/injection.toml")),
    ("personal", include_str!("../../../rulesets/core/personal.toml")),
    ("poisoning", include_str!("../../../rulesets/core/poisoning.toml")),
    ("protocol", include_str!("../../../rulesets/core/protocol.toml")),
    ("secrets", include_str!("../../../rulesets/core/secrets.toml")),
];
