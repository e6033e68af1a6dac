//! What is counted exactly, per process and per variant.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Calls, bytes and nanoseconds of one kind of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// How often it was done.
    pub calls: u64,
    /// How many bytes it produced or consumed.
    pub bytes: u64,
    /// How long it took, in nanoseconds, summed over the calls.
    pub ns: u64,
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.bytes += other.bytes;
        self.ns += other.ns;
    }
}

/// The counters of one process, or their sum over a variant's processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// Tasks (chunks) carried out.
    pub tasks: u64,
    /// Frames written to a pipe or socket.
    pub messages: u64,
    /// Values turned into bytes.
    pub dumps: Traffic,
    /// Bytes turned into values.
    pub loads: Traffic,
    /// Frames written, with the time they took, waiting for room in the pipe included.
    pub writes: Traffic,
    /// Frames read, from the first header byte to the last payload byte.
    pub reads: Traffic,
    /// Time inside the mapped function, in nanoseconds.
    pub work_ns: u64,
    /// What a lesson counts besides, by name (`cache_dumps`, ...).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<String, u64>,
}

impl AddAssign<&Self> for Counters {
    fn add_assign(&mut self, other: &Self) {
        self.tasks += other.tasks;
        self.messages += other.messages;
        self.dumps += other.dumps;
        self.loads += other.loads;
        self.writes += other.writes;
        self.reads += other.reads;
        self.work_ns += other.work_ns;
        for (name, count) in &other.marks {
            *self.marks.entry(name.clone()).or_default() += count;
        }
    }
}

impl Counters {
    /// The count under `name`; a mark that was never made counts 0.
    ///
    /// ```
    /// assert_eq!(record::Counters::default().mark("cache_dumps"), 0);
    /// ```
    pub fn mark(&self, name: &str) -> u64 {
        self.marks.get(name).copied().unwrap_or(0)
    }
}

/// One process of a subject: who it was, what it counted, what the kernel says it used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessReport {
    /// `parent` or `worker`.
    pub role: String,
    /// Its process id while it lived.
    pub pid: u32,
    /// Tasks (chunks) it carried out.
    pub tasks: u64,
    /// Frames it wrote.
    pub messages: u64,
    /// Its own dumps.
    pub dumps: Traffic,
    /// Its own loads.
    pub loads: Traffic,
    /// Its writes.
    pub writes: Traffic,
    /// Its reads.
    pub reads: Traffic,
    /// Nanoseconds inside the mapped function.
    pub work_ns: u64,
    /// The lesson's own counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<String, u64>,
    /// Largest resident size, in bytes (`getrusage(2)`; a forked child starts with what it shares with its parent).
    pub max_rss_bytes: u64,
    /// CPU time in user mode, in nanoseconds.
    pub user_ns: u64,
    /// CPU time in the kernel, in nanoseconds.
    pub sys_ns: u64,
}

impl ProcessReport {
    /// The counters of this process alone.
    pub fn counters(&self) -> Counters {
        Counters {
            tasks: self.tasks,
            messages: self.messages,
            dumps: self.dumps,
            loads: self.loads,
            writes: self.writes,
            reads: self.reads,
            work_ns: self.work_ns,
            marks: self.marks.clone(),
        }
    }

    /// The sum over several processes.
    ///
    /// ```
    /// assert_eq!(record::ProcessReport::total(&[]).tasks, 0);
    /// ```
    pub fn total(processes: &[Self]) -> Counters {
        let mut sum = Counters::default();
        for process in processes {
            sum += &process.counters();
        }
        sum
    }
}
