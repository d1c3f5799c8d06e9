//! The demo's agent: it does whatever the text it reads tells it to. No model is that obedient,
//! and none is reliably less so; the gateway must hold without the agent's help.

mod order;
mod wire;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::mcp::{Json, Method, Object, RpcError};

pub use order::Order;
pub use wire::Wire;

/// An agent at the gateway's door.
#[derive(Debug)]
pub struct Agent {
    wire: Wire,
    /// What it takes for the person's home; it reads files there by itself, unseen by any gateway.
    home: PathBuf,
}

/// What a call came back with.
#[derive(Debug)]
pub struct Reading {
    /// The text blocks, in order.
    pub blocks: Vec<String>,
    pub failed: bool,
    /// Set if the gateway refused.
    pub refusal: Option<Refused>,
}

/// What the gateway says of a refusal, apart from its text.
#[derive(Debug)]
pub struct Refused {
    pub code: String,
    pub reference: String,
}

impl Reading {
    pub fn text(&self) -> String {
        self.blocks.join("\n")
    }

    /// The refusal's code, empty if it was none.
    pub fn code(&self) -> &str {
        self.refusal.as_ref().map_or("", |refused| refused.code.as_str())
    }
}

impl Agent {
    pub fn new(wire: Wire, home: &Path) -> Self {
        Self { wire, home: home.to_owned() }
    }

    /// The names of the tools that it is offered.
    ///
    /// # Errors
    /// The gateway gives no usable answer.
    pub async fn tools(&self) -> anyhow::Result<Vec<String>> {
        let answer = self.wire.request(Method::ToolsList, Object::new(), None).await?;
        let answer = answer.map_err(|error| anyhow::anyhow!("tools/list: {}", error.message))?;
        let tools = answer.get("tools").and_then(Json::as_array).context("no list of tools")?;
        Ok(tools.iter().filter_map(|tool| Some(tool.get("name")?.as_str()?.to_owned())).collect())
    }

    /// Calls a tool; the inner error is one of the protocol.
    ///
    /// # Errors
    /// The gateway gives no usable answer.
    pub async fn call(
        &self,
        tool: &str,
        arguments: &[(&str, &str)],
    ) -> anyhow::Result<Result<Reading, RpcError>> {
        let mut given = Object::new();
        for (name, value) in arguments {
            given.insert(name, *value);
        }
        let params = Object::from([("name", tool.into()), ("arguments", given.into())]);
        let answer = self.wire.request(Method::ToolsCall, params, Some(tool)).await?;
        Ok(answer.map(|result| reading(&result)))
    }

    /// As [`Agent::call`], where an error of the protocol is not expected.
    ///
    /// # Errors
    /// No answer, or an error of the protocol.
    pub async fn read(&self, tool: &str, arguments: &[(&str, &str)]) -> anyhow::Result<Reading> {
        let answer = self.call(tool, arguments).await?;
        answer.map_err(|error| anyhow::anyhow!("`{tool}`: {}", error.message))
    }

    /// Does what an order says: reads the file and mails it.
    ///
    /// # Errors
    /// The gateway gives no usable answer.
    pub async fn obey(&self, order: &Order) -> anyhow::Result<Reading> {
        let name = order.file.strip_prefix("~/").unwrap_or(&order.file);
        let body = std::fs::read_to_string(self.home.join(name))
            .unwrap_or_else(|error| format!("({error})"));
        let arguments = [("to", order.to.as_str()), ("subject", "as you asked"), ("body", &body)];
        self.read("desk__send_mail", &arguments).await
    }
}

fn reading(result: &Object) -> Reading {
    let blocks = result.get("content").and_then(Json::as_array).unwrap_or_default();
    let text = |block: &Json| Some(block.get("text")?.as_str()?.to_owned());
    let said = result.get("_meta").and_then(|meta| meta.get("dev.bartizan/refusal"));
    let member = |of: &Json, key: &str| of.get(key).and_then(Json::as_str).unwrap_or("").to_owned();
    let refused =
        |of: &Json| Refused { code: member(of, "code"), reference: member(of, "reference") };
    Reading {
        blocks: blocks.iter().filter_map(text).collect(),
        failed: result.get("isError").and_then(Json::as_bool) == Some(true),
        refusal: said.map(refused),
    }
}
