//! The decision: Cedar over the slice that concerns the question, and three laws on top. What is
//! not listed is not called. An evaluation error is a refusal. A call may wait for a person only
//! if every `forbid` that fired says so and a `permit` remains.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cedar_policy::{Authorizer, Decision as CedarDecision, Entities, PolicyId, Request, Response};

use super::compile::Compiled;
use super::policy::Policies;
use super::question::{Action, Question};
use super::request::ask;
use super::slices::Slice;

/// Ids of policies, or messages. Cheap to clone.
pub type Names = Arc<[Arc<str>]>;

/// The answer to a [`Question`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// As asked.
    Allow {
        /// The permits that matched.
        policies: Names,
    },
    /// Only if a person agrees. The answer to a call; a list shows the target.
    Hold {
        /// What the `@hold` annotations say, joined by `; `.
        reason: Arc<str>,
        /// The forbids that fired.
        policies: Names,
    },
    /// Not at all.
    Deny {
        /// The forbids that fired; none when nothing permits it.
        policies: Names,
        /// What went wrong. For the audit and for `explain`: messages may quote names of
        /// arguments, so an agent never sees them.
        errors: Names,
        /// Whether the caller may know that the target exists. Where it is false, the answer must
        /// be the one for an unknown target.
        listed: bool,
    },
}

impl Decision {
    /// The word for it: `allow`, `hold` or `deny`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Hold { .. } => "hold",
            Self::Deny { .. } => "deny",
        }
    }
}

/// What one action's policies say, before the law joins `list` and `call`.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Allow { permits: Names },
    Hold { reason: Arc<str>, forbids: Names, permits: Names },
    Deny { forbids: Names, errors: Names, listed: bool },
}

impl Outcome {
    fn refused(error: String) -> Self {
        let errors = Arc::from([Arc::from(error)]);
        Self::Deny { forbids: nothing(), errors, listed: false }
    }

    /// Nobody waits for a list: what a person may let through is shown.
    fn into_decision(self, action: Action) -> Decision {
        match (self, action) {
            (Self::Allow { permits }, _) | (Self::Hold { permits, .. }, Action::List) => {
                Decision::Allow { policies: permits }
            }
            (Self::Hold { reason, forbids, .. }, Action::Call) => {
                Decision::Hold { reason, policies: forbids }
            }
            (Self::Deny { forbids, errors, listed }, _) => {
                Decision::Deny { policies: forbids, errors, listed }
            }
        }
    }

    /// The law: an unlisted target is refused with any arguments, and a hold on `list` is one on
    /// `call`.
    fn under(self, list: Self) -> Self {
        match (list, self) {
            (Self::Deny { forbids, errors, .. }, _) => {
                Self::Deny { forbids, errors, listed: false }
            }
            (_, Self::Deny { forbids, errors, .. }) => Self::Deny { forbids, errors, listed: true },
            (Self::Allow { .. }, call) | (_, call @ Self::Hold { .. }) => call,
            (list @ Self::Hold { .. }, Self::Allow { .. }) => list,
        }
    }
}

/// An outcome, and whether it holds for the same caller and target at any time.
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    pub(super) lasting: bool,
}

impl Policies {
    /// Decides, from memory where no policy that concerns the question reads the context.
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        let judged = match question.action {
            Action::List => self.listing(question),
            Action::Call => self.calling(question),
        };
        judged.outcome.into_decision(question.action)
    }

    pub(super) fn listing(&self, question: &Question<'_>) -> Judged {
        self.remembered(question, Action::List, || self.weigh(question, Action::List))
    }

    fn calling(&self, question: &Question<'_>) -> Judged {
        self.remembered(question, Action::Call, || {
            let list = self.listing(question);
            if let Outcome::Deny { .. } = list.outcome {
                return list;
            }
            let call = self.weigh(question, Action::Call);
            let lasting = call.lasting && list.lasting;
            Judged { outcome: call.outcome.under(list.outcome), lasting }
        })
    }

    fn remembered(
        &self,
        question: &Question<'_>,
        action: Action,
        judge: impl FnOnce() -> Judged,
    ) -> Judged {
        if let Some(outcome) = self.memo.get(question, action) {
            return Judged { outcome, lasting: true };
        }
        let judged = judge();
        if judged.lasting {
            self.memo.put(question, action, judged.outcome.clone());
        }
        judged
    }

    fn weigh(&self, question: &Question<'_>, action: Action) -> Judged {
        let members = self.index.candidates(question, action);
        self.weigh_members(question, action, &members)
    }

    /// One action's outcome among the policies with these numbers.
    pub(super) fn weigh_members(
        &self,
        question: &Question<'_>,
        action: Action,
        members: &[u32],
    ) -> Judged {
        let slice = match self.slices.get(members, &self.compiled) {
            Ok(slice) => slice,
            Err(error) => {
                return Judged { outcome: Outcome::refused(error), lasting: false };
            }
        };
        let outcome = match ask(question, action, slice.reads_arguments, &self.limits) {
            Ok((request, entities)) => self.judge(members, &slice, &request, &entities),
            Err(error) => Outcome::refused(error),
        };
        Judged { outcome, lasting: !slice.reads_context }
    }

    fn judge(
        &self,
        members: &[u32],
        slice: &Slice,
        request: &Request,
        entities: &Entities,
    ) -> Outcome {
        let response = AUTHORIZER.is_authorized(request, &slice.set, entities);
        let errors: Names =
            response.diagnostics().errors().map(|error| Arc::from(error.to_string())).collect();
        let deciding = self.deciding(members, &response);
        let ids: Names = deciding.iter().map(|policy| Arc::clone(&policy.id)).collect();
        if !errors.is_empty() {
            // Cedar skips a policy that fails, and a skipped `forbid` would be a hole.
            let forbids =
                if deciding.iter().any(|policy| policy.permits()) { nothing() } else { ids };
            return Outcome::Deny { forbids, errors, listed: false };
        }
        if response.decision() == CedarDecision::Allow {
            return Outcome::Allow { permits: ids };
        }
        let held = hold_reason(&deciding).and_then(|reason| {
            let permits = self.permits_without(members, &ids, request, entities)?;
            Some(Outcome::Hold { reason, forbids: Arc::clone(&ids), permits })
        });
        held.unwrap_or(Outcome::Deny { forbids: ids, errors, listed: false })
    }

    /// The permits that match once these forbids are lifted.
    fn permits_without(
        &self,
        members: &[u32],
        lifted: &Names,
        request: &Request,
        entities: &Entities,
    ) -> Option<Names> {
        let stays = |member: &&u32| {
            let policy = self.compiled.get(**member as usize);
            policy.is_some_and(|policy| !lifted.contains(&policy.id))
        };
        let rest: Vec<u32> = members.iter().filter(stays).copied().collect();
        let slice = self.slices.get(&rest, &self.compiled).ok()?;
        let response = AUTHORIZER.is_authorized(request, &slice.set, entities);
        let clean = response.diagnostics().errors().next().is_none();
        (clean && response.decision() == CedarDecision::Allow).then(|| {
            let permits = self.deciding(&rest, &response);
            permits.iter().map(|policy| Arc::clone(&policy.id)).collect()
        })
    }

    /// The policies behind a response, in the order of their sources.
    fn deciding(&self, members: &[u32], response: &Response) -> Vec<&Compiled> {
        let reasons: HashMap<&PolicyId, ()> =
            response.diagnostics().reason().map(|id| (id, ())).collect();
        let all = members.iter().filter_map(|member| self.compiled.get(*member as usize));
        all.filter(|policy| reasons.contains_key(policy.policy.id())).collect()
    }

    /// How many policies a question is put to, of both actions if it is a call.
    #[must_use]
    pub fn candidates(&self, question: &Question<'_>) -> usize {
        let call = match question.action {
            Action::Call => self.index.candidates(question, Action::Call).len(),
            Action::List => 0,
        };
        call + self.index.candidates(question, Action::List).len()
    }
}

static AUTHORIZER: LazyLock<Authorizer> = LazyLock::new(Authorizer::new);

pub(super) fn nothing() -> Names {
    static NOTHING: LazyLock<Names> = LazyLock::new(|| Arc::from([]));
    Arc::clone(&NOTHING)
}

/// The joined reasons, if some forbid fired and a person may lift each that did.
fn hold_reason(forbids: &[&Compiled]) -> Option<Arc<str>> {
    match forbids {
        [] => None,
        [one] => one.hold.clone(),
        many => {
            let reasons: Option<Vec<&str>> =
                many.iter().map(|policy| policy.hold.as_deref()).collect();
            let mut reasons = reasons?;
            reasons.sort_unstable();
            reasons.dedup();
            Some(Arc::from(reasons.join("; ")))
        }
    }
}
