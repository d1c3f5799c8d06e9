//! Streamable HTTP: POST in, JSON or an event stream out, over raw JSON of our own.

mod address;
mod guard;
mod health;
mod mirror;
pub mod scan;
mod serve;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header as names, request::Parts},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, get, on, post},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};

pub use guard::Doorkeeper;
pub use health::Readiness;
pub use serve::serve;

use super::{
    ingress::{self, From, ModernMeta, Refused},
    listen,
    parked::{self, Parked},
    reply::{Reply, json, named},
    session::{Session, Sessions},
};
use crate::{
    catalog::Scope,
    gateway::Gateway,
    identity::{Authenticators, Presented, Principal, metadata::ResourceMetadata},
    ids,
    mcp::{
        Era, Id, Json, Message, Method, Notification, Request as RpcRequest, Revision, RpcError,
        header, json::Limits,
    },
    refusal::Refusal,
};

/// What the HTTP endpoint works with.
#[derive(Debug)]
pub struct Http {
    pub gateway: Arc<Gateway>,
    pub sessions: Arc<Sessions>,
    pub parked: Arc<Parked>,
    pub authenticators: Authenticators,
    pub metadata: Option<ResourceMetadata>,
    pub doorkeeper: Doorkeeper,
    pub limits: Limits,
    pub readiness: Readiness,
    pub scan: scan::Settings,
}

/// The endpoint's routes.
fn router(http: Arc<Http>) -> Router {
    let verbs = MethodFilter::POST.or(MethodFilter::GET).or(MethodFilter::DELETE);
    Router::new()
        .route("/mcp", on(verbs, all))
        .route("/mcp/{upstream}", on(verbs, one))
        .route("/scan", post(scan::answer))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/.well-known/oauth-protected-resource", get(health::resource_metadata))
        .route("/.well-known/oauth-protected-resource/{*path}", get(health::resource_metadata))
        .with_state(http)
}

async fn all(
    State(http): State<Arc<Http>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    http.serve(Scope::All, peer, request).await
}

async fn one(
    State(http): State<Arc<Http>>,
    Path(upstream): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    http.serve(Scope::Upstream(upstream.into()), peer, request).await
}

impl Http {
    /// Cheap checks first: nothing is parsed for a caller that may not be here.
    async fn serve(self: Arc<Self>, scope: Scope, peer: SocketAddr, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let principal = match self.admit(&parts, peer).await {
            Ok(principal) => principal,
            Err(response) => return response,
        };
        if self.gateway.catalog.with_view(&scope, |_| ()).is_none() {
            return refuse(&Refused::new(404, RpcError::INVALID_REQUEST, "no such endpoint"), None);
        }
        let source = Some(peer.ip().to_string());
        let from = From { principal, scope, source };
        match parts.method.as_str() {
            "POST" => self.post(&from, &parts.headers, body).await,
            "GET" => self.get(&from, &parts.headers),
            _ => self.delete(&from, &parts.headers),
        }
    }

    /// Whether the request came here on purpose, and from whom.
    async fn admit(&self, parts: &Parts, peer: SocketAddr) -> Result<Arc<Principal>, Response> {
        if let Err(why) = self.doorkeeper.check(&parts.headers) {
            return Err(refuse(&Refused::new(403, RpcError::INVALID_REQUEST, why), None));
        }
        if parts.uri.query().is_some_and(|query| query.contains("access_token")) {
            let what = "a token in the query string is not taken; send `Authorization: Bearer`";
            return Err(refuse(&Refused::new(400, RpcError::INVALID_REQUEST, what), None));
        }
        self.identify(&parts.headers, peer).await
    }

    async fn identify(
        &self,
        headers: &HeaderMap,
        peer: SocketAddr,
    ) -> Result<Arc<Principal>, Response> {
        let presented = Presented { headers, loopback: peer.ip().is_loopback() };
        match self.authenticators.authenticate(&presented).await {
            Ok(principal) => Ok(Arc::new(principal)),
            Err(error) => {
                self.gateway.metrics.unidentified();
                tracing::info!(code = error.code(), "A caller was not identified.");
                let body = RpcError::new(RpcError::INVALID_REQUEST, error.public());
                let mut response = refuse(&Refused::of(error.status(), body), None);
                let challenge = self.metadata.as_ref().map(|metadata| metadata.challenge(error));
                if let Some(Ok(value)) = challenge.map(Ok::<HeaderValue, std::convert::Infallible>)
                {
                    response.headers_mut().insert(names::WWW_AUTHENTICATE, value);
                }
                Err(response)
            }
        }
    }

    async fn post(self: Arc<Self>, from: &From, headers: &HeaderMap, body: Body) -> Response {
        let body = match self.body(headers, body).await {
            Ok(body) => body,
            Err(refused) => return refuse(&refused, None),
        };
        match Message::parse(&body, &self.limits) {
            Ok(Message::Request(request)) => self.request(from, headers, request).await,
            Ok(Message::Notification(notification)) => {
                self.notification(from, headers, &notification)
            }
            Ok(Message::Response(response)) => match self.session(from, headers) {
                Ok(session) => {
                    session.answer(response);
                    StatusCode::ACCEPTED.into_response()
                }
                Err(refused) => refuse(&refused, None),
            },
            Err(error) => {
                self.gateway.metrics.malformed();
                refuse(&Refused::of(400, error.to_rpc()), error.id())
            }
        }
    }

    /// The bytes of a JSON body within `limits.message_bytes_max`.
    async fn body(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
        let kind = headers.get(names::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or("").split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let what = "the body must be `application/json`";
            return Err(Refused::new(415, RpcError::INVALID_REQUEST, what));
        }
        let body = Limited::new(body, self.limits.bytes_max).collect();
        let Ok(Ok(body)) = tokio::time::timeout(BODY_TIMEOUT, body).await else {
            self.gateway.metrics.malformed();
            return Err(Refused::too_long(self.limits.bytes_max));
        };
        Ok(body.to_bytes())
    }

    async fn request(
        self: Arc<Self>,
        from: &From,
        headers: &HeaderMap,
        request: RpcRequest,
    ) -> Response {
        let version = headers.get(header::VERSION).and_then(|value| value.to_str().ok());
        let id = request.id.clone();
        let answered = if ingress::is_modern(&request.params, version) {
            self.modern(from, headers, request).await
        } else {
            self.legacy(from, headers, request).await
        };
        answered.unwrap_or_else(|refused| refuse(&refused, Some(&id)))
    }

    async fn modern(
        self: Arc<Self>,
        from: &From,
        headers: &HeaderMap,
        request: RpcRequest,
    ) -> Result<Response, Refused> {
        let meta = ModernMeta::read(&request.params)?;
        mirror::check_version(headers, &meta.version)?;
        let revision = meta.revision()?;
        mirror::check_method(headers, &request)?;
        let method = ingress::method(&request.method, Era::Modern)?;
        mirror::check_name(headers, method, &request.params)?;
        if method == Method::ToolsCall {
            self.check_params(from, headers, &request)?;
        }
        let (id, streams) = (request.id.clone(), takes_stream(headers));
        let (arrival, events) = ingress::modern(request, method, revision, meta, from);
        if method == Method::Listen {
            return listen::modern(&self.gateway, id, arrival).await;
        }
        let context = parked::context(&arrival);
        let resumes = arrival.params.get("requestState").is_some() && method.may_ask();
        let running = if resumes {
            self.parked.resume(&context, &arrival.params).ok_or_else(|| {
                let what = "Invalid requestState: it is unknown, used, expired or altered";
                Refused::new(400, RpcError::INVALID_PARAMS, what)
            })?
        } else {
            super::start(&self.gateway, arrival, events, None)
        };
        let reply = Reply {
            id,
            era: Era::Modern,
            running,
            streams,
            session: None,
            parked: Arc::clone(&self.parked),
            context,
        };
        Ok(reply.respond().await)
    }

    fn check_params(
        &self,
        from: &From,
        headers: &HeaderMap,
        request: &RpcRequest,
    ) -> Result<(), Refused> {
        let Some(name) = request.params.str("name") else { return Ok(()) };
        let found = self.gateway.catalog.with_view(&from.scope, |view| view.tool(name).cloned());
        // A tool that the caller may not know of must look like one that is not there.
        let known = found.flatten().filter(|item| self.gateway.may_know(&from.principal, item));
        let Some(item) = known else { return Ok(()) };
        let arguments = request.params.get("arguments").and_then(Json::as_object);
        mirror::check_params(headers, &item.mirrored, arguments)
    }

    async fn legacy(
        self: Arc<Self>,
        from: &From,
        headers: &HeaderMap,
        request: RpcRequest,
    ) -> Result<Response, Refused> {
        let method = ingress::method(&request.method, Era::Legacy)?;
        mirror::check_stated(headers, method, &request)?;
        let opening = method == Method::Initialize;
        let session = if opening {
            ingress::session_for(&request, from)
        } else {
            self.session(from, headers)?
        };
        let (id, streams) = (request.id.clone(), takes_stream(headers));
        if method == Method::SetLevel {
            session.set_log_level(ingress::level(&request.params)?);
        }
        let (arrival, events) = ingress::legacy(request, method, &session, from);
        if !session.begin(&id, &arrival.line) {
            let what = "a request with this id is already under way";
            return Err(Refused::new(400, RpcError::INVALID_REQUEST, what));
        }
        if opening {
            self.sessions
                .add(&session)
                .map_err(|limit| Refused::limited(Refusal::limited(limit, SESSION_RETRY)))?;
        }
        let ending = Some((Arc::clone(&session), id.clone()));
        let running = super::start(&self.gateway, arrival, events, ending);
        let reply = Reply {
            id,
            era: Era::Legacy,
            running,
            streams,
            session: Some(Arc::clone(&session)),
            parked: Arc::clone(&self.parked),
            context: String::new(),
        };
        let mut response = reply.respond().await;
        if opening && let Ok(value) = HeaderValue::from_str(&session.id) {
            response.headers_mut().insert(header::SESSION, value);
        }
        Ok(response)
    }

    fn session(&self, from: &From, headers: &HeaderMap) -> Result<Arc<Session>, Refused> {
        if let Some(version) = headers.get(header::VERSION) {
            let known = version.to_str().ok().and_then(Revision::parse);
            if known.is_none_or(|revision| revision.era() != Era::Legacy) {
                let what = "Bad Request: unsupported MCP-Protocol-Version";
                return Err(Refused::new(400, RpcError::INVALID_REQUEST, what));
            }
        }
        let id = headers.get(header::SESSION).and_then(|value| value.to_str().ok());
        let id = id.ok_or_else(|| {
            let what = "Bad Request: `Mcp-Session-Id` is missing; start with `initialize`";
            Refused::new(400, RpcError::INVALID_REQUEST, what)
        })?;
        let session = self
            .sessions
            .get(id, &from.principal, &from.scope)
            .ok_or_else(|| Refused::new(404, RpcError::INVALID_REQUEST, "Session not found"))?;
        session.touch();
        Ok(session)
    }

    fn notification(
        &self,
        from: &From,
        headers: &HeaderMap,
        notification: &Notification,
    ) -> Response {
        let version = headers.get(header::VERSION).and_then(|value| value.to_str().ok());
        if ingress::is_modern(&notification.params, version) {
            return StatusCode::ACCEPTED.into_response();
        }
        match self.session(from, headers) {
            Ok(session) => {
                if notification.method == "notifications/cancelled"
                    && let Some(id) = notification.params.get("requestId").and_then(Id::from_json)
                {
                    session.cancel(&id);
                }
                StatusCode::ACCEPTED.into_response()
            }
            Err(refused) => refuse(&refused, None),
        }
    }

    fn get(self: Arc<Self>, from: &From, headers: &HeaderMap) -> Response {
        if headers.get(header::SESSION).is_none() || !takes_stream(headers) {
            return method_not_allowed();
        }
        match self.session(from, headers) {
            Ok(session) => listen::legacy(&self.gateway, session),
            Err(refused) => refuse(&refused, None),
        }
    }

    fn delete(&self, from: &From, headers: &HeaderMap) -> Response {
        if headers.get(header::SESSION).is_none() {
            return method_not_allowed();
        }
        match self.session(from, headers) {
            Ok(session) => {
                self.sessions.remove(&session.id);
                StatusCode::NO_CONTENT.into_response()
            }
            Err(refused) => refuse(&refused, None),
        }
    }
}

/// A peer that sends its body slower than this is cut off.
const BODY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// Idle sessions are ended this often; a place may be free then.
const SESSION_RETRY: std::time::Duration = std::time::Duration::from_secs(60);

fn method_not_allowed() -> Response {
    let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
    response.headers_mut().insert(names::ALLOW, HeaderValue::from_static("POST"));
    response
}

/// Whether the caller takes an event stream; one that says nothing takes anything.
fn takes_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(names::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_none_or(|accept| accept.contains("text/event-stream") || accept.contains("*/*"))
}

fn refuse(refused: &Refused, id: Option<&Id>) -> Response {
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
    let reference = ids::request_ref();
    let mut response = named(json(status, refused.to_bytes(id, &reference)), &reference);
    if let Some(seconds) = refused.retry_after {
        response.headers_mut().insert(names::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
