//! What a variant hands back: an answer, the time of the measured part alone, and the counts of every process.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use multiprocess::meter::{self, Counts, WorkerReport};
use multiprocess::{Usage, supervise};
use record::{ProcessReport, Traffic, VariantResult};

/// The measured part of a variant: only what happens in the closure given to [`Measured::take`] is timed and counted.
#[derive(Debug)]
pub struct Measured<T> {
    value: T,
    elapsed: Duration,
    parent: Counts,
    workers: Vec<WorkerReport>,
}

impl<T> Measured<T> {
    /// Runs `work` once. It returns its result and the reports of the workers it used; their counts are taken whole.
    ///
    /// # Errors
    /// Whatever `work` fails with.
    pub fn take<E>(work: impl FnOnce() -> Result<(T, Vec<WorkerReport>), E>) -> Result<Self, E> {
        let before = meter::counts();
        let begin = Instant::now();
        let (value, workers) = work()?;
        let elapsed = begin.elapsed();
        Ok(Self { value, elapsed, parent: meter::counts().since(&before), workers })
    }

    /// Turns the result into the variant's answer, outside the measured time.
    pub fn answer(self, answer: impl FnOnce(&T) -> String) -> Outcome {
        Outcome {
            answer: answer(&self.value),
            elapsed: self.elapsed,
            iterations: 1,
            parent: self.parent,
            workers: self.workers,
            facts: BTreeMap::new(),
        }
    }
}

/// What a variant hands back.
#[derive(Debug)]
pub struct Outcome {
    answer: String,
    elapsed: Duration,
    iterations: u64,
    parent: Counts,
    workers: Vec<WorkerReport>,
    facts: BTreeMap<String, u64>,
}

impl Outcome {
    /// Adds a fact; its name ends with its unit.
    #[must_use]
    pub fn fact(mut self, name: &str, value: u64) -> Self {
        self.facts.insert(name.to_owned(), value);
        self
    }

    /// The row of this outcome; whether the answer is right is not known here.
    pub(crate) fn result(self, variant: &str, lane: &str) -> VariantResult {
        let own = process("parent", std::process::id(), &self.parent, Usage::of_this_process());
        let workers = self.workers.iter().map(|worker| process("worker", worker.pid, &worker.counts, worker.usage));
        let processes: Vec<ProcessReport> = std::iter::once(own).chain(workers).collect();
        VariantResult {
            name: variant.to_owned(),
            lane: lane.to_owned(),
            ok: true,
            answer: Some(self.answer),
            elapsed_ns: Some(ns(self.elapsed) / self.iterations),
            iterations: self.iterations,
            demonstrates: None,
            counters: ProcessReport::total(&processes),
            processes,
            facts: self.facts,
            error: None,
        }
    }
}

fn process(role: &str, pid: u32, counts: &Counts, usage: Usage) -> ProcessReport {
    ProcessReport {
        role: role.to_owned(),
        pid,
        tasks: counts.tasks,
        messages: counts.messages,
        dumps: traffic(counts.dumps),
        loads: traffic(counts.loads),
        writes: traffic(counts.writes),
        reads: traffic(counts.reads),
        work_ns: ns(counts.work),
        marks: counts.marks.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        max_rss_bytes: usage.max_rss_bytes,
        user_ns: ns(usage.user),
        sys_ns: ns(usage.sys),
    }
}

fn traffic(traffic: meter::Traffic) -> Traffic {
    Traffic { calls: traffic.calls, bytes: traffic.bytes, ns: ns(traffic.time) }
}

/// Nanoseconds; 584 years fit.
fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What stood still when a subject was killed, for the error of its row.
pub(crate) fn standing(states: &[supervise::ProcessState]) -> String {
    states.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
