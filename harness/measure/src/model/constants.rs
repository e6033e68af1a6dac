//! The constants of the model, all in nanoseconds and none below 0.

use multiprocess::StartMethod;
use record::ModelConstant;
use serde::{Deserialize, Serialize};

/// What everything costs on one machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constants {
    /// Cores that can work at once.
    pub cores: u64,
    /// One addition of the instrument's kernel, in nanoseconds: what makes its work comparable with anybody else's.
    pub addition_ns: f64,
    /// How many times as long work takes while several cores work.
    pub crowding: f64,
    /// The loop.
    pub serial: Serial,
    /// The pool of threads.
    pub threads: Threads,
    /// The parent's side of a pool of processes.
    pub parent: Side,
    /// The workers' side.
    pub worker: Side,
    /// Per task that finds the other side asleep on a core that idles: a worker pays it.
    pub wake_ns: f64,
    /// Per page of inputs that a forked pool's parent frees: its children share it, so that the first write to it copies it.
    pub copied_page_ns: f64,
    /// Per piece of a message beyond its first pipe full: both sides wait for each other meanwhile.
    pub piece_ns: f64,
    /// Start and end of a pool of processes.
    pub start: Starts,
}

/// What the loop costs besides the work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serial {
    /// Once.
    pub once_ns: f64,
    /// Per item.
    pub item_ns: f64,
    /// Per byte of payload: inputs are freed, outputs written.
    pub byte_ns: f64,
    /// Per byte of an output besides, if its memory comes fresh from the system and not from an input.
    pub fresh_ns: f64,
}

/// What threads cost besides the work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threads {
    /// Once.
    pub once_ns: f64,
    /// Per thread.
    pub each_ns: f64,
    /// Per task: threads take them under one lock, one after the other.
    pub task_ns: f64,
    /// Per task that finds whoever waits for its output asleep on a core that idles.
    pub wake_ns: f64,
    /// Per item.
    pub item_ns: f64,
    /// Per byte of payload.
    pub byte_ns: f64,
    /// Per byte of an output besides, if its memory comes fresh from the system and not from an input.
    pub fresh_ns: f64,
}

/// What one side of a pool pays.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Per task: a message there and one back.
    pub message_ns: f64,
    /// Per item.
    pub item_ns: f64,
    /// Per byte of an input.
    pub byte_in_ns: f64,
    /// Per byte of an output.
    pub byte_out_ns: f64,
}

/// Start and end of a pool, with what else happens once in its life.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Once.
    pub once_ns: f64,
    /// Per worker.
    pub each_ns: f64,
}

/// [`Start`] by method.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Starts {
    /// Forked workers.
    pub fork: Start,
    /// Workers forked by a fork server.
    pub forkserver: Start,
    /// Workers that are this program, executed again.
    pub spawn: Start,
}

impl Starts {
    /// That of one method.
    pub fn of(&self, method: StartMethod) -> Start {
        match method {
            StartMethod::Fork => self.fork,
            StartMethod::ForkServer => self.forkserver,
            StartMethod::Spawn => self.spawn,
        }
    }
}

impl Constants {
    /// Each constant with its unit and what it is, in a fixed order. None is called assumed: only a [fit](crate::model::fit::Found) can say.
    ///
    /// ```
    /// let listed = harness::model::vectors::CONSTANTS.listed();
    /// assert!(listed.iter().any(|constant| constant.name == "parent_message" && constant.unit == "ns"));
    /// ```
    pub fn listed(&self) -> Vec<ModelConstant> {
        let (serial, threads, start) = (&self.serial, &self.threads, &self.start);
        let (parent, worker) = (&self.parent, &self.worker);
        let rows = [
            ("cores", self.cores as f64, "", "cores that can work at once"),
            ("addition", self.addition_ns, "ns", "work: one addition of the kernel"),
            ("crowding", self.crowding, "x", "work while several cores work, by work alone"),
            ("serial_once", serial.once_ns, "ns", "the loop, once"),
            ("serial_item", serial.item_ns, "ns", "the loop, per item"),
            ("serial_byte", serial.byte_ns, "ns", "the loop, per byte of payload"),
            ("serial_fresh", serial.fresh_ns, "ns", "the loop, per byte of fresh memory"),
            ("threads_once", threads.once_ns, "ns", "threads, once"),
            ("threads_each", threads.each_ns, "ns", "threads, per thread"),
            ("threads_task", threads.task_ns, "ns", "threads, per task"),
            ("threads_wake", threads.wake_ns, "ns", "threads, per task that wakes up a core"),
            ("threads_item", threads.item_ns, "ns", "threads, per item"),
            ("threads_byte", threads.byte_ns, "ns", "threads, per byte of payload"),
            ("threads_fresh", threads.fresh_ns, "ns", "threads, per byte of fresh memory"),
            ("parent_message", parent.message_ns, "ns", "the parent, per task: a message there, one back"),
            ("parent_item", parent.item_ns, "ns", "the parent, per item"),
            ("parent_byte_in", parent.byte_in_ns, "ns", "the parent, per byte of an input"),
            ("parent_byte_out", parent.byte_out_ns, "ns", "the parent, per byte of an output"),
            ("worker_message", worker.message_ns, "ns", "a worker, per task"),
            ("worker_wake", self.wake_ns, "ns", "a worker, per task that wakes up a core"),
            ("worker_item", worker.item_ns, "ns", "a worker, per item"),
            ("worker_byte_in", worker.byte_in_ns, "ns", "a worker, per byte of an input"),
            ("worker_byte_out", worker.byte_out_ns, "ns", "a worker, per byte of an output"),
            ("copied_page", self.copied_page_ns, "ns", "a forked pool's parent, per page of inputs"),
            ("piece", self.piece_ns, "ns", "both, per further pipe full of a message"),
            ("fork_once", start.fork.once_ns, "ns", "a forked pool, once"),
            ("fork_each", start.fork.each_ns, "ns", "a forked pool, per worker"),
            ("forkserver_once", start.forkserver.once_ns, "ns", "a pool with a fork server, once"),
            ("forkserver_each", start.forkserver.each_ns, "ns", "a pool with a fork server, per worker"),
            ("spawn_once", start.spawn.once_ns, "ns", "a spawned pool, once"),
            ("spawn_each", start.spawn.each_ns, "ns", "a spawned pool, per worker"),
        ];
        let row = |(name, value, unit, about): (&str, f64, &str, &str)| ModelConstant {
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
            about: about.to_owned(),
            assumed: false,
        };
        rows.into_iter().map(row).collect()
    }
}
