//! Tasks of upstreams (the tasks extension): under names of our own, bound to who started them.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use super::{Arrival, Trail};
use crate::{
    catalog::Item,
    firewall::Surface,
    gateway::Gateway,
    identity::Principal,
    ids,
    mcp::{Json, Method, Object, RpcError, client::EXTENSION_TASKS},
    refusal::{Code, Refusal},
    relay::Relay,
    spotlight::{self, Origin},
    upstream::link::Outbound,
};

/// A task somebody started.
#[derive(Clone, Debug)]
struct Task {
    principal: Arc<Principal>,
    item: Arc<Item>,
    /// Its name at the upstream.
    upstream_id: String,
    started_ms: i64,
}

/// Tasks under way, by the name that the client knows.
#[derive(Debug, Default)]
pub struct Tasks(Mutex<HashMap<String, Task>>);

/// Tasks that are remembered; beyond it the oldest is forgotten, which its client learns as
/// "unknown task".
const TASKS_MAX: usize = 10_000;

impl Tasks {
    /// Gives a new task a name of ours.
    pub(super) fn rename(&self, arrival: &Arrival, item: &Arc<Item>, mut result: Object) -> Object {
        let upstream_id = result.str("taskId").unwrap_or("").to_owned();
        let id = ids::session();
        let mut tasks = self.0.lock();
        if tasks.len() >= TASKS_MAX {
            let oldest = tasks.iter().min_by_key(|(_, task)| task.started_ms);
            if let Some(id) = oldest.map(|(id, _)| id.clone()) {
                tasks.remove(&id);
            }
        }
        let task = Task {
            principal: Arc::clone(&arrival.principal),
            item: Arc::clone(item),
            upstream_id,
            started_ms: ids::now_ms(),
        };
        tasks.insert(id.clone(), task);
        drop(tasks);
        result.insert("taskId", id);
        result
    }

    /// The task `id`, for whoever started it alone.
    fn get(&self, id: &str, principal: &Principal) -> Option<Task> {
        let tasks = self.0.lock();
        tasks.get(id).filter(|task| task.principal.is_same_party(principal)).cloned()
    }
}

impl Gateway {
    /// Serves `tasks/get`, `tasks/update` and `tasks/cancel`.
    ///
    /// # Errors
    /// The extension was not declared, the task is unknown or another's, or a door refuses.
    pub(crate) async fn task(
        &self,
        arrival: &Arrival,
        trail: &mut Trail,
    ) -> Result<Object, Refusal> {
        if !arrival.client.has_extension(EXTENSION_TASKS) {
            let error = RpcError::new(
                RpcError::MISSING_CAPABILITY,
                "the tasks extension must be declared on every request that uses it",
            );
            return Err(Refusal::protocol(error.with_data(needed())));
        }
        let id = arrival.params.str("taskId").unwrap_or("");
        trail.target = id.to_owned();
        let task = self.tasks.get(id, &arrival.principal).ok_or_else(|| {
            Refusal::protocol(RpcError::new(RpcError::INVALID_PARAMS, "Unknown task"))
        })?;
        trail.item = Some(Arc::clone(&task.item));
        self.confirm(arrival, &task.item, &Object::new(), trail)?;
        let key = crate::limits::key_of(&arrival.principal);
        let _seat = self.limiter.load().admit(key, "tasks")?;
        let mut params = arrival.params.clone();
        // Nothing travels beside what the extension names.
        params.retain(|key| matches!(key, "taskId" | "inputResponses"));
        params.insert("taskId", task.upstream_id.as_str());
        trail.arguments_digest = params.digest();
        let firewall = self.firewall_for(task.item.settings.modes.firewall);
        if let Some(responses) = params.get_mut("inputResponses")
            && firewall.inspect(Surface::InputResponse, responses).blocks()
        {
            let text = "Not sent: the firewall stopped the answers.";
            return Err(Refusal::new(Code::Blocked, text, ""));
        }
        trail.decide(self, arrival).await?;
        let mut result = self.ask_task(arrival, &task, params).await?;
        if result.get("taskId").is_some() {
            result.insert("taskId", id);
        }
        let mut value = Json::Object(std::mem::take(&mut result));
        let inspection = firewall.inspect(Surface::ToolResult, &mut value);
        trail.found(&inspection);
        if inspection.blocks() {
            let text = "The task's state was withheld by the gateway's firewall.";
            return Err(Refusal::new(Code::Withheld, text, ""));
        }
        let Json::Object(mut result) = value else { return Ok(Object::new()) };
        self.mark_task(arrival, &task, &mut result);
        Ok(result)
    }

    async fn ask_task(
        &self,
        arrival: &Arrival,
        task: &Task,
        params: Object,
    ) -> Result<Object, Refusal> {
        let upstream = &task.item.upstream;
        let failed = |error: &dyn std::error::Error| {
            Refusal::new(Code::Upstream, format!("No answer: {error}."), error.to_string())
        };
        let connected = upstream.connected().ok_or_else(|| failed(&upstream.down()))?;
        let firewall = self.firewall_for(task.item.settings.modes.firewall);
        let client = Arc::clone(&arrival.client);
        let relay = Arc::new(Relay::new(arrival.line.clone(), client, firewall, None));
        let outbound = Outbound {
            method: arrival.method.name(),
            params,
            name: Some(&task.upstream_id),
            mirrored: &[],
            relay: Some(Arc::clone(&relay)),
            timeout: upstream.call_timeout(),
            cancel: arrival.line.stop.clone(),
        };
        let response = connected.link.request(outbound).await.map_err(|error| failed(&error))?;
        let mut result = response.outcome.map_err(|error| self.refused(&task.item, error))?;
        super::release::drop_our_meta(&mut result);
        for asked in super::send::questions(&result).values_mut() {
            relay.screen_question(asked).map_err(Refusal::protocol)?;
        }
        Ok(result)
    }

    /// A finished task carries a tool's result: marked like any other.
    fn mark_task(&self, arrival: &Arrival, task: &Task, result: &mut Object) {
        let Some(Json::Object(inner)) = result.get_mut("result") else { return };
        let origin = Origin {
            upstream: &task.item.upstream.name,
            name: &task.item.name,
            rules: &[],
            uninspected: false,
        };
        if arrival.method == Method::TasksGet {
            let mode = self.spotlight_for(&arrival.client, &task.item);
            spotlight::mark_blocks(inner, mode, origin);
        }
    }
}

fn needed() -> Object {
    let extensions = Object::from([(EXTENSION_TASKS, Object::new().into())]);
    let capabilities = Object::from([("extensions", extensions.into())]);
    Object::from([("requiredCapabilities", capabilities.into())])
}
