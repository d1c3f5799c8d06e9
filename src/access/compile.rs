//! From Cedar text to checked policies, each with its id, its place and what it reads. Anything
//! that is wrong is reported with its line; nothing wrong is ever left out in silence.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Effect, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};

use super::arguments::Reads;
use super::error::{Place, PolicyError};
use super::policy::Source;
use super::question::Action;
use super::schema::VOCABULARY;
use super::scope::Scope;

/// A policy that passed every check.
#[derive(Debug)]
pub(super) struct Compiled {
    /// Its `@id`, or else its place.
    pub(super) id: Arc<str>,
    pub(super) place: Place,
    pub(super) policy: Policy,
    /// Why a person may lift it: the `@hold` of a `forbid`.
    pub(super) hold: Option<Arc<str>>,
    pub(super) scope: Scope,
    pub(super) reads_context: bool,
    pub(super) reads_arguments: bool,
}

impl Compiled {
    pub(super) fn permits(&self) -> bool {
        self.policy.effect() == Effect::Permit
    }
}

/// Checks all sources together, since ids are unique across them.
pub(super) fn compile(sources: &[Source]) -> Result<Vec<Compiled>, Vec<PolicyError>> {
    let (mut compiled, mut errors) = (Vec::new(), Vec::new());
    for source in sources {
        let file: Arc<str> = Arc::from(source.name.as_str());
        match locate(&file, &source.text) {
            Ok(policies) => {
                for (place, policy) in policies {
                    match check(&file, &source.text, place, &policy) {
                        Ok(policy) => compiled.push(policy),
                        Err(error) => errors.push(error),
                    }
                }
            }
            Err(found) => errors.extend(found),
        }
    }
    errors.extend(duplicates(&compiled));
    if errors.is_empty() { Ok(compiled) } else { Err(errors) }
}

/// The policies of a text in the order in which they stand there.
fn locate(file: &Arc<str>, text: &str) -> Result<Vec<(Place, Policy)>, Vec<PolicyError>> {
    let set = PolicySet::from_str(text).map_err(|errors| {
        let all = errors.iter().map(|error| syntax(file, text, &DetailedError::from(error)));
        all.collect::<Vec<_>>()
    })?;
    if let Some(template) = set.templates().next() {
        let place = Place::of(file, text, text.find(template.to_cedar().as_str()).unwrap_or(0));
        let message = "a template needs someone to fill in its slots, and nobody does".to_owned();
        let help = Some("write the principal or resource out".to_owned());
        return Err(vec![PolicyError::Syntax { place, message, help }]);
    }
    let mut policies: Vec<_> = set.policies().cloned().collect();
    policies.sort_by_key(|policy| number(policy.id()));
    let mut offset = 0;
    let placed = policies.into_iter().map(|policy| {
        offset = skip_blank(text, offset);
        let place = Place::of(file, text, offset);
        offset += policy.to_cedar().map_or(0, |own| own.len());
        (place, policy)
    });
    Ok(placed.collect())
}

/// Cedar numbers the policies of a text `policy0`, `policy1` and so on.
fn number(id: &PolicyId) -> usize {
    let id: &str = id.as_ref();
    id.strip_prefix("policy").and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX)
}

/// The next offset that holds neither white space nor a comment.
fn skip_blank(text: &str, mut offset: usize) -> usize {
    loop {
        let rest = text.get(offset..).unwrap_or_default();
        let bare = rest.trim_start();
        offset += rest.len() - bare.len();
        if !bare.starts_with("//") {
            return offset;
        }
        offset += bare.find('\n').unwrap_or(bare.len());
    }
}

fn syntax(file: &Arc<str>, text: &str, error: &DetailedError) -> PolicyError {
    PolicyError::Syntax {
        place: Place::of(file, text, start(error).unwrap_or(text.len())),
        message: error.message.clone(),
        help: help(error),
    }
}

fn start(error: &DetailedError) -> Option<usize> {
    error.source_locations.first().map(|label| label.loc.start)
}

fn help(error: &DetailedError) -> Option<String> {
    let label = error.source_locations.first().and_then(|label| label.label.clone());
    error.help.clone().or(label)
}

fn check(
    file: &Arc<str>,
    text: &str,
    place: Place,
    policy: &Policy,
) -> Result<Compiled, PolicyError> {
    let id = match policy.annotation("id") {
        Some(id) if !id.is_empty() => Arc::from(id),
        _ => Arc::from(place.to_string()),
    };
    let invalid = |message: &str, help: &str| PolicyError::Invalid {
        place: place.clone(),
        policy: Arc::clone(&id),
        message: message.to_owned(),
        help: Some(help.to_owned()),
    };
    let policy = policy.new_id(PolicyId::new(&id));
    let reads = Reads::of(&policy);
    validate(file, text, &place, &id, &policy, &reads)?;
    let Some(scope) = Scope::of(&policy) else {
        return Err(invalid(
            "its scope matches no agent or no target",
            "name an Agent or Group, and a Server, Tool, Prompt or Resource",
        ));
    };
    let hold = hold(&policy, &scope).map_err(|(message, help)| invalid(message, help))?;
    let (reads_context, reads_arguments) = (reads.context, reads.arguments);
    Ok(Compiled { id, place, policy, hold, scope, reads_context, reads_arguments })
}

fn hold(policy: &Policy, scope: &Scope) -> Result<Option<Arc<str>>, (&'static str, &'static str)> {
    let Some(reason) = policy.annotation("hold").map(str::trim) else { return Ok(None) };
    if policy.effect() == Effect::Permit {
        return Err(("@hold stands on a permit", "put it on the forbid that a person may lift"));
    }
    if reason.is_empty() {
        return Err(("@hold gives no reason", "write what the approver has to weigh"));
    }
    if !scope.actions[Action::Call as usize] {
        return Err(("@hold stands on a forbid for `list` alone", "only a call can wait"));
    }
    Ok(Some(Arc::from(reason)))
}

/// Strictly against the schema; a policy that can never apply is an error, too.
fn validate(
    file: &Arc<str>,
    text: &str,
    place: &Place,
    id: &Arc<str>,
    policy: &Policy,
    reads: &Reads,
) -> Result<(), PolicyError> {
    let invalid = |offset: Option<usize>, message: String, help: Option<String>| {
        let place = offset.map_or_else(|| place.clone(), |offset| Place::of(file, text, offset));
        PolicyError::Invalid { place, policy: Arc::clone(id), message, help }
    };
    let whole = |message: String| invalid(None, message, None);
    let schema = schema_for(reads).map_err(whole)?;
    let alone =
        PolicySet::from_policies([policy.clone()]).map_err(|error| whole(error.to_string()))?;
    let result = Validator::new(schema).validate(&alone, ValidationMode::Strict);
    let errors = result.validation_errors().map(DetailedError::from);
    let first = errors.chain(result.validation_warnings().map(DetailedError::from)).next();
    first.map_or(Ok(()), |error| {
        let message = error.message.trim_start_matches(&format!("for policy `{id}`, ")).to_owned();
        let lists = Scope::of(policy).is_some_and(|scope| scope.actions[Action::List as usize]);
        let help = if reads.arguments && lists { Some(CALL_ONLY.to_owned()) } else { help(&error) };
        Err(invalid(start(&error), message, help))
    })
}

fn schema_for(reads: &Reads) -> Result<Schema, String> {
    if reads.arguments {
        VOCABULARY.with_arguments(&reads.declaration())
    } else {
        Ok(VOCABULARY.schema.clone())
    }
}

/// The commonest mistake with arguments, which Cedar's own advice for a missing name misses.
const CALL_ONLY: &str =
    "a list has no arguments: write `action == Action::\"call\"` in the scope of this policy";

fn duplicates(compiled: &[Compiled]) -> Vec<PolicyError> {
    let mut seen: HashMap<&Arc<str>, &Place> = HashMap::new();
    let mut errors = Vec::new();
    for policy in compiled {
        if let Some(first) = seen.insert(&policy.id, &policy.place) {
            errors.push(PolicyError::DuplicateId {
                place: policy.place.clone(),
                policy: Arc::clone(&policy.id),
                first: first.clone(),
            });
        }
    }
    errors
}
