//! What is known of one request so far, and its records: the decision before anything is sent,
//! the outcome after it.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use super::{Arrival, kept::KeptBack};
use crate::{
    access::Names,
    audit::{Disposition, Entry, Fields, Mode, Outcome, Spot},
    catalog::Item,
    flow::RunName,
    gateway::Gateway,
    inspect::{self, Inspection},
    mcp::{Method, Object},
    refusal::{Code, Refusal},
    relay::{Steps, Witness},
};

/// The trail of one request through the corridor.
#[derive(Debug)]
pub struct Trail {
    started: Instant,
    pub(super) target: String,
    pub(super) item: Option<Arc<Item>>,
    pub(super) rules: BTreeSet<Arc<str>>,
    /// Rules that found something and are only watched.
    shadow: BTreeSet<Arc<str>>,
    exclusions: BTreeSet<Arc<str>>,
    /// Where rules found something.
    spots: Vec<inspect::Spot>,
    pub(super) uninspected: bool,
    /// Something severe was found in what came back.
    pub(super) suspicious: bool,
    pub(super) policies: Names,
    /// What the candidate policies would have decided, if it is something else.
    pub(super) candidate: Option<&'static str>,
    pub(super) approval: Option<String>,
    pub(super) arguments_digest: String,
    /// What would have been refused, where a door only observes, since the last record.
    would: Option<&'static str>,
    held: Option<String>,
    /// Why flow rules would hold the call, or stop it: the rules and their evidence.
    judged: Option<String>,
    /// The run that the request belongs to.
    pub(super) run: Option<RunName>,
    /// The call, as the run knows it again.
    pub(super) call: Option<u64>,
    /// Secrets that were taken out of what came back, as the run knows them again.
    pub(super) secrets: Vec<u64>,
    /// Rules that found something in what came back.
    pub(super) brought: BTreeSet<Arc<str>>,
    /// What came back gives orders to agents, as the rules see it.
    pub(super) instructs: bool,
    /// Whose word hands out a result that was withheld.
    pub(super) released: Option<String>,
    /// What a door withheld, until it is kept.
    pub(super) kept_back: Option<KeptBack>,
    decided: bool,
    /// Shared with whoever else writes about this request.
    steps: Steps,
}

impl Default for Trail {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            target: String::new(),
            item: None,
            rules: BTreeSet::new(),
            shadow: BTreeSet::new(),
            exclusions: BTreeSet::new(),
            spots: Vec::new(),
            uninspected: false,
            suspicious: false,
            policies: Names::default(),
            candidate: None,
            approval: None,
            arguments_digest: String::new(),
            would: None,
            held: None,
            judged: None,
            run: None,
            call: None,
            secrets: Vec::new(),
            brought: BTreeSet::new(),
            instructs: false,
            released: None,
            kept_back: None,
            decided: false,
            steps: Steps::default(),
        }
    }
}

impl Trail {
    pub(super) fn found(&mut self, inspection: &Inspection) {
        self.rules.extend(inspection.rules.iter().cloned());
        self.shadow.extend(inspection.shadow.iter().cloned());
        self.exclusions.extend(inspection.exclusions.iter().cloned());
        self.spots.extend(inspection.spots.iter().cloned());
        self.uninspected |= inspection.uninspected;
        // Before the call is decided it is the caller's own text.
        if self.decided {
            self.suspicious |= inspection.suspicious;
            self.brought.extend(inspection.rules.iter().cloned());
            self.instructs |= inspection.instructs;
        }
        if inspection.would != inspection.disposition {
            let code = if self.decided { Code::Withheld } else { Code::Blocked };
            self.would.get_or_insert(code.name());
        }
    }

    pub(super) fn would_refuse(&mut self, refusal: &Refusal) {
        self.would.get_or_insert(refusal.code.name());
    }

    /// Carries out what a door decided or, where the door observes, notes it and goes on.
    ///
    /// # Errors
    /// What the door decided, where it enforces.
    pub(crate) fn carry_out<T>(
        &mut self,
        mode: inspect::Mode,
        decided: Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        match (decided, mode) {
            (Ok(passed), _) => Ok(Some(passed)),
            (Err(refusal), inspect::Mode::Enforce) => Err(refusal),
            (Err(refusal), inspect::Mode::Observe) => {
                self.would_refuse(&refusal);
                Ok(None)
            }
        }
    }

    pub(super) fn held(&mut self, reasons: &str) {
        self.held = Some(reasons.to_owned());
    }

    /// What flow rules have against the call, for whoever asks why.
    pub(super) fn judged(&mut self, reasons: &[String]) {
        self.judged = Some(reasons.join("; "));
    }

    /// Writes the decision to send.
    ///
    /// # Errors
    /// The record could not be written: nothing may be sent.
    pub(super) async fn decide(
        &mut self,
        gateway: &Gateway,
        arrival: &Arrival,
    ) -> Result<(), Refusal> {
        self.write(gateway, arrival, self.passed()).await?;
        self.decided = true;
        // The outcome's record tells of what comes after this one alone.
        self.would = None;
        self.judged = None;
        self.candidate = None;
        Ok(())
    }

    /// The decision on what was not refused.
    fn passed(&self) -> Record {
        let disposition = match self.would {
            Some(_) => Disposition::Observed,
            None => Disposition::Allowed,
        };
        Record::Decision(disposition, self.would)
    }

    /// Writes how the request ended, wherever it stopped.
    pub(crate) async fn close(
        &mut self,
        gateway: &Gateway,
        arrival: &Arrival,
        ended: Result<&Object, &Refusal>,
    ) -> Result<(), Refusal> {
        let record = match ended {
            Ok(_) if !self.decided => self.passed(),
            Ok(result) => {
                let failed = result.get("isError") == Some(&true.into());
                let outcome = if failed { Outcome::ToolError } else { Outcome::Ok };
                Record::Outcome(outcome, self.would)
            }
            Err(refusal) if self.decided => {
                Record::Outcome(outcome(refusal), Some(refusal.code.name()))
            }
            Err(refusal) => {
                let waits = refusal.code == Code::ApprovalPending;
                let disposition = if waits { Disposition::Held } else { Disposition::Blocked };
                Record::Decision(disposition, Some(refusal.code.name()))
            }
        };
        let written = self.write(gateway, arrival, record).await;
        written.map_err(|mut refusal| {
            if self.decided {
                let text = "The call was sent, but the gateway cannot record its outcome, so it \
                    withholds it. Do not repeat the call.";
                text.clone_into(&mut refusal.text);
            }
            refusal
        })
    }

    /// Time since the request came in.
    pub(crate) fn elapsed(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    async fn write(
        &mut self,
        gateway: &Gateway,
        arrival: &Arrival,
        record: Record,
    ) -> Result<(), Refusal> {
        let mut bytes = Vec::with_capacity(1024);
        let rules: Vec<&str> = self.rules.iter().map(AsRef::as_ref).collect();
        let shadow: Vec<&str> = self.shadow.iter().map(AsRef::as_ref).collect();
        let exclusions: Vec<&str> = self.exclusions.iter().map(AsRef::as_ref).collect();
        let spots: Vec<Spot<'_>> = self.spots.iter().map(spot).collect();
        let policies: Vec<&str> = self.policies.iter().map(AsRef::as_ref).collect();
        let (in_force, firewall) = (gateway.policies.load(), gateway.firewall.load());
        let fields = Fields {
            findings: &rules,
            shadow: &shadow,
            exclusions: &exclusions,
            spots: &spots,
            policies: &policies,
            policy_digest: Some(in_force.digest()),
            ruleset_digest: Some(firewall.rules.digest()),
            ..self.fields(arrival)
        };
        entry(record, fields).write(&mut bytes);
        gateway.journal.append(bytes).await.map(drop).map_err(|error| {
            tracing::error!(%error, "A record could not be written; the call was refused.");
            let text = "Not executed: the gateway cannot write its record, so it sends nothing.";
            Refusal::new(Code::Unrecorded, text, error.to_string())
        })
    }

    fn fields<'a>(&'a self, arrival: &'a Arrival) -> Fields<'a> {
        let principal = &arrival.principal;
        let item = self.item.as_deref();
        let observes =
            self.would.is_some() || item.is_some_and(|item| item.settings.modes.observes());
        Fields {
            request: &arrival.reference,
            step: self.steps.fetch_add(1, Ordering::Relaxed),
            time_ms: u64::try_from(crate::ids::now_ms()).unwrap_or(0),
            agent: Some(&principal.agent),
            user: principal.user.as_deref(),
            run: principal.run.as_deref(),
            proof: Some(principal.proof.name()),
            client_name: Some(&arrival.client.name),
            client_version: Some(&arrival.client.version),
            session: arrival.session.as_deref(),
            source: arrival.source.as_deref(),
            era: Some(arrival.revision.name()),
            method: Some(arrival.method.name()),
            upstream: item.map(|item| &*item.upstream.name),
            target: Some(target_shown(arrival.method, &self.target)),
            arguments_digest: some(&self.arguments_digest),
            definition_digest: item.map(|item| item.pin.as_str()),
            approval: self.approval.as_deref(),
            candidate: self.candidate,
            verdict: match (&self.released, &self.held) {
                (Some(_), _) => Some("release"),
                (None, held) => held.as_ref().map(|_| "hold"),
            },
            reasons: [&self.released, &self.held, &self.judged]
                .into_iter()
                .find_map(Option::as_deref),
            mode: Some(if observes { Mode::Observe } else { Mode::Enforce }),
            elapsed_us: u64::try_from(self.started.elapsed().as_micros()).ok(),
            ..Fields::default()
        }
    }
}

impl Gateway {
    /// Who leaves the records of what is asked in the course of this request.
    pub(super) fn witness(&self, arrival: &Arrival, item: &Item, trail: &Trail) -> Witness {
        Witness {
            journal: Arc::clone(&self.journal),
            principal: Arc::clone(&arrival.principal),
            client: arrival.client.name.clone(),
            session: arrival.session.clone(),
            upstream: Arc::clone(&item.upstream.name),
            target: target_shown(arrival.method, &trail.target).to_owned(),
            request: arrival.reference.clone(),
            steps: Arc::clone(&trail.steps),
        }
    }
}

fn spot(spot: &inspect::Spot) -> Spot<'_> {
    let inspect::Spot { rule, surface, pointer, sha256 } = spot;
    Spot { rule, surface: surface.name(), pointer, sha256: sha256.as_deref() }
}

#[derive(Clone, Copy)]
enum Record {
    Decision(Disposition, Option<&'static str>),
    Outcome(Outcome, Option<&'static str>),
}

fn entry(record: Record, mut fields: Fields<'_>) -> Entry<'_> {
    match record {
        Record::Decision(disposition, refusal) => {
            fields.refusal = refusal;
            Entry::decision(disposition, fields)
        }
        Record::Outcome(outcome, refusal) => {
            fields.refusal = refusal;
            Entry::outcome(outcome, fields)
        }
    }
}

fn outcome(refusal: &Refusal) -> Outcome {
    match refusal.code {
        Code::Withheld => Outcome::Withheld,
        Code::Cancelled => Outcome::Abandoned,
        Code::Upstream if refusal.rpc.is_some() => Outcome::ToolError,
        Code::Upstream => Outcome::Unknown,
        Code::Unrecorded | Code::Limited => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A URI's query may hold a secret; the record keeps the address alone.
fn target_shown(method: Method, target: &str) -> &str {
    match method {
        Method::ToolsCall | Method::PromptsGet => target,
        _ => target.split(['?', '#']).next().unwrap_or(target),
    }
}
