//! Flow rules as they are written, and how a file of them becomes rules in force.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::{class::Class, example};
use crate::{
    firewall::{Severity, Source},
    label::{Confidentiality, Integrity},
    settings::Risk,
};

/// What ties a call to something that the run read, from the strongest to the weakest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub(super) enum Evidence {
    /// The argument holds a mark that stands on one result alone.
    Nonce,
    /// The argument holds a secret that was taken out of a text.
    Secret,
    /// A text that was read orders this destination, or describes this call.
    Order,
    /// The run read a text that speaks to agents.
    Instructed,
    /// A text names the destination, and the agent did not before.
    Destination,
    /// An address of unknown origin that can carry data.
    Query,
    /// An argument is, word for word, what running text says.
    Worded,
    /// The argument holds a code of a text: a long number, an identifier.
    Code,
    /// The argument repeats a text, however it is written.
    Overlap,
    /// The run read such a text.
    Any,
}

impl Evidence {
    /// It shows that the call carries what the run read, wherever it goes.
    pub(super) const fn is_carried(self) -> bool {
        matches!(self, Self::Nonce | Self::Secret | Self::Overlap)
    }
}

/// What a flow rule does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// It does not count.
    Off,
    /// It is recorded.
    Flag,
    /// A person decides.
    Hold,
    /// The call is refused.
    Block,
}

/// What the call must have for a target.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    /// No argument names a destination.
    None,
    /// What is written there is obeyed by later agents or programs.
    Obeyed,
    /// A file that is run or built from: a program, a build file, a list of dependencies.
    Program,
    /// It changes what a server keeps: it names no file of the user's own.
    Elsewhere,
    /// It leaves what is the user's own, or cannot be taken back: it is sent, run, paid, obeyed
    /// later, put where others read, or lost.
    Away,
}

/// When a rule applies: all that is written must hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    /// The tool has one of these classes.
    #[serde(default)]
    pub(super) sink: Vec<Class>,
    /// Or it has this risk or a higher one.
    pub(super) sink_risk: Option<Risk>,
    pub(super) target: Option<Target>,
    /// The run's label is this or worse.
    #[serde(default)]
    pub(super) run: Least,
    /// One of these ties the call to a source.
    pub(super) evidence: Vec<Evidence>,
    /// The source's label is this or worse.
    #[serde(default)]
    pub(super) source: Least,
}

/// A label at least.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Least {
    pub(super) integrity: Integrity,
    pub(super) confidentiality: Confidentiality,
    /// Of a source: it came from another server than the call goes to.
    pub(super) other_server: bool,
}

/// A rule as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) id: Spanned<String>,
    pub(super) version: u32,
    pub(super) severity: Severity,
    pub(super) title: String,
    /// What the person who decides is told.
    pub(super) message: String,
    pub(super) action: Action,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) when: When,
    pub(super) examples: Examples,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Examples {
    #[serde(rename = "match")]
    pub(super) matching: Vec<Spanned<Vec<example::Step>>>,
    pub(super) no_match: Vec<Spanned<Vec<example::Step>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    #[serde(default)]
    rule: Vec<Written>,
}

/// A rule in force.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: Arc<str>,
    pub(super) action: Action,
    pub(super) written: Arc<Written>,
}

/// A file of flow rules that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct FlowRuleError {
    pub file: String,
    pub line: usize,
    pub what: String,
}

/// The form of files that this version reads.
const SCHEMA: u32 = 1;
/// Flow rules in all; each is asked on every call with consequences.
const RULES_MAX: usize = 200;

/// The rules that are shipped.
pub fn shipped() -> Vec<Source> {
    let text = include_str!("../../rulesets/flow/default.toml").to_owned();
    vec![Source { name: "flow/default.toml".to_owned(), text }]
}

/// Reads files of rules. Examples are run unless the file is a shipped one, which the tests of this
/// build ran.
pub(super) fn read(sources: &[Source]) -> Result<Vec<Rule>, Vec<FlowRuleError>> {
    let ours = shipped();
    let known =
        |source: &Source| ours.iter().any(|one| one.name == source.name && one.text == source.text);
    read_with(sources, known)
}

pub(super) fn read_with(
    sources: &[Source],
    proven: impl Fn(&Source) -> bool,
) -> Result<Vec<Rule>, Vec<FlowRuleError>> {
    let (mut rules, mut faults) = (Vec::<Rule>::new(), Vec::new());
    for source in sources {
        let parsed = toml::from_str::<File>(&source.text);
        let file = match parsed {
            Ok(file) if file.schema == SCHEMA => file,
            Ok(_) => {
                faults.push(fault(source, 0, "write `schema = 1` first"));
                continue;
            }
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                faults.push(fault(source, at, &error.message().replace('\n', " ")));
                continue;
            }
        };
        for written in file.rule {
            check(source, &written, &rules, &mut faults);
            let id = Arc::from(written.id.get_ref().as_str());
            rules.push(Rule { id, action: written.action, written: Arc::new(written) });
        }
    }
    if rules.len() > RULES_MAX
        && let Some(last) = sources.last()
    {
        faults.push(fault(last, 0, &format!("more than {RULES_MAX} flow rules")));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    for source in sources.iter().filter(|source| !proven(source)) {
        example::prove(source, &rules, &mut faults);
    }
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

fn check(source: &Source, written: &Written, before: &[Rule], faults: &mut Vec<FlowRuleError>) {
    let (id, at) = (written.id.get_ref(), written.id.span().start);
    let word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || b"-0123456789".contains(&byte))
    };
    if !id.strip_prefix("flow.").is_some_and(word) {
        faults.push(fault(source, at, &format!("`{id}` is not of the form `flow.name`")));
    }
    if before.iter().any(|rule| *rule.id == **id) {
        faults.push(fault(source, at, &format!("`{id}` is used twice")));
    }
    if written.version == 0 {
        faults.push(fault(source, at, &format!("`{id}`: versions begin at 1")));
    }
    if written.when.evidence.is_empty() {
        faults.push(fault(source, at, &format!("`{id}` names no evidence")));
    }
    let everywhere = written.when.sink.is_empty() && written.when.sink_risk.is_none();
    if everywhere && written.when.target != Some(Target::Obeyed) {
        faults.push(fault(source, at, &format!("`{id}` names no sink")));
    }
    if written.examples.matching.is_empty() || written.examples.no_match.is_empty() {
        faults.push(fault(source, at, &format!("`{id}` lacks examples of one kind")));
    }
}

pub(super) fn fault(source: &Source, offset: usize, what: &str) -> FlowRuleError {
    let before = source.text.bytes().take(offset);
    let line = 1 + before.filter(|byte| *byte == b'\n').count();
    FlowRuleError { file: source.name.clone(), line, what: what.to_owned() }
}
