//! The firewall on the way out: is the answer what this method answers with, does it fit its
//! schema, and may its content reach an agent?

use std::sync::Arc;

use super::{Answer, Trail, kept::KeptBack, send::Received};
use crate::{
    catalog::Item,
    firewall::Surface,
    gateway::Gateway,
    inspect::Profile,
    limits::Seat,
    mcp::{
        Json, Method, Object,
        bridge::{self, ResultType},
        client::EXTENSION_TASKS,
    },
    refusal::{Code, META_PREFIX, Refusal},
    spotlight,
};

/// An answer that may reach the agent.
#[derive(Debug)]
pub(super) struct Released {
    pub(super) kind: ResultType,
    pub(super) _seat: Option<Seat>,
}

impl Gateway {
    pub(super) async fn release<'a>(
        &self,
        mut answer: Answer<'a, Received>,
        trail: &mut Trail,
    ) -> Result<Answer<'a, Released>, Refusal> {
        let mut releasable = false;
        if let Err(refusal) = self.check_answer(&mut answer, &mut releasable, trail).await {
            let result = std::mem::take(&mut answer.result);
            trail.kept_back = Some(KeptBack { result, releasable });
            return Err(refusal);
        }
        let Answer { arrival, item, result, passed: Received { kind, seat } } = answer;
        Ok(Answer { arrival, item, result, passed: Released { kind, _seat: seat } })
    }

    /// Checks and edits an answer. `releasable` says of a refused one whether it is whole, so that
    /// a person could let its caller have it.
    async fn check_answer(
        &self,
        answer: &mut Answer<'_, Received>,
        releasable: &mut bool,
        trail: &mut Trail,
    ) -> Result<(), Refusal> {
        let modes = answer.item.settings.modes;
        let method = answer.arrival.method;
        drop_our_meta(&mut answer.result);
        let unasked = answer.passed.kind == ResultType::Task
            && !answer.arrival.client.has_extension(EXTENSION_TASKS);
        if unasked {
            return Err(withheld("it is a task, which the client did not ask for"));
        }
        if answer.passed.kind == ResultType::Task && !is_task(method, &answer.result) {
            return Err(withheld("it is no task, though it says so"));
        }
        if answer.passed.kind == ResultType::Complete {
            check_shape(method, &mut answer.result)?;
            trail.carry_out(modes.schema, check_schema(&answer.item, &answer.result))?;
        }
        self.compare(&answer.item, &answer.result, trail)?;
        let firewall = self.firewall_for(modes.firewall);
        let mut result = Json::Object(std::mem::take(&mut answer.result));
        // An order may begin in one result and end in the next.
        let tail = trail.run.as_ref().map(|run| self.runs.tail(run)).unwrap_or_default();
        let inspection =
            firewall.read_from(answer.subject(), &tail, surface(method), &mut result).await;
        if let (Some(run), false) = (&trail.run, inspection.blocks()) {
            self.runs.answered(run, trail.call, &result);
        }
        if let Json::Object(result) = result {
            answer.result = result;
        }
        trail.found(&inspection);
        let (arrival, item) = (answer.arrival, &answer.item);
        self.capture(arrival, item, surface(method), &answer.result, &inspection);
        trail.secrets = self.runs.secrets(&inspection.secrets);
        if inspection.blocks() {
            let whole = answer.passed.kind == ResultType::Complete
                && check_schema(&answer.item, &answer.result).is_ok();
            *releasable = whole && !inspection.incomplete;
            return Err(withheld("its content was stopped by the gateway's firewall"));
        }
        if inspection.edited {
            trail.carry_out(modes.schema, check_schema(&answer.item, &answer.result))?;
        }
        Ok(())
    }

    /// Clients disagree on which of a result's two bodies they show, so both must say the same. Told
    /// of always, and under `strict` withheld.
    ///
    /// # Errors
    /// They differ, and the profile does not let that pass.
    pub(super) fn compare(
        &self,
        item: &Item,
        result: &Object,
        trail: &mut Trail,
    ) -> Result<(), Refusal> {
        if !spotlight::diverges(result) {
            return Ok(());
        }
        trail.rules.insert(Arc::from(spotlight::DIVERGENCE));
        if self.firewall.load().profile != Profile::Strict {
            return Ok(());
        }
        let decided: Result<(), _> =
            Err(withheld("its text and its structured content say different things"));
        trail.carry_out(item.settings.modes.firewall, decided).map(drop)
    }
}

/// A task is its name and its state, and nothing that would pass for an answer.
fn is_task(method: Method, result: &Object) -> bool {
    const NAME_BYTES_MAX: usize = 256;
    let named = result.str("taskId").is_some_and(|id| (1..=NAME_BYTES_MAX).contains(&id.len()));
    let answers = result.get("content").is_some() || result.get("structuredContent").is_some();
    method == Method::ToolsCall
        && named
        && !answers
        && bridge::foreign_shape(method, result).is_none()
}

fn surface(method: Method) -> Surface {
    match method {
        Method::PromptsGet => Surface::Prompt,
        Method::ResourcesRead => Surface::Resource,
        Method::Complete => Surface::Completion,
        _ => Surface::ToolResult,
    }
}

pub(super) fn withheld(why: &str) -> Refusal {
    let text = format!(
        "The call ran, but its result was withheld: {why}. Do not repeat the call, unless the user \
         says that it was released."
    );
    Refusal::new(Code::Withheld, text, why)
}

/// Our own marks mean something only if nobody else can set them.
pub(super) fn drop_our_meta(result: &mut Object) {
    if let Some(Json::Object(meta)) = result.get_mut("_meta") {
        meta.retain(|key| !key.starts_with(META_PREFIX));
        if meta.is_empty() {
            result.remove("_meta");
        }
    }
}

/// Decodes by the request's method: one shape, its own, and known content alone.
pub(super) fn check_shape(method: Method, result: &mut Object) -> Result<(), Refusal> {
    if let Some(shape) = bridge::foreign_shape(method, result) {
        return Err(withheld(&format!("it mixes in `{shape}` of another kind of answer")));
    }
    let (member, item_is): (&str, fn(&Json) -> bool) = match method {
        Method::ToolsCall => ("content", is_block),
        Method::ResourcesRead => ("contents", |item| item.get("uri").is_some()),
        Method::PromptsGet => ("messages", |item| item.get("content").is_some_and(is_block)),
        Method::Complete => {
            let complete = result.get("completion").is_some_and(|of| of.get("values").is_some());
            return if complete { Ok(()) } else { Err(withheld("it is no completion")) };
        }
        _ => return Ok(()),
    };
    if method == Method::ToolsCall {
        if !matches!(result.get("isError"), None | Some(Json::Bool(_))) {
            return Err(withheld("`isError` is no boolean"));
        }
        if result.get("content").is_none() && result.get("structuredContent").is_some() {
            return Ok(());
        }
    }
    let Some(Json::Array(items)) = result.get_mut(member) else {
        return Err(withheld(&format!("it has no list `{member}`")));
    };
    for item in items.iter_mut().filter(|item| !item_is(item)) {
        if method != Method::ToolsCall {
            return Err(withheld("it holds content of an unknown kind"));
        }
        // One strange block is dropped; the rest of an honest answer stays useful.
        *item = Object::from([
            ("type", "text".into()),
            ("text", "[a block of unknown kind was withheld by the gateway]".into()),
        ])
        .into();
    }
    Ok(())
}

fn is_block(block: &Json) -> bool {
    let text = |key: &str| block.get(key).and_then(Json::as_str).is_some();
    match block.get("type").and_then(Json::as_str) {
        Some("text") => text("text"),
        Some("image" | "audio") => text("data") && text("mimeType"),
        Some("resource_link") => text("uri") && text("name"),
        Some("resource") => block.at(&["resource", "uri"]).is_some(),
        _ => false,
    }
}

/// Structured content stays valid against the schema that was promised, or is not delivered.
pub(super) fn check_schema(item: &Item, result: &Object) -> Result<(), Refusal> {
    let failed = result.get("isError").and_then(Json::as_bool) == Some(true);
    // Tools alone have one.
    let (Some(schema), false) = (&item.output, failed) else { return Ok(()) };
    let structured = result.get("structuredContent");
    let structured = structured.ok_or_else(|| withheld("its structured content is missing"))?;
    schema.check(structured).map_err(|error| {
        let mut refusal = withheld("its structured content does not fit the tool's schema");
        refusal.code = Code::Withheld;
        refusal.detail = error.to_string();
        refusal
    })
}
