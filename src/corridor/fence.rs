//! The last door: the answer is marked as what it is, in the caller's era.

use super::{Answer, Arrival, Trail, release::Released};
use crate::{
    catalog::Item,
    gateway::Gateway,
    inspect::Profile,
    mcp::{Method, Object, bridge::ResultType},
    spotlight::{self, Mode, Origin},
};

impl Gateway {
    pub(super) fn fence(&self, answer: Answer<'_, Released>, trail: &mut Trail) -> Object {
        let Answer { arrival, item, mut result, passed } = answer;
        if passed.kind == ResultType::Task {
            return self.tasks.rename(arrival, &item, result);
        }
        let rules: Vec<&str> = trail.rules.iter().map(AsRef::as_ref).collect();
        let origin = Origin {
            upstream: &item.upstream.name,
            name: &item.name,
            rules: &rules,
            uninspected: trail.uninspected,
        };
        let mode = match self.marking(arrival, &item) {
            // What was withheld once is never handed out unmarked.
            Mode::Off | Mode::Label if trail.released.is_some() => Mode::Fence,
            mode => mode,
        };
        match arrival.method {
            Method::ToolsCall => spotlight::mark_blocks(&mut result, mode, origin),
            Method::ResourcesRead => spotlight::mark_contents(&mut result, mode, origin),
            Method::PromptsGet => spotlight::mark_messages(&mut result, mode, origin),
            _ if mode != Mode::Off => spotlight::label(&mut result, mode, None, origin),
            _ => {}
        }
        result
    }

    /// Marks a tool's result, wherever it stands.
    pub(super) fn mark_result(
        &self,
        arrival: &Arrival,
        item: &Item,
        result: &mut Object,
        origin: Origin<'_>,
    ) {
        spotlight::mark_blocks(result, self.marking(arrival, item), origin);
    }

    fn marking(&self, arrival: &Arrival, item: &Item) -> Mode {
        let reads_untrusted = item.settings.reads_untrusted();
        self.spotlight_for(&arrival.client, item).resolve(reads_untrusted)
    }
}

/// Marks the text of an upstream's error; there are no blocks to put a fence into.
pub(super) fn mark_error(message: &mut String, item: &Item, profile: Profile) {
    let fences = !matches!(item.settings.spotlight, Mode::Off | Mode::Label);
    if fences && profile != Profile::Transparent {
        let origin = Origin {
            upstream: &item.upstream.name,
            name: &item.name,
            rules: &[],
            uninspected: false,
        };
        *message = spotlight::fence_text(message, origin);
    }
}
