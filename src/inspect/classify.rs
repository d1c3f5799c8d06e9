//! What the classifier says of a message, after the rules: the same exclusions, stages, counts and
//! records hold for its findings as for theirs.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{Firewall, Inspection, Subject, Walk, passage::Passage, subject::Pointer};
use crate::{
    classifier::{
        Scored,
        pack::{Level, Thresholds},
        pool::Reading,
    },
    firewall::{
        Action, Direction, Disposition, Finding, Severity, Surface,
        finding::{Confidence, View},
    },
    mcp::Json,
};

/// What a finding of the classifier is called, where rules have their ids.
pub const INSTRUCTION: &str = "classifier.instruction";

impl Firewall {
    /// As [`Firewall::inspect_from`]; then the classifier scores what the rules let pass. A message
    /// that has no score does not pass.
    pub async fn read_from<'a>(
        &'a self,
        subject: impl Into<Subject<'a>>,
        tail: &str,
        surface: Surface,
        value: &mut Json,
    ) -> Inspection {
        let subject = subject.into();
        let inspection = self.inspect_from(subject, tail, surface, value);
        let classifier = self.classifier.as_ref().filter(|it| it.reads(surface));
        let Some(classifier) = classifier.filter(|_| !inspection.blocks_for_good()) else {
            return inspection;
        };
        let mut passage = Passage::of(surface, value);
        if passage.text.is_empty() {
            return inspection;
        }
        let scored = classifier.read(surface, std::mem::take(&mut passage.text)).await;
        self.judge(inspection, (subject, surface, value), &passage, scored)
    }

    fn judge(
        &self,
        inspection: Inspection,
        (subject, surface, value): (Subject<'_>, Surface, &Json),
        passage: &Passage,
        scored: Reading,
    ) -> Inspection {
        let mut walk = Walk { subject, inspection, ..Walk::new(self, surface, 0) };
        match scored {
            Ok((scored, about)) => {
                let levels = levels(passage, &scored, about.manifest.thresholds(surface));
                if levels.is_empty() {
                    return walk.settle();
                }
                let mut pointer = Pointer::hiding(std::mem::take(&mut walk.inspection.hidden));
                passage.each(surface, value, &mut pointer, |place, pointer, text| {
                    if let Some(level) = levels.get(&place) {
                        walk.pointer = pointer.clone();
                        walk.findings.push(instruction(*level, surface, 0..text.len()));
                        walk.admit(text);
                        walk.decide();
                    }
                });
            }
            Err(fault) => {
                tracing::warn!(
                    code = fault.code(),
                    "A text has no score and does not pass: {fault}."
                );
                walk.unread(fault.code());
            }
        }
        walk.settle()
    }
}

/// The highest level of each text that a window touches. All of them: an exclusion is for one place, and
/// what stands beside it is still found.
fn levels(passage: &Passage, scored: &[Scored], thresholds: Thresholds) -> BTreeMap<usize, Level> {
    let mut levels = BTreeMap::new();
    for part in scored {
        let Some(level) = thresholds.level(part.score) else { continue };
        for place in passage.places(&part.span) {
            let highest = levels.entry(place).or_insert(level);
            *highest = level.max(*highest);
        }
    }
    levels
}

/// What a level asks for. Nobody can wait inside an answer, so a hold there withholds it, and a person
/// may release it. What an agent writes is less of a stranger's than what it reads: a person is asked.
pub(crate) fn instruction(level: Level, surface: Surface, span: Range<usize>) -> Finding {
    let inbound = surface.direction() == Direction::Inbound;
    let (severity, confidence, action) = match level {
        Level::Flag => (Severity::Low, Confidence::Low, Action::Flag),
        Level::Hold if inbound => (Severity::Medium, Confidence::Medium, Action::Flag),
        Level::Hold => (Severity::Medium, Confidence::Medium, Action::Hold),
        Level::Block if inbound => (Severity::High, Confidence::Medium, Action::Hold),
        Level::Block => (Severity::High, Confidence::High, Action::Block),
    };
    Finding {
        rule: Arc::from(INSTRUCTION),
        title: Arc::from("The text asks an AI agent for something"),
        severity,
        confidence,
        action,
        view: View::Raw,
        span,
    }
}

impl Inspection {
    /// Whether nothing that is found besides could make it worse.
    fn blocks_for_good(&self) -> bool {
        self.disposition == Disposition::Block
    }
}
