//! `POST /scan`: texts of other programs against the rules in force. The same door of identity and the
//! same rates as for messages; nothing is edited, held or recorded.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    response::Response,
};
use serde_json::{Value, json};

use super::{Http, Refused, refuse};
use crate::{
    firewall::Surface,
    identity::Principal,
    ids,
    limits::key_of,
    mcp::{Json, Object, RpcError, json::parse},
    scan::{Detectors, Scanner, surface},
    transport::reply::{json as answered, named},
};

/// Texts of one request by default.
pub const TEXTS_MAX: usize = 1_000;

/// Whether texts are taken now, and how many at once.
pub struct Settings(Box<dyn Fn() -> Option<usize> + Send + Sync>);

impl Settings {
    /// `texts_max` is asked at each request; `None` means that none are taken.
    pub fn new(texts_max: impl Fn() -> Option<usize> + Send + Sync + 'static) -> Self {
        Self(Box::new(texts_max))
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Settings").field(&(self.0)()).finish()
    }
}

pub(super) async fn answer(
    State(http): State<Arc<Http>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let principal = match http.admit(&parts, peer).await {
        Ok(principal) => principal,
        Err(response) => return response,
    };
    let Some(texts_max) = (http.scan.0)() else {
        let what = "no such endpoint; `scan.enabled` opens it";
        return refuse(&Refused::new(404, RpcError::INVALID_REQUEST, what), None);
    };
    // Before the body is read: what is refused counts too.
    let counted = http.gateway.limiter.load().request(key_of(&principal));
    if let Err(refusal) = counted {
        return refuse(&Refused::limited(refusal), None);
    }
    let body = match http.body(&parts.headers, body).await {
        Ok(body) => body,
        Err(refused) => return refuse(&refused, None),
    };
    let asked = match Asked::read(&http, &body, texts_max) {
        Ok(asked) => asked,
        Err(what) => return refuse(&Refused::new(400, RpcError::INVALID_PARAMS, what), None),
    };
    match http.read(&principal, asked).await {
        Ok(value) => {
            named(answered(StatusCode::OK, value.to_string().into_bytes()), &ids::request_ref())
        }
        Err(refused) => refuse(&refused, None),
    }
}

/// What a caller wants read.
struct Asked {
    surface: Surface,
    texts: Vec<(Value, String)>,
    /// Whether it asked about one text and wants one answer.
    single: bool,
}

impl Asked {
    fn read(http: &Http, body: &[u8], texts_max: usize) -> Result<Self, String> {
        let json = parse(body, &http.limits).map_err(|error| error.to_string())?;
        let object = json.as_object().ok_or("the body must be an object")?;
        let known = |key: &str| ["id", "text", "texts", "surface"].contains(&key);
        if let Some(key) = object.keys().find(|key| !known(key)) {
            return Err(format!("unknown member `{key}`; there are `text`, `texts`, `surface`"));
        }
        let named = match object.get("surface") {
            None => Some(Surface::ToolResult.name()),
            Some(name) => name.as_str(),
        };
        let surface = surface(named.ok_or("`surface` must be a string")?)?;
        let (texts, single) = match (object.get("text"), object.get("texts")) {
            (Some(_), None) => (vec![text(object, 0)?], true),
            (None, Some(Json::Array(texts))) => {
                let each = texts.iter().enumerate().map(|(number, item)| match item {
                    Json::String(text) => Ok((Value::from(number), text.clone())),
                    Json::Object(object) => text(object, number),
                    _ => Err(format!("`texts[{number}]` is neither a string nor an object")),
                });
                (each.collect::<Result<Vec<_>, String>>()?, false)
            }
            _ => return Err("give either `text` or an array `texts`".to_owned()),
        };
        if texts.len() > texts_max {
            return Err(format!("more than `scan.texts_max` ({texts_max}) texts"));
        }
        Ok(Self { surface, texts, single })
    }
}

/// The text of an object, and its id.
fn text(object: &Object, number: usize) -> Result<(Value, String), String> {
    let text = object.str("text").ok_or("`text` must be a string")?;
    let id = object.get("id").map_or_else(|| Value::from(number), Json::to_value);
    Ok((id, text.to_owned()))
}

impl Http {
    /// Takes a seat and reads the texts, away from the threads that serve others.
    async fn read(&self, principal: &Arc<Principal>, asked: Asked) -> Result<Value, Refused> {
        let limiter = self.gateway.limiter.load_full();
        let seat = limiter.seat(key_of(principal)).map_err(Refused::limited)?;
        let firewall = self.gateway.firewall.load_full();
        let read = tokio::task::spawn_blocking(move || {
            let rules = Arc::clone(&firewall.rules);
            let scanner = Scanner::new(rules, firewall.profile, Detectors::default());
            let reports = asked.texts.iter().map(|(id, text)| {
                let mut line = json!({"id": id});
                let report = json!(scanner.scan(asked.surface, text));
                if let (Some(line), Value::Object(report)) = (line.as_object_mut(), report) {
                    line.extend(report);
                }
                line
            });
            let mut reports: Vec<Value> = reports.collect();
            drop(seat);
            if asked.single {
                reports.pop().unwrap_or_default()
            } else {
                json!({"results": reports})
            }
        });
        let failed = |_| Refused::new(500, RpcError::INTERNAL, "something in the gateway failed");
        read.await.map_err(failed)
    }
}
