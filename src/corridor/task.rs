//! Requests about tasks of upstreams (the tasks extension), through the doors that they concern.

use std::sync::Arc;

use super::{Arrival, Trail, tasks::Task};
use crate::{
    firewall::Surface,
    gateway::Gateway,
    mcp::{Json, Method, Object, RpcError, client::EXTENSION_TASKS},
    refusal::{Code, Refusal},
    relay::{Relay, Witness},
    spotlight::{self, Origin},
    upstream::link::Outbound,
};

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
        let mut result = self.ask_task(arrival, &task, params, trail).await?;
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
        trail: &Trail,
    ) -> Result<Object, Refusal> {
        let upstream = &task.item.upstream;
        let failed = |error: &dyn std::error::Error| {
            Refusal::new(Code::Upstream, format!("No answer: {error}."), error.to_string())
        };
        let connected = upstream.connected().ok_or_else(|| failed(&upstream.down()))?;
        let firewall = self.firewall_for(task.item.settings.modes.firewall);
        let client = Arc::clone(&arrival.client);
        let witness = Witness { session: None, ..self.witness(arrival, &task.item, trail) };
        let relay = Arc::new(Relay::new(arrival.line.clone(), client, firewall, witness));
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
            relay.let_ask(asked).await.map_err(Refusal::protocol)?;
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
