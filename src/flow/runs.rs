//! The runs that go on: whose call belongs to which, in memory and in the store. What a run read is
//! durable before it reaches the agent.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{
    Digester, FlowRules, Grant, Judgement, Memory, Sink, Source, digest::normal, reading::Reading,
    rule::Rule, run::Run,
};
use crate::{
    identity::Principal,
    ids,
    inspect::{self, Mode, Secrets},
    label::Label,
    mcp::{Json, Object},
    seal::Sealer,
    store::{
        Store, StoreError,
        taint::{RunRow, TaintRow},
    },
};

mod blob;
mod ledger;
mod marks;
mod recent;
mod told;

use ledger::Ledger;
use recent::Recent;
pub use told::Told;

/// What a run read cannot be kept, so nobody may read it.
#[derive(Debug, thiserror::Error)]
pub enum Unkept {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("what a run read cannot be kept: {0}")]
    Ledger(Arc<str>),
    #[error("what is kept of a run cannot be read")]
    Broken,
}

/// One run, for as long as a request holds it.
#[derive(Clone, Debug)]
pub struct RunName(Arc<Live>);

#[derive(Debug)]
struct Live {
    row: RunRow,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    run: Run,
    sequence: i64,
    last: i64,
    /// Something that it read could not be kept: nothing more may be read.
    unkept: bool,
    recent: Recent,
}

/// What a text brings to a run, read and not yet noted.
#[derive(Clone, Debug)]
pub struct Brought(Reading);

impl Brought {
    /// Secrets that the firewall took out of it.
    #[must_use]
    pub fn withheld(mut self, secrets: &[u64]) -> Self {
        self.0.withhold(secrets);
        self
    }
}

/// What one row of the store says, beside its digests.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    Read { source: Source, over: bool },
    Granted { grant: Grant, approval: String },
}

/// All runs.
#[derive(Debug)]
pub struct Runs {
    rules: ArcSwap<FlowRules>,
    digester: Digester,
    sealer: Arc<Sealer>,
    store: Arc<Store>,
    ledger: Ledger,
    live: Mutex<HashMap<Vec<u8>, Arc<Live>>>,
    opening: tokio::sync::Mutex<()>,
    started: i64,
}

impl Runs {
    /// Begins to keep runs; must be called within a runtime.
    pub fn new(store: Arc<Store>, sealer: Arc<Sealer>, rules: FlowRules) -> Self {
        Self {
            digester: Digester::new(&sealer),
            sealer,
            ledger: Ledger::start(Arc::clone(&store), rules.synced),
            rules: ArcSwap::from_pointee(rules),
            store,
            live: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            started: ids::now_ms(),
        }
    }

    pub fn set_rules(&self, rules: FlowRules) {
        self.rules.store(Arc::new(rules));
    }

    pub fn rules(&self) -> Arc<FlowRules> {
        self.rules.load_full()
    }

    /// Whether flow rules are carried out.
    pub fn mode(&self) -> Mode {
        self.rules.load().mode
    }

    fn memory(&self) -> Memory {
        let rules = self.rules.load();
        let trusted = Arc::clone(&rules.trusted);
        Memory { digester: self.digester.clone(), limits: rules.limits, trusted }
    }

    /// The run that a caller's request belongs to. A named run is that of its name; a caller without
    /// one goes on with its last run until it was idle for long enough.
    ///
    /// # Errors
    /// What was kept of it cannot be read.
    pub async fn open(&self, principal: &Principal) -> Result<RunName, Unkept> {
        let party = self.party(principal);
        let now = ids::now_ms();
        if let Some(live) = self.known(&party, principal, now) {
            return Ok(RunName(live));
        }
        let _alone = self.opening.lock().await;
        if let Some(live) = self.known(&party, principal, now) {
            return Ok(RunName(live));
        }
        let idle_before = self.live.lock().remove(&party);
        if let Some(ended) = idle_before {
            self.store.end_run(&ended.row.id, "idle", now).await?;
        }
        let live = Arc::new(match self.store.live_run(&party).await? {
            Some(row) => self.restored(row, now).await?,
            None => {
                let row = RunRow {
                    id: ids::run(),
                    party: party.clone(),
                    principal: principal.to_string(),
                    name: principal.run.clone(),
                    started: now,
                    last: now,
                };
                let state = State { last: now, ..State::default() };
                Live { row, state: Mutex::new(state) }
            }
        });
        let max = self.rules.load().limits.runs_in_memory;
        let mut all = self.live.lock();
        if all.len() >= max {
            forget_oldest(&mut all);
        }
        all.insert(party, Arc::clone(&live));
        Ok(RunName(live))
    }

    /// The run in memory, unless it was idle for too long.
    fn known(&self, party: &[u8], principal: &Principal, now: i64) -> Option<Arc<Live>> {
        let live = self.live.lock().get(party).cloned()?;
        let mut state = live.state.lock();
        let idle = i64::from(self.rules.load().limits.idle_s) * 1000;
        if principal.run.is_none() && now - state.last > idle {
            return None;
        }
        state.last = now;
        drop(state);
        Some(live)
    }

    /// A run as the store has it. How long it was idle while no gateway ran is not known, so that
    /// time does not count.
    async fn restored(&self, row: RunRow, now: i64) -> Result<Live, Unkept> {
        let limits = self.rules.load().limits.of_run();
        let mut state = State { last: now.max(self.started), ..State::default() };
        for kept in self.store.taint_of(&row).await? {
            state.sequence = kept.sequence + 1;
            match serde_json::from_str(&kept.body).map_err(|_| Unkept::Broken)? {
                Body::Granted { grant, .. } => state.run.grant(&grant),
                Body::Read { source, over } => {
                    let (reading, own) = blob::reading(&kept, over).ok_or(Unkept::Broken)?;
                    state.run.learn(source, &reading, limits);
                    state.run.keep_own(own.into_iter());
                }
            }
        }
        Ok(Live { row, state: Mutex::new(state) })
    }

    /// Judges a call, and remembers what the agent named before it read anything.
    pub fn judge(
        &self,
        run: &RunName,
        sink: Sink<'_>,
        arguments: &Json,
        nonces: &BTreeSet<u16>,
    ) -> Judgement {
        let nonces: Vec<u16> = nonces.iter().copied().collect();
        let mut state = run.0.state.lock();
        let rules = self.rules.load();
        self.memory().judge_marked(&rules.rules, &mut state.run, sink, arguments, &nonces)
    }

    /// Judges a request that is no tool call, and that nobody can be asked about: only by what it
    /// carries.
    pub fn judge_carried(&self, run: &RunName, sink: Sink<'_>, carried: &Json) -> Judgement {
        let rules = self.rules.load();
        let carries = |rule: &&Rule| rule.written.when.evidence.iter().all(|it| it.is_carried());
        let rules: Vec<Rule> = rules.rules.iter().filter(carries).cloned().collect();
        let mut state = run.0.state.lock();
        self.memory().judge_marked(&rules, &mut state.run, sink, carried, &[])
    }

    /// Takes our own marks out of arguments, and tells whose they were.
    pub fn unmark(&self, run: &RunName, arguments: &mut Json) -> (BTreeSet<u16>, bool) {
        marks::strip(&run.0.state.lock().run, arguments)
    }

    /// The end of what the run read, to be read together with what comes next.
    pub fn tail(&self, run: &RunName) -> String {
        run.0.state.lock().recent.tail.clone()
    }

    /// How often this call got the same answer lately, if that is too often.
    pub fn loops(&self, run: &RunName, call: u64) -> Option<usize> {
        let limits = self.rules.load().limits;
        run.0.state.lock().recent.loops(call, limits, ids::now_ms())
    }

    /// A call as it is known again.
    pub fn call(&self, server: &str, tool: &str, arguments: &Object) -> u64 {
        let parts = [server.as_bytes(), tool.as_bytes(), &arguments.canonical()];
        self.digester.join(&parts.map(|part| self.digester.of(REPEATED, part)))
    }

    /// Notes what a call got, as it reaches the agent.
    pub fn answered(&self, run: &RunName, call: Option<u64>, answer: &Json) {
        let limits = self.rules.load().limits;
        let digest = call.map(|_| self.digester.of(REPEATED, &answer.to_bytes()));
        let mut state = run.0.state.lock();
        let recent = &mut state.recent;
        recent.tail = inspect::tail(&recent.tail, answer);
        if let (Some(call), Some(digest)) = (call, digest) {
            recent.answered(call, digest, limits, ids::now_ms());
        }
    }

    /// Reads what came back, before marks are put on it. Nothing, if it cannot matter to the run.
    pub fn read(&self, run: &RunName, label: Label, value: &Json) -> Option<Brought> {
        let matters = !label.is_clean() || !run.label().is_clean();
        matters.then(|| Brought(self.memory().read(value)))
    }

    /// Secrets as runs know them again.
    pub fn secrets(&self, secrets: &Secrets) -> Vec<u64> {
        const PARTS_MAX: usize = 4_096;
        let parts = |secret| self.digester.secret(&normal(secret)).collect::<Vec<u64>>();
        secrets.iter().flat_map(parts).take(PARTS_MAX).collect()
    }

    /// Notes that the run read this, durably.
    ///
    /// # Errors
    /// It could not be kept: it must not reach the agent.
    pub async fn learn(
        &self,
        run: &RunName,
        source: Source,
        brought: &Brought,
    ) -> Result<(), Unkept> {
        let (memory, reading) = (self.memory(), &brought.0);
        let row = {
            let mut state = run.0.state.lock();
            if state.unkept {
                return Err(Unkept::Ledger("an earlier text could not be kept".into()));
            }
            if state.run.knows(&source, reading) {
                None
            } else {
                memory.learn(&mut state.run, source, reading);
                let state = &mut *state;
                let learnt = state.run.sources.last().cloned();
                let over = reading.over || state.run.saturated;
                learnt.map(|source| {
                    let body = Body::Read { source, over };
                    row_of(run, &mut state.sequence, &body, reading, &state.run)
                })
            }
        };
        let Some(row) = row else { return Ok(()) };
        let kept = self.ledger.keep(row?).await;
        run.0.state.lock().unkept |= kept.is_err();
        kept
    }

    /// Notes what a person's yes covers besides the one call.
    ///
    /// # Errors
    /// It could not be kept; the person is asked again then.
    pub async fn grant(&self, run: &RunName, grant: &Grant, approval: &str) -> Result<(), Unkept> {
        let row = {
            let mut state = run.0.state.lock();
            let state = &mut *state;
            state.run.grant(grant);
            let body = Body::Granted { grant: grant.clone(), approval: approval.to_owned() };
            row_of(run, &mut state.sequence, &body, &Reading::default(), &state.run)?
        };
        self.ledger.keep(row).await
    }

    /// Runs that read something and go on.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self) -> Result<Vec<Told>, Unkept> {
        const LISTED_MAX: i64 = 1_000;
        let mut told = Vec::new();
        for row in self.store.live_runs(LISTED_MAX).await? {
            let known = self.live.lock().get(&row.party).cloned();
            let live = match known {
                Some(live) => live,
                None => Arc::new(self.restored(row, ids::now_ms()).await?),
            };
            told.push(live.told());
        }
        Ok(told)
    }

    /// Ends a run for a person: what its caller does next is another. `false`: no such run goes on.
    ///
    /// # Errors
    /// The store failed; the run goes on.
    pub async fn end(&self, id: &str, by: &str) -> Result<bool, Unkept> {
        let _alone = self.opening.lock().await;
        let ended = self.store.end_run(id, by, ids::now_ms()).await?;
        if ended {
            self.live.lock().retain(|_, live| live.row.id != id);
        }
        Ok(ended)
    }

    /// Forgets runs that nobody went on with for [`RETAINED_DAYS`].
    pub async fn forget_old(&self) {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let before = ids::now_ms() - RETAINED_DAYS * DAY_MS;
        if let Err(error) = self.store.forget_runs(before).await {
            tracing::error!(%error, "Old runs could not be forgotten.");
        }
    }

    /// Principal, user and run: a connection, a session or a client's name makes no other run.
    fn party(&self, principal: &Principal) -> Vec<u8> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        self.sealer.lookup(&[
            b"bartizan run v1",
            principal.agent.as_bytes(),
            text(&principal.user).as_bytes(),
            text(&principal.run).as_bytes(),
        ])
    }
}

/// The kind of calls and answers among digests.
const REPEATED: u8 = 102;
/// Days after which a run is forgotten that nobody went on with.
const RETAINED_DAYS: i64 = 30;

impl RunName {
    /// Its name in the store.
    pub fn id(&self) -> &str {
        &self.0.row.id
    }

    /// What the run read, taken together.
    pub fn label(&self) -> Label {
        self.0.state.lock().run.label
    }
}

fn row_of(
    run: &RunName,
    sequence: &mut i64,
    body: &Body,
    reading: &Reading,
    known: &Run,
) -> Result<TaintRow, Unkept> {
    let body = serde_json::to_string(body).map_err(|_| Unkept::Broken)?;
    let row = RunRow { last: ids::now_ms(), ..run.0.row.clone() };
    let kept = TaintRow {
        run: row,
        sequence: *sequence,
        body,
        tokens: blob::tokens(reading, known),
        prints: blob::prints(reading),
        orders: blob::orders(reading),
    };
    *sequence += 1;
    Ok(kept)
}

/// What is forgotten is in the store, except for a run that read nothing yet.
fn forget_oldest(all: &mut HashMap<Vec<u8>, Arc<Live>>) {
    let idle = all.iter().filter(|(_, live)| Arc::strong_count(live) == 1);
    let oldest = idle.min_by_key(|(_, live)| live.state.lock().last);
    if let Some(party) = oldest.map(|(party, _)| party.clone()) {
        all.remove(&party);
    }
}
