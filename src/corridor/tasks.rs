//! Tasks under way, under names of our own, bound to who started them.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;

use super::Arrival;
use crate::{
    catalog::Item,
    exchange::AskedRequest,
    identity::Principal,
    ids,
    limits::key_of,
    mcp::{ClientInfo, Object},
};

/// A task somebody started.
#[derive(Clone, Debug)]
pub(super) struct Task {
    principal: Arc<Principal>,
    pub(super) item: Arc<Item>,
    /// Its name at the upstream.
    pub(super) upstream_id: String,
    /// What it asked when its caller last looked, as far as answers are checked against it, and
    /// the client that could be asked this.
    asked: Arc<Mutex<Option<Open>>>,
}

/// Questions by their key, as the caller saw them.
pub(super) type Asked = HashMap<String, AskedRequest>;
/// Open questions, and the client that was asked.
type Open = (Arc<ClientInfo>, Asked);

/// Tasks under way, by the name that the client knows.
#[derive(Debug, Default)]
pub struct Tasks(Mutex<Table<Task>>);

#[derive(Debug)]
struct Table<T> {
    by_name: HashMap<Arc<str>, T>,
    /// Names by who started the task, oldest first.
    by_party: HashMap<u64, VecDeque<Arc<str>>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { by_name: HashMap::new(), by_party: HashMap::new() }
    }
}

/// Tasks of one party that are remembered; beyond it the party's oldest is forgotten, which its
/// client learns as "unknown task".
const TASKS_PER_PARTY_MAX: usize = 1_000;
/// Tasks of all; beyond it whoever has most loses one.
const TASKS_MAX: usize = 50_000;
/// Bytes of one task's open questions that are kept; a task that asks more is not shown.
const ASKED_BYTES_MAX: usize = 16 << 10;
/// What an answer is checked against; the words of a question are kept by nobody.
const CHECKED: [&str; 3] = ["mode", "url", "requestedSchema"];

impl Tasks {
    /// Gives a new task a name of ours. What it asks and what comes of it are left out: its caller
    /// hears of them from `tasks/get`, where they are screened.
    pub(super) fn rename(&self, arrival: &Arrival, item: &Arc<Item>, mut result: Object) -> Object {
        result.retain(|key| !matches!(key, "inputRequests" | "result" | "error"));
        let upstream_id = result.str("taskId").unwrap_or("").to_owned();
        let name = ids::session();
        let (principal, item) = (Arc::clone(&arrival.principal), Arc::clone(item));
        let party = key_of(&principal);
        let task = Task { principal, item, upstream_id, asked: Arc::default() };
        self.0.lock().add(party, name.as_str().into(), task);
        result.insert("taskId", name);
        result
    }

    /// The task of this name, for whoever started it alone.
    pub(super) fn get(&self, name: &str, principal: &Principal) -> Option<Task> {
        let table = self.0.lock();
        table.by_name.get(name).filter(|task| task.principal.is_same_party(principal)).cloned()
    }
}

impl Task {
    /// Keeps what was asked, in the place of what was asked before. False if it is too much.
    pub(super) fn keep(&self, client: &Arc<ClientInfo>, mut asked: Asked) -> bool {
        let mut bytes = 0;
        for (key, question) in &mut asked {
            question.params.retain(|key| CHECKED.contains(&key));
            bytes +=
                key.len() + question.method.len() + question.params.to_value().to_string().len();
        }
        let fits = bytes <= ASKED_BYTES_MAX;
        let open = fits && !asked.is_empty();
        *self.asked.lock() = open.then(|| (Arc::clone(client), asked));
        fits
    }

    /// The open questions that `answers` holds an object for, and who was asked; `None` if there
    /// are no such questions.
    pub(super) fn asked_of(&self, answers: &Object) -> Option<Open> {
        let kept = self.asked.lock();
        let (client, asked) = kept.as_ref()?;
        let open = answers.iter().filter(|(_, answer)| answer.as_object().is_some());
        let asked: Asked =
            open.filter_map(|(key, _)| Some((key.to_owned(), asked.get(key)?.clone()))).collect();
        (!asked.is_empty()).then(|| (Arc::clone(client), asked))
    }
}

impl<T> Table<T> {
    fn add(&mut self, party: u64, name: Arc<str>, task: T) {
        if self.by_party.get(&party).is_some_and(|names| names.len() >= TASKS_PER_PARTY_MAX) {
            self.forget_oldest(party);
        } else if self.by_name.len() >= TASKS_MAX
            && let Some((&most, _)) = self.by_party.iter().max_by_key(|(_, names)| names.len())
        {
            self.forget_oldest(most);
        }
        self.by_party.entry(party).or_default().push_back(Arc::clone(&name));
        self.by_name.insert(name, task);
    }

    fn forget_oldest(&mut self, party: u64) {
        let Some(names) = self.by_party.get_mut(&party) else { return };
        if let Some(oldest) = names.pop_front() {
            self.by_name.remove(&oldest);
        }
        if names.is_empty() {
            self.by_party.remove(&party);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_that_starts_too_many_tasks_loses_its_own_and_nobody_elses() {
        const QUIET: u64 = 1;
        const GREEDY: u64 = 2;
        let mut table = Table::default();
        table.add(QUIET, "quiet".into(), ());
        for index in 0..=TASKS_PER_PARTY_MAX {
            table.add(GREEDY, format!("greedy-{index}").into(), ());
        }
        assert!(table.by_name.contains_key("quiet"));
        assert!(!table.by_name.contains_key("greedy-0"), "its own oldest went");
        assert!(table.by_name.contains_key("greedy-1"));
        assert_eq!(table.by_name.len(), TASKS_PER_PARTY_MAX + 1);
    }

    #[test]
    fn many_parties_together_stay_within_the_limit_of_all() {
        let mut table = Table::default();
        table.add(0, "quiet".into(), ());
        for index in 0..TASKS_MAX {
            table.add(1 + index as u64 % 60, format!("task-{index}").into(), ());
        }
        assert_eq!(table.by_name.len(), TASKS_MAX);
        assert!(table.by_name.contains_key("quiet"));
    }
}
