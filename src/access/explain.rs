//! The same decision in words, for people who own policies: what decided, what failed, and what
//! would have to change. Never shown to an agent, since it names policies.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::compile::Compiled;
use super::decide::{Decision, Names};
use super::policy::Policies;
use super::question::{Action, Question};

/// A policy as an explanation names it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PolicyLine {
    /// Its `@id`, or else its place.
    pub id: String,
    /// `file:line`.
    pub place: String,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// The reason of its `@hold`, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
}

/// Why a question was decided as it was.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Explanation {
    /// What was asked, in a sentence.
    pub question: String,
    /// `allow`, `hold` or `deny`.
    pub decision: &'static str,
    /// Whether the caller sees the target in lists.
    pub listed: bool,
    /// The permits that decided.
    pub permits: Vec<PolicyLine>,
    /// The forbids that fired.
    pub forbids: Vec<PolicyLine>,
    /// What failed.
    pub errors: Vec<String>,
    /// What would have to change for an allow; empty when it is one.
    pub needed: Vec<String>,
    /// How many policies concern the question.
    pub considered: usize,
    /// SHA-256 of the policies that were asked.
    pub policies: String,
}

impl Policies {
    /// Decides, and says why.
    #[must_use]
    pub fn explain(&self, question: &Question<'_>) -> Explanation {
        let listing = self.decide(&Question { action: Action::List, ..*question });
        let listed = matches!(listing, Decision::Allow { .. });
        let decision = self.decide(question);
        // A call that is refused because it is not listed is explained by the list's policies.
        let action = if listed { question.action } else { Action::List };
        let mut explanation = Explanation {
            question: sentence(question),
            decision: word(&decision),
            listed,
            permits: Vec::new(),
            forbids: Vec::new(),
            errors: Vec::new(),
            needed: Vec::new(),
            considered: self.candidates(question),
            policies: self.digest().to_owned(),
        };
        if !listed && question.action == Action::Call {
            explanation.needed.push(
                "`list` has to be allowed first: what is not listed is refused \
                 with any arguments"
                    .to_owned(),
            );
        }
        self.fill(&mut explanation, decision, question, action);
        explanation
    }

    fn fill(
        &self,
        explanation: &mut Explanation,
        decision: Decision,
        question: &Question<'_>,
        action: Action,
    ) {
        match decision {
            Decision::Allow { policies } => explanation.permits = self.lines(&policies),
            Decision::Hold { reason, policies } => {
                explanation.forbids = self.lines(&policies);
                explanation.needed.push(format!("a person has to agree: {reason}"));
            }
            Decision::Deny { policies, errors, .. } => {
                explanation.forbids = self.lines(&policies);
                explanation.errors = errors.iter().map(ToString::to_string).collect();
                // Where a person may lift every forbid that fired, it is a permit that is missing.
                let liftable = explanation.forbids.iter().all(|line| line.hold.is_some());
                let needed = if liftable && errors.is_empty() {
                    self.missing_permit(question, action)
                } else {
                    needed_after_refusal(explanation)
                };
                explanation.needed.extend(needed);
            }
        }
    }

    /// For a refusal for want of a permit: those whose condition did not hold, or none at all.
    fn missing_permit(&self, question: &Question<'_>, action: Action) -> Vec<String> {
        let members = self.index.candidates(question, action);
        let concerned = members.iter().filter_map(|member| self.compiled.get(*member as usize));
        let permits: Vec<String> = concerned
            .filter(|policy| policy.permits())
            .map(|policy| {
                format!("the condition of permit `{}` ({}) has to hold", policy.id, policy.place)
            })
            .collect();
        if permits.is_empty() {
            vec![format!(
                "a permit for `{}` that covers this caller and this target; none does",
                action.as_str()
            )]
        } else {
            permits
        }
    }

    fn lines(&self, ids: &Names) -> Vec<PolicyLine> {
        let find = |id: &Arc<str>| self.compiled.iter().find(|policy| policy.id == *id);
        ids.iter().filter_map(find).map(PolicyLine::of).collect()
    }
}

impl PolicyLine {
    fn of(policy: &Compiled) -> Self {
        Self {
            id: policy.id.to_string(),
            place: policy.place.to_string(),
            effect: if policy.permits() { "permit" } else { "forbid" },
            hold: policy.hold.as_ref().map(ToString::to_string),
        }
    }
}

fn needed_after_refusal(explanation: &Explanation) -> Vec<String> {
    let errors = (!explanation.errors.is_empty()).then(|| {
        "every policy that concerns the question has to evaluate without an error".to_owned()
    });
    let firm = explanation.forbids.iter().filter(|line| line.hold.is_none());
    let forbids = firm.map(|line| format!("forbid `{}` ({}) must not apply", line.id, line.place));
    errors.into_iter().chain(forbids).collect()
}

fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow { .. } => "allow",
        Decision::Hold { .. } => "hold",
        Decision::Deny { .. } => "deny",
    }
}

fn sentence(question: &Question<'_>) -> String {
    let (caller, target) = (&question.caller, &question.target);
    let user = caller.user.map_or_else(String::new, |user| format!(" for `{user}`"));
    format!(
        "may agent `{}`{user} ({} proof) {} {} `{}` of server `{}` ({} risk)",
        caller.agent,
        caller.proof,
        question.action.as_str(),
        target.kind.as_str(),
        target.name,
        target.server,
        target.risk,
    )
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.question, self.decision)?;
        for line in self.permits.iter().chain(&self.forbids) {
            write!(f, "  {} `{}` ({}) applies", line.effect, line.id, line.place)?;
            match &line.hold {
                Some(reason) => writeln!(f, "; a person may lift it: {reason}")?,
                None => writeln!(f)?,
            }
        }
        self.errors.iter().try_for_each(|error| writeln!(f, "  error: {error}"))?;
        self.needed.iter().try_for_each(|needed| writeln!(f, "  needed: {needed}"))?;
        write!(f, "  {} policies concern it, of set {:.12}", self.considered, self.policies)
    }
}
