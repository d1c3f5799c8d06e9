//! The corridor. The order of the doors is the security model, so it fits on one screen.
//!
//! Each door takes what the one before it made and cannot be left out: only a door can make its
//! own stage, and `send` takes nothing but a cleared call.

mod admit;
mod authorize;
mod clear;
mod fence;
mod flow;
mod kept;
mod release;
mod screen;
mod send;
mod task;
mod tasks;
mod trail;

use std::sync::Arc;

pub use tasks::Tasks;
pub use trail::Trail;

use crate::{
    catalog::{Item, Scope},
    exchange::Line,
    gateway::Gateway,
    identity::Principal,
    inspect::Subject,
    mcp::{ClientInfo, Method, Object, Revision},
    refusal::Refusal,
    upstream::watch::Watches,
};

/// A request that came in through some transport, with its caller known.
#[derive(Debug)]
pub struct Arrival {
    pub principal: Arc<Principal>,
    pub client: Arc<ClientInfo>,
    pub revision: Revision,
    pub scope: Scope,
    pub method: Method,
    pub params: Object,
    pub line: Line,
    pub session: Option<Arc<str>>,
    /// What the legacy session watches; a modern caller's streams keep their own.
    pub watches: Option<Arc<Watches>>,
    /// The gateway's own name for this request.
    pub reference: String,
    /// The network address it came from, if any.
    pub source: Option<String>,
}

/// A call on its way in. `S` is the last door it passed, and keeps what that door learned.
#[derive(Debug)]
pub struct Call<'a, S> {
    pub(crate) arrival: &'a Arrival,
    pub(crate) item: Arc<Item>,
    /// `arguments` of a tool or prompt, `uri` of a resource: what may still be edited.
    pub(crate) arguments: Object,
    passed: S,
}

impl<'a, S> Call<'a, S> {
    fn pass<T>(self, door: impl FnOnce(S) -> T) -> Call<'a, T> {
        let Self { arrival, item, arguments, passed } = self;
        Call { arrival, item, arguments, passed: door(passed) }
    }
}

impl<S> Call<'_, S> {
    /// Whose texts are read.
    fn subject(&self) -> Subject<'_> {
        subject(self.arrival, &self.item)
    }
}

impl<S> Answer<'_, S> {
    /// Whose texts are read.
    fn subject(&self) -> Subject<'_> {
        subject(self.arrival, &self.item)
    }
}

fn subject<'a>(arrival: &'a Arrival, item: &'a Item) -> Subject<'a> {
    let principal = &arrival.principal;
    let (agent, run) = (Some(principal.agent.as_str()), principal.run.as_deref());
    Subject { origin: item.origin(), agent, run }
}

/// What came back, on its way out.
#[derive(Debug)]
pub struct Answer<'a, S> {
    pub(crate) arrival: &'a Arrival,
    pub(crate) item: Arc<Item>,
    pub(crate) result: Object,
    passed: S,
}

impl Arrival {
    /// A subscription to one resource, out of a request for several.
    pub(crate) fn for_resource(&self, uri: &str) -> Self {
        Self {
            principal: Arc::clone(&self.principal),
            client: Arc::clone(&self.client),
            revision: self.revision,
            scope: self.scope.clone(),
            method: Method::ResourcesSubscribe,
            params: Object::from([("uri", uri.into())]),
            line: self.line.clone(),
            session: self.session.clone(),
            watches: self.watches.clone(),
            reference: crate::ids::request_ref(),
            source: self.source.clone(),
        }
    }
}

impl Gateway {
    /// Walks a subscription through the doors that a read passes, and records the decision.
    ///
    /// # Errors
    /// The first door that refuses.
    pub(crate) async fn permit_watch(
        &self,
        arrival: &mut Arrival,
        trail: &mut Trail,
    ) -> Result<Arc<Item>, Refusal> {
        let call = self.find(arrival, trail)?;
        let call = self.authorize(call, trail)?;
        let call = self.recall(call, trail).await?;
        let call = self.admit(call, trail)?;
        let call = self.screen(call, trail).await?;
        let call = self.clear(call, trail).await?;
        trail.decide(self, call.arrival).await?;
        Ok(call.item)
    }

    /// Walks one call through every door, in order.
    ///
    /// # Errors
    /// The first door that refuses.
    pub(crate) async fn walk(
        &self,
        arrival: &mut Arrival,
        trail: &mut Trail,
    ) -> Result<Object, Refusal> {
        let call = self.find(arrival, trail)?;
        let call = self.authorize(call, trail)?;
        let call = self.recall(call, trail).await?;
        let call = self.admit(call, trail)?;
        let call = self.screen(call, trail).await?;
        if let Some(released) = Box::pin(self.hand_out(&call, trail)).await? {
            return Ok(released);
        }
        let call = self.clear(call, trail).await?;
        let sent = self.send(call, trail).await;
        let answer = self.remember_error(sent, trail).await?;
        let mut answer = self.release(answer, trail).await?;
        let brought = self.brought(&mut answer.result, trail);
        let result = self.fence(answer, trail);
        self.remember(brought, &result, trail).await?;
        Ok(result)
    }
}
