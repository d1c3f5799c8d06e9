//! Whether a call may be made after what its run read. Deterministic: labels, classes and digests
//! decide, and a person decides the rest.

use std::sync::Arc;

use super::{
    action::Action as Doing,
    class::Class,
    digest::Digester,
    rule::{Action, Evidence, Rule, Target},
    run::{Grant, Run, Source},
    sink::{Arguments, Destination, Sink, is_obeyed, is_program, is_shared},
    token::Kind,
    trusted::Trusted,
};
use crate::{
    firewall::Disposition,
    label::{Confidentiality, Integrity, Label},
    settings::Risk,
};

mod missed;
mod repeats;
mod trace;

use trace::{Trace, UNTOLD};

/// What flow rules say of a call.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    pub disposition: Disposition,
    /// For the person who decides: rule, evidence and chain, and nothing of the text.
    pub reasons: Vec<String>,
    /// Those of them that rest on a text that reaches the arguments, and not on the run alone.
    pub reaching: Vec<String>,
    /// Rules that apply, those that only flag and those that a person's yes covers included.
    pub rules: Vec<Arc<str>>,
    /// What a yes would cover.
    pub grant: Grant,
}

/// One tie between the call and a source.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Tie {
    evidence: Evidence,
    source: u16,
    /// Where in the call, for people.
    place: String,
}

/// Judges a call of a run.
pub(super) struct Judge<'a> {
    pub(super) rules: &'a [Rule],
    pub(super) trusted: &'a Trusted,
    pub(super) digester: &'a Digester,
    pub(super) run: &'a Run,
}

impl Judge<'_> {
    /// `nonces`: sources whose mark stood in the arguments as they came.
    pub(super) fn judge(&self, sink: Sink<'_>, arguments: &Arguments, nonces: &[u16]) -> Judgement {
        let Some(Case { aim, ties, key, kin }) = self.case(sink, arguments, nonces) else {
            return Judgement::default();
        };
        let keys = std::iter::once(key).chain(kin).collect();
        let grant = Grant { keys, sources: self.run.sources.len() };
        let mut judgement = Judgement { grant, ..Judgement::default() };
        for rule in self.rules.iter().filter(|rule| rule.action > Action::Off) {
            let found = self.applies(rule, sink, aim, arguments, &ties);
            if let Some((tie, others)) = found.split_first() {
                self.take(rule, sink, tie, others, &mut judgement);
            }
        }
        if !judgement.reaching.is_empty() {
            // A yes to what a text put into a call says nothing of other calls.
            judgement.grant.keys.truncate(1);
        } else if kin.is_some() && judgement.disposition == Disposition::Hold {
            let server = plain(sink.server);
            judgement.reasons.push(format!(
                "A yes also covers, in this run, tools of `{server}` of the same classes, until \
                 something that the run read reaches a call"
            ));
        }
        judgement
    }

    /// What there is to say of a call; `None` if it has no consequences, or nothing was read.
    fn case(&self, sink: Sink<'_>, arguments: &Arguments, nonces: &[u16]) -> Option<Case> {
        let written = |is: fn(&str) -> bool| {
            arguments.destinations.iter().any(|it| it.kind == Kind::Path && is(&it.token))
        };
        let obeyed = sink.classes.has(Class::PersistsInstructions) || written(is_obeyed);
        if !(sink.classes.has_consequences() || obeyed) {
            return None;
        }
        let named = self.advertised(sink, arguments);
        if self.run.label.is_clean() && named.is_empty() {
            return None;
        }
        let named_digests = named.iter().map(|(_, digest)| *digest).collect();
        let doing = Doing::of(sink, self.digester);
        let away = obeyed || goes_away(sink, arguments, &doing);
        let aim = Aim {
            run: self.label_for(sink),
            obeyed,
            away,
            program: written(is_program),
            elsewhere: away || !arguments.leaves.iter().any(|leaf| leaf.file),
        };
        let (named, defined) = (named.into_iter().map(|(tie, _)| tie), named_digests);
        let trace = Trace { judge: self, sink, arguments, obeyed, away, doing, defined };
        let mut ties = trace.ties();
        ties.extend(named);
        ties.extend(nonces.iter().map(|source| Tie {
            evidence: Evidence::Nonce,
            source: *source,
            place: "an argument holds the mark of".to_owned(),
        }));
        let kin =
            (sink.risk < Risk::High && !trace.doing.destroys && !sink.classes.has(Class::Money))
                .then(|| self.kin(sink));
        Some(Case { aim, ties, key: trace.key(), kin })
    }

    /// What a run read, for a call to this server. That an unknown tool's answer is private is a guess by
    /// its name; the server that gave the answer may hear it again.
    fn label_for(&self, sink: Sink<'_>) -> Label {
        let label = self.run.label;
        let private = |source: &Source| {
            source.label.confidentiality >= Confidentiality::Private
                && !(source.guessed && *source.server == *sink.server)
        };
        let least = label.confidentiality < Confidentiality::Private;
        if least || self.run.saturated || self.run.sources.iter().any(private) {
            return label;
        }
        Label { confidentiality: label.confidentiality.min(Confidentiality::Internal), ..label }
    }

    /// What a yes to a question that the run alone raised covers: tools of one server that do the same.
    fn kin(&self, sink: Sink<'_>) -> u64 {
        let text = |text: &str| self.digester.of(KIN, text.as_bytes());
        let classes = sink.classes.harm().to_string();
        self.digester.join(&[text(sink.server), text(&classes)])
    }

    /// Destinations that another server's definitions name. They are read first of all, so that nothing
    /// shows whether the agent knew one of its own accord.
    fn advertised(&self, sink: Sink<'_>, arguments: &Arguments) -> Vec<(Tie, u64)> {
        if sink.advertised.is_empty() {
            return Vec::new();
        }
        let mut ties = Vec::new();
        for it in &arguments.destinations {
            let reads =
                it.kind == Kind::Url && sink.classes.only_fetches() && !it.token.contains('?');
            let server = sink.advertised.by_another(sink.server, it.kind, &it.token);
            let Some(server) = server.filter(|_| !reads && !self.trusts(it)) else { continue };
            let pointer = arguments.leaves.get(it.leaf).map_or("", |leaf| &leaf.pointer);
            let (kind, server) = (it.kind.name(), plain(server));
            let place = format!("the {kind} in `{pointer}` is named by a definition of `{server}`");
            let tie = Tie { evidence: Evidence::Destination, source: DEFINED, place };
            ties.push((tie, it.digest));
        }
        ties
    }

    /// Whether the organisation's list covers a destination.
    fn trusts(&self, it: &Destination) -> bool {
        let host = it.token.split(['/', '?']).next().unwrap_or(&it.token);
        match it.kind {
            Kind::Url => self.trusted.covers(Kind::Host, host),
            kind => self.trusted.covers(kind, &it.token),
        }
    }

    /// Which condition of a rule does not hold, whatever ties the call to a text.
    fn unmet(
        &self,
        rule: &Rule,
        sink: Sink<'_>,
        aim: Aim,
        arguments: &Arguments,
    ) -> Option<&'static str> {
        let when = &rule.written.when;
        let classes = when.sink.iter().copied().collect();
        let everywhere = when.sink.is_empty() && when.sink_risk.is_none();
        let reached = everywhere
            || sink.classes.meets(classes)
            || when.sink_risk.is_some_and(|risk| sink.risk >= risk);
        let aimed = match when.target {
            None => true,
            Some(Target::None) => arguments.destinations.is_empty(),
            Some(Target::Obeyed) => aim.obeyed,
            Some(Target::Away) => aim.away,
            Some(Target::Program) => aim.program,
            Some(Target::Elsewhere) => aim.elsewhere,
        };
        if !reached {
            Some("the tool has no class of `sink` and less than `sink_risk`")
        } else if !aimed {
            Some("the call is not what `target` asks for")
        } else if aim.run.integrity < when.run.integrity {
            Some("the run read nothing as untrusted as `run` asks for")
        } else if aim.run.confidentiality < when.run.confidentiality {
            Some("the run read nothing as private as `run` asks for")
        } else {
            None
        }
    }

    /// The ties for which the rule applies, the strongest first.
    fn applies<'t>(
        &self,
        rule: &Rule,
        sink: Sink<'_>,
        aim: Aim,
        arguments: &Arguments,
        ties: &'t [Tie],
    ) -> Vec<&'t Tie> {
        if self.unmet(rule, sink, aim, arguments).is_some() {
            return Vec::new();
        }
        let when = &rule.written.when;
        let fits = |tie: &&Tie| {
            if tie.source == DEFINED {
                return when.evidence.contains(&tie.evidence)
                    && DEFINITION.integrity >= when.source.integrity
                    && DEFINITION.confidentiality >= when.source.confidentiality;
            }
            let Some(source) = self.source(tie.source) else {
                return tie.source == UNTOLD && when.evidence.contains(&tie.evidence);
            };
            when.evidence.contains(&tie.evidence)
                && source.label.integrity >= when.source.integrity
                && source.label.confidentiality >= when.source.confidentiality
                && !(when.source.other_server && *source.server == *sink.server)
        };
        let mut ties: Vec<&Tie> = ties.iter().filter(fits).collect();
        ties.sort_by_key(|tie| (tie.evidence, tie.source));
        ties
    }

    fn take(
        &self,
        rule: &Rule,
        sink: Sink<'_>,
        tie: &Tie,
        others: &[&Tie],
        judgement: &mut Judgement,
    ) {
        judgement.rules.push(Arc::clone(&rule.id));
        let disposition = match rule.action {
            Action::Off | Action::Flag => return,
            Action::Hold => Disposition::Hold,
            Action::Block => Disposition::Block,
        };
        if disposition == Disposition::Hold && self.is_granted(sink, tie, &judgement.grant) {
            return;
        }
        judgement.disposition = judgement.disposition.max(disposition);
        let chain = match self.source(tie.source) {
            Some(source) => {
                let any = |other: &&&Tie| {
                    tie.evidence == Evidence::Any && other.evidence == Evidence::Any
                };
                let besides = others.iter().filter(any);
                let besides = besides.filter_map(|other| self.source(other.source)).map(told);
                let texts: Vec<String> = std::iter::once(told(source)).chain(besides).collect();
                format!("{} {}", tie.place, texts.join(" and "))
            }
            None if tie.source == DEFINED => tie.place.clone(),
            None => "this run read, or the call says, more than is kept".to_owned(),
        };
        let written = &rule.written;
        let reason = format!("{} [{}]: {chain}", written.message, rule.id);
        if tie.evidence != Evidence::Any {
            judgement.reaching.push(reason.clone());
        }
        judgement.reasons.push(reason);
    }

    /// Whether a person's yes in this run covers this: the same tool and destination, nothing that a
    /// text ordered, and nothing read since that reaches the arguments.
    fn is_granted(&self, sink: Sink<'_>, tie: &Tie, grant: &Grant) -> bool {
        if sink.risk >= Risk::Critical || tie.evidence == Evidence::Order {
            return false;
        }
        let reaches = tie.evidence != Evidence::Any;
        // Money is agreed to for what was read by then, and not for what came since.
        let money = sink.classes.has(Class::Money);
        let keys = grant.keys.iter().take(if reaches { 1 } else { 2 });
        let granted = keys.filter_map(|key| self.run.grants.get(key)).max();
        let untold = matches!(tie.source, DEFINED | UNTOLD);
        let before = |sources: usize| untold || usize::from(tie.source) < sources;
        granted.is_some_and(|sources| {
            (!reaches || before(*sources)) && !(money && *sources < self.run.sources.len())
        })
    }

    fn source(&self, index: u16) -> Option<&Source> {
        self.run.sources.get(usize::from(index))
    }
}

/// A call as rules look at it.
struct Case {
    aim: Aim,
    ties: Vec<Tie>,
    /// What a yes to this very call covers.
    key: u64,
    /// What a yes to what the run alone raised covers, for calls of little risk.
    kin: Option<u64>,
}

/// Where a call goes, as [`Target`] asks.
#[derive(Clone, Copy, Debug)]
struct Aim {
    /// The run's label, as far as it concerns this call.
    run: Label,
    obeyed: bool,
    away: bool,
    program: bool,
    elsewhere: bool,
}

fn goes_away(sink: Sink<'_>, arguments: &Arguments, doing: &Doing) -> bool {
    /// Bytes of arguments that say what is wanted, and have no room for what was read.
    const ASKING_BYTES_MAX: usize = 200;
    let bytes: usize = arguments.leaves.iter().map(|leaf| leaf.text.len()).sum();
    let shared =
        arguments.destinations.iter().any(|it| it.kind == Kind::Path && is_shared(&it.token));
    if sink.risk >= Risk::High || doing.destroys || shared {
        return true;
    }
    if sink.asks && bytes <= ASKING_BYTES_MAX {
        return false;
    }
    let classes = [Class::Egress, Class::Exec, Class::Money, Class::PersistsInstructions];
    classes.into_iter().any(|class| sink.classes.has(class))
}

/// The kind of a grant's wider key among digests.
const KIN: u8 = 106;
/// Stands for the definitions of servers among sources.
const DEFINED: u16 = u16::MAX - 1;
/// What a definition is: an operator accepted its server, and everybody may read it.
const DEFINITION: Label =
    Label { integrity: Integrity::Mixed, confidentiality: Confidentiality::Public };

/// A name without anything that could pass for the gateway's own words.
fn plain(text: &str) -> String {
    let kept = |c: &char| c.is_ascii_alphanumeric() || "_.:/-".contains(*c);
    text.chars().filter(kept).take(64).collect()
}

/// A source in words, from names of the gateway's own alone.
fn told(source: &Source) -> String {
    let mut told = format!(
        "`{}/{}` ({}",
        plain(&source.server),
        plain(&source.tool),
        source.label.integrity.name()
    );
    if source.label.confidentiality > Confidentiality::Public {
        told.push_str(", ");
        told.push_str(source.label.confidentiality.name());
    }
    told.push(')');
    let shown: Vec<&str> = source.rules.iter().take(3).map(AsRef::as_ref).collect();
    if !shown.is_empty() {
        told.push_str(&format!(", in which {} matched", shown.join(", ")));
    }
    told
}
