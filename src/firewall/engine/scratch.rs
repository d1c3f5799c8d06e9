//! What a scan remembers of each branch of a rule while it reads one view. Kept for the next view of the thread,
//! so that a scan allocates hardly anything.

use std::cell::Cell;
use std::ops::Range;

use crate::firewall::pattern::SETS_MAX;

/// Literals of a rule that wait for others.
const PENDING_MAX: usize = 8;

/// Notes on every branch of a direction's rules.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    notes: Vec<Note>,
    /// Notes of an earlier view have another number.
    view: u64,
    /// Branches with notes of this view.
    touched: Vec<usize>,
}

/// What one branch did in this view so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Note {
    view: u64,
    /// Where it is yet to be verified.
    pub(super) window: Range<usize>,
    /// Where the last literal of each of its sets starts.
    pub(super) seen: [Option<usize>; SETS_MAX],
    /// Literals where a match may begin and that wait for those of the other sets, oldest first.
    pending: [(usize, usize); PENDING_MAX],
    waiting: usize,
    /// Where its last match ended.
    pub(super) matched_to: usize,
    /// Bytes that it verified.
    pub(super) verified: usize,
    /// It verified more than it may.
    pub(super) cut: bool,
}

impl Note {
    /// Lets a literal wait, and gives the oldest back when too many do.
    pub(super) fn wait(&mut self, literal: Range<usize>) -> Option<Range<usize>> {
        let literal = (literal.start, literal.end);
        if let Some(free) = self.pending.get_mut(self.waiting) {
            *free = literal;
            self.waiting += 1;
            return None;
        }
        self.pending.rotate_left(1);
        let [.., last] = &mut self.pending;
        let (start, end) = std::mem::replace(last, literal);
        Some(start..end)
    }

    /// The literals that waited, if they need not any longer.
    pub(super) fn waited_if(
        &mut self,
        complete: bool,
    ) -> impl Iterator<Item = Range<usize>> + use<> {
        let waited = if complete { std::mem::take(&mut self.waiting) } else { 0 };
        self.pending.into_iter().take(waited).map(|(start, end)| start..end)
    }
}

thread_local! {
    static KEPT: Cell<Option<Scratch>> = const { Cell::new(None) };
}

impl Scratch {
    /// Clean notes for so many branches.
    pub(super) fn take(branches: usize) -> Self {
        let mut scratch = KEPT.take().unwrap_or_default();
        scratch.view += 1;
        scratch.touched.clear();
        if scratch.notes.len() < branches {
            scratch.notes.resize(branches, Note::default());
        }
        scratch
    }

    /// Keeps the memory for the thread's next view.
    pub(super) fn keep(self) {
        KEPT.set(Some(self));
    }

    /// The branch's notes; empty ones at first.
    pub(super) fn note(&mut self, branch: usize) -> Option<&mut Note> {
        let note = self.notes.get_mut(branch)?;
        if note.view != self.view {
            *note = Note { view: self.view, ..Note::default() };
            self.touched.push(branch);
        }
        Some(note)
    }

    /// The branch at a place of the order in which they were first noted.
    pub(super) fn touched(&self, place: usize) -> Option<usize> {
        self.touched.get(place).copied()
    }
}
