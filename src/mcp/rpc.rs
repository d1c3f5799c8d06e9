//! JSON-RPC 2.0 as MCP uses it: one message at a time, never a batch, ids never null.

use super::json::{self, Json, Limits, Object, ParseError};

#[cfg(test)]
mod tests;

/// A request id: text or an integer literal.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Id {
    Text(String),
    Integer(i64),
}

impl Id {
    /// An id as a peer wrote it; `None` for null, fractions and anything else.
    pub fn from_json(value: &Json) -> Option<Self> {
        match value {
            Json::String(text) => Some(Self::Text(text.clone())),
            Json::Number(number) => number.as_i64().map(Self::Integer),
            _ => None,
        }
    }

    pub fn to_json(&self) -> Json {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Integer(number) => (*number).into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub id: Id,
    pub method: String,
    pub params: Object,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    pub method: String,
    pub params: Object,
}

/// A JSON-RPC error object; unknown members are not kept, `data` is.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    pub data: Option<Json>,
}

impl RpcError {
    pub const PARSE: i64 = -32700;
    pub const INVALID_REQUEST: i64 = -32600;
    pub const METHOD_NOT_FOUND: i64 = -32601;
    pub const INVALID_PARAMS: i64 = -32602;
    pub const INTERNAL: i64 = -32603;
    /// SEP-2243: the headers and the body disagree.
    pub const HEADER_MISMATCH: i64 = -32020;
    /// A capability that the client did not declare is needed.
    pub const MISSING_CAPABILITY: i64 = -32021;
    pub const UNSUPPORTED_VERSION: i64 = -32022;
    /// A person must open a link first (SPEC 2025-11-25, client/elicitation).
    pub const URL_ELICITATION_REQUIRED: i64 = -32042;

    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    #[must_use]
    pub fn with_data(mut self, data: impl Into<Json>) -> Self {
        self.data = Some(data.into());
        self
    }

    pub fn to_json(&self) -> Json {
        let mut object = Object::from([("code", self.code.into())]);
        object.insert("message", self.message.as_str());
        if let Some(data) = &self.data {
            object.insert("data", data.clone());
        }
        object.into()
    }

    fn from_json(value: &Json) -> Option<Self> {
        Some(Self {
            code: value.get("code")?.as_i64()?,
            message: value.get("message")?.as_str()?.to_owned(),
            data: value.get("data").cloned(),
        })
    }
}

/// An answer. The result is whatever the sender wrote; its shape follows from the request.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub id: Id,
    pub outcome: Result<Object, RpcError>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    Request(Request),
    Notification(Notification),
    Response(Response),
}

/// Why bytes are not a message, with the id to answer if one could be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MessageError {
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error("{what}")]
    Invalid { what: &'static str, id: Option<Id> },
}

impl MessageError {
    /// The JSON-RPC error that tells the sender.
    pub fn to_rpc(&self) -> RpcError {
        let code = match self {
            Self::Parse(_) => RpcError::PARSE,
            Self::Invalid { .. } => RpcError::INVALID_REQUEST,
        };
        RpcError::new(code, self.to_string())
    }

    pub fn id(&self) -> Option<&Id> {
        match self {
            Self::Parse(_) => None,
            Self::Invalid { id, .. } => id.as_ref(),
        }
    }
}

impl Message {
    /// Reads one message.
    ///
    /// # Errors
    /// Bytes that are not exactly one request, notification or response.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, MessageError> {
        let Json::Object(object) = json::parse(bytes, limits)? else {
            return Err(invalid("expected one message object; batches are not taken", None));
        };
        Self::from_object(object)
    }

    fn from_object(mut object: Object) -> Result<Self, MessageError> {
        let id = object.get("id").and_then(Id::from_json);
        if object.str("jsonrpc") != Some("2.0") {
            return Err(invalid("`jsonrpc` must be \"2.0\"", id));
        }
        if let Some(method) = object.remove("method") {
            return Self::call(object, method, id);
        }
        let error = object.get("error").map(RpcError::from_json);
        match (object.remove("result"), error, id) {
            (Some(Json::Object(result)), None, Some(id)) => {
                Ok(Self::Response(Response { id, outcome: Ok(result) }))
            }
            (None, Some(Some(error)), Some(id)) => {
                Ok(Self::Response(Response { id, outcome: Err(error) }))
            }
            (_, _, id) => Err(invalid("neither a request nor a response", id)),
        }
    }

    fn call(mut object: Object, method: Json, id: Option<Id>) -> Result<Self, MessageError> {
        let Json::String(method) = method else {
            return Err(invalid("`method` must be a string", id));
        };
        if object.get("result").is_some() || object.get("error").is_some() {
            return Err(invalid("a request carries no result", id));
        }
        let params = match object.remove("params") {
            None => Object::new(),
            Some(Json::Object(params)) => params,
            Some(_) => return Err(invalid("`params` must be an object", id)),
        };
        match (object.get("id"), id) {
            (None, _) => Ok(Self::Notification(Notification { method, params })),
            (Some(_), Some(id)) => Ok(Self::Request(Request { id, method, params })),
            (Some(_), None) => Err(invalid("`id` must be a string or an integer", None)),
        }
    }
}

fn invalid(what: &'static str, id: Option<Id>) -> MessageError {
    MessageError::Invalid { what, id }
}

/// Appends `{"jsonrpc":"2.0"` and whatever `members` writes.
fn envelope(out: &mut Vec<u8>, members: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\"");
    members(out);
    out.push(b'}');
}

impl Request {
    pub fn write(&self, out: &mut Vec<u8>) {
        envelope(out, |out| {
            out.extend_from_slice(b",\"id\":");
            self.id.to_json().write(out);
            write_call(&self.method, &self.params, out);
        });
    }
}

impl Notification {
    pub fn new(method: &str, params: Object) -> Self {
        Self { method: method.to_owned(), params }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        envelope(out, |out| write_call(&self.method, &self.params, out));
    }
}

impl Response {
    pub fn write(&self, out: &mut Vec<u8>) {
        envelope(out, |out| {
            out.extend_from_slice(b",\"id\":");
            self.id.to_json().write(out);
            match &self.outcome {
                Ok(result) => {
                    out.extend_from_slice(b",\"result\":");
                    result.write(out);
                }
                Err(error) => {
                    out.extend_from_slice(b",\"error\":");
                    error.to_json().write(out);
                }
            }
        });
    }
}

fn write_call(method: &str, params: &Object, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"method\":");
    Json::from(method).write(out);
    if !params.is_empty() {
        out.extend_from_slice(b",\"params\":");
        params.write(out);
    }
}

impl Message {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        match self {
            Self::Request(request) => request.write(&mut out),
            Self::Notification(notification) => notification.write(&mut out),
            Self::Response(response) => response.write(&mut out),
        }
        out
    }
}
