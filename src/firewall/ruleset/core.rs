//! The rule files that are part of the program.

use super::Source;

/// Every file of `rulesets/core`, by name.
pub(super) fn sources() -> Vec<Source> {
    FILES.iter().map(|(name, text)| source(name, text)).collect()
}

fn source(name: &str, text: &str) -> Source {
    Source { name: format!("core/{name}.toml"), text: text.to_owned() }
}

const FILES: [(&str, &str); 25] = [
    ("arguments", include_str!("../../../rulesets/core/arguments.toml")),
    ("exfiltration", include_str!("../../../rulesets/core/exfiltration.toml")),
    ("exfiltration-hosts", include_str!("../../../rulesets/core/exfiltration-hosts.toml")),
    ("injection-arabic", include_str!("../../../rulesets/core/injection-arabic.toml")),
    ("injection-authority", include_str!("../../../rulesets/core/injection-authority.toml")),
    ("injection-chinese", include_str!("../../../rulesets/core/injection-chinese.toml")),
    ("injection-exfiltration", include_str!("../../../rulesets/core/injection-exfiltration.toml")),
    ("injection-french", include_str!("../../../rulesets/core/injection-french.toml")),
    ("injection-german", include_str!("../../../rulesets/core/injection-german.toml")),
    ("injection-hindi", include_str!("../../../rulesets/core/injection-hindi.toml")),
    ("injection-italian", include_str!("../../../rulesets/core/injection-italian.toml")),
    ("injection-japanese", include_str!("../../../rulesets/core/injection-japanese.toml")),
    ("injection-korean", include_str!("../../../rulesets/core/injection-korean.toml")),
    ("injection-override", include_str!("../../../rulesets/core/injection-override.toml")),
    ("injection-portuguese", include_str!("../../../rulesets/core/injection-portuguese.toml")),
    ("injection-role-tokens", include_str!("../../../rulesets/core/injection-role-tokens.toml")),
    ("injection-russian", include_str!("../../../rulesets/core/injection-russian.toml")),
    ("injection-spanish", include_str!("../../../rulesets/core/injection-spanish.toml")),
    ("injection-turkish", include_str!("../../../rulesets/core/injection-turkish.toml")),
    ("injection-urgency", include_str!("../../../rulesets/core/injection-urgency.toml")),
    ("personal", include_str!("../../../rulesets/core/personal.toml")),
    ("poisoning", include_str!("../../../rulesets/core/poisoning.toml")),
    ("poisoning-schema", include_str!("../../../rulesets/core/poisoning-schema.toml")),
    ("protocol", include_str!("../../../rulesets/core/protocol.toml")),
    ("secrets", include_str!("../../../rulesets/core/secrets.toml")),
];
