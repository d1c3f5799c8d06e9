//! Why a message was turned away, and what the agent is told: what happened, whether the call
//! ran, what can be done, and a reference for `bartizan why`. Never which rule matched.

use std::time::Duration;

use crate::mcp::{Json, Method, Object, RpcError};

/// A refusal's kind. A code never changes meaning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// No such tool, prompt or resource, or none that this caller may know of.
    Unknown,
    /// Known to the caller, yet not allowed with these arguments.
    Forbidden,
    /// A limit is reached; its name is in the text.
    Limited,
    /// The arguments do not fit the tool's schema.
    InvalidArguments,
    /// The firewall stopped the call before it ran.
    Blocked,
    /// The definition changed since it was accepted.
    Quarantined,
    /// A person must decide; the text is a ticket.
    ApprovalPending,
    /// A person said no.
    ApprovalDenied,
    /// Nobody decided in time.
    ApprovalExpired,
    /// What came back was withheld. The call ran.
    Withheld,
    /// The upstream gave no usable answer.
    Upstream,
    /// The caller took the call back or went away.
    Cancelled,
    /// The record could not be written, so nothing was sent.
    Unrecorded,
    /// `requestState`, task or cursor is unknown, used or forged.
    UnknownState,
    /// Something in the gateway broke; it refused.
    Internal,
}

impl Code {
    /// The name in records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Forbidden => "forbidden",
            Self::Limited => "limited",
            Self::InvalidArguments => "invalid_arguments",
            Self::Blocked => "blocked",
            Self::Quarantined => "quarantined",
            Self::ApprovalPending => "approval_pending",
            Self::ApprovalDenied => "approval_denied",
            Self::ApprovalExpired => "approval_expired",
            Self::Withheld => "withheld",
            Self::Upstream => "upstream",
            Self::Cancelled => "cancelled",
            Self::Unrecorded => "unrecorded",
            Self::UnknownState => "unknown_state",
            Self::Internal => "internal",
        }
    }

    /// The JSON-RPC code. Our own lie outside the reserved range of −32768 to −32000.
    pub const fn rpc(self) -> i64 {
        match self {
            Self::Unknown | Self::InvalidArguments | Self::UnknownState => RpcError::INVALID_PARAMS,
            Self::Internal | Self::Unrecorded => RpcError::INTERNAL,
            Self::Forbidden => -31001,
            Self::Limited => -31002,
            Self::Blocked => -31003,
            Self::Quarantined => -31004,
            Self::ApprovalPending => -31005,
            Self::ApprovalDenied => -31006,
            Self::ApprovalExpired => -31007,
            Self::Withheld => -31008,
            Self::Upstream => -31009,
            Self::Cancelled => -31010,
        }
    }
}

impl Code {
    /// Whether a JSON-RPC code is one of our own.
    pub const fn is_ours(code: i64) -> bool {
        -31099 <= code && code <= -31001
    }
}

/// A message turned away.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: Code,
    /// For the agent.
    pub text: String,
    /// For the record alone.
    pub detail: String,
    pub retry_after: Option<Duration>,
    /// An error object to send as it is, from an upstream or of the protocol's own.
    pub rpc: Option<RpcError>,
}

/// What a call to something unknown, or kept from this caller, is told.
fn unknown_text(method: Method, name: &str) -> String {
    match method {
        Method::PromptsGet => format!("Unknown prompt: {name}"),
        Method::ResourcesRead | Method::ResourcesSubscribe => format!("Resource not found: {name}"),
        _ => format!("Unknown tool: {name}"),
    }
}

impl Refusal {
    pub fn new(code: Code, text: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, text: text.into(), detail: detail.into(), retry_after: None, rpc: None }
    }

    /// One answer for unknown and forbidden, so that it tells nobody which it is.
    pub fn unknown(method: Method, name: &str, detail: impl Into<String>) -> Self {
        let mut refusal = Self::new(Code::Unknown, unknown_text(method, name), detail);
        let mut error = RpcError::new(RpcError::INVALID_PARAMS, refusal.text.clone());
        if method == Method::ResourcesRead {
            error = error.with_data(Object::from([("uri", name.into())]));
        }
        refusal.rpc = Some(error);
        refusal
    }

    /// A protocol error, sent as it is.
    pub fn protocol(error: RpcError) -> Self {
        let mut refusal = Self::new(Code::UnknownState, error.message.clone(), "");
        refusal.rpc = Some(error);
        refusal
    }

    pub fn limited(limit: &str, retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs_f64().ceil().max(1.0);
        let text = format!(
            "Not executed: the limit `{limit}` is reached. Try the same call again in {seconds} s."
        );
        let mut refusal = Self::new(Code::Limited, text, limit);
        refusal.retry_after = Some(Duration::from_secs_f64(seconds));
        refusal
    }

    pub fn internal(detail: impl Into<String>) -> Self {
        let text = "Not executed: something in the gateway failed, so it refused.";
        Self::new(Code::Internal, text, detail)
    }

    /// The approval that a refusal of the approval door is about.
    pub fn approval(&self) -> Option<&str> {
        let of_approval = matches!(
            self.code,
            Code::ApprovalPending | Code::ApprovalDenied | Code::ApprovalExpired
        );
        (of_approval && crate::ids::is_approval(&self.detail)).then_some(self.detail.as_str())
    }

    /// What goes to the caller. Where a model can read a refusal it is a tool result, as the
    /// specification asks for errors that the model should understand.
    pub fn into_outcome(self, method: Method, reference: &str) -> Result<Object, RpcError> {
        if let Some(mut error) = self.rpc {
            if error.code == RpcError::INTERNAL && error.data.is_none() {
                error.data = Some(reference_data(self.code, reference));
            }
            return Err(error);
        }
        let text = format!("{} (reference {reference})", self.text);
        if method != Method::ToolsCall {
            let error = RpcError::new(self.code.rpc(), text);
            return Err(error.with_data(reference_data(self.code, reference)));
        }
        let block = Object::from([("type", "text".into()), ("text", text.into())]);
        let mut meta = Object::new();
        meta.insert(META_REFUSAL, reference_data(self.code, reference));
        Ok(Object::from([
            ("content", vec![Json::Object(block)].into()),
            ("isError", true.into()),
            ("_meta", meta.into()),
        ]))
    }
}

/// Our `_meta` keys. An upstream that sends them has them removed.
pub const META_PREFIX: &str = "dev.bartizan/";
const META_REFUSAL: &str = "dev.bartizan/refusal";
/// Of a result that a person released: the request that it was withheld from.
pub const META_RELEASED: &str = "dev.bartizan/released";
/// The request's name, in `_meta` of requests and results and in `data` of errors.
pub const META_REFERENCE: &str = "dev.bartizan/request";
/// The same in HTTP headers, of answers to callers and of requests to upstreams.
pub const REFERENCE_HEADER: &str = "bartizan-request";

/// Puts a request's name into an error's `data`, unless that is something else than an object.
pub fn name_error(error: &mut RpcError, reference: &str) {
    if let Json::Object(data) = error.data.get_or_insert_with(|| Object::new().into()) {
        data.insert(META_REFERENCE, reference);
    }
}

fn reference_data(code: Code, reference: &str) -> Json {
    Object::from([("code", code.name().into()), ("reference", reference.into())]).into()
}
