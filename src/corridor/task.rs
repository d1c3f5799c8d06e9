//! Requests about tasks of upstreams (the tasks extension), through the doors that they concern.

use std::sync::Arc;

use super::{
    Arrival, Trail,
    kept::KeptBack,
    release::{check_schema, check_shape, drop_our_meta, withheld},
    send::{asks_too_much, questions},
    subject,
    tasks::Task,
};
use crate::{
    catalog::Item,
    firewall::Surface,
    gateway::Gateway,
    mcp::{
        ClientInfo, Json, Method, Object, RpcError,
        bridge::{self, ResultType},
        client::EXTENSION_TASKS,
    },
    refusal::{Code, Refusal},
    relay::{Relay, Witness},
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
        let task = self.tasks.get(id, &arrival.principal).ok_or_else(|| invalid("Unknown task"))?;
        let modes = task.item.settings.modes;
        trail.item = Some(Arc::clone(&task.item));
        self.confirm(arrival, &task.item, &Object::new(), trail)?;
        let key = crate::limits::key_of(&arrival.principal);
        let counted = self.limiter.load().admit(key, "tasks");
        let _seat = trail.carry_out(modes.limits, counted)?;
        // Nothing travels beside what the extension names.
        let mut params = Object::from([("taskId", task.upstream_id.as_str().into())]);
        if arrival.method == Method::TasksUpdate {
            let answers = self.answers_to(arrival, &task, trail).await?;
            params.insert("inputResponses", answers);
        }
        let relay = Arc::new(self.task_relay(arrival, &arrival.client, &task, trail));
        trail.arguments_digest = params.digest();
        trail.run = Some(self.run_of(arrival).await?);
        trail.decide(self, arrival).await?;
        self.foresee(arrival, trail).await?;
        let result = self.ask_task(arrival, &task, params, &relay, trail).await;
        let mut result = match result {
            Ok(result) => result,
            Err(refusal) => {
                let refusal = self.fence_refusal(arrival, &task.item, refusal, trail);
                self.note_error(&refusal, trail).await?;
                return Err(refusal);
            }
        };
        if result.get("taskId").is_some() {
            result.insert("taskId", id);
        }
        let asked = self.screen_questions(arrival, &task, &relay, &mut result).await?;
        self.screen_task(arrival, &task, &mut result, trail).await?;
        if let Some(asked) = asked {
            result.insert("inputRequests", asked);
        }
        let brought = self.brought(&mut result, trail);
        self.mark_task(arrival, &task, &mut result, trail);
        let inner = result.get("result").and_then(Json::as_object).unwrap_or(&result);
        self.remember(brought, inner, trail).await?;
        Ok(result)
    }

    /// What the caller answers to a task's questions, if the task's tool may still hear it: the
    /// answers to what was asked, screened against what was asked, and nothing else.
    async fn answers_to(
        &self,
        arrival: &Arrival,
        task: &Task,
        trail: &Trail,
    ) -> Result<Object, Refusal> {
        if let Some(why) = self.kept_back_since(&task.item) {
            let text = "Not sent: the tool behind this task is kept back because its definition is \
                not one that a person accepted, or it is gone. Somebody must look at it \
                (`bartizan pins diff`) before it hears answers.";
            return Err(Refusal::new(Code::Quarantined, text, why));
        }
        let answers = arrival.params.get("inputResponses").and_then(Json::as_object);
        let answers = answers.ok_or_else(|| invalid("`inputResponses` must be an object"))?;
        if answers.is_empty() {
            return Ok(Object::new());
        }
        let (client, asked) = task
            .asked_of(answers)
            .ok_or_else(|| invalid("`inputResponses` answers nothing that the task asks"))?;
        // The relay has the answers already, so it screens them and asks nobody.
        let relay = self.task_relay(arrival, &client, task, trail).bring(Some(answers.clone()));
        let mut heard = relay.ask_all(asked).await.map_err(Refusal::protocol)?;
        let each = answers.keys().filter_map(|key| {
            let answer = heard.remove(key)?.ok()?;
            Some((key.to_owned(), Json::Object(answer)))
        });
        Ok(each.collect())
    }

    /// Why the tool that began a task may not go on hearing its caller, if it may not.
    fn kept_back_since(&self, item: &Item) -> Option<String> {
        let snapshot = self.catalog.snapshot();
        let view = snapshot.each.get(&item.upstream.endpoint);
        match view.and_then(|view| view.tool(&item.name)) {
            Some(now) => now.quarantine.clone(),
            None => Some("the tool is no longer listed".to_owned()),
        }
    }

    fn task_relay(
        &self,
        arrival: &Arrival,
        client: &Arc<ClientInfo>,
        task: &Task,
        trail: &Trail,
    ) -> Relay {
        let firewall = self.firewall_for(task.item.settings.modes.firewall);
        let witness = Witness { session: None, ..self.witness(arrival, &task.item, trail) };
        Relay::new(arrival.line.clone(), Arc::clone(client), firewall, witness)
            .marking(self.notices(arrival, &task.item))
    }

    async fn ask_task(
        &self,
        arrival: &Arrival,
        task: &Task,
        params: Object,
        relay: &Arc<Relay>,
        trail: &mut Trail,
    ) -> Result<Object, Refusal> {
        let upstream = &task.item.upstream;
        let failed = |error: &dyn std::error::Error| {
            Refusal::new(Code::Upstream, format!("No answer: {error}."), error.to_string())
        };
        let connected = upstream.connected().ok_or_else(|| failed(&upstream.down()))?;
        let outbound = Outbound {
            method: arrival.method.name(),
            params,
            name: Some(&task.upstream_id),
            mirrored: &[],
            relay: Some(Arc::clone(relay)),
            timeout: upstream.call_timeout(),
            cancel: arrival.line.stop.clone(),
        };
        let response = connected.link.request(outbound).await.map_err(|error| failed(&error))?;
        let mut result = match response.outcome {
            Ok(result) => result,
            Err(error) => return Err(self.refused(arrival, &task.item, error, trail).await),
        };
        drop_our_meta(&mut result);
        Ok(result)
    }

    /// Takes the questions out, screens them and keeps what answers will be checked against. What
    /// is given back is what the caller sees; an entry that is no question is left out.
    async fn screen_questions(
        &self,
        arrival: &Arrival,
        task: &Task,
        relay: &Relay,
        result: &mut Object,
    ) -> Result<Option<Json>, Refusal> {
        if asks_too_much(result) {
            return Err(withheld("it asks too much at once"));
        }
        let mut asked = questions(result);
        for question in asked.values_mut() {
            relay.let_ask(question).await.map_err(Refusal::protocol)?;
        }
        // The empty place keeps the member where the upstream put it.
        let requests = result.get_mut("inputRequests").map(std::mem::take);
        let shown = requests.map(|requests| {
            let each = requests.as_object().into_iter().flat_map(Object::iter);
            let screened = each.filter_map(|(key, request)| {
                // Made anew: whatever else stands in it was read by nobody.
                let mut shown = Object::from([("method", request.get("method")?.clone())]);
                shown.insert("params", asked.get(key)?.params.clone());
                Some((key.to_owned(), Json::Object(shown)))
            });
            Json::Object(screened.collect())
        });
        if !task.keep(&arrival.client, asked) {
            return Err(withheld("it asks too much at once"));
        }
        Ok(shown)
    }

    /// A task's state is a stranger's text, and what a finished one carries is a tool's result:
    /// checked like any other.
    async fn screen_task(
        &self,
        arrival: &Arrival,
        task: &Task,
        result: &mut Object,
        trail: &mut Trail,
    ) -> Result<(), Refusal> {
        let modes = task.item.settings.modes;
        if let Some(inner) = result.get_mut("result") {
            let inner = inner.as_object_mut().ok_or_else(|| withheld("it is no object"))?;
            drop_our_meta(inner);
            if bridge::result_type(inner) != Ok(ResultType::Complete) {
                return Err(withheld("it is not the end of a call"));
            }
            check_shape(Method::ToolsCall, inner)?;
            trail.carry_out(modes.schema, check_schema(&task.item, inner))?;
            self.compare(&task.item, inner, trail)?;
        }
        let firewall = self.firewall_for(modes.firewall);
        let mut value = Json::Object(std::mem::take(result));
        let tail = trail.run.as_ref().map(|run| self.runs.tail(run)).unwrap_or_default();
        let subject = subject(arrival, &task.item);
        let inspection = firewall.read_from(subject, &tail, Surface::ToolResult, &mut value).await;
        if let Json::Object(inspected) = value {
            *result = inspected;
        }
        trail.found(&inspection);
        trail.secrets.extend(self.runs.secrets(&inspection.secrets));
        self.capture(arrival, &task.item, Surface::ToolResult, result, &inspection);
        if inspection.blocks() {
            trail.kept_back = Some(KeptBack { result: std::mem::take(result), releasable: false });
            let text = "The task's state was withheld by the gateway's firewall.";
            return Err(Refusal::new(Code::Withheld, text, ""));
        }
        if inspection.edited
            && let Some(inner) = result.get("result").and_then(Json::as_object)
        {
            trail.carry_out(modes.schema, check_schema(&task.item, inner))?;
        }
        Ok(())
    }

    fn mark_task(&self, arrival: &Arrival, task: &Task, result: &mut Object, trail: &mut Trail) {
        if let Some(Json::Object(error)) = result.get_mut("error") {
            let mut data = error.get("data").cloned();
            if let Some(Json::String(message)) = error.get_mut("message") {
                self.mark_error(arrival, &task.item, message, data.as_mut(), trail);
            }
            if let Some(data) = data {
                error.insert("data", data);
            }
        }
        if let Some(Json::Object(inner)) = result.get_mut("result") {
            self.mark_result(arrival, &task.item, inner, trail);
        }
    }
}

fn invalid(what: &str) -> Refusal {
    Refusal::protocol(RpcError::new(RpcError::INVALID_PARAMS, what))
}

fn needed() -> Object {
    let extensions = Object::from([(EXTENSION_TASKS, Object::new().into())]);
    let capabilities = Object::from([("extensions", extensions.into())]);
    Object::from([("requiredCapabilities", capabilities.into())])
}
