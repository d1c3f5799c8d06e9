//! The last door: the answer is marked as what it is, in the caller's era. And the way back: marks
//! that a model copied come off the arguments of its next call.

use super::{Answer, Arrival, Trail, release::Released};
use crate::{
    catalog::{Item, Kind},
    gateway::Gateway,
    limits::key_of,
    mcp::{Json, Method, Object, bridge::ResultType},
    refusal::{Code, Refusal},
    relay::Notices,
    spotlight::{self, Issue, Leaves, Marked, Modes, Origin, Structured},
};

impl Gateway {
    pub(super) fn fence(&self, answer: Answer<'_, Released>, trail: &mut Trail) -> Object {
        let Answer { arrival, item, mut result, passed } = answer;
        if passed.kind == ResultType::Task {
            return self.tasks.rename(arrival, &item, result);
        }
        self.mark_result(arrival, &item, &mut result, trail);
        result
    }

    /// Marks an answer, wherever it stands, and remembers its fence.
    pub(super) fn mark_result(
        &self,
        arrival: &Arrival,
        item: &Item,
        result: &mut Object,
        trail: &mut Trail,
    ) {
        let modes = self.marking(arrival, item, trail);
        let rules: Vec<&str> = trail.rules.iter().map(AsRef::as_ref).collect();
        let origin = Origin { rules: &rules, uninspected: trail.uninspected, ..origin(item) };
        let marked = match (item.kind, arrival.method) {
            (Kind::Tool, _) => mark_tool(item, result, modes, origin),
            (_, Method::ResourcesRead) => spotlight::mark_contents(result, modes, origin),
            (_, Method::PromptsGet) => spotlight::mark_messages(result, modes, origin),
            _ if modes.marks() => {
                spotlight::label(result, &Marked::default(), origin);
                Marked::default()
            }
            _ => Marked::default(),
        };
        self.note_fence(arrival, item, marked, trail);
    }

    fn note_fence(&self, arrival: &Arrival, item: &Item, marked: Marked, trail: &mut Trail) {
        trail.rules.extend(marked.findings.iter().map(|finding| (*finding).into()));
        if let Some(nonce) = marked.nonce {
            let source = origin(item).source().into();
            let party = key_of(&arrival.principal);
            self.nonces.issue(nonce, Issue { party, source, marking: marked.marking });
        }
    }

    /// The configuration's modes, or stricter ones where the rules found something severe.
    fn marking(&self, arrival: &Arrival, item: &Item, trail: &Trail) -> Modes {
        let modes = self.spotlight_for(&arrival.client, item);
        // What was withheld once is never handed out unmarked.
        let modes = if trail.released.is_some() { modes.fenced() } else { modes };
        match self.marks.load().suspicious.filter(|_| trail.suspicious) {
            Some(floor) => modes.at_least(floor),
            None => modes,
        }
    }

    /// Marks what an upstream says of its refusal.
    pub(super) fn fence_refusal(
        &self,
        arrival: &Arrival,
        item: &Item,
        mut refusal: Refusal,
        trail: &mut Trail,
    ) -> Refusal {
        if refusal.code == Code::Upstream
            && let Some(error) = &mut refusal.rpc
        {
            self.mark_error(arrival, item, &mut error.message, error.data.as_mut(), trail);
        }
        refusal
    }

    /// Marks the text of an upstream's error; there are no blocks to put a fence into. Its data stays
    /// data, without what imitates our marks.
    pub(super) fn mark_error(
        &self,
        arrival: &Arrival,
        item: &Item,
        message: &mut String,
        data: Option<&mut Json>,
        trail: &mut Trail,
    ) {
        if !self.spotlight_for(&arrival.client, item).fences() {
            return;
        }
        let mut marked = spotlight::fence_text(message, origin(item));
        if let Some(data) = data {
            marked.findings.extend(spotlight::harmless(data));
        }
        self.note_fence(arrival, item, marked, trail);
    }

    /// How texts under way to this caller are marked.
    pub(super) fn notices(&self, arrival: &Arrival, item: &Item) -> Notices {
        if !self.spotlight_for(&arrival.client, item).fences() {
            return Notices::AsTheyAre;
        }
        let source = origin(item).source();
        match self.marks.load().fence_notifications {
            true => Notices::Fenced(source),
            false => Notices::Labelled(source),
        }
    }

    /// Takes copies of our marks off arguments that were checked, and says whether there were any.
    pub(super) fn take_marks_off(&self, arrival: &Arrival, arguments: &mut Object) -> bool {
        spotlight::take_off(arguments, &self.nonces, key_of(&arrival.principal))
    }
}

fn mark_tool(item: &Item, result: &mut Object, modes: Modes, origin: Origin<'_>) -> Marked {
    let structured = item.settings.structured;
    if structured == Structured::Drop {
        spotlight::drop_structured(result);
    }
    let fits = |value: &Json| item.output.as_ref().is_some_and(|it| it.check(value).is_ok());
    let schema = item.definition.get("outputSchema");
    let schema = schema.filter(|_| structured == Structured::MarkLeaves && item.output.is_some());
    let leaves = schema.map(|schema| Leaves { schema, fits: &fits });
    // Who reads files may write them back: there a token stays what it is.
    let reads_files = item.settings.classes.iter().any(|class| class == "reads_files");
    let breaks_turns = modes.marks_inside() && !reads_files;
    spotlight::mark_blocks(result, modes, breaks_turns, leaves, origin)
}

fn origin(item: &Item) -> Origin<'_> {
    Origin { upstream: &item.upstream.name, name: &item.name, rules: &[], uninspected: false }
}
