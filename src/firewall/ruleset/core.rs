//! The rule files that are part of the program: the core ones, and those that profile `strict` adds.

use super::Source;

/// Every file of `rulesets/core`, by name.
pub(super) fn sources() -> Vec<Source> {
    named("core", FILES)
}

/// Every file of `rulesets/strict`, by name.
pub(super) fn strict() -> Vec<Source> {
    named("strict", STRICT)
}

fn named(folder: &str, files: &[(&str, &str)]) -> Vec<Source> {
    let source = |(name, text): &(&str, &str)| Source {
        name: format!("{folder}/{name}.toml"),
        text: (*text).to_owned(),
    };
    files.iter().map(source).collect()
}

/// Embeds the files of a folder of `rulesets` that are named, one a line.
macro_rules! files {
    ($folder:literal $($name:literal)*) => {
        &[$((
            $name,
            include_str!(concat!("../../../rulesets/", $folder, "/", $name, ".toml")),
        )),*]
    };
}

const STRICT: &[(&str, &str)] = files! {
    "strict"
    "arguments"
    "text"
};

const FILES: &[(&str, &str)] = files! {
    "core"
    "arguments-address"
    "arguments-command"
    "arguments-command-host"
    "arguments-command-windows"
    "arguments-file"
    "arguments-object"
    "arguments-option"
    "arguments-path"
    "arguments-sql"
    "arguments-template"
    "exfiltration"
    "exfiltration-hosts"
    "injection-arabic"
    "injection-authority"
    "injection-chinese"
    "injection-exfiltration"
    "injection-french"
    "injection-german"
    "injection-hindi"
    "injection-italian"
    "injection-japanese"
    "injection-korean"
    "injection-override"
    "injection-portuguese"
    "injection-role-tokens"
    "injection-russian"
    "injection-spanish"
    "injection-turkish"
    "injection-urgency"
    "personal-contact"
    "personal-europe"
    "personal-finance"
    "personal-world"
    "poisoning"
    "poisoning-schema"
    "protocol"
    "protocol-message"
    "protocol-question"
    "secrets-ai"
    "secrets-ai-tools"
    "secrets-azure"
    "secrets-cloud"
    "secrets-code-hosting"
    "secrets-databases"
    "secrets-hosting"
    "secrets-infrastructure"
    "secrets-mail"
    "secrets-messaging"
    "secrets-observability"
    "secrets-packages"
    "secrets-payment"
    "secrets-saas"
    "secrets-without-vendor"
    "terminal"
    "unicode"
};

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
