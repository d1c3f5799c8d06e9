//! Cuts the power at moments that nobody chose. The disk here remembers what was synced; of the rest,
//! a cut leaves what it pleases: some of the bytes, zeros in their place, a file's name or not.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::*;

const CUTS: u64 = 40;
const CALLERS: u64 = 6;

/// A disk that knows what it has to keep.
#[derive(Debug, Default)]
struct Platter {
    synced: Mutex<Synced>,
    /// Says yes and keeps nothing.
    lies: bool,
}

#[derive(Debug, Default)]
struct Synced {
    /// Bytes, by inode.
    lengths: HashMap<u64, u64>,
    names: Vec<String>,
}

impl Disk for Platter {
    fn sync(&self, segment: &File) -> io::Result<()> {
        let before = segment.metadata()?;
        // Others write meanwhile; that is not part of it.
        thread::sleep(Duration::from_millis(1));
        if !self.lies {
            let mut synced = self.synced.lock();
            let length = synced.lengths.entry(before.ino()).or_default();
            *length = before.len().max(*length);
        }
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let names = names(folder);
        thread::sleep(Duration::from_millis(1));
        if !self.lies {
            self.synced.lock().names.extend(names);
        }
        Ok(())
    }
}

fn names(folder: &Path) -> Vec<String> {
    let numbers = segment::list(folder).expect("the folder can be read");
    numbers.into_iter().map(segment::name).collect()
}

impl Platter {
    /// What may stand on the disk after a cut at this moment, in a folder of its own.
    fn cut(&self, folder: &Path, chance: &mut Chance) -> TempDir {
        let left = super::folder();
        // No sync ends while it is held, so no segment begins that would need one.
        let synced = self.synced.lock();
        for name in names(folder) {
            if !synced.names.contains(&name) && chance.below(2) == 0 {
                continue;
            }
            let path = folder.join(&name);
            let inode = fs::metadata(&path).expect("it stands").ino();
            let mut bytes = fs::read(&path).expect("it can be read");
            let kept = synced.lengths.get(&inode).copied().unwrap_or_default();
            let kept = usize::try_from(kept).expect("a segment is small");
            chance.spoil(&mut bytes, kept);
            fs::write(left.path().join(name), bytes).expect("there is room");
        }
        left
    }
}

/// Numbers that look like chance and are the same each time (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Leaves some of what stands behind the first `kept` bytes, and zeros or nothing of the rest.
    fn spoil(&mut self, bytes: &mut Vec<u8>, kept: usize) {
        let open = (bytes.len() - kept) as u64;
        let whole = kept + usize::try_from(self.below(open + 1)).expect("less than a segment");
        if self.below(3) == 0 {
            bytes[whole..].fill(0);
        } else {
            bytes.truncate(whole);
        }
    }
}

/// What callers were told, by the number that they were told.
type Acknowledged = Arc<Mutex<BTreeMap<u64, String>>>;

/// Callers that append until `stop`.
struct Load {
    callers: Vec<tokio::task::JoinHandle<()>>,
    acknowledged: Acknowledged,
    stop: Arc<AtomicBool>,
}

impl Load {
    fn on(journal: &Arc<Journal>) -> Self {
        let (acknowledged, stop) = (Acknowledged::default(), Arc::new(AtomicBool::new(false)));
        let callers = (0..CALLERS).map(|caller| {
            let (journal, told) = (Arc::clone(journal), Arc::clone(&acknowledged));
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let filler = "x".repeat(300 + 40 * usize::try_from(caller).unwrap_or_default());
                for turn in 0_u64.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let payload = format!(r#"{{"who":"{caller}/{turn}","filler":"{filler}"}}"#);
                    let sequence = journal.append(payload.as_bytes()).await.expect("it is sound");
                    told.lock().insert(sequence.0, payload);
                }
            })
        });
        let callers = callers.collect();
        Self { callers, acknowledged, stop }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.expect("it ends");
        }
    }
}

/// Whether the journal that a cut left goes on, holds, and has all that callers were told.
async fn survives(left: &TempDir, told: &BTreeMap<u64, String>) -> Result<(), String> {
    let opened = Journal::open(left.path(), options(Durability::Power));
    let journal = opened.map_err(|error| error.to_string())?;
    let next = append(&journal, 1).await.0;
    drop(journal);
    let report = verify(left.path()).map_err(|error| error.to_string())?;
    if !report.is_intact() || report.records != next {
        return Err(report.to_string());
    }
    let segments = names(left.path()).into_iter();
    let texts = segments.map(|name| fs::read_to_string(left.path().join(name)).expect("text"));
    let text: String = texts.collect();
    let lines: Vec<&str> = text.lines().collect();
    for (number, payload) in told {
        let line = usize::try_from(number - 1).ok().and_then(|index| lines.get(index));
        if !line.is_some_and(|line| line.contains(payload)) {
            return Err(format!("record {number} was acknowledged and is lost"));
        }
    }
    Ok(())
}

async fn cut_again_and_again(platter: Platter, seed: u64) -> Vec<Result<(), String>> {
    let (folder, platter, mut chance) = (folder(), Arc::new(platter), Chance(seed));
    let disk: Arc<dyn Disk> = Arc::clone(&platter) as _;
    let journal = Journal::open_on(disk, folder.path(), options(Durability::Power));
    let journal = Arc::new(journal.expect("the folder is new"));
    let load = Load::on(&journal);
    let mut outcomes = Vec::new();
    for _ in 0..CUTS {
        tokio::time::sleep(Duration::from_micros(chance.below(9000))).await;
        // What was said before the cut must have been kept by then.
        let told = load.acknowledged.lock().clone();
        let left = platter.cut(folder.path(), &mut chance);
        outcomes.push(survives(&left, &told).await);
    }
    let told = load.acknowledged.lock().len() as u64;
    assert!(told > CUTS, "{told} records are no load");
    assert!(names(folder.path()).len() > 5, "no rotation was cut");
    load.end().await;
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_power_cut_loses_nothing_that_was_acknowledged() {
    for seed in [1, 2] {
        for (cut, outcome) in cut_again_and_again(Platter::default(), seed).await.iter().enumerate()
        {
            assert_eq!(*outcome, Ok(()), "cut {cut} of seed {seed}");
        }
    }
}

/// Without this the test above would prove nothing: the cuts do find what was not synced.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_lies_is_found_out() {
    let platter = Platter { lies: true, ..Platter::default() };
    let outcomes = cut_again_and_again(platter, 3).await;
    let lost = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert!(lost > outcomes.len() / 2, "only {lost} of {} cuts lost something", outcomes.len());
}

/// Fails the sync at a rotation, and tells nobody else: the kernel reports a lost page once.
#[derive(Debug, Default)]
struct TellsOne {
    told: AtomicBool,
}

impl Disk for TellsOne {
    fn sync(&self, _segment: &File) -> io::Result<()> {
        if thread::current().name() != Some("audit-commit") {
            self.told.store(true, Ordering::SeqCst);
            return Err(io::Error::other("the disk is gone"));
        }
        for _ in 0..5000 {
            if self.told.load(Ordering::SeqCst) {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sync_that_fails_at_a_rotation_refuses_what_waits_and_what_comes() {
    let folder = folder();
    let lock = enter(folder.path()).expect("it is new");
    let recovered = recovery::recover(folder.path()).expect("it is empty");
    let (disk, power) = (Arc::new(TellsOne::default()), options(Durability::Power));
    let journal = Journal::start(disk, folder.path(), power, lock, recovered).expect("it starts");
    let journal = Arc::new(journal);
    let payload = format!(r#"{{"filler":"{}"}}"#, "x".repeat(800));
    let waiting: Vec<_> = (0..12)
        .map(|_| {
            let (journal, payload) = (Arc::clone(&journal), payload.clone());
            tokio::spawn(async move { journal.append(payload.as_bytes()).await })
        })
        .collect();
    for each in waiting {
        let error = each.await.expect("it ends").expect_err("nothing was synced");
        assert!(error.to_string().contains("the disk is gone"), "{error}");
    }
    let error = journal.append(b"{}").await.expect_err("it takes no more");
    assert!(error.to_string().contains("the disk is gone"), "{error}");
}
