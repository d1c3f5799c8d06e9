//! Requests, built once and patched for each call: only the id and the call's number in its text change.

use clap::ValueEnum;
use serde_json::{Value, json};

/// The revision that the legacy callers speak.
const LEGACY: &str = "2025-11-25";
/// The revision that the modern callers speak.
const MODERN: &str = "2026-07-28";
/// Digits of an id, so that every id is as long as the others.
const DIGITS: usize = 9;
/// What a call's text begins with, before the digits of its id.
pub(crate) const MARK: &str = "call ";
/// The shortest payload: the mark, the digits and a space.
pub(crate) const SHORTEST: usize = MARK.len() + DIGITS + 1;

/// A protocol era, as a caller speaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Era {
    /// 2025-11-25, with a session
    Legacy,
    /// 2026-07-28, each request on its own
    Modern,
}

impl Era {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }
}

/// Where and as whom requests are sent.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) era: Era,
    /// Value of `Host`.
    pub(crate) host: String,
    /// Path of the endpoint.
    pub(crate) path: String,
    /// Value of `Bartizan-Run`, where the target is the gateway.
    pub(crate) principal: Option<String>,
    /// The legacy session, once there is one.
    pub(crate) session: Option<String>,
}

impl Envelope {
    /// The request line and the headers for a body of `length` bytes.
    fn head(&self, verb: &str, method: &str, name: Option<&str>, length: usize) -> String {
        let mut head = format!(
            "{verb} {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {length}\r\n",
            self.path, self.host
        );
        let mut add = |name: &str, value: &str| {
            head.extend([name, ": ", value, "\r\n"]);
        };
        if let Some(principal) = &self.principal {
            add("Bartizan-Run", principal);
        }
        match (self.era, &self.session) {
            (Era::Modern, _) => {
                add("MCP-Protocol-Version", MODERN);
                add("Mcp-Method", method);
                if let Some(name) = name {
                    add("Mcp-Name", name);
                }
            }
            (Era::Legacy, Some(session)) => {
                add("MCP-Protocol-Version", LEGACY);
                add("Mcp-Session-Id", session);
            }
            (Era::Legacy, None) if method != "initialize" => add("MCP-Protocol-Version", LEGACY),
            (Era::Legacy, None) => {}
        }
        head.push_str("\r\n");
        head
    }

    /// A whole request for `method`; notifications have no id.
    pub(crate) fn whole(&self, id: Option<u32>, method: &str, mut params: Value) -> Vec<u8> {
        if self.era == Era::Modern {
            params["_meta"] = metadata();
        }
        let mut body = json!({"jsonrpc": "2.0"});
        if let Some(id) = id {
            body["id"] = json!(id);
        }
        body["method"] = json!(method);
        body["params"] = params;
        let body = body.to_string();
        let mut bytes = self.head("POST", method, None, body.len()).into_bytes();
        bytes.extend_from_slice(body.as_bytes());
        bytes
    }

    /// The handshake's first request.
    pub(crate) fn initialize(&self) -> Vec<u8> {
        let params = json!({"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client()});
        self.whole(Some(1), "initialize", params)
    }

    /// Ends the legacy session, so that a server need not keep what it stored for it.
    pub(crate) fn farewell(&self) -> Vec<u8> {
        self.head("DELETE", "", None, 0).into_bytes()
    }

    /// A `tools/call` that is sent over and over.
    pub(crate) fn call(&self, tool: &Tool, filler: &str, progress: bool) -> CallRequest {
        let mut meta = if self.era == Era::Modern { metadata() } else { json!({}) };
        if progress {
            meta["progressToken"] = json!("load");
        }
        let digits = "0".repeat(DIGITS);
        let before = format!("{{\"jsonrpc\":\"2.0\",\"id\":{digits}");
        let middle = format!(
            ",\"method\":\"tools/call\",\"params\":{{\"_meta\":{meta},\"name\":{},\"arguments\":{{{}:\"{MARK}",
            json!(tool.name),
            json!(tool.argument)
        );
        let tail = format!("{filler}\"}}}}}}");
        let length = before.len() + middle.len() + DIGITS + 1 + tail.len();
        let mut bytes = self.head("POST", "tools/call", Some(&tool.name), length).into_bytes();
        bytes.extend_from_slice(before.as_bytes());
        let id_ends = bytes.len();
        bytes.extend_from_slice(middle.as_bytes());
        bytes.extend_from_slice(digits.as_bytes());
        let number_ends = bytes.len();
        bytes.push(b' ');
        bytes.extend_from_slice(tail.as_bytes());
        CallRequest { bytes, ends: [id_ends, number_ends] }
    }
}

/// The tool that echoes: its name at this endpoint, and its one argument.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) argument: String,
}

/// A request whose id and number are patched in place.
#[derive(Debug, Clone)]
pub(crate) struct CallRequest {
    bytes: Vec<u8>,
    /// Where the two runs of digits end.
    ends: [usize; 2],
}

impl CallRequest {
    /// The bytes of the call with this id.
    pub(crate) fn with_id(&mut self, id: u32) -> &[u8] {
        let digits = digits(id);
        for end in self.ends {
            self.bytes[end - DIGITS..end].copy_from_slice(&digits);
        }
        &self.bytes
    }
}

/// The id as it stands on the wire.
pub(crate) fn digits(id: u32) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    let mut rest = id;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    digits
}

fn metadata() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": client(),
        "io.modelcontextprotocol/clientCapabilities": {}
    })
}

fn client() -> Value {
    json!({"name": "load", "version": "1"})
}

/// What follows a call's number: plain English of `bytes` bytes, as it stands inside a JSON string. It needs no
/// escape, so that the answer holds the same bytes.
pub(crate) fn filler(bytes: usize) -> String {
    const WORDS: [&str; 24] = [
        "the", "harbour", "opens", "at", "noon", "and", "every", "boat", "waits", "for", "its",
        "turn", "while", "gulls", "circle", "over", "crates", "of", "apples", "bread", "salt",
        "rope", "near", "lanterns",
    ];
    let mut text = String::with_capacity(bytes + 16);
    let mut state = 0x2545_f491_u32;
    while text.len() < bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let word = usize::try_from(state >> 16).unwrap_or(0) % WORDS.len();
        text.push_str(WORDS[word]);
        text.push_str(if state.is_multiple_of(11) { ". " } else { " " });
    }
    text.truncate(bytes);
    text
}
