//! What a variant hands back: an answer, the time of the measured part alone, and the counts of every process.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use multiprocess::meter::{self, Counts, WorkerReport};
use multiprocess::{Usage, supervise};
use record::{Fault, ProcessReport, Traffic, VariantResult};

/// The measured part of a variant: only what happens in the closure given to [`Measured::take`] is timed and counted.
#[derive(Debug)]
pub struct Measured<T> {
    value: T,
    elapsed: Duration,
    /// What this process had counted when the measured part began.
    before: Counts,
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
        let parent = meter::counts().since(&before);
        Ok(Self { value, elapsed, before, parent, workers })
    }

    /// Adds the reports of workers that outlive the measured part, those of a pool that is warm before it and ends after it, or of
    /// workers whose memory is not to be freed within it.
    ///
    /// The time stays that of the measured part. This process is counted until now, so that it has counted whatever its workers
    /// have: a pool's threads may count their last message a moment after `map` has returned.
    #[must_use]
    pub fn with_workers(self, reports: Vec<WorkerReport>) -> Self {
        Self { parent: meter::counts().since(&self.before), workers: reports, ..self }
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
            series: BTreeMap::new(),
            notes: BTreeMap::new(),
        }
    }
}

/// The fact that counts how often a demonstrated fault was seen.
pub const FAULTS: &str = "faults";
/// The fact that counts the trials it was looked for in.
pub const TRIALS: &str = "trials";
/// The note that says why the parameters leave the fault no room.
pub const NO_ROOM: &str = "no_room";

/// The note that says why nothing could be measured on this machine.
pub const NOT_HERE: &str = "not_here";

/// Why `result` is not ok, given the oracle's answer if that is known: another answer, or a fault that it is to demonstrate and that
/// did not show.
pub(crate) fn complaint(result: &VariantResult, fault: Option<Fault>, oracle: Option<&str>) -> Option<String> {
    let answer = result.answer.as_deref();
    let Some(fault) = fault else {
        let (answer, oracle) = answer.zip(oracle)?;
        return (answer != oracle).then(|| format!("wrong answer: {answer}, and the oracle says {oracle}"));
    };
    if result.notes.contains_key(NO_ROOM) {
        return None;
    }
    let seen = result.facts.get(FAULTS).copied().unwrap_or(0);
    let trials = result.facts.get(TRIALS).copied().unwrap_or(0);
    match fault {
        _ if seen == 0 => Some(format!("the fault it demonstrates, {fault}, did not show in {trials} trials")),
        Fault::WrongAnswer if answer.is_some() && answer == oracle => {
            Some("it says that its answer is wrong, and the oracle gives the same one".to_owned())
        }
        _ => None,
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
    series: BTreeMap<String, Vec<u64>>,
    notes: BTreeMap<String, String>,
}

impl Outcome {
    /// Adds a fact; its name ends with its unit.
    #[must_use]
    pub fn fact(mut self, name: &str, value: u64) -> Self {
        self.facts.insert(name.to_owned(), value);
        self
    }

    /// The same with another answer, for a variant that does part of its work outside the measured time.
    #[must_use]
    pub fn answered(self, answer: String) -> Self {
        Self { answer, ..self }
    }

    /// Adds what was sampled or counted over time or over a sweep; the name ends with the unit.
    #[must_use]
    pub fn series(mut self, name: &str, values: Vec<u64>) -> Self {
        self.series.insert(name.to_owned(), values);
        self
    }

    /// Adds something said in words.
    #[must_use]
    pub fn note(mut self, name: &str, words: impl Into<String>) -> Self {
        self.notes.insert(name.to_owned(), words.into());
        self
    }

    /// How often the fault that the variant demonstrates was seen, in how many trials. A demonstration must say so, or say
    /// [`no_room`](Self::no_room).
    #[must_use]
    pub fn fault_seen(self, times: u64, trials: u64) -> Self {
        self.fact(FAULTS, times).fact(TRIALS, trials)
    }

    /// Why the parameters leave the demonstrated fault no room.
    #[must_use]
    pub fn no_room(self, why: impl Into<String>) -> Self {
        self.note(NO_ROOM, why)
    }

    /// Nothing was measured, because this machine cannot, and why: a row that is fine, without an answer and without a time.
    ///
    /// ```
    /// let outcome = harness::Outcome::not_here("needs two cores");
    /// assert!(format!("{outcome:?}").contains("needs two cores"));
    /// ```
    pub fn not_here(why: impl Into<String>) -> Self {
        let nothing = Self {
            answer: String::new(),
            elapsed: Duration::ZERO,
            iterations: 1,
            parent: Counts::default(),
            workers: Vec::new(),
            facts: BTreeMap::new(),
            series: BTreeMap::new(),
            notes: BTreeMap::new(),
        };
        nothing.note(NOT_HERE, why)
    }

    /// Divides the elapsed time by this many repetitions of the work, where a single one would be too short to be timed.
    ///
    /// # Panics
    /// If it is 0.
    #[must_use]
    pub fn iterations(self, iterations: u64) -> Self {
        assert!(iterations > 0, "the work was done at least once");
        Self { iterations, ..self }
    }

    /// The row of this outcome; whether the answer is right is not known here.
    pub(crate) fn result(self, variant: &str, lane: &str) -> VariantResult {
        let own = process("parent", std::process::id(), &self.parent, Usage::of_this_process());
        let workers = self.workers.iter().map(|worker| process("worker", worker.pid, &worker.counts, worker.usage));
        let processes: Vec<ProcessReport> = std::iter::once(own).chain(workers).collect();
        let measured = !self.notes.contains_key(NOT_HERE);
        VariantResult {
            name: variant.to_owned(),
            lane: lane.to_owned(),
            ok: true,
            answer: measured.then_some(self.answer),
            elapsed_ns: measured.then(|| ns(self.elapsed) / self.iterations),
            iterations: if measured { self.iterations } else { 0 },
            demonstrates: None,
            counters: ProcessReport::total(&processes),
            processes,
            facts: self.facts,
            series: self.series,
            notes: self.notes,
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
pub(crate) fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What stood still when a subject was killed, for the error of its row.
pub(crate) fn standing(states: &[supervise::ProcessState]) -> String {
    states.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(answer: &str) -> VariantResult {
        VariantResult { answer: Some(answer.to_owned()), ..VariantResult::failed("one", "rust", "") }
    }

    fn seen(answer: &str, faults: u64) -> VariantResult {
        let facts = [(FAULTS.to_owned(), faults), (TRIALS.to_owned(), 100)].into();
        VariantResult { facts, ..answered(answer) }
    }

    #[test]
    fn an_answer_is_right_if_it_is_the_oracles_or_if_there_is_none_yet() {
        assert_eq!(complaint(&answered("1"), None, Some("1")), None);
        assert_eq!(complaint(&answered("1"), None, None), None);
        let wrong = complaint(&answered("2"), None, Some("1")).unwrap();
        assert_eq!(wrong, "wrong answer: 2, and the oracle says 1");
    }

    #[test]
    fn a_demonstration_is_fine_if_its_fault_was_seen_whatever_it_answers() {
        assert_eq!(complaint(&seen("2", 95), Some(Fault::Hang), Some("1")), None);
        let unseen = complaint(&seen("1", 0), Some(Fault::Hang), Some("1")).unwrap();
        assert_eq!(unseen, "the fault it demonstrates, a hang, did not show in 100 trials");
    }

    #[test]
    fn a_wrong_answer_is_not_the_oracles() {
        assert_eq!(complaint(&seen("2", 1), Some(Fault::WrongAnswer), Some("1")), None);
        assert!(complaint(&seen("1", 1), Some(Fault::WrongAnswer), Some("1")).unwrap().contains("same one"));
    }

    #[test]
    fn a_fault_without_room_need_not_show() {
        let result = VariantResult { notes: [(NO_ROOM.to_owned(), "one strip".to_owned())].into(), ..answered("1") };
        assert_eq!(complaint(&result, Some(Fault::WrongAnswer), Some("1")), None);
    }

    #[test]
    fn what_cannot_be_measured_is_fine_and_has_no_answer_and_no_time() {
        let result = Outcome::not_here("needs two cores").fact("cores", 1).result("spin", "rust");
        assert!(result.ok && result.answer.is_none() && result.elapsed_ns.is_none() && result.iterations == 0);
        assert_eq!((result.notes[NOT_HERE].as_str(), result.facts["cores"]), ("needs two cores", 1));
        assert_eq!(complaint(&result, None, Some("0")), None);
    }
}
