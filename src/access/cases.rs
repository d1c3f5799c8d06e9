//! Decision tables beside the policies: who asks for what, and what has to come out. They are run
//! in the tests of this repository and by whoever owns a policy folder.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::decide::{Decision, Names};
use super::error::Place;
use super::policy::{Policies, Source, read_folder};
use super::question::{Action, Caller, Question, Target, TargetKind};

/// What became of one case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaseResult {
    /// Where the case stands.
    pub place: Place,
    /// Its name; for a table that could not be read, the file.
    pub name: String,
    /// Whether it held.
    pub outcome: CaseOutcome,
}

/// Whether a case held.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CaseOutcome {
    /// The decision was the expected one.
    Passed,
    /// It was another, in words.
    Failed(String),
    /// The table could not be read.
    Unreadable(String),
}

impl CaseResult {
    /// Whether the case held.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.outcome == CaseOutcome::Passed
    }
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            CaseOutcome::Passed => write!(f, "ok: {}", self.name),
            CaseOutcome::Failed(why) => write!(f, "{}: case `{}`: {why}", self.place, self.name),
            CaseOutcome::Unreadable(why) => write!(f, "{}: {why}", self.place),
        }
    }
}

/// Runs every `*.cases.toml` of a folder, in the order of their names.
///
/// A table that cannot be read is a failed case, so that it can't pass for an empty one.
#[must_use]
pub fn run_cases(folder: &Path, policies: &Policies) -> Vec<CaseResult> {
    match read_folder(folder, "cases.toml") {
        Ok(tables) => tables.iter().flat_map(|table| run_table(table, policies)).collect(),
        Err(error) => {
            let file: Arc<str> = Arc::from(folder.to_string_lossy());
            vec![unreadable(Place { file, line: 1 }, error.to_string())]
        }
    }
}

/// Runs one table.
#[must_use]
pub fn run_table(table: &Source, policies: &Policies) -> Vec<CaseResult> {
    let file: Arc<str> = Arc::from(table.name.as_str());
    let cases = match toml::from_str::<Table>(&table.text) {
        Ok(table) => table.case,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            let place = Place::of(&file, &table.text, offset);
            return vec![unreadable(place, error.message().to_owned())];
        }
    };
    let run = |case: &Case| CaseResult {
        place: Place::of(&file, &table.text, case.name.span().start),
        name: case.name.get_ref().clone(),
        outcome: case.run(policies),
    };
    cases.iter().map(run).collect()
}

fn unreadable(place: Place, why: String) -> CaseResult {
    CaseResult { name: place.file.to_string(), place, outcome: CaseOutcome::Unreadable(why) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// The format of the table; there is one so far.
    #[expect(dead_code, reason = "read for its value alone: any other schema is refused")]
    schema: Version,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(try_from = "u32")]
struct Version;

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(schema: u32) -> Result<Self, String> {
        match schema {
            1 => Ok(Self),
            other => Err(format!("schema {other} is not known; write `schema = 1`")),
        }
    }
}

/// One line of a decision table; what is left out is what most cases share.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: Spanned<String>,
    agent: String,
    user: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default = "dpop")]
    proof: String,
    run: Option<String>,
    #[serde(default)]
    action: ActionWord,
    #[serde(default)]
    kind: KindWord,
    server: String,
    target: String,
    #[serde(default = "low")]
    risk: String,
    #[serde(default)]
    classes: Vec<String>,
    arguments: Option<toml::Table>,
    /// Milliseconds since 1970-01-01 UTC.
    #[serde(default)]
    time: i64,
    expect: Expected,
    because: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ActionWord {
    List,
    #[default]
    Call,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindWord {
    #[default]
    Tool,
    Prompt,
    Resource,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Allow,
    Hold,
    Deny,
}

fn dpop() -> String {
    "dpop".to_owned()
}

fn low() -> String {
    "low".to_owned()
}

impl Case {
    fn run(&self, policies: &Policies) -> CaseOutcome {
        let arguments = match self.arguments.as_ref().map(serde_json::to_value).transpose() {
            Ok(arguments) => arguments,
            Err(error) => return CaseOutcome::Unreadable(error.to_string()),
        };
        let question = self.question(arguments.as_ref());
        let (found, policies, errors) = parts(policies.decide(&question));
        let because = self.because.as_deref();
        if found != self.expect {
            let why = wording(&policies, &errors);
            let message = format!("expected {}, decided {} {why}", text(self.expect), text(found));
            return CaseOutcome::Failed(message);
        }
        match because.filter(|id| !policies.iter().any(|policy| **policy == **id)) {
            Some(id) => CaseOutcome::Failed(format!(
                "decided {} as expected, but not because of `{id}`: {}",
                text(found),
                wording(&policies, &errors)
            )),
            None => CaseOutcome::Passed,
        }
    }

    fn question<'a>(&'a self, arguments: Option<&'a serde_json::Value>) -> Question<'a> {
        Question {
            caller: Caller {
                agent: &self.agent,
                user: self.user.as_deref(),
                groups: &self.groups,
                proof: &self.proof,
                run: self.run.as_deref(),
            },
            action: match self.action {
                ActionWord::List => Action::List,
                ActionWord::Call => Action::Call,
            },
            target: Target {
                kind: match self.kind {
                    KindWord::Tool => TargetKind::Tool,
                    KindWord::Prompt => TargetKind::Prompt,
                    KindWord::Resource => TargetKind::Resource,
                },
                server: &self.server,
                name: &self.target,
                risk: &self.risk,
                classes: &self.classes,
            },
            arguments,
            time: self.time,
        }
    }
}

fn parts(decision: Decision) -> (Expected, Names, Names) {
    let none = super::decide::nothing();
    match decision {
        Decision::Allow { policies } => (Expected::Allow, policies, none),
        Decision::Hold { policies, .. } => (Expected::Hold, policies, none),
        Decision::Deny { policies, errors, .. } => (Expected::Deny, policies, errors),
    }
}

fn text(expected: Expected) -> &'static str {
    match expected {
        Expected::Allow => "allow",
        Expected::Hold => "hold",
        Expected::Deny => "deny",
    }
}

fn wording(policies: &Names, errors: &Names) -> String {
    if !errors.is_empty() {
        return format!("because of an error: {}", errors.join("; "));
    }
    if policies.is_empty() {
        return "because nothing permits it".to_owned();
    }
    format!("because of `{}`", policies.join("`, `"))
}
