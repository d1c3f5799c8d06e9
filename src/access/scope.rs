//! What a policy's scope names, and the index by which a question finds the policies that concern
//! it. The index only leaves out policies whose scope Cedar itself would find unmatched, so a
//! slice decides, and errs, exactly as the whole set would.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    ActionConstraint, EntityTypeName, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};

use super::question::{Action, Question, TargetKind};
use super::request::target_id;
use super::schema::VOCABULARY;

/// Whom and what a policy's scope names, in the terms of the index.
#[derive(Debug)]
pub(super) struct Scope {
    /// Whether it covers `list` and `call`, in the order of [`Action::ALL`].
    pub(super) actions: [bool; 2],
    principal: Option<EntityUid>,
    resource: Option<EntityUid>,
    kind: Option<TargetKind>,
}

impl Scope {
    /// The scope of a policy, or nothing when no question can ever match it.
    pub(super) fn of(policy: &Policy) -> Option<Self> {
        let principal = match policy.principal_constraint() {
            PrincipalConstraint::Any => None,
            PrincipalConstraint::Is(kind) => agents_only(&kind, None)?,
            PrincipalConstraint::Eq(id) => {
                Some(id).filter(|id| id.type_name() == &VOCABULARY.agent)
            }
            PrincipalConstraint::In(id) => Some(id),
            PrincipalConstraint::IsIn(kind, id) => agents_only(&kind, Some(id))?,
        };
        // `==` on something that is no agent was filtered to nothing above, which must not widen.
        if principal.is_none()
            && matches!(policy.principal_constraint(), PrincipalConstraint::Eq(_))
        {
            return None;
        }
        let (resource, kind) = match policy.resource_constraint() {
            ResourceConstraint::Any => (None, None),
            ResourceConstraint::Is(kind) => (None, Some(VOCABULARY.kind(&kind)?)),
            ResourceConstraint::Eq(id) => {
                let kind = VOCABULARY.kind(id.type_name())?;
                (Some(id), Some(kind))
            }
            ResourceConstraint::In(id) => (Some(id), None),
            ResourceConstraint::IsIn(kind, id) => (Some(id), Some(VOCABULARY.kind(&kind)?)),
        };
        Some(Self { actions: actions(&policy.action_constraint()), principal, resource, kind })
    }
}

/// `is` keeps the constraint for agents; any other type of principal never asks.
fn agents_only(kind: &EntityTypeName, id: Option<EntityUid>) -> Option<Option<EntityUid>> {
    (kind == &VOCABULARY.agent).then_some(id)
}

fn actions(constraint: &ActionConstraint) -> [bool; 2] {
    Action::ALL.map(|action| {
        let own = VOCABULARY.action(action);
        match constraint {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(id) => id == own,
            ActionConstraint::In(ids) => ids.contains(own),
        }
    })
}

/// Policies by the principal and resource that they name. A policy is filed once for each action,
/// so the cost of a look-up follows the caller's groups, not the number of policies.
#[derive(Debug, Default)]
pub(super) struct Index {
    filed: HashMap<Key, Vec<Filed>>,
    named: HashSet<EntityUid>,
}

type Key = (Action, Option<EntityUid>, Option<EntityUid>);

#[derive(Debug)]
struct Filed {
    policy: u32,
    kind: Option<TargetKind>,
}

impl Index {
    /// Files a policy under its number.
    pub(super) fn file(&mut self, policy: u32, scope: &Scope) {
        self.named.extend(scope.principal.iter().chain(&scope.resource).cloned());
        for action in Action::ALL.into_iter().filter(|action| scope.actions[*action as usize]) {
            let key = (action, scope.principal.clone(), scope.resource.clone());
            self.filed.entry(key).or_default().push(Filed { policy, kind: scope.kind });
        }
    }

    /// The policies whose scope matches a question, in ascending order.
    pub(super) fn candidates(&self, question: &Question<'_>, action: Action) -> Vec<u32> {
        let mut found = Vec::new();
        let resources = self.resources(question);
        for principal in self.principals(question) {
            for resource in &resources {
                let filed = self.filed.get(&(action, principal.clone(), resource.clone()));
                let fitting = filed.into_iter().flatten();
                let of_kind = fitting
                    .filter(|filed| filed.kind.is_none_or(|kind| kind == question.target.kind));
                found.extend(of_kind.map(|filed| filed.policy));
            }
        }
        found.sort_unstable();
        // A caller may be listed twice in one group.
        found.dedup();
        found
    }

    fn principals(&self, question: &Question<'_>) -> Vec<Option<EntityUid>> {
        let words = &*VOCABULARY;
        let agent = super::schema::entity(&words.agent, question.caller.agent);
        let groups = question.caller.groups.iter();
        let all = groups.map(|group| super::schema::entity(&words.group, group)).chain([agent]);
        self.only_named(all)
    }

    fn resources(&self, question: &Question<'_>) -> Vec<Option<EntityUid>> {
        let server = super::schema::entity(&VOCABULARY.server, question.target.server);
        self.only_named([server, target_id(&question.target)].into_iter())
    }

    fn only_named(&self, all: impl Iterator<Item = EntityUid>) -> Vec<Option<EntityUid>> {
        let named = all.filter(|id| self.named.contains(id)).map(Some);
        std::iter::once(None).chain(named).collect()
    }
}
