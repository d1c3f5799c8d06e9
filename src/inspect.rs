//! The firewall door: every text of a message is read by the rules, edited where they say so, and
//! made harmless to terminals and readers. Shut when anything fails.

use std::{collections::BTreeSet, sync::Arc};

mod encoded;

use crate::{
    firewall::{
        Action, Budget, Disposition, Finding, Ruleset, Surface, redact,
        sanitize::{Sanitized, sanitize},
    },
    mcp::{Json, Object},
    refusal::META_PREFIX,
};

/// How findings become actions.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Eq,
    Hash,
    PartialEq,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Nothing is edited or marked; blocking rules still block.
    Transparent,
    /// The default: edits, blocks, and marks that cost honest tools nothing.
    #[default]
    Balanced,
    /// What `balanced` would flag with high severity blocks.
    Strict,
}

/// Whether decisions are carried out.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Eq,
    Hash,
    PartialEq,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    #[default]
    Enforce,
    /// Decide and record, but refuse and edit nothing.
    Observe,
}

/// Texts of one message that are scanned, in bytes over all views; beyond it nothing passes.
pub const VIEW_BYTES_MAX: usize = 96 << 20;
/// Findings of one message that are kept.
pub const FINDINGS_MAX: usize = 1000;

/// The rules in force and how they act.
#[derive(Clone, Debug)]
pub struct Firewall {
    pub rules: Arc<Ruleset>,
    pub profile: Profile,
    pub mode: Mode,
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
    /// Matches at severity high or critical that nothing refused.
    pub suspicious: bool,
    /// Some of it is no text and was not read: images, audio, unknown bytes.
    pub uninspected: bool,
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
        let mut walk = Walk::new(self, surface);
        walk.value(value);
        walk.finish()
    }

    /// Reads every string and key of `object` and edits nothing: for what must arrive as it was
    /// sent or not at all.
    pub fn look(&self, surface: Surface, object: &Object) -> Inspection {
        let mut walk = Walk::new(self, surface);
        for (key, value) in object.iter() {
            if !is_plain_key(key) {
                walk.peek(key);
            }
            value.visit_strings(&mut |text| walk.peek(text));
        }
        walk.finish()
    }

    /// Reads one text and edits it in place.
    pub fn inspect_text(&self, surface: Surface, text: &mut String) -> Inspection {
        let mut walk = Walk::new(self, surface);
        walk.text(text);
        walk.finish()
    }
}

struct Walk<'a> {
    firewall: &'a Firewall,
    surface: Surface,
    budget: Budget,
    findings: Vec<Finding>,
    inspection: Inspection,
}

impl<'a> Walk<'a> {
    fn new(firewall: &'a Firewall, surface: Surface) -> Self {
        let budget = Budget::new(VIEW_BYTES_MAX, FINDINGS_MAX);
        let inspection = Inspection::default();
        Self { firewall, surface, budget, findings: Vec::new(), inspection }
    }

    fn value(&mut self, value: &mut Json) {
        match value {
            Json::String(text) => self.text(text),
            Json::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
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
            self.decide();
        }
        if !is_inbound(self.surface)
            && let Some(Json::Object(meta)) = object.get_mut("_meta")
        {
            // Our own marks mean something only if nobody else can set them.
            meta.retain(|key| !key.starts_with(META_PREFIX));
        }
        let binary = binary_member(object).filter(|_| self.surface.carries_blocks());
        for (key, value) in object.iter_mut() {
            // Only what cannot be text is skipped, whatever its member is called.
            let bytes = Some(key) == binary
                && matches!(&*value, Json::String(text) if encoded::is_encoded(text));
            self.inspection.uninspected |= Some(key) == binary;
            if !bytes {
                self.value(value);
            }
        }
    }

    /// Reads a text that nobody may edit: a redaction there means that it does not pass.
    fn peek(&mut self, text: &str) {
        self.scan(text);
        if !self.decide().is_empty() {
            self.inspection.would = Disposition::Block;
        }
    }

    fn text(&mut self, text: &mut String) {
        self.scan(text);
        let edits = self.decide();
        let edits_allowed =
            self.firewall.profile != Profile::Transparent && self.firewall.mode == Mode::Enforce;
        if edits_allowed && !edits.is_empty() {
            let spans: Vec<_> = edits.iter().map(|edit| (edit.span.clone(), &*edit.rule)).collect();
            *text = redact::redact(text, &spans);
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
            self.inspection.incomplete = true;
            self.inspection.rules.insert(Arc::from("scan.limit"));
            self.inspection.would = self.inspection.would.max(Disposition::Block);
        }
    }

    /// Turns the findings of one text into a disposition and returns those that edit.
    fn decide(&mut self) -> Vec<Finding> {
        let mut edits = Vec::new();
        for finding in self.findings.drain(..) {
            self.inspection.rules.insert(Arc::clone(&finding.rule));
            let severe = finding.severity >= crate::firewall::Severity::High;
            let action = match (finding.action, self.firewall.profile) {
                (Action::Flag, Profile::Strict) if severe => Action::Block,
                (action, _) => action,
            };
            self.inspection.suspicious |= severe;
            self.inspection.would = self.inspection.would.max(disposition(action, self.surface));
            if matches!(action, Action::Redact | Action::Strip) {
                edits.push(finding);
            }
        }
        edits
    }

    fn finish(mut self) -> Inspection {
        if self.firewall.mode == Mode::Enforce {
            self.inspection.disposition = self.inspection.would;
        }
        self.inspection
    }
}

/// Nobody can wait inside an answer: a hold there means withheld.
fn disposition(action: Action, surface: Surface) -> Disposition {
    match action {
        Action::Flag | Action::Redact | Action::Strip => Disposition::Allow,
        Action::Hold if surface == Surface::ToolArguments => Disposition::Hold,
        Action::Hold | Action::Block | Action::Quarantine => Disposition::Block,
    }
}

/// Arguments are what the caller means; invisible characters in them are findings, not dirt.
fn is_inbound(surface: Surface) -> bool {
    surface.direction() == crate::firewall::Direction::Inbound
}

/// The member that holds encoded bytes: no text, so not inspected, and labelled as such.
fn binary_member(object: &Object) -> Option<&'static str> {
    match object.str("type") {
        Some("image" | "audio") => Some("data"),
        _ if object.get("uri").is_some() && object.get("blob").is_some() => Some("blob"),
        _ => None,
    }
}

/// The short identifiers that nearly all keys are cannot carry a sentence.
fn is_plain_key(key: &str) -> bool {
    key.len() <= 32
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.$/".contains(&byte))
}
