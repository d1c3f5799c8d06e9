//! What runs may do, through the public face: something is read, something is called.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    FlowLimits, FlowRules, Override, RunName, Runs, Sink, Source, Trusted, UnknownFlowRule,
    class::Classes, rule,
};
use crate::{
    firewall::{self, Disposition},
    identity::{Principal, Proof},
    mcp::{Json, json},
    seal::Sealer,
    settings::Risk,
    store::Store,
};

mod lasting;
mod recent;
mod traces;

fn rules_with(limits: FlowLimits) -> FlowRules {
    FlowRules::new(&super::shipped(), Trusted::default(), limits).expect("rules")
}

/// A store in a folder of its own, and the runs kept in it.
struct Kept {
    runs: Runs,
    folder: tempfile::TempDir,
}

async fn kept_with(limits: FlowLimits) -> Kept {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(Store::open(folder.path()).await.expect("a store"));
    let runs = Runs::new(store, Arc::new(Sealer::new(&[7; 32])), rules_with(limits));
    Kept { runs, folder }
}

async fn kept() -> Kept {
    kept_with(FlowLimits::default()).await
}

fn principal(run: Option<&str>) -> Principal {
    let mut principal = Principal::new("agent", Proof::Bearer);
    principal.run = run.map(str::to_owned);
    principal
}

impl Kept {
    async fn run(&self, name: &str) -> RunName {
        self.runs.open(&principal(Some(name))).await.expect("a run")
    }

    async fn reads(&self, run: &RunName, tool: &str, classes: &[&str], text: &str) {
        let (server, tool) = tool.split_once('/').expect("SERVER/TOOL");
        let label = Classes::of(classes.iter().copied()).label();
        let source = Source {
            label,
            server: server.into(),
            tool: tool.into(),
            time: 1,
            rules: Vec::new(),
            guessed: false,
            instructs: false,
            nonce: None,
        };
        if let Some(brought) = self.runs.read(run, label, &Json::from(text)) {
            self.runs.learn(run, source, &brought).await.expect("kept");
        }
    }

    fn calls(
        &self,
        run: &RunName,
        tool: &str,
        classes: &[&str],
        arguments: &str,
    ) -> super::Judgement {
        let (server, tool) = tool.split_once('/').expect("SERVER/TOOL");
        let classes = Classes::of(classes.iter().copied());
        let advertised = &super::Advertised::default();
        let sink =
            Sink { server, tool, classes, risk: Risk::Medium, about: "", asks: false, advertised };
        let arguments = json::parse(arguments.as_bytes(), &json::Limits::default()).expect("JSON");
        self.runs.judge(run, sink, &arguments, &BTreeSet::new())
    }

    fn holds(&self, run: &RunName, tool: &str, classes: &[&str], arguments: &str) -> bool {
        self.calls(run, tool, classes, arguments).disposition == Disposition::Hold
    }
}

/// The guide's rule, and its settings, as a reader would paste them.
#[test]
fn the_guides_rule_is_proven_and_every_shipped_rule_is_in_its_table() {
    let guide = include_str!("../../docs/guides/flow.md");
    let blocks: Vec<&str> =
        guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [settings, rule] = blocks.as_slice() else { panic!("two blocks, not {}", blocks.len()) };
    let mut sources = super::shipped();
    sources.push(firewall::Source { name: "acme.toml".into(), text: (*rule).to_owned() });
    let rules = rule::read_with(&sources, |_| false).expect("the guide's rule");
    assert!(settings.contains("[flow]"));
    for rule in &rules {
        assert!(
            rule.id.starts_with("flow.acme-") || guide.contains(&format!("| `{}` |", rule.id)),
            "{}",
            rule.id
        );
    }
}

#[test]
fn every_trace_of_the_shipped_rules_comes_out() {
    if let Err(faults) = rule::read_with(&super::shipped(), |_| false) {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    }
}

#[test]
fn a_bad_file_of_rules_is_told_by_its_line() {
    let shipped = super::shipped().remove(0).text;
    for (from, to, told) in [
        ("schema = 1", "schema = 2", "schema"),
        ("id = \"flow.rule-of-two\"", "id = \"flow.instructed-run\"", "used twice"),
        ("id = \"flow.rule-of-two\"", "id = \"Flow Two\"", "not of the form"),
        ("evidence = [\"any\"]", "evidence = []", "no evidence"),
        ("version = 1", "version = 0", "version 0"),
        ("injected = true", "injected = false", "must be found"),
        ("injected = true", "injected = false", "`any`: this run has read `web/page` (untrusted)"),
        ("sink = [\"egress\"]", "sink = [\"egres\"]", "unknown variant"),
    ] {
        let text = shipped.replacen(from, to, 1);
        let source = firewall::Source { name: "x.toml".to_owned(), text };
        let faults = rule::read(&[source]).expect_err(told);
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(
            lines.iter().any(|line| line.contains(told) && line.starts_with("x.toml:")),
            "{lines:?}"
        );
    }
}

#[test]
fn an_override_of_a_rule_that_does_not_exist_is_refused() {
    let overrides = BTreeMap::from([("flow.no-such".to_owned(), Override::Off)]);
    let made = FlowRules::shipped().expect("rules").with(&overrides);
    assert_eq!(made.err(), Some(UnknownFlowRule("flow.no-such".to_owned())));
}
