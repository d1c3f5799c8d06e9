//! A question in Cedar's terms: the agent and the target as entities, the circumstances and the
//! arguments as context. Entities are always checked against the schema, so an unknown risk or
//! kind of proof is a refusal and not a policy that quietly fails to match.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Context, Entities, Entity, EntityUid, Request, RestrictedExpression as Expr};

use super::policy::Limits;
use super::question::{Action, Question, Target};
use super::schema::{VOCABULARY, entity};
use super::values::record;

/// The entity of a target: `server/name` under its kind.
pub(super) fn target_id(target: &Target<'_>) -> EntityUid {
    let id = format!("{}/{}", target.server, target.name);
    entity(VOCABULARY.target(target.kind), &id)
}

/// Everything that Cedar needs for one evaluation; an error is a reason to refuse.
pub(super) fn ask(
    question: &Question<'_>,
    action: Action,
    with_arguments: bool,
    limits: &Limits,
) -> Result<(Request, Entities), String> {
    // Two pairs of server and name would otherwise share one entity.
    if question.target.server.contains('/') {
        return Err(format!("the server name `{}` contains a slash", question.target.server));
    }
    if question.caller.groups.len() > limits.groups {
        return Err(format!("the caller is in more than {} groups", limits.groups));
    }
    let words = &*VOCABULARY;
    let agent = entity(&words.agent, question.caller.agent);
    let target = target_id(&question.target);
    let entities = [agent_entity(question, agent.clone()), target_entity(question, target.clone())];
    let entities = entities.into_iter().collect::<Result<Vec<_>, _>>()?;
    let entities = Entities::from_entities(entities, Some(&words.schema)).map_err(plain)?;
    let context = context(question, action, with_arguments, limits)?;
    // The schema of the arguments is each policy's own, so only the rest can be checked here.
    let schema = (action == Action::List || !with_arguments).then_some(&words.schema);
    let request = Request::new(agent, words.action(action).clone(), target, context, schema);
    Ok((request.map_err(plain)?, entities))
}

fn plain(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn agent_entity(question: &Question<'_>, id: EntityUid) -> Result<Entity, String> {
    let (caller, words) = (&question.caller, &*VOCABULARY);
    let mut attributes = HashMap::from([
        ("name".to_owned(), text(caller.agent)),
        ("proof".to_owned(), Expr::new_entity_uid(entity(&words.proof, caller.proof))),
    ]);
    attributes.extend(caller.user.map(|user| ("user".to_owned(), text(user))));
    let groups = caller.groups.iter().map(|group| entity(&words.group, group)).collect();
    Entity::new(id, attributes, groups).map_err(plain)
}

fn target_entity(question: &Question<'_>, id: EntityUid) -> Result<Entity, String> {
    let (target, words) = (&question.target, &*VOCABULARY);
    let attributes = HashMap::from([
        ("name".to_owned(), text(target.name)),
        ("server".to_owned(), text(target.server)),
        ("risk".to_owned(), Expr::new_entity_uid(entity(&words.risk, target.risk))),
        ("classes".to_owned(), Expr::new_set(target.classes.iter().map(|class| text(class)))),
    ]);
    let server = HashSet::from([entity(&words.server, target.server)]);
    Entity::new(id, attributes, server).map_err(plain)
}

fn context(
    question: &Question<'_>,
    action: Action,
    with_arguments: bool,
    limits: &Limits,
) -> Result<Context, String> {
    let days = question.time.div_euclid(DAY);
    let mut pairs = vec![
        ("time".to_owned(), Expr::new_long(question.time)),
        ("hour".to_owned(), Expr::new_long(question.time.rem_euclid(DAY) / HOUR)),
        // 1970-01-01 was a Thursday, day 4 of a week that starts on Monday with 1.
        ("weekday".to_owned(), Expr::new_long((days + 3).rem_euclid(7) + 1)),
    ];
    pairs.extend(question.caller.run.map(|run| ("run".to_owned(), text(run))));
    if action == Action::Call {
        let given = question.arguments.filter(|_| with_arguments);
        let arguments = record(given, limits.argument_depth, limits.argument_values);
        pairs.push(("arguments".to_owned(), arguments.map_err(plain)?));
    }
    Context::from_pairs(pairs).map_err(plain)
}

/// Milliseconds.
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn text(value: &str) -> Expr {
    Expr::new_string(value.to_owned())
}
