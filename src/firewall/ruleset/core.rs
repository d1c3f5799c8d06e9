//! The rule files that are part of the program.

use super::Source;

/// Every file of `rulesets/core`, by name.
pub(super) fn sources() -> Vec<Source> {
    FILES.iter().map(|(name, text)| source(name, text)).collect()
}

fn source(name: &str, text: &str) -> Source {
    Source { name: format!("core/{name}.toml"), text: text.to_owned() }
}

const FILES: [(&str, &str); 24] = [
    ("arguments", include_str!("../../../rulesets/core/arguments.toml")),
    ("exfiltration", include_str!("../../../rulesets/core/exfiltration.toml")),
    ("injection", include_str!("../../../rulesets/core/injection.toml")),
    ("personal-contact", include_str!("../../../rulesets/core/personal-contact.toml")),
    ("personal-europe", include_str!("../../../rulesets/core/personal-europe.toml")),
    ("personal-finance", include_str!("../../../rulesets/core/personal-finance.toml")),
    ("personal-world", include_str!("../../../rulesets/core/personal-world.toml")),
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

#[cfg(test)]
mod tests {
    use super::super::Ruleset;
    use crate::firewall::{Action, Surface};

    #[test]
    fn every_rule_for_secrets_and_personal_data_has_samples_and_a_source() {
        let rules = Ruleset::core().expect("the core rules compile");
        let (mut secrets, mut personal) = (0, 0);
        for rule in rules.rules() {
            let id = rule.id.get_ref();
            secrets += usize::from(id.starts_with("secret."));
            personal += usize::from(id.starts_with("personal."));
            if !id.starts_with("secret.") && !id.starts_with("personal.") {
                continue;
            }
            assert!(rule.examples.matching.len() >= 2, "{id} needs two texts that match");
            assert!(rule.examples.no_match.len() >= 2, "{id} needs two texts that do not");
            assert!(rule.references.iter().all(|it| it.starts_with("https://")), "{id}");
            assert!(!rule.references.is_empty(), "{id} needs a reference");
        }
        assert!(secrets >= 180 && personal >= 30, "{secrets} secrets, {personal} personal");
    }

    #[test]
    fn a_secret_is_a_label_in_arguments_and_cut_out_elsewhere() {
        let rules = Ruleset::core().expect("the core rules compile");
        for rule in rules.rules().filter(|rule| rule.id.get_ref().starts_with("secret.")) {
            let arguments = rule.action_on.get(&Surface::ToolArguments).copied();
            let results = rule.surfaces.get_ref().contains(&Surface::ToolResult);
            let expected = if results { Action::Redact } else { Action::Flag };
            assert_eq!(rule.action, expected, "{}", rule.id.get_ref());
            assert_eq!(arguments.unwrap_or(rule.action), Action::Flag, "{}", rule.id.get_ref());
        }
    }
}
