//! What processes use, read from `/proc`: processor time and resident memory of a process with all its descendants.

use std::{collections::HashMap, fs, path::Path, time::Duration};

use anyhow::Context;
use rustix::{
    process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit},
    thread::{CpuSet, sched_setaffinity},
};

/// Set in the environment of every upstream server, however deep below a proxy it is started.
pub(crate) const SERVER_MARK: (&str, &str) = ("BARTIZAN_LOAD_PARTY", "server");
/// Units of processor time in a second: USER_HZ, 100 on every Linux architecture in use (proc(5)).
const TICKS: u64 = 100;

/// Processor time since the start and resident memory now.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// User and system time, with that of children that have ended.
    pub(crate) cpu: Duration,
    /// `VmRSS` in KiB.
    pub(crate) resident: u64,
    /// `VmHWM` in KiB: the most that was ever resident.
    pub(crate) peak: u64,
    /// Processes.
    pub(crate) processes: usize,
}

impl Usage {
    fn add(&mut self, process: u32) {
        let Some(stat) = Stat::read(process) else { return };
        self.cpu += Duration::from_millis(stat.ticks * 1_000 / TICKS);
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        self.resident += kibibytes(&status, "VmRSS:");
        self.peak += kibibytes(&status, "VmHWM:");
        self.processes += 1;
    }
}

/// The line of `/proc/PID/stat`, as far as it is of use here.
struct Stat {
    parent: u32,
    ticks: u64,
}

impl Stat {
    fn read(process: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name in parentheses may hold anything, so the fields are counted from its end.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let parent = fields.get(1)?.parse().ok()?;
        let ticks = fields.get(11..15)?.iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Some(Self { parent, ticks })
    }
}

fn kibibytes(status: &str, key: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_ascii_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// The process and all that descend from it.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        if let Some(stat) = Stat::read(process) {
            children.entry(stat.parent).or_default().push(process);
        }
    }
    let (mut tree, mut next) = (vec![root], 0);
    while let Some(process) = tree.get(next).copied() {
        tree.extend(children.remove(&process).unwrap_or_default());
        next += 1;
    }
    tree
}

/// Usage below these roots, apart for the upstream servers (second) and everything else (first).
pub(crate) fn usage(roots: &[u32]) -> [Usage; 2] {
    let mut usage = [Usage::default(); 2];
    for process in roots.iter().flat_map(|&root| tree(root)) {
        usage[usize::from(is_server(process))].add(process);
    }
    usage
}

fn is_server(process: u32) -> bool {
    let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    let mark = format!("{}={}", SERVER_MARK.0, SERVER_MARK.1);
    environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
}

/// Processor time of the harness itself, without the children that it started. The scheduler's count is in
/// nanoseconds; the harness has one thread that matters.
pub(crate) fn own_cpu() -> Duration {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = schedule.split_ascii_whitespace().next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// Sends a signal; a process that is gone already needs none.
pub(crate) fn signal(process: u32, signal: Signal) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    if let Some(process) = process {
        kill_process(process, signal).unwrap_or_default();
    }
}

/// Whether the process is there.
pub(crate) fn lives(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

/// As many open files as the system lets this process have; the parties inherit it.
pub(crate) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // A lower limit shows as an error of the connection that is one too many.
    setrlimit(Resource::Nofile, raised).unwrap_or_default();
}

/// Binds this thread, and so the whole generator, to one CPU.
pub(crate) fn pin(cpu: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    anyhow::ensure!(cpu < CpuSet::MAX_CPU, "there is no CPU {cpu}");
    set.set(cpu);
    sched_setaffinity(None, &set).with_context(|| format!("cannot run on CPU {cpu}"))
}
