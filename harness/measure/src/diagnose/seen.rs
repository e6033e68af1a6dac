//! What was seen of a command and of every process below it, added up over all looks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::look::{Io, Look, Wait};

/// How the watched command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal, which was not ours.
    Signalled(i32),
    /// By itself, and nobody knows how.
    Unknown,
    /// It still ran at the deadline, and was killed with all below it.
    Deadline,
    /// It was called off by a signal to us, and was killed with all below it.
    CalledOff,
}

/// A command and every process below it, watched until its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// How it ended.
    pub ending: Ending,
    /// How long it was watched, in nanoseconds.
    pub wall_ns: u64,
    /// The processor time of the command and of all that it waited for, as the kernel counts it; what ended between two looks is in it.
    pub cpu_ns: u64,
    /// The cores that it could use.
    pub cores: u64,
    /// How often it was looked at.
    pub looks: u64,
    /// The longest time for which no process ran and none used any processor time worth counting, in nanoseconds.
    pub still_ns: u64,
    /// In how many looks so many processes were running, by their number.
    pub running: Vec<u64>,
    /// Every process that was seen, in the order in which they appeared.
    pub processes: Vec<Seen>,
}

/// One process, over all looks at it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Its pid.
    pub pid: u32,
    /// The pid of the process that started it, as it was first seen.
    pub parent: u32,
    /// Its name, as it was last seen.
    pub name: String,
    /// When it was first seen as the program that it is now, in nanoseconds from the start of the watch.
    pub executed_ns: u64,
    /// When it was first and last seen, in nanoseconds from the start of the watch.
    pub first_ns: u64,
    /// See [`first_ns`](Self::first_ns).
    pub last_ns: u64,
    /// Whether it is one of those that CPython's `multiprocessing` starts for itself, or a fork of one.
    pub helps: bool,
    /// Looks at it while it lived.
    pub looks: u64,
    /// Looks at which one of its threads ran or was about to.
    pub running: u64,
    /// Looks at which none ran and one waited for a disk.
    pub disk: u64,
    /// How many of its threads ran, summed over all looks.
    pub running_threads: u64,
    /// What its threads that slept waited for, each counted at every look.
    pub waits: BTreeMap<Wait, u64>,
    /// Processor time, in nanoseconds.
    pub cpu_ns: u64,
    /// The time for which its threads could have run and no core was free, in nanoseconds.
    pub queued_ns: u64,
    /// The processor time of each of its threads that was seen, in nanoseconds, the busiest first.
    pub threads_ns: Vec<u64>,
    /// The most threads it had at one time.
    pub threads: u64,
    /// Bytes that it read and wrote, other than from and to a disk.
    pub read_bytes: u64,
    /// See [`read_bytes`](Self::read_bytes).
    pub written_bytes: u64,
    /// Its calls of read(2) and write(2).
    pub reads: u64,
    /// See [`reads`](Self::reads).
    pub writes: u64,
    /// The most memory it had at one time.
    pub peak_bytes: u64,
    /// How often it gave its core away by waiting.
    pub voluntary_switches: u64,
    /// How often its core was taken from it.
    pub involuntary_switches: u64,
}

/// What a process's threads had done when they were last seen, those that have ended among them.
#[derive(Default)]
pub(super) struct Past {
    threads: BTreeMap<u32, (u64, Io)>,
    /// When it became the program that it is.
    before: Io,
}

impl Past {
    fn io(&self) -> Io {
        self.threads.values().fold(Io::default(), |sum, (_, io)| sum.plus(*io))
    }
}

impl Seen {
    /// Adds one more look at it, `at_ns` after the start. What its threads did is kept in `past`.
    pub(super) fn add(&mut self, look: &Look, at_ns: u64, past: &mut Past) {
        self.last_ns = at_ns;
        self.cpu_ns = self.cpu_ns.max(look.cpu_ns);
        if look.ended {
            return;
        }
        if self.name != look.name {
            // It has executed another program; what the one before it read and started is none of this one's.
            past.before = past.io();
            self.executed_ns = at_ns;
            self.name.clone_from(&look.name);
        }
        self.looks += 1;
        self.running += u64::from(look.running);
        self.disk += u64::from(!look.running && look.disk);
        self.running_threads += look.running_threads;
        for wait in &look.waits {
            *self.waits.entry(*wait).or_default() += 1;
        }
        self.helps = look.helps;
        self.queued_ns = self.queued_ns.max(look.queued_ns);
        for (tid, ns, io) in &look.threads {
            // These only grow. A thread that ends while it is asked has no more to tell, and what it has told stays.
            let known = past.threads.entry(*tid).or_default();
            *known = (known.0.max(*ns), known.1.or_more(*io));
        }
        self.threads = self.threads.max(look.threads.len() as u64);
        self.peak_bytes = self.peak_bytes.max(look.peak_bytes);
        let [voluntary, involuntary] = look.switches;
        self.voluntary_switches = self.voluntary_switches.max(voluntary);
        self.involuntary_switches = self.involuntary_switches.max(involuntary);
    }

    /// The same with what is known of its threads at the end.
    pub(super) fn with(mut self, past: &Past) -> Self {
        let io = past.io().since(past.before);
        (self.read_bytes, self.written_bytes) = (io.read_bytes, io.written_bytes);
        (self.reads, self.writes) = (io.reads, io.writes);
        self.threads_ns = past.threads.values().map(|(ns, _)| *ns).collect();
        self.threads_ns.sort_by_key(|ns| std::cmp::Reverse(*ns));
        self
    }

    /// The share of `wait` in what its sleeping threads waited for.
    pub fn waited(&self, wait: Wait) -> f64 {
        self.waits.get(&wait).copied().unwrap_or(0) as f64 / self.waits.values().sum::<u64>().max(1) as f64
    }

    /// The share of the looks at it in which it ran.
    pub fn ran(&self) -> f64 {
        self.running as f64 / self.looks.max(1) as f64
    }

    /// How long it was seen.
    pub fn life_ns(&self) -> u64 {
        self.last_ns - self.first_ns
    }
}

impl Observation {
    /// Cores' worth of processor time that was used, on average.
    pub fn cores_used(&self) -> f64 {
        self.total_cpu_ns() as f64 / self.wall_ns.max(1) as f64
    }

    /// All processor time: what the kernel counted for those that were waited for, or what was seen, if that is more.
    pub fn total_cpu_ns(&self) -> u64 {
        self.cpu_ns.max(self.processes.iter().map(|process| process.cpu_ns).sum())
    }

    /// The share of the looks in which `wanted` holds of the number of processes that ran.
    pub fn share_of_looks(&self, wanted: impl Fn(usize) -> bool) -> f64 {
        let found: u64 =
            self.running.iter().enumerate().filter(|(running, _)| wanted(*running)).map(|(_, looks)| looks).sum();
        found as f64 / self.running.iter().sum::<u64>().max(1) as f64
    }

    /// How many processes ran at a time, on average.
    pub fn mean_running(&self) -> f64 {
        let sum: u64 = self.running.iter().enumerate().map(|(running, looks)| running as u64 * looks).sum();
        sum as f64 / self.running.iter().sum::<u64>().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_ends_while_it_is_asked_keeps_what_it_has_told() {
        let told = Io { writes: 30_000, ..Io::default() };
        let look = |io| Look { name: "a".into(), threads: vec![(7, 1_000, io)], ..Look::default() };
        let (mut seen, mut past) = (Seen { name: "a".into(), ..Seen::default() }, Past::default());
        seen.add(&look(told), 1, &mut past);
        seen.add(&look(Io::default()), 2, &mut past);
        assert_eq!(seen.with(&past).writes, 30_000);
    }
}
