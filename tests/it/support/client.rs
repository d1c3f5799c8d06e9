//! A client of either era on the bare wire.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Map, Value, json};

use super::{Wire, wire::Reply};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Era {
    Modern,
    Legacy,
}

impl Era {
    pub(crate) const BOTH: [Self; 2] = [Self::Modern, Self::Legacy];
}

pub(crate) const MODERN: &str = "2026-07-28";
pub(crate) const LEGACY: &str = "2025-11-25";
/// Every revision served, oldest first.
pub(crate) const REVISIONS: [&str; 4] = ["2025-03-26", "2025-06-18", LEGACY, MODERN];
const META: &str = "io.modelcontextprotocol/";

/// One caller at one endpoint.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) wire: Wire,
    pub(crate) era: Era,
    /// What it speaks, and offers in a handshake.
    pub(crate) revision: &'static str,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) capabilities: Value,
    /// Sent with every request.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) log_level: Option<String>,
    pub(crate) progress_token: Option<Value>,
    pub(crate) session: Option<String>,
    next_id: AtomicI64,
}

/// How a test answers what a server asks.
pub(crate) type Answers<'a> = &'a (dyn Fn(&str, &Value) -> Value + Sync);

impl Client {
    pub(crate) fn new(wire: Wire, era: Era) -> Self {
        Self {
            wire,
            era,
            revision: if era == Era::Modern { MODERN } else { LEGACY },
            path: "/mcp".to_owned(),
            name: "it".to_owned(),
            capabilities: json!({"elicitation": {}, "sampling": {}, "roots": {}}),
            headers: Vec::new(),
            log_level: None,
            progress_token: None,
            session: None,
            next_id: AtomicI64::new(1),
        }
    }

    /// One that speaks `revision` and no other.
    pub(crate) fn speaking(wire: Wire, revision: &'static str) -> Self {
        let era = if revision == MODERN { Era::Modern } else { Era::Legacy };
        Self { revision, ..Self::new(wire, era) }
    }

    /// At `/mcp/NAME`.
    pub(crate) fn at(mut self, upstream: &str) -> Self {
        self.path = format!("/mcp/{upstream}");
        self
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As a run of its own: in development mode another principal.
    pub(crate) fn run(self, run: &str) -> Self {
        self.header("bartizan-run", run)
    }

    pub(crate) fn able(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    pub(crate) fn with_progress(mut self, token: Value) -> Self {
        self.progress_token = Some(token);
        self
    }

    pub(crate) fn with_logs(mut self, level: &str) -> Self {
        self.log_level = Some(level.to_owned());
        self
    }

    /// Greets: the legacy handshake, or nothing.
    pub(crate) async fn ready(mut self) -> Self {
        if self.era == Era::Modern {
            return self;
        }
        let params = json!({
            "protocolVersion": self.revision,
            "capabilities": self.capabilities,
            "clientInfo": {"name": self.name, "version": "1"},
        });
        let reply = self.request("initialize", params).await;
        self.session = reply.header("mcp-session-id").map(str::to_owned);
        let answer = reply.answer().await;
        assert_eq!(answer["result"]["protocolVersion"], self.revision, "{answer}");
        assert!(self.session.is_some(), "a session was opened");
        self.notify("notifications/initialized", json!({})).await;
        if let Some(level) = self.log_level.clone() {
            self.result("logging/setLevel", json!({"level": level})).await;
        }
        self
    }

    pub(crate) fn fresh_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// The parameters as this era sends them.
    pub(crate) fn dressed(&self, params: Value) -> Value {
        let mut params = match params {
            Value::Object(params) => params,
            Value::Null => Map::new(),
            other => panic!("params must be an object: {other}"),
        };
        let mut meta = match params.remove("_meta") {
            Some(Value::Object(meta)) => meta,
            _ => Map::new(),
        };
        if self.era == Era::Modern {
            let mut set = |key: &str, value| drop(meta.insert(format!("{META}{key}"), value));
            set("protocolVersion", json!(MODERN));
            set("clientInfo", json!({"name": self.name, "version": "1"}));
            set("clientCapabilities", self.capabilities.clone());
            if let Some(level) = &self.log_level {
                set("logLevel", json!(level));
            }
        }
        if let Some(token) = &self.progress_token {
            meta.insert("progressToken".to_owned(), token.clone());
        }
        if !meta.is_empty() {
            params.insert("_meta".to_owned(), Value::Object(meta));
        }
        Value::Object(params)
    }

    pub(crate) fn headers_for(&self, method: &str, params: &Value) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        let mut set = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        set("content-type", "application/json");
        set("accept", "application/json, text/event-stream");
        match self.era {
            Era::Modern => {
                set("mcp-protocol-version", MODERN);
                set("mcp-method", method);
                let key = match method {
                    "resources/read" => "uri",
                    "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
                    _ => "name",
                };
                if let Some(name) = params[key].as_str() {
                    set("mcp-name", name);
                }
            }
            Era::Legacy => {
                if let Some(session) = &self.session {
                    set("mcp-session-id", session);
                    // The header came with 2025-06-18.
                    if self.revision != REVISIONS[0] {
                        set("mcp-protocol-version", self.revision);
                    }
                }
            }
        }
        headers
    }

    /// Sends a request and leaves its reply open.
    pub(crate) async fn request(&self, method: &str, params: Value) -> Reply {
        self.request_as(self.fresh_id(), method, params).await
    }

    pub(crate) async fn request_as(&self, id: i64, method: &str, params: Value) -> Reply {
        let params = self.dressed(params);
        let headers = self.headers_for(method, &params);
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.wire.send("POST", &self.path, &headers, body.to_string()).await
    }

    /// The response.
    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        self.request(method, params).await.answer().await
    }

    /// The result, which must be one.
    pub(crate) async fn result(&self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params).await;
        assert!(answer.get("result").is_some(), "`{method}` failed: {answer}");
        answer["result"].take()
    }

    /// Calls a tool; the whole response.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments})).await
    }

    /// Begins a call and leaves it open.
    pub(crate) async fn begin(&self, tool: &str, arguments: Value) -> Reply {
        self.request("tools/call", json!({"name": tool, "arguments": arguments})).await
    }

    pub(crate) async fn notify(&self, method: &str, params: Value) -> u16 {
        let body = json!({"jsonrpc": "2.0", "method": method, "params": params});
        let headers = self.headers_for(method, &Value::Null);
        self.wire.send("POST", &self.path, &headers, body.to_string()).await.status
    }

    /// Answers a request of the server's (legacy).
    pub(crate) async fn respond(&self, id: &Value, result: Value) {
        let body = json!({"jsonrpc": "2.0", "id": id, "result": result});
        let headers = self.headers_for("", &Value::Null);
        let reply = self.wire.send("POST", &self.path, &headers, body.to_string()).await;
        assert_eq!(reply.status, 202);
    }

    /// The session's own stream (legacy).
    pub(crate) async fn stream(&self) -> Reply {
        let headers = self.headers_for("", &Value::Null);
        self.wire.send("GET", &self.path, &headers, "").await
    }

    /// Makes a request and answers whatever is asked on the way, in this era's manner. Gives the
    /// response and the methods that were asked.
    pub(crate) async fn interview(
        &self,
        method: &str,
        params: Value,
        answers: Answers<'_>,
    ) -> (Value, Vec<String>) {
        match self.era {
            Era::Modern => self.interview_modern(method, params, answers).await,
            Era::Legacy => self.interview_legacy(method, params, answers).await,
        }
    }

    async fn interview_modern(
        &self,
        method: &str,
        mut params: Value,
        answers: Answers<'_>,
    ) -> (Value, Vec<String>) {
        let mut asked = Vec::new();
        loop {
            let answer = self.ask(method, params.clone()).await;
            if answer["result"]["resultType"] != "input_required" {
                return (answer, asked);
            }
            let mut responses = Map::new();
            let requests = answer["result"]["inputRequests"].as_object().cloned();
            for (key, request) in requests.unwrap_or_default() {
                let method = request["method"].as_str().expect("a method");
                asked.push(method.to_owned());
                responses.insert(key, answers(method, &request["params"]));
            }
            params["inputResponses"] = Value::Object(responses);
            params["requestState"] = answer["result"]["requestState"].clone();
        }
    }

    async fn interview_legacy(
        &self,
        method: &str,
        params: Value,
        answers: Answers<'_>,
    ) -> (Value, Vec<String>) {
        let mut asked = Vec::new();
        let mut reply = self.request(method, params).await;
        while let Some(message) = reply.message().await {
            match (message["method"].as_str(), message.get("id")) {
                (Some(method), Some(id)) => {
                    asked.push(method.to_owned());
                    self.respond(id, answers(method, &message["params"])).await;
                }
                (Some(_), None) => {}
                (None, _) => return (message, asked),
            }
        }
        panic!("the stream ended without an answer");
    }

    /// The names in a list.
    pub(crate) async fn names(&self, method: &str) -> Vec<String> {
        let result = self.result(method, json!({})).await;
        let (member, key) = match method {
            "tools/list" => ("tools", "name"),
            "prompts/list" => ("prompts", "name"),
            "resources/list" => ("resources", "uri"),
            _ => ("resourceTemplates", "uriTemplate"),
        };
        let items = result[member].as_array().expect("a list").iter();
        items.map(|item| item[key].as_str().expect("a name").to_owned()).collect()
    }
}
