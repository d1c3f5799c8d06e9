//! The firewall door: every text of a message is read by the rules, edited where they say so, and
//! made harmless to terminals and readers. Shut when anything fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

mod classify;
mod encoded;
mod join;
mod lifecycle;
mod passage;
mod profile;
mod secrets;
mod subject;
mod weight;

#[cfg(test)]
mod tests;

pub use classify::INSTRUCTION;
pub(crate) use classify::instruction;
pub use join::{TAIL_BYTES_MAX, tail};
pub use lifecycle::{Falling, Lifecycle, Spot};
pub use profile::{Mode, Profile};
pub use secrets::Secrets;
pub use subject::Subject;

use self::{lifecycle::Fates, subject::Pointer};
use crate::{
    classifier::Classifier,
    firewall::{
        Action, Budget, Direction, Disposition, Finding, Ruleset, Surface, redact,
        sanitize::{Sanitized, sanitize},
        score::{Score, Thresholds},
    },
    mcp::{Json, Object},
    refusal::META_PREFIX,
};

/// Texts of one message that are scanned, in bytes over all views; beyond it nothing passes.
pub const VIEW_BYTES_MAX: usize = 96 << 20;
/// The time that the rules may take over one message; beyond it nothing passes.
pub const SCAN_TIME_MAX: Duration = Duration::from_secs(10);
/// Findings of one message that are kept.
pub const FINDINGS_MAX: usize = 1000;

/// The rules in force and how they act.
#[derive(Clone, Debug)]
pub struct Firewall {
    pub rules: Arc<Ruleset>,
    pub profile: Profile,
    pub mode: Mode,
    /// The scores at which a message is suspicious.
    pub thresholds: Thresholds,
    /// Stages, exclusions and counts.
    pub lifecycle: Arc<Lifecycle>,
    /// Scores what the rules let pass, where there is one.
    pub classifier: Option<Arc<Classifier>>,
}

/// What an inspection decided.
#[derive(Debug, Default)]
pub struct Inspection {
    pub disposition: Disposition,
    /// Distinct rules that matched, for the record.
    pub rules: BTreeSet<Arc<str>>,
    /// What would have happened if decisions were carried out.
    pub would: Disposition,
    pub edited: bool,
    /// Not everything could be read.
    pub incomplete: bool,
    /// Something was found at severity high or critical, or the score reached its threshold.
    pub suspicious: bool,
    /// What all findings of the message weigh together.
    pub score: Score,
    /// Rules for injections matched that honest texts hardly or seldom do.
    pub instructs: bool,
    /// Some of it is no text and was not read: images, audio, unknown bytes.
    pub uninspected: bool,
    /// Distinct rules that matched and are only watched.
    pub shadow: BTreeSet<Arc<str>>,
    /// Exclusions that took something away.
    pub exclusions: BTreeSet<Arc<str>>,
    /// Where rules matched, as far as it is kept.
    pub spots: Vec<Spot>,
    /// Secrets that were taken out.
    pub secrets: Secrets,
    /// Keys in which something was found: no record names them.
    hidden: BTreeSet<String>,
}

impl Inspection {
    /// Whether the message must not go on. A hold that nobody can wait in is one too.
    pub fn blocks(&self) -> bool {
        self.disposition != Disposition::Allow
    }
}

impl Firewall {
    /// Reads every string and key of `value`, and edits it in place.
    pub fn inspect(&self, surface: Surface, value: &mut Json) -> Inspection {
        self.inspect_after("", surface, value)
    }

    /// As [`Firewall::inspect`], after the [`tail`] of what came before in the same run. An order that
    /// begins there and ends here is found too; only what stands here is edited.
    pub fn inspect_after(&self, tail: &str, surface: Surface, value: &mut Json) -> Inspection {
        self.inspect_from(Subject::default(), tail, surface, value)
    }

    /// As [`Firewall::inspect_after`], for what is known of whose message it is: its [`Subject`], or
    /// the [`crate::firewall::rule::Origin`] alone.
    pub fn inspect_from<'a>(
        &'a self,
        subject: impl Into<Subject<'a>>,
        tail: &str,
        surface: Surface,
        value: &mut Json,
    ) -> Inspection {
        let subject = subject.into();
        let mut walk = Walk { subject, ..Walk::new(self, surface, bytes_of(value)) };
        if !is_inbound(surface) {
            strip_marks(value);
        }
        walk.crossing = walk.join(tail, value);
        walk.value(value);
        walk.finish()
    }

    /// Reads every string and key of `object` and edits nothing: for what must arrive as it was
    /// sent or not at all.
    pub fn look(&self, surface: Surface, object: &Object) -> Inspection {
        self.look_from(Subject::default(), surface, object)
    }

    /// As [`Firewall::look`], for what is known of whose message it is.
    pub fn look_from<'a>(
        &'a self,
        subject: impl Into<Subject<'a>>,
        surface: Surface,
        object: &Object,
    ) -> Inspection {
        let bytes = object.iter().map(|(key, value)| key.len() + bytes_of(value)).sum();
        let (subject, pointer) = (subject.into(), Pointer::beside());
        let mut walk = Walk { subject, pointer, ..Walk::new(self, surface, bytes) };
        for (key, value) in object.iter() {
            if !is_plain_key(key) {
                walk.peek(key);
            }
            let mark = walk.pointer.mark();
            walk.pointer.key(key);
            value.visit_strings(&mut |text| walk.peek(text));
            walk.pointer.back(mark);
            if !walk.join("", value).is_empty() {
                walk.inspection.would = Disposition::Block;
            }
        }
        walk.finish()
    }

    /// Reads one text and edits it in place.
    pub fn inspect_text(&self, surface: Surface, text: &mut String) -> Inspection {
        self.inspect_text_from(Subject::default(), surface, text)
    }

    /// As [`Firewall::inspect_text`], for what is known of whose message it is.
    pub fn inspect_text_from<'a>(
        &'a self,
        subject: impl Into<Subject<'a>>,
        surface: Surface,
        text: &mut String,
    ) -> Inspection {
        let mut walk = Walk { subject: subject.into(), ..Walk::new(self, surface, text.len()) };
        walk.text(text, Vec::new());
        walk.finish()
    }
}

struct Walk<'a> {
    firewall: &'a Firewall,
    surface: Surface,
    subject: Subject<'a>,
    /// Where the text stands that is read.
    pointer: Pointer,
    /// Milliseconds since 1970 UTC, asked for once.
    now: Option<i64>,
    fates: Fates,
    budget: Budget,
    /// What may be spent on joined texts.
    joins: Budget,
    findings: Vec<Finding>,
    /// Edits of findings that cross from one text to the next, by the text's place in the walk.
    crossing: Crossing,
    /// How many texts the walk has passed.
    passed: usize,
    inspection: Inspection,
}

/// Edits of single texts, with the rule that asks for each.
type Edits = Vec<(Range<usize>, Arc<str>)>;

/// Edits of the texts of a message, by the text's place in it.
type Crossing = BTreeMap<usize, Edits>;

impl<'a> Walk<'a> {
    /// A walk over a message with so many bytes of text.
    fn new(firewall: &'a Firewall, surface: Surface, bytes: usize) -> Self {
        let views = bytes.saturating_mul(1 + Budget::VIEWS);
        let views = views.clamp(Budget::VIEW_BYTES_MIN, VIEW_BYTES_MAX);
        let budget = Budget::new(views, FINDINGS_MAX).until(Instant::now() + SCAN_TIME_MAX);
        Self {
            firewall,
            surface,
            subject: Subject::default(),
            pointer: Pointer::default(),
            now: None,
            fates: Fates::default(),
            budget,
            joins: budget,
            findings: Vec::new(),
            crossing: Crossing::new(),
            passed: 0,
            inspection: Inspection::default(),
        }
    }

    fn value(&mut self, value: &mut Json) {
        match value {
            Json::String(text) => {
                let crossing = self.crossing.remove(&self.passed).unwrap_or_default();
                self.passed += 1;
                self.text(text, crossing);
            }
            Json::Array(items) => {
                let mark = self.pointer.mark();
                for (index, item) in items.iter_mut().enumerate() {
                    self.pointer.index(index);
                    self.value(item);
                    self.pointer.back(mark);
                }
            }
            Json::Object(object) => self.object(object),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn object(&mut self, object: &mut Object) {
        let keys: Vec<String> =
            object.keys().filter(|key| !is_plain_key(key)).map(str::to_owned).collect();
        for key in keys {
            // A key cannot be edited without breaking what it names, so its findings only decide.
            self.scan(&key);
            let rules = &self.firewall.rules;
            self.findings.retain(|finding| rules.reads_keys(&finding.rule));
            if !self.findings.is_empty() {
                self.pointer.hide(&key);
            }
            self.admit(&key);
            self.decide();
        }
        let mark = self.pointer.mark();
        let binary = binary_member(object).filter(|_| self.surface.carries_blocks());
        for (key, value) in object.iter_mut() {
            // Only what cannot be text is skipped, whatever its member is called.
            let bytes = Some(key) == binary
                && matches!(&*value, Json::String(text) if encoded::is_encoded(text));
            self.inspection.uninspected |= Some(key) == binary;
            if bytes {
                self.passed += 1;
            } else {
                self.pointer.key(key);
                self.value(value);
                self.pointer.back(mark);
            }
        }
    }

    /// Reads a text that nobody may edit: a redaction there means that it does not pass.
    fn peek(&mut self, text: &str) {
        self.scan(text);
        self.admit(text);
        if !self.decide().is_empty() {
            self.inspection.would = Disposition::Block;
        }
    }

    fn text(&mut self, text: &mut String, crossing: Edits) {
        self.scan(text);
        self.admit(text);
        let mut edits: Edits =
            self.decide().into_iter().map(|edit| (edit.span, edit.rule)).collect();
        edits.extend(crossing);
        let edits_allowed =
            self.firewall.profile != Profile::Transparent && self.firewall.mode == Mode::Enforce;
        if edits_allowed && !edits.is_empty() {
            for (span, rule) in &edits {
                self.inspection.secrets.take(rule, text.get(span.clone()).unwrap_or_default());
            }
            *text = redact::redact(text, &edits);
            self.inspection.edited = true;
        }
        let Sanitized { text: clean, .. } = sanitize(text);
        if let std::borrow::Cow::Owned(clean) = clean {
            self.inspection.rules.insert(Arc::from("sanitize.invisible"));
            if edits_allowed && !is_inbound(self.surface) {
                *text = clean;
                self.inspection.edited = true;
            }
        }
    }

    fn scan(&mut self, text: &str) {
        let scanned = self.firewall.rules.scan_again(
            self.surface,
            text,
            &mut self.budget,
            &mut self.findings,
        );
        if scanned.is_err() {
            self.cut_short();
        }
    }

    /// What was not read to its end does not pass.
    fn cut_short(&mut self) {
        self.unread("scan.limit");
    }

    /// What was not read does not pass; `why` goes on the record.
    fn unread(&mut self, why: &str) {
        self.inspection.incomplete = true;
        self.inspection.rules.insert(Arc::from(why));
        self.inspection.would = self.inspection.would.max(Disposition::Block);
    }

    /// Turns the findings of one text into a disposition and returns those that edit.
    fn decide(&mut self) -> Vec<Finding> {
        let mut edits = Vec::new();
        for finding in self.findings.drain(..) {
            self.inspection.rules.insert(Arc::clone(&finding.rule));
            self.inspection.score.add(&finding);
            let severe = finding.severity >= crate::firewall::Severity::High;
            let action = match (finding.action, self.firewall.profile) {
                (Action::Flag, Profile::Strict) if severe => Action::Block,
                (action, _) => action,
            };
            self.inspection.suspicious |= severe;
            self.inspection.instructs |= instructs(&finding);
            self.inspection.would = self.inspection.would.max(disposition(action, self.surface));
            if matches!(action, Action::Redact | Action::Strip) {
                edits.push(finding);
            }
        }
        edits
    }

    fn finish(mut self) -> Inspection {
        self.firewall.lifecycle.counts.message(self.surface);
        self.watch();
        self.settle()
    }

    /// As [`Walk::finish`], for a message that was counted before.
    fn settle(mut self) -> Inspection {
        self.weigh();
        self.tally();
        self.inspection.hidden = std::mem::take(&mut self.pointer).hidden();
        if self.firewall.mode == Mode::Enforce {
            self.inspection.disposition = self.inspection.would;
        }
        self.inspection
    }
}

/// Whether a finding says that a text gives orders to whoever reads it with a model.
fn instructs(finding: &Finding) -> bool {
    let topic = finding.rule.split('.').next().unwrap_or("");
    matches!(topic, "injection" | "poisoning" | "classifier")
        && finding.severity >= crate::firewall::Severity::Medium
        && finding.confidence >= crate::firewall::Confidence::Medium
}

/// Nobody can wait inside an answer: a hold there means withheld.
fn disposition(action: Action, surface: Surface) -> Disposition {
    match action {
        Action::Flag | Action::Redact | Action::Strip => Disposition::Allow,
        Action::Hold if surface == Surface::ToolArguments => Disposition::Hold,
        Action::Hold | Action::Block | Action::Quarantine => Disposition::Block,
    }
}

/// How many bytes its texts and keys have.
fn bytes_of(value: &Json) -> usize {
    let mut bytes = 0;
    value.visit_strings(&mut |text| bytes += text.len());
    bytes
}

/// Takes our own marks out of what a server sends: they mean something only if nobody else can set
/// them.
fn strip_marks(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(strip_marks),
        Json::Object(object) => {
            if let Some(Json::Object(meta)) = object.get_mut("_meta") {
                meta.retain(|key| !key.starts_with(META_PREFIX));
            }
            object.values_mut().for_each(strip_marks);
        }
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Arguments are what the caller means; invisible characters in them are findings, not dirt.
fn is_inbound(surface: Surface) -> bool {
    surface.direction() == Direction::Inbound
}

/// The member that holds encoded bytes: no text, so not inspected, and labelled as such.
fn binary_member(object: &Object) -> Option<&'static str> {
    match object.str("type") {
        Some("image" | "audio") => Some("data"),
        _ if object.get("uri").is_some() && object.get("blob").is_some() => Some("blob"),
        _ => None,
    }
}

/// Words that nearly all keys are: too short for a sentence or a secret.
fn is_plain_key(key: &str) -> bool {
    const WORD_BYTES_MAX: usize = 9;
    // `__proto__` is a word that changes objects.
    key.len() <= WORD_BYTES_MAX
        && !key.starts_with("__")
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.$/".contains(&byte))
}
