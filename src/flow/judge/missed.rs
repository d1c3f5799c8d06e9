//! Why a rule does not apply to a call: what the writer of a rule is told of a trace.

use super::{Arguments, Judge, Rule, Sink, Tie, told};

impl Judge<'_> {
    /// What keeps a rule from applying, in words.
    pub(in crate::flow) fn missed(
        &self,
        rule: &Rule,
        sink: Sink<'_>,
        arguments: &Arguments,
    ) -> String {
        let Some(case) = self.case(sink, arguments, &[]) else {
            let read = !self.run.label.is_clean();
            return if read {
                "the tool has no class with consequences".to_owned()
            } else {
                "the run read nothing of strangers and nothing private".to_owned()
            };
        };
        if let Some(unmet) = self.unmet(rule, sink, case.aim, arguments) {
            return unmet.to_owned();
        }
        if case.ties.is_empty() {
            return "nothing ties the call to a text".to_owned();
        }
        let tie = |tie: &Tie| {
            let evidence = format!("{:?}", tie.evidence).to_lowercase();
            let source = self.source(tie.source).map(told).unwrap_or_default();
            format!("`{evidence}`: {} {source}", tie.place).trim_end().to_owned()
        };
        let ties: Vec<String> = case.ties.iter().map(tie).collect();
        format!("no tie is what `evidence` and `source` ask for; there is {}", ties.join(", "))
    }
}
