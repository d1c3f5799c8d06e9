//! Flow rules as they are written, and how a file of them becomes rules in force.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::{class::Class, example};
use crate::{
    firewall::{
        Severity, Source,
        diagnostic::{Code, Diagnostic, Place},
    },
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
    /// The name of the file that it stands in.
    pub(super) file: Arc<str>,
    pub(super) action: Action,
    pub(super) written: Arc<Written>,
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
pub(super) fn read(sources: &[Source]) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let ours = shipped();
    let known =
        |source: &Source| ours.iter().any(|one| one.name == source.name && one.text == source.text);
    read_with(sources, known)
}

pub(super) fn read_with(
    sources: &[Source],
    proven: impl Fn(&Source) -> bool,
) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let (mut rules, mut faults) = (Vec::<Rule>::new(), Vec::new());
    for source in sources {
        match parse(source) {
            Ok(file) => {
                for written in file.rule {
                    Check { source, written: &written, faults: &mut faults }.all(&rules);
                    let id = Arc::from(written.id.get_ref().as_str());
                    let file = Arc::from(source.name.as_str());
                    rules.push(Rule { id, file, action: written.action, written: written.into() });
                }
            }
            Err(fault) => faults.push(*fault),
        }
    }
    if rules.len() > RULES_MAX
        && let Some(last) = sources.last()
    {
        let what = format!("more than {RULES_MAX} flow rules");
        faults.push(fault(last, Code::Limit, &(0..0), what, "leave some out"));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    for source in sources.iter().filter(|source| !proven(source)) {
        example::prove(source, &rules, &mut faults);
    }
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

fn parse(source: &Source) -> Result<File, Box<Diagnostic>> {
    match toml::from_str::<File>(&source.text) {
        Ok(file) if file.schema == SCHEMA => Ok(file),
        Ok(_) => {
            let mend = "write `schema = 1` first";
            let what = format!("this version reads schema {SCHEMA}");
            Err(Box::new(fault(source, Code::Schema, &(0..0), what, mend)))
        }
        Err(error) => {
            let written = toml::from_str::<toml::Table>(&source.text);
            let code = if written.is_ok() { Code::Shape } else { Code::Syntax };
            let what = error.message().replace('\n', " ");
            let place = Place::new(&source.name, &source.text);
            Err(Box::new(place.diagnostic(code, &error.span().unwrap_or_default(), what, None)))
        }
    }
}

/// Looks a rule over before its traces are run.
struct Check<'a> {
    source: &'a Source,
    written: &'a Written,
    faults: &'a mut Vec<Diagnostic>,
}

impl Check<'_> {
    fn all(&mut self, before: &[Rule]) {
        let written = self.written;
        let id = written.id.get_ref();
        let word = |word: &str| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || b"-0123456789".contains(&byte);
            !word.is_empty() && word.bytes().all(plain)
        };
        if !id.strip_prefix("flow.").is_some_and(word) {
            self.note(Code::Id, "is not of the form `flow.name`", "write `flow.` and a name");
        }
        if before.iter().any(|rule| *rule.id == **id) {
            self.note(Code::DuplicateId, "is used twice", "give one of the rules another id");
        }
        if written.version == 0 {
            self.note(Code::Range, "has version 0", "begin with `version = 1`");
        }
        if written.when.evidence.is_empty() {
            let mend = "write `evidence = [\"any\"]`, or what ties a call to a text";
            self.note(Code::Empty, "names no evidence", mend);
        }
        let everywhere = written.when.sink.is_empty() && written.when.sink_risk.is_none();
        if everywhere && written.when.target != Some(Target::Obeyed) {
            let mend = "write the classes of tools in `sink`, or a risk in `sink_risk`";
            self.note(Code::Empty, "names no sink", mend);
        }
        if written.examples.matching.is_empty() || written.examples.no_match.is_empty() {
            let mend = "add a trace to `examples.match` and one to `examples.no_match`";
            self.note(Code::ExampleMissing, "lacks examples of one kind", mend);
        }
    }

    fn note(&mut self, code: Code, what: &str, mend: &'static str) {
        let id = &self.written.id;
        let what = format!("`{}` {what}", id.get_ref());
        self.faults.push(fault(self.source, code, &id.span(), what, mend));
    }
}

pub(super) fn fault(
    source: &Source,
    code: Code,
    range: &std::ops::Range<usize>,
    what: String,
    mend: &'static str,
) -> Diagnostic {
    Place::new(&source.name, &source.text).diagnostic(code, range, what, Some(mend.into()))
}
