//! The classifier at work: threads of its own, each with the model, and one queue. Callers wait
//! without holding a thread of the gateway's.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};

use super::{
    Fault, Library, Model, Pack, Scored,
    pack::Manifest,
    plain::Plain,
    queue::Queue,
    settings::{Mode, Settings},
    shipped,
};
use crate::{
    firewall::{Direction, Surface},
    recent::Recent,
};

/// Texts that are remembered: twice as many at most.
const REMEMBERED: usize = 2048;
/// Windows of a text that is remembered.
const REMEMBERED_WINDOWS_MAX: usize = 64;
/// Workers let go before the threads that carry messages do (nice(2)).
const NICE: i32 = 5;

/// Scores texts, many at once. Ends its threads when it is dropped.
#[derive(Debug)]
pub struct Classifier {
    settings: Settings,
    queue: Arc<Queue>,
    state: watch::Receiver<State>,
    seats: Semaphore,
    known: Mutex<Recent<Key, Arc<[Scored]>>>,
    key: RandomState,
}

/// A hash that nobody outside can choose, and the length.
type Key = (u64, usize);

/// What a text scored, and by what; or why it has no score.
pub type Reading = Result<(Arc<[Scored]>, Arc<About>), Arc<Fault>>;

/// How far the start has come.
#[derive(Clone, Debug)]
enum State {
    Loading,
    Ready(Arc<About>),
    Failed(Arc<Fault>),
}

/// What scores.
#[derive(Debug)]
pub struct About {
    pub manifest: Arc<Manifest>,
    /// SHA-256 of ONNX Runtime's file, in hexadecimal digits.
    pub library_sha256: String,
}

impl Classifier {
    /// Starts loading what the settings name; texts wait until it is there. `None` where the mode is
    /// `off`, or `auto` and [`missing`] says that something is.
    ///
    /// # Errors
    /// What is missing, where the mode is `required`.
    pub fn start(settings: &Settings) -> Result<Option<Arc<Self>>, Fault> {
        match (settings.mode, missing(settings)) {
            (Mode::Off, _) | (Mode::Auto, Some(_)) => return Ok(None),
            (Mode::Required, Some(fault)) => return Err(fault),
            (_, None) => {}
        }
        let (tell, state) = watch::channel(State::Loading);
        let queue = Arc::new(Queue::default());
        let (theirs, stated) = (Arc::clone(&queue), settings.clone());
        spawn("classifier", move || {
            let loaded = load(&stated, &theirs).map_err(Arc::new);
            if let Err(fault) = &loaded {
                tracing::error!(code = fault.code(), "The classifier cannot run: {fault}.");
                theirs.close();
            }
            tell.send_replace(
                loaded.map_or_else(State::Failed, |about| State::Ready(about.into())),
            );
        })?;
        Ok(Some(Arc::new(Self {
            settings: settings.clone(),
            queue,
            state,
            seats: Semaphore::new(seats(settings.waiting_bytes_max) as usize),
            known: Mutex::new(Recent::new(REMEMBERED)),
            key: RandomState::new(),
        })))
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether texts that stand there are scored.
    pub fn reads(&self, surface: Surface) -> bool {
        self.settings.surfaces.contains(&surface)
    }

    /// Waits until the model runs.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ready(&self) -> Result<Arc<About>, Arc<Fault>> {
        let mut state = self.state.clone();
        let ended = state.wait_for(|state| !matches!(state, State::Loading)).await;
        match ended.as_deref() {
            Ok(State::Ready(about)) => Ok(Arc::clone(about)),
            Ok(State::Failed(fault)) => Err(Arc::clone(fault)),
            Ok(State::Loading) | Err(_) => Err(Arc::new(Fault::Stopped)),
        }
    }

    /// Why no text will be scored, if that is so already.
    pub fn fault(&self) -> Option<Arc<Fault>> {
        match &*self.state.borrow() {
            State::Failed(fault) => Some(Arc::clone(fault)),
            State::Loading | State::Ready(_) => None,
        }
    }

    /// Scores a text, window by window, in the text's order, and says by what. What stands in `surface`
    /// is remembered if it came from a server: by what is remembered of callers, one could tell what
    /// another wrote.
    ///
    /// # Errors
    /// Whatever went wrong, or took too long: the text has no score.
    pub async fn read(&self, surface: Surface, text: String) -> Reading {
        let seconds = self.settings.seconds_max;
        let limit = Duration::from_secs(seconds.into());
        let read = tokio::time::timeout(limit, async {
            let about = self.ready().await?;
            Ok((self.recalled(surface, text).await?, about))
        });
        read.await.unwrap_or_else(|_| Err(Fault::Late { seconds }.into()))
    }

    async fn recalled(&self, surface: Surface, text: String) -> Result<Arc<[Scored]>, Arc<Fault>> {
        if surface.direction() == Direction::Inbound {
            return self.scored(text).await.map(Arc::from);
        }
        let key = (self.key.hash_one(&text), text.len());
        if let Some(known) = self.known.lock().get(&key) {
            return Ok(known);
        }
        let scored: Arc<[Scored]> = self.scored(text).await?.into();
        if scored.len() <= REMEMBERED_WINDOWS_MAX {
            self.known.lock().put(key, Arc::clone(&scored));
        }
        Ok(scored)
    }

    async fn scored(&self, text: String) -> Result<Vec<Scored>, Arc<Fault>> {
        let stopped = || Arc::new(Fault::Stopped);
        // A text larger than all of the room has all of it for itself.
        let room = seats(text.len()).min(seats(self.settings.waiting_bytes_max));
        let _seat = self.seats.acquire_many(room).await.map_err(|_| stopped())?;
        let limit = self.settings.text_bytes_max;
        // The way back is larger than the text, so it is made again rather than kept while it waits.
        let asked = Plain::of(&text, limit)?.text(&text).to_owned();
        let mut scored = self.queue.put(asked).await.map_err(|_| stopped())??;
        Plain::of(&text, limit)?.back(&mut scored);
        Ok(scored)
    }
}

impl Drop for Classifier {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Seats for so many bytes, at least one. A seat is a kibibyte.
fn seats(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10).min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX).max(1)
}

/// What the settings need and is not installed.
pub fn missing(settings: &Settings) -> Option<Fault> {
    if settings.pack.is_none() && !shipped::IS_THERE {
        return Some(Fault::NoPack);
    }
    Library::place(settings.library.as_deref()).err()
}

/// Loads the model once for each worker, and starts them.
fn load(settings: &Settings, queue: &Arc<Queue>) -> Result<About, Fault> {
    let pack = Pack::named(settings.pack.as_deref())?;
    let library = Library::open(settings.library.as_deref())?;
    let model = Model::load(&library, &pack)?;
    let about =
        About { manifest: Arc::clone(model.manifest()), library_sha256: library.digest.clone() };
    for number in 1..settings.workers() {
        let model = model.twin(&library, &pack)?;
        Worker { number, model: Some(model), queue: Arc::clone(queue), runs: false }.start()?;
    }
    Worker { number: 0, model: Some(model), queue: Arc::clone(queue), runs: false }.start()?;
    Ok(about)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map(drop).map_err(|source| Fault::Thread { source })
}

/// A thread that scores.
struct Worker {
    number: usize,
    /// Gone when the thread handed it on.
    model: Option<Model>,
    /// Whether its thread runs: one that could not be started has no successor.
    runs: bool,
    queue: Arc<Queue>,
}

impl Worker {
    fn start(self) -> Result<(), Fault> {
        spawn(&format!("classifier-{}", self.number), move || {
            if let Err(error) = rustix::process::nice(NICE) {
                tracing::debug!(%error, "The classifier runs as eagerly as everything else.");
            }
            self.work();
        })
    }

    fn work(mut self) {
        self.runs = true;
        let Self { model: Some(model), queue, .. } = &mut self else { return };
        while let Some(piece) = queue.take() {
            match model.score_piece(&piece.job.text, piece.range.clone()) {
                Ok(scored) => piece.job.done(scored),
                Err(fault) => piece.job.failed(&Arc::new(fault)),
            }
        }
    }
}

impl Drop for Worker {
    /// A text that breaks one thread must not take the others' worker along: another takes over.
    fn drop(&mut self) {
        if !(self.runs && thread::panicking()) {
            return;
        }
        let (number, model, queue) = (self.number, self.model.take(), Arc::clone(&self.queue));
        let successor = Self { number, model, queue, runs: false };
        if let Err(fault) = successor.start() {
            tracing::error!(code = fault.code(), "A thread of the classifier is lost: {fault}.");
        }
    }
}
