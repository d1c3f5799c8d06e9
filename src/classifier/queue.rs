//! Texts that wait for a worker. Each gets a turn of one piece, so a long text keeps no short one
//! waiting.

use std::{collections::VecDeque, ops::Range, sync::Arc, thread};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::{Fault, Scored, cutter::pieces};

/// Whoever asked hears scores in the order of the text, or why there are none.
pub(super) type Answer = Result<Vec<Scored>, Arc<Fault>>;

/// The queue that all workers take from.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Arc<Job>>,
    closed: bool,
}

/// A text, and who wants to know.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) text: String,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    /// Pieces that no worker has taken, the last one first.
    left: Vec<Range<usize>>,
    /// Pieces without scores.
    open: usize,
    scored: Vec<Scored>,
    answer: Option<oneshot::Sender<Answer>>,
}

/// One piece of a text, taken by a worker.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) job: Arc<Job>,
    pub(super) range: Range<usize>,
}

impl Drop for Piece {
    fn drop(&mut self) {
        if thread::panicking() {
            self.job.failed(&Arc::new(Fault::Panicked));
        }
    }
}

impl Queue {
    /// Puts a text at the end. Nobody answers after [`Queue::close`].
    pub(super) fn put(&self, text: String) -> oneshot::Receiver<Answer> {
        let (answer, asked) = oneshot::channel();
        let mut left = pieces(&text);
        left.reverse();
        let open = left.len();
        let progress = Progress { left, open, scored: Vec::new(), answer: Some(answer) };
        let job = Arc::new(Job { text, progress: Mutex::new(progress) });
        let mut waiting = self.waiting.lock();
        if !waiting.closed {
            waiting.jobs.push_back(job);
            // More than one piece is work for more than one worker.
            self.filled.notify_all();
        }
        asked
    }

    /// Waits for a piece; there is none after [`Queue::close`].
    pub(super) fn take(&self) -> Option<Piece> {
        let mut waiting = self.waiting.lock();
        while !waiting.closed {
            if let Some(piece) = waiting.take() {
                return Some(piece);
            }
            self.filled.wait(&mut waiting);
        }
        None
    }

    /// Lets everybody go who waits, on either side.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        waiting.jobs.clear();
        self.filled.notify_all();
    }
}

impl Waiting {
    /// The next piece of the text whose turn it is; the text then stands at the end. One that nobody
    /// waits for any more is left out.
    fn take(&mut self) -> Option<Piece> {
        while let Some(job) = self.jobs.pop_front() {
            let mut progress = job.progress.lock();
            let waits = progress.answer.as_ref().is_some_and(|it| !it.is_closed());
            let Some(range) = progress.left.pop().filter(|_| waits) else { continue };
            let more = !progress.left.is_empty();
            drop(progress);
            if more {
                self.jobs.push_back(Arc::clone(&job));
            }
            return Some(Piece { job, range });
        }
        None
    }
}

impl Job {
    pub(super) fn done(&self, scored: impl IntoIterator<Item = Scored>) {
        let mut progress = self.progress.lock();
        progress.scored.extend(scored);
        progress.open = progress.open.saturating_sub(1);
        if progress.open > 0 {
            return;
        }
        let mut scored = std::mem::take(&mut progress.scored);
        scored.sort_by_key(|part| part.span.start);
        progress.tell(Ok(scored));
    }

    pub(super) fn failed(&self, fault: &Arc<Fault>) {
        self.progress.lock().tell(Err(Arc::clone(fault)));
    }
}

impl Progress {
    fn tell(&mut self, answer: Answer) {
        if let Some(waits) = self.answer.take() {
            // Whoever asked may have left.
            waits.send(answer).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_no_short_one_waiting() {
        let queue = Queue::default();
        let long = queue.put("word ".repeat(20_000));
        let _short = queue.put("short".to_owned());
        let _other = queue.put("other".to_owned());
        let taken = [0; 4].map(|_| queue.take().expect("a piece"));
        let texts = taken.each_ref().map(|piece| piece.job.text.get(..5));
        assert_eq!(texts, ["word ", "short", "other", "word "].map(Some));
        drop(long);
        queue.close();
        assert!(queue.take().is_none());
    }

    #[test]
    fn nobody_works_for_whoever_has_left() {
        let queue = Queue::default();
        drop(queue.put("word ".repeat(20_000)));
        let mut kept = queue.put("kept".to_owned());
        let taken = queue.take().expect("a piece");
        assert_eq!(taken.job.text, "kept");
        let scored = Scored { span: 0..4, score: 0.5 };
        taken.job.done([scored.clone()]);
        assert_eq!(kept.try_recv().expect("an answer").expect("scores"), [scored]);
        let mut late = queue.put("late".to_owned());
        queue.close();
        assert!(late.try_recv().is_err());
    }
}
