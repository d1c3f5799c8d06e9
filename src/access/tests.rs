//! The laws of access, through its public face.

mod decisions;
mod laws;
mod loading;
mod shipped;

use serde_json::Value;

use super::{Action, Caller, Decision, Policies, Question, Source, Target, TargetKind};

/// Policies of one file called `test.cedar`.
fn policies(text: &str) -> Policies {
    match Policies::from_sources(&[source("test.cedar", text)]) {
        Ok(policies) => policies,
        Err(errors) => panic!("{}", lines(&errors)),
    }
}

fn refused(text: &str) -> String {
    lines(&Policies::from_sources(&[source("test.cedar", text)]).expect_err("must be refused"))
}

fn lines(errors: &[super::PolicyError]) -> String {
    errors.iter().map(|error| format!("{error}\n")).collect()
}

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), text: text.to_owned() }
}

/// Agent `scribe` without groups calls the low-risk tool `write` of server `files`.
fn call() -> Question<'static> {
    Question {
        caller: Caller { agent: "scribe", user: None, groups: &[], proof: "dpop", run: None },
        action: Action::Call,
        target: Target {
            kind: TargetKind::Tool,
            server: "files",
            name: "write",
            risk: "low",
            classes: &[],
        },
        arguments: None,
        time: 0,
    }
}

fn list() -> Question<'static> {
    Question { action: Action::List, ..call() }
}

fn call_with(arguments: &Value) -> Question<'_> {
    Question { arguments: Some(arguments), ..call() }
}

/// The decision and the policies behind it, in one line.
fn decided(policies: &Policies, question: &Question<'_>) -> String {
    match policies.decide(question) {
        Decision::Allow { policies } => format!("allow {}", policies.join(" ")),
        Decision::Hold { reason, policies } => format!("hold {} ({reason})", policies.join(" ")),
        Decision::Deny { policies, errors, .. } if errors.is_empty() => {
            format!("deny {}", policies.join(" ")).trim_end().to_owned()
        }
        Decision::Deny { errors, .. } => format!("deny, error: {}", errors.join("; ")),
    }
}
