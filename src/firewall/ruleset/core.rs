//! The rule files that are part of the program.

use super::Source;

/// Every file of `rulesets/core`, by name.
pub(super) fn sources() -> Vec<Source> {
    FILES.iter().map(|(name, text)| source(name, text)).collect()
}

fn source(name: &str, text: &str) -> Source {
    Source { name: format!("core/{name}.toml"), text: text.to_owned() }
}

const FILES: [(&str, &str); 21] = [
    ("arguments", include_str!("../../../rulesets/core/arguments.toml")),
    ("exfiltration", include_str!("../../../rulesets/core/exfiltration.toml")),
    ("injection", include_str!("../../../rulesets/core/injection.toml")),
    ("personal", include_str!("../../../rulesets/core/personal.toml")),
    ("poisoning", include_str!("../../../rulesets/core/poisoning.toml")),
    ("protocol", include_str!("../../../rulesets/core/protocol.toml")),
    ("secrets-ai", include_str!("../../../rulesets/core/secrets-ai.toml")),
    ("secrets-ai-tools", include_str!("../../../rulesets/core/secrets-ai-tools.toml")),
    ("secrets-azure", include_str!("../../../rulesets/core/secrets-azure.toml")),
    ("secrets-cloud", include_str!("../../../rulesets/core/secrets-cloud.toml")),
    ("secrets-code-hosting", include_str!("../../../rulesets/core/secrets-code-hosting.toml")),
    ("secrets-databases", include_str!("../../../rulesets/core/secrets-databases.toml")),
    ("secrets-hosting", include_str!("../../../rulesets/core/secrets-hosting.toml")),
    ("secrets-infrastructure", include_str!("../../../rulesets/core/secrets-infrastructure.toml")),
    ("secrets-mail", include_str!("../../../rulesets/core/secrets-mail.toml")),
    ("secrets-messaging", include_str!("../../../rulesets/core/secrets-messaging.toml")),
    ("secrets-observability", include_str!("../../../rulesets/core/secrets-observability.toml")),
    ("secrets-packages", include_str!("../../../rulesets/core/secrets-packages.toml")),
    ("secrets-payment", include_str!("../../../rulesets/core/secrets-payment.toml")),
    ("secrets-saas", include_str!("../../../rulesets/core/secrets-saas.toml")),
    ("secrets-without-vendor", include_str!("../../../rulesets/core/secrets-without-vendor.toml")),
];
