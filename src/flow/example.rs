//! Examples of flow rules: little traces, run by the engine that runs in service.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    FlowLimits, Memory,
    advertised::Advertised,
    class::Classes,
    digest::{Digester, normal},
    rule::{Action, Rule},
    run::{Run, Source as Read},
    sink::Sink,
    trusted::Trusted,
};
use crate::{
    firewall::{
        Source,
        diagnostic::{Code, Diagnostic, Place},
    },
    label::Confidentiality,
    mcp::Json,
    seal::Sealer,
    settings::Risk,
};

/// One step of a trace: something that a server says of itself, something that is read, or a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// `SERVER` whose definitions say `text`.
    define: Option<String>,
    /// `SERVER/TOOL` whose result is read.
    read: Option<String>,
    /// `SERVER/TOOL` that is called.
    call: Option<String>,
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default)]
    risk: Risk,
    /// Of a result.
    #[serde(default)]
    text: String,
    /// Rules for injections found something in the result.
    #[serde(default)]
    injected: bool,
    /// A secret that was taken out of the result.
    secret: Option<String>,
    /// The nonce of the fence around the result.
    nonce: Option<String>,
    /// What the tool that is called says of itself.
    #[serde(default)]
    about: String,
    /// Of a call.
    #[serde(default)]
    arguments: serde_json::Value,
}

/// Runs every trace of a file's rules.
pub(super) fn prove(source: &Source, rules: &[Rule], faults: &mut Vec<Diagnostic>) {
    for rule in rules.iter().filter(|rule| *rule.file == source.name) {
        let examples = &rule.written.examples;
        let matching = examples.matching.iter().map(|trace| (trace, true));
        let others = examples.no_match.iter().map(|trace| (trace, false));
        for (trace, wanted) in matching.chain(others) {
            let place = Place::new(&source.name, &source.text);
            let id = &rule.id;
            let (code, what, mend) = match play(rules, rule, trace.get_ref()) {
                Err(what) => (Code::Shape, what.to_owned(), None),
                Ok(Found::Yes(_)) if wanted => continue,
                Ok(Found::No(_)) if !wanted => continue,
                Ok(Found::Yes(why)) => {
                    let what = format!("a trace of `{id}` must not be found and is");
                    (Code::ExampleMatched, what, Some(why))
                }
                Ok(Found::No(why)) => {
                    let what = format!("a trace of `{id}` must be found and is not");
                    (Code::ExampleUnmatched, what, Some(why))
                }
            };
            let why = mend.map(|why| format!("{why}; mend the rule or the trace").into());
            faults.push(place.diagnostic(code, &trace.span(), what, why));
        }
    }
}

/// Whether a rule applies to the last call of a trace, and why.
enum Found {
    Yes(String),
    No(String),
}

fn play(rules: &[Rule], rule: &Rule, trace: &[Step]) -> Result<Found, &'static str> {
    // What only flags gives no reason.
    let asked = |one: &Rule| match one.id == rule.id {
        true => Rule { action: Action::Block, ..one.clone() },
        false => one.clone(),
    };
    let rules: Vec<Rule> = rules.iter().map(asked).collect();
    let own = format!(" [{}]: ", rule.id);
    let memory = Memory {
        digester: Digester::new(&Sealer::new(&[0; 32])),
        limits: FlowLimits::default(),
        trusted: Arc::new(Trusted::new(&["trusted.example".to_owned()]).unwrap_or_default()),
    };
    let mut run = Run::default();
    let mut last = None;
    let mut advertised = Advertised::default();
    for step in trace {
        if let Some(server) = &step.define {
            advertised.add(&Arc::from(server.as_str()), &step.text.as_str().into());
            continue;
        }
        let classes = Classes::of(step.classes.iter().map(String::as_str));
        let name = step.read.as_ref().or(step.call.as_ref());
        let (server, tool) = name
            .and_then(|name| name.split_once('/'))
            .ok_or("a step of a trace names no `SERVER/TOOL` in `read` or `call`")?;
        if step.read.is_some() {
            let mut label = classes.label();
            let mut reading = memory.read(&Json::from(step.text.as_str()));
            if let Some(secret) = &step.secret {
                label.confidentiality = Confidentiality::Private;
                let parts: Vec<u64> = memory.digester.secret(&normal(secret)).collect();
                reading.withhold(&parts);
            }
            let read = Read {
                label,
                server: server.into(),
                tool: tool.into(),
                time: 0,
                rules: Vec::new(),
                guessed: false,
                instructs: step.injected,
                nonce: step.nonce.clone(),
            };
            memory.learn(&mut run, read, &reading);
            last = None;
            continue;
        }
        let (risk, about) = (step.risk, step.about.as_str());
        let sink =
            Sink { server, tool, classes, risk, about, asks: false, advertised: &advertised };
        let arguments = Json::from_value(step.arguments.clone());
        let judgement = memory.judge(&rules, &mut run, sink, &arguments);
        last = Some(match judgement.reasons.into_iter().find(|why| why.contains(&own)) {
            Some(why) => Found::Yes(why),
            None => Found::No(memory.missed(rule, &run, sink, &arguments)),
        });
    }
    last.ok_or("a trace must end with a call")
}
