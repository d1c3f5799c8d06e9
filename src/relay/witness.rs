//! Leaves a record of each question that a server asks a client, and of each answer that it hears.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    audit::{Disposition, Entry, Fields, Journal, Outcome},
    identity::Principal,
    inspect::Subject,
    mcp::RpcError,
};

/// Numbers the records of one request, whoever writes them.
pub type Steps = Arc<AtomicU64>;

/// Whose call it is in which something is asked.
#[derive(Debug)]
pub struct Witness {
    pub journal: Arc<Journal>,
    pub principal: Arc<Principal>,
    pub client: String,
    pub session: Option<Arc<str>>,
    pub upstream: Arc<str>,
    /// Name of the tool, prompt or resource that was called; empty outside a call.
    pub target: String,
    /// The gateway's reference of the request.
    pub request: String,
    pub steps: Steps,
}

impl Witness {
    /// Whose texts pass. The tool is known here by the name that it is offered under alone.
    pub(super) fn subject(&self) -> Subject<'_> {
        let (agent, run) = (Some(self.principal.agent.as_str()), self.principal.run.as_deref());
        Subject { agent, run, ..Subject::of_server(&self.upstream) }
    }
}

/// How far a question or an answer came.
#[derive(Clone, Copy, Debug)]
pub(super) enum Noted {
    /// The question may be asked.
    Asked,
    /// The question must not be asked.
    Stopped,
    /// The answer may be heard.
    Answered,
    /// The client refused, or what it answered must not be heard.
    Refused,
}

impl Witness {
    /// Records before it happens what is asked or heard.
    ///
    /// # Errors
    /// The record could not be written: nothing may be asked or heard.
    pub(super) async fn note(
        &self,
        method: &str,
        noted: Noted,
        rules: &BTreeSet<Arc<str>>,
    ) -> Result<(), RpcError> {
        let rules: Vec<&str> = rules.iter().map(AsRef::as_ref).collect();
        let (disposition, outcome) = match noted {
            Noted::Asked => (Some(Disposition::Allowed), None),
            Noted::Stopped => (Some(Disposition::Blocked), None),
            Noted::Answered => (None, Some(Outcome::Ok)),
            Noted::Refused => (None, Some(Outcome::Refused)),
        };
        let fields = Fields {
            request: &self.request,
            step: self.steps.fetch_add(1, Ordering::Relaxed),
            time_ms: u64::try_from(crate::ids::now_ms()).unwrap_or(0),
            agent: Some(&self.principal.agent),
            user: self.principal.user.as_deref(),
            run: self.principal.run.as_deref(),
            client_name: Some(&self.client),
            session: self.session.as_deref(),
            upstream: Some(&self.upstream),
            target: (!self.target.is_empty()).then_some(&self.target),
            findings: &rules,
            disposition,
            outcome,
            ..Fields::default()
        };
        let mut bytes = Vec::with_capacity(1024);
        Entry::event(method, fields).write(&mut bytes);
        self.journal.append(bytes).await.map(drop).map_err(|error| {
            tracing::error!(%error, "A record could not be written; a question was refused.");
            RpcError::new(RpcError::INTERNAL, "the gateway cannot write its record")
        })
    }
}
