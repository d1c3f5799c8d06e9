//! Streams without a request's answer: subscriptions of modern clients, the session stream of
//! legacy ones. They carry list changes and resource updates, and nothing that was not asked for.

use std::{collections::HashSet, convert::Infallible, sync::Arc};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{broadcast, mpsc};

use super::{
    ingress::Refused,
    reply::{KEEP_ALIVE, event_stream, named},
    session::Session,
};
use crate::{
    catalog::Changes,
    corridor::{Arrival, Trail},
    gateway::Gateway,
    mcp::{Id, Json, Message, Notification, Object, RpcError, client::META_SUBSCRIPTION, sse},
    upstream::watch::Watch,
};

/// Messages that may wait for a slow reader; then the stream ends, and its client starts anew.
const MESSAGES_MAX: usize = 64;

/// Resources of one subscription; further ones are left out of what is acknowledged.
const URIS_MAX: usize = 256;

/// What a subscriber wants to hear of.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: HashSet<String>,
}

impl Filter {
    fn read(params: &Object) -> Option<Self> {
        let asked = params.get("notifications")?.as_object()?;
        let flag = |key: &str| asked.get(key).and_then(Json::as_bool) == Some(true);
        let uris = asked.get("resourceSubscriptions").and_then(Json::as_array).unwrap_or_default();
        Some(Self {
            tools: flag("toolsListChanged"),
            prompts: flag("promptsListChanged"),
            resources: flag("resourcesListChanged"),
            uris: uris.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        })
    }

    /// The subset that is served, as the acknowledgement states it.
    fn accepted(&self) -> Object {
        let mut accepted = Object::new();
        for (wanted, key) in [
            (self.tools, "toolsListChanged"),
            (self.prompts, "promptsListChanged"),
            (self.resources, "resourcesListChanged"),
        ] {
            if wanted {
                accepted.insert(key, true);
            }
        }
        if !self.uris.is_empty() {
            let mut uris: Vec<&String> = self.uris.iter().collect();
            uris.sort();
            let uris: Vec<Json> = uris.into_iter().map(|uri| uri.as_str().into()).collect();
            accepted.insert("resourceSubscriptions", uris);
        }
        accepted
    }

    fn of_changes(&self, changes: Changes) -> Vec<&'static str> {
        [
            (self.tools && changes.tools, "notifications/tools/list_changed"),
            (self.prompts && changes.prompts, "notifications/prompts/list_changed"),
            (self.resources && changes.resources, "notifications/resources/list_changed"),
        ]
        .into_iter()
        .filter_map(|(wanted, method)| wanted.then_some(method))
        .collect()
    }
}

/// Opens `subscriptions/listen`.
///
/// # Errors
/// No filter, or too many streams.
pub(super) async fn modern(
    gateway: &Arc<Gateway>,
    id: Id,
    arrival: Arrival,
) -> Result<Response, Refused> {
    let mut filter = Filter::read(&arrival.params).ok_or_else(|| {
        Refused::new(400, RpcError::INVALID_PARAMS, "`notifications` must be an object")
    })?;
    let key = crate::limits::key_of(&arrival.principal);
    let seat = gateway.limiter.load().wait_seat(key).map_err(Refused::limited)?;
    let watched = watch(gateway, &arrival, &mut filter).await;
    let (sender, messages) = mpsc::channel(MESSAGES_MAX);
    let acknowledged = Object::from([("notifications", filter.accepted().into())]);
    let mark = id.to_json();
    let first = notification("notifications/subscriptions/acknowledged", acknowledged, Some(&mark));
    let (gateway, reference) = (Arc::clone(gateway), arrival.reference.clone());
    tokio::spawn(async move {
        if sender.send(first).await.is_ok() {
            follow(&gateway, &arrival, Source::Fixed(filter), Some(&mark), &sender).await;
        }
        drop((watched, seat));
    });
    Ok(named(event_stream(body(messages)), &reference))
}

/// `subscriptions/listen` over lines: runs until it is cancelled or its client is gone.
///
/// # Errors
/// No filter.
pub(super) async fn lines(
    gateway: &Arc<Gateway>,
    id: &Id,
    arrival: Arrival,
    outbox: &mpsc::Sender<Vec<u8>>,
) -> Result<Object, RpcError> {
    let mut filter = Filter::read(&arrival.params).ok_or_else(|| {
        RpcError::new(RpcError::INVALID_PARAMS, "`notifications` must be an object")
    })?;
    let watched = watch(gateway, &arrival, &mut filter).await;
    let mark = id.to_json();
    let acknowledged = Object::from([("notifications", filter.accepted().into())]);
    let first = notification("notifications/subscriptions/acknowledged", acknowledged, Some(&mark));
    let (sender, mut messages) = mpsc::channel(MESSAGES_MAX);
    let relayed = async {
        let mut next = Some(first);
        while let Some(mut message) = next {
            message.push(b'\n');
            if outbox.send(message).await.is_err() {
                return;
            }
            next = messages.recv().await;
        }
    };
    tokio::select! {
        () = follow(gateway, &arrival, Source::Fixed(filter), Some(&mark), &sender) => {}
        () = relayed => {}
    }
    drop(watched);
    Ok(Object::new())
}

/// Subscribes upstreams to the resources this caller may see; others are left out in silence.
async fn watch(gateway: &Gateway, arrival: &Arrival, filter: &mut Filter) -> Vec<Watch> {
    let mut watched = Vec::new();
    for (index, uri) in filter.uris.clone().into_iter().enumerate() {
        let mut each = arrival.for_resource(&uri);
        let permitted = match index {
            0..URIS_MAX => gateway.permit_watch(&mut each, &mut Trail::default()).await.ok(),
            _ => None,
        };
        let watching = match permitted {
            Some(item) => item.upstream.watch(&uri).await.ok(),
            None => None,
        };
        match watching {
            Some(watch) => watched.push(watch),
            None => drop(filter.uris.remove(&uri)),
        }
    }
    watched
}

/// The stream a legacy client opens with GET.
pub(super) fn legacy(gateway: &Arc<Gateway>, session: Arc<Session>) -> Response {
    let (sender, messages) = mpsc::channel(MESSAGES_MAX);
    let gateway = Arc::clone(gateway);
    tokio::spawn(async move {
        let arrival = super::lines::session_arrival(&session);
        tokio::select! {
            () = follow(&gateway, &arrival, Source::Session(Arc::clone(&session)), None, &sender) => {}
            () = session.ended.notified() => {}
            () = sender.closed() => {}
        }
    });
    event_stream(body(messages))
}

/// Where the filter comes from.
pub(super) enum Source {
    Fixed(Filter),
    Session(Arc<Session>),
}

impl Source {
    /// A legacy session hears of every list: it has no way to ask for less.
    fn of_changes(&self, changes: Changes) -> Vec<&'static str> {
        let all = Filter { tools: true, prompts: true, resources: true, uris: HashSet::new() };
        match self {
            Self::Fixed(filter) => filter.of_changes(changes),
            Self::Session(_) => all.of_changes(changes),
        }
    }

    fn watches(&self, uri: &str) -> bool {
        match self {
            Self::Fixed(filter) => filter.uris.contains(uri),
            Self::Session(session) => session.watches.contains(uri),
        }
    }
}

/// Sends what changes until the reader is gone.
pub(super) async fn follow(
    gateway: &Gateway,
    arrival: &Arrival,
    source: Source,
    mark: Option<&Json>,
    sender: &mpsc::Sender<Vec<u8>>,
) {
    let mut changes = gateway.catalog.changes();
    let mut updates = gateway.catalog.updates();
    loop {
        let notes = tokio::select! {
            changed = changes.recv() => match changed {
                Ok(changed) => source.of_changes(changed).into_iter()
                    .map(|method| notification(method, Object::new(), mark)).collect(),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    let all = Changes { tools: true, prompts: true, resources: true };
                    source.of_changes(all).into_iter()
                        .map(|method| notification(method, Object::new(), mark)).collect()
                }
                Err(broadcast::error::RecvError::Closed) => return,
            },
            updated = updates.recv() => match updated {
                Ok(uri) if source.watches(&uri) => {
                    let params = Object::from([("uri", Json::from(&*uri))]);
                    vec![notification("notifications/resources/updated", params, mark)]
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => Vec::new(),
                Err(broadcast::error::RecvError::Closed) => return,
            },
            () = sender.closed() => return,
            () = arrival.line.gone.cancelled() => return,
            () = gateway.closing.cancelled() => return,
        };
        for note in notes {
            if sender.try_send(note).is_err() {
                return;
            }
        }
    }
}

fn notification(method: &str, mut params: Object, mark: Option<&Json>) -> Vec<u8> {
    if let Some(mark) = mark {
        params.object_mut("_meta").insert(META_SUBSCRIPTION, mark.clone());
    }
    Message::Notification(Notification::new(method, params)).to_bytes()
}

fn body(messages: mpsc::Receiver<Vec<u8>>) -> Body {
    let chunks = stream::unfold(messages, |mut messages| async move {
        let next = tokio::time::timeout(KEEP_ALIVE, messages.recv()).await;
        let bytes = match next {
            Ok(Some(message)) => sse::frame(&message),
            Ok(None) => return None,
            Err(_) => sse::COMMENT.to_vec(),
        };
        Some((Ok::<_, Infallible>(Bytes::from(bytes)), messages))
    });
    Body::from_stream(chunks)
}
