//! From a message to an arrival: which era, which method, whose metadata. The order of the checks
//! is the one conformance tests look for.

use std::sync::Arc;

use crate::{
    catalog::Scope,
    corridor::Arrival,
    exchange::{Line, Outgoing},
    identity::Principal,
    ids,
    mcp::{
        ClientInfo, Era, Id, Json, Method, Object, Request, Revision, RpcError,
        client::{META_CAPABILITIES, META_CLIENT, META_LOG_LEVEL, META_VERSION},
    },
    refusal::{self, Refusal},
    relay::LEVELS,
};
use tokio::sync::mpsc;

use super::session::Session;

/// The level that `logging/setLevel` sets.
///
/// # Errors
/// No level of RFC 5424: other words would travel on to servers.
pub fn level(params: &Object) -> Result<&str, Refused> {
    let level = params.str("level").filter(|level| LEVELS.contains(level));
    level.ok_or_else(|| Refused::new(400, RpcError::INVALID_PARAMS, "unknown log level"))
}

/// A request that is refused before the corridor, with the HTTP status that goes with it.
#[derive(Clone, Debug)]
pub struct Refused {
    pub status: u16,
    pub error: RpcError,
    /// Seconds after which the caller may come again.
    pub retry_after: Option<u64>,
}

impl Refused {
    pub fn new(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self::of(status, RpcError::new(code, message))
    }

    pub fn of(status: u16, error: RpcError) -> Self {
        Self { status, error, retry_after: None }
    }

    /// A limit is reached.
    pub fn limited(refusal: Refusal) -> Self {
        let retry_after = refusal.retry_after.map(|wait| wait.as_secs().max(1));
        Self { retry_after, ..Self::new(429, refusal.code.rpc(), refusal.text) }
    }

    /// A message beyond the limit, which has no id that could be read.
    pub fn too_long(bytes_max: usize) -> Self {
        let what = format!(
            "the message is longer than `limits.message_bytes_max` ({bytes_max}) or broke off"
        );
        Self::new(413, RpcError::INVALID_REQUEST, what)
    }

    /// The response, under the name that the refusal has in the log. No record is made before the
    /// corridor.
    pub fn to_bytes(&self, id: Option<&Id>, reference: &str) -> Vec<u8> {
        tracing::debug!(
            request = reference,
            status = self.status,
            code = self.error.code,
            "A message was refused before the corridor."
        );
        let mut error = self.error.clone();
        refusal::name_error(&mut error, reference);
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
        id.map_or(Json::Null, Id::to_json).write(&mut out);
        out.extend_from_slice(b",\"error\":");
        error.to_json().write(&mut out);
        out.push(b'}');
        out
    }
}

/// Whether a request speaks the modern era: by its metadata, not by its method.
pub fn is_modern(params: &Object, header_version: Option<&str>) -> bool {
    let stated = params.get("_meta").is_some_and(|meta| meta.get(META_VERSION).is_some());
    let newer = header_version
        .is_some_and(|version| Revision::parse(version).is_none_or(|it| it.era() == Era::Modern));
    stated || newer
}

/// What every modern request says of its sender.
#[derive(Debug)]
pub struct ModernMeta {
    pub version: String,
    pub client: ClientInfo,
    pub log_level: Option<String>,
}

impl ModernMeta {
    /// # Errors
    /// A required member is missing.
    pub fn read(params: &Object) -> Result<Self, Refused> {
        let missing = |key: &str| {
            let what = format!("`_meta` must carry `{key}`");
            Refused::new(400, RpcError::INVALID_PARAMS, what)
        };
        let meta = params.get("_meta").and_then(Json::as_object);
        let meta = meta.ok_or_else(|| missing(META_VERSION))?;
        let version = meta.str(META_VERSION).ok_or_else(|| missing(META_VERSION))?.to_owned();
        let capabilities = meta.get(META_CAPABILITIES).filter(|it| it.as_object().is_some());
        let capabilities = capabilities.ok_or_else(|| missing(META_CAPABILITIES))?;
        let client = ClientInfo::new(meta.get(META_CLIENT), Some(capabilities));
        let level = meta.str(META_LOG_LEVEL).filter(|level| LEVELS.contains(level));
        let log_level = level.map(str::to_owned);
        Ok(Self { version, client, log_level })
    }

    /// # Errors
    /// A version that is not served in this era.
    pub fn revision(&self) -> Result<Revision, Refused> {
        let revision = Revision::parse(&self.version).filter(|it| it.era() == Era::Modern);
        revision.ok_or_else(|| {
            let modern = Revision::ALL.iter().filter(|it| it.era() == Era::Modern);
            let supported = modern.map(|it| Json::from(it.name()));
            let data = Object::from([
                ("supported", supported.collect::<Vec<_>>().into()),
                ("requested", self.version.as_str().into()),
            ]);
            let error =
                RpcError::new(RpcError::UNSUPPORTED_VERSION, "Unsupported protocol version");
            Refused::of(400, error.with_data(data))
        })
    }
}

/// Finds the method, or says that there is none in this era.
///
/// # Errors
/// An unknown or removed method.
pub fn method(name: &str, era: Era) -> Result<Method, Refused> {
    Method::parse(name, era).ok_or_else(|| {
        let shown: String = name.chars().take(100).collect();
        let what = format!("Method not found: {shown}");
        Refused::new(404, RpcError::METHOD_NOT_FOUND, what)
    })
}

/// Facts that a transport knows of every request on a connection or session.
#[derive(Clone, Debug)]
pub struct From {
    pub principal: Arc<Principal>,
    pub scope: Scope,
    pub source: Option<String>,
}

/// An arrival of the modern era.
pub fn modern(
    request: Request,
    method: Method,
    revision: Revision,
    meta: ModernMeta,
    from: &From,
) -> (Arrival, mpsc::Receiver<Outgoing>) {
    build(request, method, revision, Arc::new(meta.client), meta.log_level, from)
}

/// An arrival of the legacy era.
pub fn legacy(
    request: Request,
    method: Method,
    session: &Session,
    from: &From,
) -> (Arrival, mpsc::Receiver<Outgoing>) {
    let (client, level) = (Arc::clone(&session.client), session.log_level());
    let (mut arrival, events) = build(request, method, session.revision, client, level, from);
    arrival.session = Some(Arc::clone(&session.id));
    arrival.watches = Some(Arc::clone(&session.watches));
    (arrival, events)
}

fn build(
    request: Request,
    method: Method,
    revision: Revision,
    client: Arc<ClientInfo>,
    log_level: Option<String>,
    from: &From,
) -> (Arrival, mpsc::Receiver<Outgoing>) {
    let token = request.params.get("_meta").and_then(|meta| meta.get("progressToken"));
    let token = token.filter(|it| matches!(it, Json::String(_) | Json::Number(_))).cloned();
    let (line, events) = Line::open(token, log_level);
    let arrival = Arrival {
        principal: Arc::clone(&from.principal),
        client,
        revision,
        scope: from.scope.clone(),
        method,
        params: request.params,
        line,
        session: None,
        watches: None,
        reference: ids::request_ref(),
        source: from.source.clone(),
    };
    (arrival, events)
}

/// The session that an `initialize` opens.
pub fn session_for(request: &Request, from: &From) -> Arc<Session> {
    let asked = request.params.str("protocolVersion").unwrap_or("");
    let revision = Revision::parse(asked).filter(|revision| revision.era() == Era::Legacy);
    let (info, capabilities) =
        (request.params.get("clientInfo"), request.params.get("capabilities"));
    Session::new(
        Arc::clone(&from.principal),
        Arc::new(ClientInfo::new(info, capabilities)),
        revision.unwrap_or(Revision::NEWEST_LEGACY),
        from.scope.clone(),
    )
}
