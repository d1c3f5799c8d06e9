//! An upstream of a few lines that answers with exactly the bytes that a test gives it.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post,
    serve::ListenerExt as _,
};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// What the upstream says; a test may change it at any time.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) tools: Mutex<Vec<Value>>,
    /// Other lists, by their member's name: `prompts`, `resources`, `resourceTemplates`.
    pub(crate) lists: Mutex<BTreeMap<&'static str, Vec<Value>>>,
    pub(crate) instructions: Mutex<Option<String>>,
    /// The whole answer to a call; `$ID` becomes the request's id, `"$TOKEN"` its progress token.
    pub(crate) answer: Mutex<Vec<u8>>,
    pub(crate) content_type: Mutex<Option<&'static str>>,
    /// Answers of calls come in two pieces, cut here.
    pub(crate) cut: Mutex<Option<usize>>,
    /// Bodies of the calls, and of the requests about tasks, that came.
    pub(crate) calls: Mutex<Vec<Value>>,
}

/// A modern upstream over HTTP.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) script: Arc<Script>,
    pub(crate) url: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A tool that takes anything.
pub(crate) fn tool(name: &str) -> Value {
    json!({"name": name, "description": "Does it.", "inputSchema": {"type": "object"}})
}

/// A result of one text.
pub(crate) fn text_result(text: &str) -> String {
    json!({"content": [{"type": "text", "text": text}], "resultType": "complete"}).to_string()
}

impl Raw {
    pub(crate) async fn start(tools: Vec<Value>) -> Self {
        let script = Arc::new(Script::default());
        *script.tools.lock() = tools;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/mcp", post(receive))
            .layer(axum::extract::DefaultBodyLimit::max(1 << 30))
            .with_state(Arc::clone(&script));
        let serving = tokio::spawn(async move {
            let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("an option"));
            axum::serve(listener, router).await.expect("it serves");
        });
        let raw = Self { script, url: format!("url = \"http://{address}/mcp\""), serving };
        raw.returns(&text_result("ok"));
        raw
    }

    /// Sets the result of every call from now on.
    pub(crate) fn returns(&self, result: &str) {
        self.answers(
            format!("{{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{result}}}").into_bytes(),
        );
    }

    /// Sets the whole answer.
    pub(crate) fn answers(&self, answer: Vec<u8>) {
        *self.script.answer.lock() = answer;
    }

    pub(crate) fn called(&self) -> usize {
        self.script.calls.lock().len()
    }
}

async fn receive(State(script): State<Arc<Script>>, _headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let id = request["id"].clone();
    let meta = json!({"io.modelcontextprotocol/serverInfo": {"name": "raw", "version": "1"}});
    let listed = |member: &str| {
        let items = script.lists.lock().get(member).cloned().unwrap_or_default();
        json!({member: items, "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
            "_meta": meta})
    };
    let result = match request["method"].as_str() {
        Some("server/discover") => {
            let mut result = json!({
                "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {}, "prompts": {}, "resources": {}, "completions": {}, "logging": {}},
                "resultType": "complete", "ttlMs": 0, "cacheScope": "private", "_meta": meta,
            });
            if let Some(text) = &*script.instructions.lock() {
                result["instructions"] = json!(text);
            }
            result
        }
        Some("prompts/list") => listed("prompts"),
        Some("resources/list") => listed("resources"),
        Some("resources/templates/list") => listed("resourceTemplates"),
        Some("tools/list") => json!({
            "tools": *script.tools.lock(), "resultType": "complete", "ttlMs": 0,
            "cacheScope": "private", "_meta": meta,
        }),
        Some(
            "tools/call"
            | "prompts/get"
            | "resources/read"
            | "completion/complete"
            | "tasks/get"
            | "tasks/update"
            | "tasks/cancel",
        ) => {
            let (id, token) =
                (id.to_string(), request["params"]["_meta"]["progressToken"].to_string());
            script.calls.lock().push(request);
            let answer = script.answer.lock().clone();
            let answer = replaced(&answer, b"\"$TOKEN\"", token.as_bytes());
            let kind = script.content_type.lock().unwrap_or("application/json");
            let answer = replaced(&answer, b"$ID", id.as_bytes());
            let cut = *script.cut.lock();
            return cut
                .map_or_else(|| respond(kind, answer.clone()), |at| pieces(kind, &answer, at));
        }
        _ => {
            let error = json!({"code": -32601, "message": "no such method"});
            let body = json!({"jsonrpc": "2.0", "id": id, "error": error});
            return respond("application/json", body.to_string().into_bytes());
        }
    };
    let body = json!({"jsonrpc": "2.0", "id": id, "result": result});
    respond("application/json", body.to_string().into_bytes())
}

fn replaced(answer: &[u8], mark: &[u8], by: &[u8]) -> Vec<u8> {
    let at = answer.windows(mark.len()).position(|window| window == mark);
    let Some(at) = at else { return answer.to_vec() };
    [&answer[..at], by, &answer[at + mark.len()..]].concat()
}

fn respond(kind: &str, body: Vec<u8>) -> Response {
    Response::builder().header("content-type", kind).body(body.into()).expect("a response")
}

/// An answer in two pieces, the second once the first has left.
fn pieces(kind: &str, body: &[u8], at: usize) -> Response {
    let (first, second) = body.split_at(at.min(body.len()));
    let (first, second) = (Bytes::copy_from_slice(first), Bytes::copy_from_slice(second));
    let stream = futures_util::stream::unfold([Some(first), Some(second)], async |[a, b]| {
        tokio::task::yield_now().await;
        Some((Ok::<_, std::io::Error>(a?), [b, None]))
    });
    let body = axum::body::Body::from_stream(stream);
    Response::builder().header("content-type", kind).body(body).expect("a response")
}
