//! A run in words, for people: names and labels, and nothing of what it read.

use serde::Serialize;

use super::Live;
use crate::{flow::Source, label::Label, store::taint::RunRow};

/// What is told of a run to people.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    pub id: String,
    pub principal: String,
    pub name: Option<String>,
    pub started: i64,
    pub last: i64,
    pub label: Label,
    /// It read more than is kept, and counts as having read everything.
    pub saturated: bool,
    /// Sources, the latest last.
    pub sources: Vec<Source>,
    pub grants: usize,
}

impl Live {
    pub(super) fn told(&self) -> Told {
        let state = self.state.lock();
        let RunRow { id, principal, name, started, .. } = self.row.clone();
        Told {
            id,
            principal,
            name,
            started,
            last: state.last,
            label: state.run.label,
            saturated: state.run.saturated,
            sources: state.run.sources.clone(),
            grants: state.run.grants.len(),
        }
    }
}
