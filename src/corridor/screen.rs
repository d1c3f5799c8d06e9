//! The firewall on the way in: do the arguments fit the schema, and may their content pass?

use super::{Call, Trail, admit::Admitted};
use crate::{
    catalog::Kind,
    firewall::{Disposition, Surface},
    flow::Judgement,
    gateway::Gateway,
    mcp::{Json, Method},
    refusal::{Code, Refusal},
};

/// A call whose content may pass, as edited.
#[derive(Debug)]
pub(super) struct Screened {
    pub(super) admitted: Admitted,
    /// What flow rules say, if they ask for a person.
    pub(super) flow: Option<Judgement>,
    /// The rules ask for a person.
    pub(super) hold: bool,
    pub(super) edited: bool,
}

impl Gateway {
    pub(super) async fn screen<'a>(
        &self,
        mut call: Call<'a, Admitted>,
        trail: &mut Trail,
    ) -> Result<Call<'a, Screened>, Refusal> {
        let modes = call.item.settings.modes;
        trail.carry_out(modes.schema, fits_schema(&call))?;
        let surface = match call.arrival.method {
            Method::ToolsCall => Surface::ToolArguments,
            _ => Surface::PromptArguments,
        };
        let firewall = self.firewall_for(modes.firewall);
        let mut arguments = Json::Object(std::mem::take(&mut call.arguments));
        let inspection = firewall.read_from(call.subject(), "", surface, &mut arguments).await;
        if let Json::Object(arguments) = arguments {
            call.arguments = arguments;
        }
        trail.found(&inspection);
        self.capture(call.arrival, &call.item, surface, &call.arguments, &inspection);
        if inspection.disposition == Disposition::Block {
            return Err(blocked());
        }
        if inspection.edited {
            // What a rule cut out must leave a call that the tool still understands.
            trail.carry_out(modes.schema, fits_schema(&call))?;
        }
        // `_meta` and whatever else stands beside the arguments travels on as it is, or not.
        let beside = firewall.look_from(call.subject(), surface, &call.arrival.params);
        trail.found(&beside);
        if beside.blocks() {
            return Err(blocked());
        }
        let hold = inspection.disposition == Disposition::Hold;
        let flow = self.judge_flow(&mut call, trail)?;
        // Judged as they came; what the model copied along is not the tool's to read.
        let bared = self.take_marks_off(call.arrival, &mut call.arguments);
        if bared {
            trail.carry_out(modes.schema, fits_schema(&call))?;
        }
        let edited = inspection.edited || call.passed.recalled.edited || bared;
        Ok(call.pass(|admitted| Screened { admitted, flow, hold, edited }))
    }
}

fn blocked() -> Refusal {
    let text = "Not executed: the gateway's firewall stopped this call because of its arguments. \
        Do not rephrase it to get through; tell the user.";
    Refusal::new(Code::Blocked, text, "the firewall blocked the arguments")
}

fn fits_schema(call: &Call<'_, Admitted>) -> Result<(), Refusal> {
    let Some(schema) = call.item.input.as_ref().filter(|_| call.arrival.method != Method::Complete)
    else {
        return Ok(());
    };
    // The gate for tools is their own schema; prompts' schema is made of their argument list.
    let value = serde_json::Value::Object(match call.arguments.to_value() {
        serde_json::Value::Object(map) => map,
        _ => serde_json::Map::new(),
    });
    schema.check_value(&value).map_err(|error| {
        let what = if call.item.kind == Kind::Prompt { "prompt" } else { "tool" };
        let text = format!("Not executed: the arguments do not fit the {what}'s schema. {error}");
        Refusal::new(Code::InvalidArguments, text, error.to_string())
    })
}
