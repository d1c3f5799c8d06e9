//! What the journal says of a call, in words for the stage: the same records that
//! `bartizan why` reads.

use std::path::Path;

use serde_json::Value;

use crate::{
    audit::{AuditError, Filter, Order, Records, facts},
    firewall::Ruleset,
};

/// The records of one request, merged.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    pub reference: String,
    /// `allowed`, `held`, `blocked` or `observed`.
    pub disposition: String,
    /// What came of it, empty if nothing was sent.
    pub outcome: String,
    pub refusal: String,
    pub rules: Vec<String>,
    pub policies: Vec<String>,
    /// Why a person had to agree.
    pub reasons: String,
    pub approval: String,
}

impl Recorded {
    /// The newest request for `target`; empty if there is none.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn last(journal: &Path, target: &str) -> Result<Self, AuditError> {
        let mut found = Self::default();
        for record in Records::open(journal, Order::NewestFirst, Filter::default())? {
            let facts = facts(&record?.payload);
            let is = |key: &str, wanted: &str| facts[key].as_str() == Some(wanted);
            if !is("target", target) || is("phase", "event") {
                continue;
            }
            if !found.reference.is_empty() && !is("reference", &found.reference) {
                break;
            }
            found.take(&facts);
        }
        Ok(found)
    }

    fn take(&mut self, facts: &Value) {
        let fill = |slot: &mut String, key: &str| {
            if let (true, Some(text)) = (slot.is_empty(), facts[key].as_str()) {
                text.clone_into(slot);
            }
        };
        fill(&mut self.reference, "reference");
        fill(&mut self.disposition, "disposition");
        fill(&mut self.outcome, "outcome");
        fill(&mut self.refusal, "refusal");
        fill(&mut self.reasons, "reasons");
        fill(&mut self.approval, "approval");
        for (list, key) in [(&mut self.rules, "rules"), (&mut self.policies, "policies")] {
            for name in facts[key].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !list.iter().any(|known| known == name) {
                    list.push(name.to_owned());
                }
            }
        }
    }

    /// Whether a rule with this id found something.
    pub fn found(&self, rule: &str) -> bool {
        self.rules.iter().any(|id| id == rule)
    }

    /// What was decided and what came of it.
    pub fn did(&self) -> String {
        let mut text = self.disposition.clone();
        for (word, value) in [("as", &self.refusal), ("outcome", &self.outcome)] {
            if !value.is_empty() {
                text.push_str(&format!(", {word} {value}"));
            }
        }
        format!("{text} ({})", self.reference)
    }

    /// One line per rule and policy that had a say, rules with what they look for.
    pub fn why(&self, rules: &Ruleset) -> Vec<String> {
        let rule = |id: &String| match rules.rule(id) {
            Some(rule) => format!("rule {id}: {}", rule.message),
            None if id == "sanitize.invisible" => {
                format!("{id}: it held characters or sequences that nobody sees; removed")
            }
            None => format!("rule {id}"),
        };
        let policies = self.policies.iter().map(|id| format!("policy {id}"));
        let held =
            (!self.reasons.is_empty()).then(|| format!("a person must agree: {}", self.reasons));
        held.into_iter().chain(self.rules.iter().map(rule)).chain(policies).collect()
    }
}
