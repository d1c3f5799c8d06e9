//! What the classifier says of a message, after the rules: the same exclusions, stages, counts and
//! records hold for its findings as for theirs.

use std::{ops::Range, sync::Arc};

use super::{Firewall, Inspection, Subject, Walk, passage::Passage};
use crate::{
    classifier::{pack::Level, pool::Reading},
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
        let scored = classifier.read(std::mem::take(&mut passage.text)).await;
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
                let thresholds = about.manifest.thresholds(surface);
                for part in scored.iter() {
                    if let Some(level) = thresholds.level(part.score) {
                        passage.locate(&part.span, surface, value, |pointer, text| {
                            walk.pointer = pointer.clone();
                            walk.findings.push(finding(level, surface, part.span.clone()));
                            walk.admit(text);
                        });
                        walk.decide();
                    }
                }
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

/// What a level asks for. Nobody can wait inside an answer, so a hold there withholds it, and a person
/// may release it. What an agent writes is less of a stranger's than what it reads: a person is asked.
fn finding(level: Level, surface: Surface, span: Range<usize>) -> Finding {
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
