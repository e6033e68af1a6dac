//! From a workload and the constants to a time, and to what bounds it.

use multiprocess::StartMethod;
use serde::{Deserialize, Serialize};

use super::cut::{Cut, KEPT_BY_THREAD_BYTES, KEPT_BYTES};
use super::{Constants, Way, Workload};

/// What a pool of processes waits for most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Starting and ending the pool.
    Start,
    /// The parent, for every message and item it encodes, sends, receives and decodes.
    Parent,
    /// The bytes that cross, on whichever side.
    Bytes,
    /// The workers' handling of messages and items.
    Workers,
    /// The work itself.
    Work,
}

/// Where the time of a pool of processes goes, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breakdown {
    /// Start and end of the pool.
    pub start_ns: f64,
    /// The parent's cost of one task: nobody works meanwhile.
    pub ends_ns: f64,
    /// The parent's cost of all the others.
    pub parent_ns: f64,
    /// The workers, the slowest of them, when nothing else wants the cores.
    pub workers_ns: f64,
    /// All sides together, shared by the cores.
    pub cores_ns: f64,
}

impl Breakdown {
    /// From the start of the pool to its end.
    pub fn total_ns(&self) -> f64 {
        self.start_ns + self.ends_ns + self.parent_ns.max(self.workers_ns).max(self.cores_ns)
    }
}

/// What the model says about a workload.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// One loop, in nanoseconds.
    pub serial_ns: f64,
    /// Threads, in nanoseconds.
    pub threads_ns: f64,
    /// Forked processes, in nanoseconds, with the start and the end of their pool.
    pub processes_fork_ns: f64,
    /// Processes forked by a server.
    pub processes_forkserver_ns: f64,
    /// Processes executed anew.
    pub processes_spawn_ns: f64,
    /// The fastest of all.
    pub best: Way,
    /// What the fastest pool of processes waits for most.
    pub bound: Bound,
}

impl Prediction {
    /// The time of one way, in nanoseconds.
    pub fn of(&self, way: Way) -> f64 {
        match way {
            Way::Serial => self.serial_ns,
            Way::Threads => self.threads_ns,
            Way::ProcessesFork => self.processes_fork_ns,
            Way::ProcessesForkserver => self.processes_forkserver_ns,
            Way::ProcessesSpawn => self.processes_spawn_ns,
        }
    }
}

/// Predicts every way of doing `workload`.
///
/// ```
/// use harness::model::{Way, Workload, predict, vectors};
/// // A hundred items of two milliseconds on four cores.
/// let workload = Workload { items: 100, item_ns: 2e6, bytes_in: 1_000, bytes_out: 10, workers: 4, chunksize: 0 };
/// let prediction = predict(&workload, &vectors::CONSTANTS);
/// assert!(prediction.processes_fork_ns < prediction.serial_ns / 3.0);
/// assert_eq!(prediction.best, Way::Threads);
/// ```
pub fn predict(workload: &Workload, constants: &Constants) -> Prediction {
    let of = |way| constants.time(workload, way);
    let mut prediction = Prediction {
        serial_ns: of(Way::Serial),
        threads_ns: of(Way::Threads),
        processes_fork_ns: of(Way::ProcessesFork),
        processes_forkserver_ns: of(Way::ProcessesForkserver),
        processes_spawn_ns: of(Way::ProcessesSpawn),
        best: Way::Serial,
        bound: Bound::Work,
    };
    let fastest = |ways: &[Way]| {
        let ways = ways.iter().copied();
        ways.min_by(|one, other| prediction.of(*one).total_cmp(&prediction.of(*other))).unwrap_or(Way::Serial)
    };
    let (best, processes) = (fastest(&Way::ALL), fastest(&Way::ALL[2..]));
    prediction.best = best;
    prediction.bound = constants.bound(workload, processes.start_method().unwrap_or(StartMethod::Fork));
    prediction
}

impl Constants {
    /// The time of one way, in nanoseconds.
    pub fn time(&self, workload: &Workload, way: Way) -> f64 {
        match (way, way.start_method()) {
            (_, Some(method)) => self.processes(workload, method).total_ns(),
            (Way::Serial, _) => self.serial(workload),
            _ => self.threads(workload),
        }
    }

    fn serial(&self, workload: &Workload) -> f64 {
        let (serial, cut) = (&self.serial, Cut::of(workload));
        let bytes =
            (cut.bytes_in + cut.bytes_out) * serial.byte_ns + Cut::fresh(workload, KEPT_BYTES) * serial.fresh_ns;
        serial.once_ns + cut.items * serial.item_ns + bytes + workload.work_ns()
    }

    fn threads(&self, workload: &Workload) -> f64 {
        let (threads, cut) = (&self.threads, Cut::of(workload));
        let fresh = Cut::fresh(workload, KEPT_BY_THREAD_BYTES) * threads.fresh_ns;
        let bytes = (cut.bytes_in + cut.bytes_out) * threads.byte_ns + fresh;
        let wakes = cut.wakes(threads.task_ns, workload, self.cores) * threads.wake_ns;
        let taken = cut.tasks * threads.task_ns;
        let total = taken + cut.items * threads.item_ns + bytes + wakes + self.work(workload);
        let start = threads.once_ns + threads.each_ns * workload.workers as f64;
        start + cut.makespan(total, workload, self.cores).max(taken)
    }

    /// Work, as long as it takes while as many work as can.
    fn work(&self, workload: &Workload) -> f64 {
        let busy = workload.workers.min(workload.tasks()).min(self.cores);
        workload.work_ns() * if busy > 1 { self.crowding } else { 1.0 }
    }

    /// What the workers do besides work and bytes.
    fn workers_handling(&self, cut: &Cut, workload: &Workload) -> f64 {
        cut.handled(&self.worker) + cut.wakes(self.parent.message_ns, workload, self.cores) * self.wake_ns
    }

    /// What the bytes cost the parent.
    fn parent_carrying(&self, cut: &Cut, method: StartMethod) -> f64 {
        let copied = if method == StartMethod::Fork { cut.freed_pages() * self.copied_page_ns } else { 0.0 };
        cut.carried(&self.parent) + copied + cut.pieces * self.piece_ns
    }

    /// Where the time of a pool of processes goes.
    ///
    /// ```
    /// use harness::model::{Workload, vectors::CONSTANTS};
    /// use multiprocess::StartMethod;
    /// let workload = Workload { items: 0, item_ns: 1e6, bytes_in: 0, bytes_out: 0, workers: 2, chunksize: 0 };
    /// let parts = CONSTANTS.processes(&workload, StartMethod::Fork);
    /// assert_eq!(parts.total_ns(), parts.start_ns);
    /// ```
    pub fn processes(&self, workload: &Workload, method: StartMethod) -> Breakdown {
        let (start, cut) = (self.start.of(method), Cut::of(workload));
        let pieces = cut.pieces * self.piece_ns;
        let parent = cut.handled(&self.parent) + self.parent_carrying(&cut, method);
        let worker = self.workers_handling(&cut, workload) + cut.carried(&self.worker) + pieces + self.work(workload);
        let ends = parent / cut.tasks.max(1.0);
        Breakdown {
            start_ns: start.once_ns + start.each_ns * workload.workers as f64,
            ends_ns: ends,
            parent_ns: parent - ends,
            workers_ns: cut.makespan(worker, workload, self.cores),
            // Of two that wait for each other's pieces one works.
            cores_ns: (parent - ends + worker - pieces) / self.cores.max(1) as f64,
        }
    }

    /// What a pool of processes waits for most.
    ///
    /// ```
    /// use harness::model::{Bound, Workload, vectors::CONSTANTS};
    /// use multiprocess::StartMethod;
    /// let workload = Workload { items: 1_000, item_ns: 100.0, bytes_in: 50_000, bytes_out: 0, workers: 4, chunksize: 10 };
    /// assert_eq!(CONSTANTS.bound(&workload, StartMethod::Fork), Bound::Bytes);
    /// ```
    pub fn bound(&self, workload: &Workload, method: StartMethod) -> Bound {
        let (parts, cut) = (self.processes(workload, method), Cut::of(workload));
        if parts.start_ns >= parts.total_ns() - parts.start_ns {
            return Bound::Start;
        }
        let pieces = cut.pieces * self.piece_ns;
        let of_parent =
            [(Bound::Parent, cut.handled(&self.parent)), (Bound::Bytes, self.parent_carrying(&cut, method))];
        let of_workers = [
            (Bound::Work, self.work(workload)),
            (Bound::Workers, self.workers_handling(&cut, workload)),
            (Bound::Bytes, cut.carried(&self.worker) + pieces),
        ];
        let sides: &[&[(Bound, f64)]] = if parts.parent_ns + parts.ends_ns >= parts.workers_ns.max(parts.cores_ns) {
            &[&of_parent]
        } else if parts.workers_ns >= parts.cores_ns {
            &[&of_workers]
        } else {
            &[&of_workers, &of_parent]
        };
        let together = |bound: Bound| -> f64 {
            sides.iter().copied().flatten().filter(|(of, _)| *of == bound).map(|(_, ns)| ns).sum()
        };
        let bounds = [Bound::Work, Bound::Workers, Bound::Parent, Bound::Bytes];
        let largest = bounds.into_iter().max_by(|one, other| together(*one).total_cmp(&together(*other)));
        largest.unwrap_or(Bound::Work)
    }
}
