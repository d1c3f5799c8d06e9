//! Where flow rules meet the corridor: a call is judged by what its run read, and what comes back is
//! noted before it leaves.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Answer, Arrival, Call, Trail, admit::Admitted, authorize::Authorized, release::withheld,
    screen::Screened,
};
use crate::{
    approval::Held,
    catalog::Item,
    firewall::Disposition,
    flow::{
        Advertised, Brought, Judgement, RunName, Sink, Source, Unkept,
        class::{Class, Classes},
    },
    gateway::Gateway,
    ids,
    inspect::{Mode, Profile},
    label::{Integrity, Label},
    mcp::{Json, Method, Object},
    refusal::{Code, Refusal},
    spotlight::{META_PROVENANCE, without_fence},
};

/// A call whose run is known, without our own marks in its arguments.
#[derive(Debug)]
pub(super) struct Recalled {
    pub(super) authorized: Authorized,
    pub(super) run: RunName,
    /// Results of the run whose marks stood in the arguments.
    pub(super) marked: BTreeSet<u16>,
    pub(super) edited: bool,
}

impl Gateway {
    /// Before the call takes a seat: the store may have to be asked.
    pub(super) async fn recall<'a>(
        &self,
        mut call: Call<'a, Authorized>,
        trail: &mut Trail,
    ) -> Result<Call<'a, Recalled>, Refusal> {
        let run = self.run_of(call.arrival).await?;
        trail.run = Some(run.clone());
        let (mut marked, mut edited) = (BTreeSet::new(), false);
        if call.arrival.method == Method::ToolsCall {
            let mut arguments = Json::Object(std::mem::take(&mut call.arguments));
            let kept = self.firewall.load().profile == Profile::Transparent;
            if !kept && call.item.settings.modes.firewall == Mode::Enforce {
                (marked, edited) = self.runs.unmark(&run, &mut arguments);
            }
            if let Json::Object(arguments) = arguments {
                call.arguments = arguments;
            }
        }
        Ok(call.pass(|authorized| Recalled { authorized, run, marked, edited }))
    }

    pub(super) async fn run_of(&self, arrival: &Arrival) -> Result<RunName, Refusal> {
        Box::pin(self.runs.open(&arrival.principal)).await.map_err(|error| {
            tracing::error!(%error, "A run could not be recalled; the request was refused.");
            let text = "Not executed: the gateway cannot tell what this run has read.";
            Refusal::new(Code::Internal, text, error.to_string())
        })
    }

    /// What flow rules say of a call, if it asks for a person.
    pub(super) fn judge_flow(
        &self,
        call: &mut Call<'_, Admitted>,
        trail: &mut Trail,
    ) -> Result<Option<Judgement>, Refusal> {
        if call.arrival.method != Method::ToolsCall {
            return self.judge_carried(call, trail).map(|()| None);
        }
        let looping = self.refuse_loop(call, trail);
        trail.carry_out(call.item.settings.modes.limits, looping)?;
        let Recalled { run, marked, .. } = &call.passed.recalled;
        let judgement = self.judgement(&call.item, run, marked, &mut call.arguments);
        trail.rules.extend(judgement.rules.iter().cloned());
        if judgement.disposition > Disposition::Allow {
            trail.judged(&judgement.reasons);
        }
        let refusal = match judgement.disposition {
            Disposition::Allow => return Ok(None),
            Disposition::Hold => {
                let text = "a person would have been asked";
                Refusal::new(Code::ApprovalPending, text, judgement.reasons.join("; "))
            }
            Disposition::Block => {
                let text = "Not executed: the gateway's flow rules stopped this call because of \
                    what this run has read. Do not try it another way; tell the user.";
                Refusal::new(Code::Blocked, text, judgement.reasons.join("; "))
            }
        };
        let observes = self.runs.mode() == Mode::Observe;
        if observes || call.item.settings.modes.firewall == Mode::Observe {
            trail.would_refuse(&refusal);
            return Ok(None);
        }
        match judgement.disposition {
            Disposition::Block => Err(refusal),
            Disposition::Allow | Disposition::Hold => Ok(Some(judgement)),
        }
    }

    /// A prompt's arguments, a resource's address and what is to be completed can carry what the run
    /// read to another server. Nobody can be asked about them, so they are refused.
    fn judge_carried(
        &self,
        call: &mut Call<'_, Admitted>,
        trail: &mut Trail,
    ) -> Result<(), Refusal> {
        let params = &call.arrival.params;
        let carried = match call.arrival.method {
            Method::PromptsGet => params.get("arguments"),
            Method::ResourcesRead => params.get("uri"),
            Method::Complete => params.get("argument"),
            _ => None,
        };
        let Some(carried) = carried else { return Ok(()) };
        let classes = Classes::none().with(Class::Egress);
        let sink = Sink {
            server: &call.item.upstream.name,
            tool: &call.item.name,
            classes,
            risk: call.item.settings.risk,
            about: "",
            asks: false,
            advertised: &Advertised::default(),
        };
        let run = &call.passed.recalled.run;
        let judgement = self.runs.judge_carried(run, sink, carried);
        trail.rules.extend(judgement.rules.iter().cloned());
        if judgement.disposition == Disposition::Allow {
            return Ok(());
        }
        trail.judged(&judgement.reasons);
        let text = "Not executed: the request carries what this run read at another server. Do \
            not try it another way; tell the user.";
        let refusal = Refusal::new(Code::Blocked, text, judgement.reasons.join("; "));
        let observes = self.runs.mode() == Mode::Observe;
        if observes || call.item.settings.modes.firewall == Mode::Observe {
            trail.would_refuse(&refusal);
            return Ok(());
        }
        Err(refusal)
    }

    /// The same call that gets the same answer over and over.
    fn refuse_loop(&self, call: &Call<'_, Admitted>, trail: &mut Trail) -> Result<(), Refusal> {
        let run = &call.passed.recalled.run;
        let key = self.runs.call(&call.item.upstream.name, &call.item.name, &call.arguments);
        trail.call = Some(key);
        let Some(times) = self.runs.loops(run, key) else { return Ok(()) };
        let text = format!(
            "Not executed: this call was made {times} times within a short time and got the same \
             answer each time. It will not get another. Go on with what you have, or tell the user."
        );
        Err(Refusal::new(Code::Limited, text, "the run repeats a call without progress"))
    }

    fn judgement(
        &self,
        item: &Item,
        run: &RunName,
        marked: &BTreeSet<u16>,
        arguments: &mut Object,
    ) -> Judgement {
        let catalog = self.catalog.snapshot();
        let sink = Sink {
            advertised: &catalog.advertised,
            server: &item.upstream.name,
            tool: &item.name,
            classes: item.classes,
            risk: item.settings.risk,
            about: item.definition.str("description").unwrap_or_default(),
            asks: item.asks,
        };
        let value = Json::Object(std::mem::take(arguments));
        let judgement = self.runs.judge(run, sink, &value, marked);
        if let Json::Object(value) = value {
            *arguments = value;
        }
        judgement
    }

    /// A person agreed to what they were shown. What the run read meanwhile voids their answer where
    /// it reaches the arguments (settled rule 23); else it counts for calls alike in this run.
    pub(super) async fn still_judged_so(
        &self,
        call: &mut Call<'_, Screened>,
        held: &Held,
        trail: &mut Trail,
    ) -> Result<(), Refusal> {
        let Recalled { run, marked, .. } = &call.passed.admitted.recalled;
        let (run, marked) = (run.clone(), marked.clone());
        let mut arguments = held.arguments.clone();
        let now = self.judgement(&call.item, &run, &marked, &mut arguments);
        let enforces =
            self.runs.mode() == Mode::Enforce && call.item.settings.modes.firewall == Mode::Enforce;
        if enforces && now.reaching.iter().any(|reason| !held.reasons.contains(reason.as_str())) {
            self.approvals.note_outcome(&held.id, "voided").await;
            let text = "Not executed: the approval is void because this run read something \
                meanwhile that reaches the call. Call again to ask anew.";
            return Err(Refusal::new(Code::ApprovalExpired, text, now.reaching.join("; ")));
        }
        if call.passed.flow.is_some() {
            trail.rules.extend(now.rules.iter().cloned());
            if let Err(error) = self.runs.grant(&run, &now.grant, &held.id).await {
                tracing::error!(%error, "A yes could not be kept; the person is asked again.");
            }
        }
        Ok(())
    }

    /// Reads what came back, before marks are put on it.
    pub(super) fn brought(&self, result: &mut Object, trail: &Trail) -> Option<Brought> {
        let (item, run) = (trail.item.as_ref()?, trail.run.as_ref()?);
        let value = Json::Object(std::mem::take(result));
        let brought = self.runs.read(run, label_of(item, trail), &value);
        if let Json::Object(value) = value {
            *result = value;
        }
        brought.map(|brought| brought.withheld(&trail.secrets))
    }

    /// Notes what the run read, before it leaves.
    ///
    /// # Errors
    /// It could not be noted: it must not leave.
    pub(super) async fn remember(
        &self,
        brought: Option<Brought>,
        result: &Object,
        trail: &Trail,
    ) -> Result<(), Refusal> {
        let (Some(brought), Some(item), Some(run)) = (brought, &trail.item, &trail.run) else {
            return Ok(());
        };
        let nonce = result.get("_meta").and_then(|meta| meta.at(&[META_PROVENANCE, "boundary"]));
        let source = Source {
            label: label_of(item, trail),
            server: Arc::clone(&item.upstream.name),
            tool: item.name.as_str().into(),
            time: ids::now_ms(),
            rules: trail.brought.iter().cloned().collect(),
            guessed: item.settings.classes.is_empty(),
            instructs: trail.instructs,
            nonce: nonce.and_then(Json::as_str).map(str::to_owned),
        };
        Box::pin(self.runs.learn(run, source, &brought)).await.map_err(|error| unkept(&error))
    }

    /// What a server says while the call runs reaches the caller before its answer: its label counts
    /// from here on.
    ///
    /// # Errors
    /// It could not be noted: nothing may be sent.
    pub(super) async fn foresee(&self, arrival: &Arrival, trail: &Trail) -> Result<(), Refusal> {
        let line = &arrival.line;
        let asked = ["sampling", "elicitation"];
        let hears = line.progress_token.is_some()
            || line.log_level.is_some()
            || asked.iter().any(|name| arrival.client.capabilities.get(name).is_some());
        if !hears {
            return Ok(());
        }
        let mut nothing = Object::new();
        let brought = self.brought(&mut nothing, trail);
        self.remember(brought, &nothing, trail).await.map_err(|mut refusal| {
            let text = "Not executed: the gateway cannot keep what this run will read.";
            text.clone_into(&mut refusal.text);
            refusal.code = Code::Internal;
            refusal
        })
    }

    /// An upstream's error is a stranger's text like any other.
    pub(super) async fn remember_error<'a, S>(
        &self,
        sent: Result<Answer<'a, S>, Refusal>,
        trail: &Trail,
    ) -> Result<Answer<'a, S>, Refusal> {
        if let Err(refusal) = &sent {
            self.note_error(refusal, trail).await?;
        }
        sent
    }

    /// Notes what an upstream's error says, before it leaves.
    ///
    /// # Errors
    /// It could not be noted: it must not leave.
    pub(super) async fn note_error(&self, refusal: &Refusal, trail: &Trail) -> Result<(), Refusal> {
        let Some(rpc) = &refusal.rpc else { return Ok(()) };
        let mut said = Object::from([("message", without_fence(&rpc.message).into())]);
        if let Some(data) = &rpc.data {
            said.insert("data", data.clone());
        }
        let brought = self.brought(&mut said, trail);
        self.remember(brought, &Object::new(), trail).await
    }
}

/// What nobody inspected may say anything (settled rule 19).
fn label_of(item: &Item, trail: &Trail) -> Label {
    let mut label = item.classes.label();
    if trail.uninspected {
        label.integrity = Integrity::Untrusted;
    }
    label
}

fn unkept(error: &Unkept) -> Refusal {
    let mut refusal = withheld("the gateway cannot keep what this run has read");
    refusal.detail = error.to_string();
    refusal
}
