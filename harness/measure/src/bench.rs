//! Blocks of subjects under Criterion, every row recorded.
//!
//! For Criterion, one iteration is one block: four fresh processes in the order A B B A or B A A B, and its value is the ratio
//! of the variant to its baseline. Criterion drives and shows; the record is the truth.

mod plan;
mod quiet;
mod shown;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use record::{Arm, BlockOrder, BlockPosition, End, Params, Recorder, Subject, VariantResult};

use crate::interrupt::{Interrupted, Interrupts};
use crate::lesson::{Lesson, Variant};
use crate::random::Random;
use crate::ratio::Ratio;
use crate::{environment, statistics, subject};

pub use plan::{Plan, Planned, cargo_bench, random_seed, subject_deadline};
pub use quiet::Bars;

/// A variant that failed this often is not measured any further; its rows stay.
const FAILURES_AT_MOST: usize = 3;

/// Criterion's bootstrap of ten values needs no more; its intervals are shown, ours are judged.
const RESAMPLES: usize = 10_000;

/// What a finished or interrupted benchmark leaves.
#[derive(Debug)]
pub struct Benched {
    /// The file of the run; none if nothing was run, or nothing was to be recorded.
    pub path: Option<PathBuf>,
    /// What was not fine, one line each.
    pub failures: Vec<String>,
    /// The signal that ended it early, if one did.
    pub interrupted: Option<Interrupted>,
}

/// A benchmark could not be carried out or recorded.
#[derive(Debug)]
pub enum BenchError {
    /// The record could not be written.
    Record(record::Error),
    /// Something else that a benchmark needs could not be had: what, and why.
    Io(String, std::io::Error),
}

impl std::fmt::Display for BenchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record(fault) => fault.fmt(f),
            Self::Io(what, fault) => write!(f, "{what}: {fault}"),
        }
    }
}

impl std::error::Error for BenchError {}

impl From<record::Error> for BenchError {
    fn from(fault: record::Error) -> Self {
        Self::Record(fault)
    }
}

/// Why a variant's benchmark is left early. Travels through Criterion as a panic that no hook prints.
enum Stop {
    Interrupted(Interrupted),
    TooManyFailures,
    Record(record::Error),
}

/// Measures everything in `plan` and records it. `progress` hears of every subject before it starts.
///
/// # Errors
/// If the record cannot be written. A subject that fails is no error but a row.
pub fn run(plan: &Plan<'_>, criterion: impl Fn() -> Criterion, progress: &dyn Progress) -> Result<Benched, BenchError> {
    let interrupts = Interrupts::caught().map_err(|fault| BenchError::Io("catching Ctrl-C".to_owned(), fault))?;
    let session = RefCell::new(Session::begin(plan, &interrupts, progress));
    let mut interrupted = None;
    'all: for planned in &plan.lessons {
        for variant in &planned.lesson.variants[1..] {
            if let Some(stop) = bench_variant(&session, &criterion, planned, variant) {
                match stop {
                    Stop::Interrupted(signal) => {
                        interrupted = Some(signal);
                        break 'all;
                    }
                    Stop::Record(fault) => return Err(fault.into()),
                    Stop::TooManyFailures => {}
                }
            }
        }
    }
    let session = session.into_inner();
    let path = match session.recorder {
        Some(recorder) if interrupted.is_some() => Some(recorder.path().to_owned()),
        Some(recorder) => Some(recorder.end(&End {
            finished: record::now(),
            load: environment::load(),
            steal_ticks: environment::steal_ticks(),
        })?),
        None => None,
    };
    Ok(Benched { path, failures: session.failures, interrupted })
}

/// Hears how a benchmark goes on.
pub trait Progress {
    /// A subject of `variant` is about to start; `done` of about `total` blocks of it are behind us.
    fn subject(&self, lesson: &str, variant: &str, done: u32, total: u32);
    /// Lends the program's outputs to Criterion while `work` runs.
    fn quietly(&self, work: &mut dyn FnMut());
}

/// Measures one variant; tells why it was left early, if it was.
fn bench_variant(
    session: &RefCell<Session<'_>>,
    criterion: &impl Fn() -> Criterion,
    planned: &Planned<'_>,
    variant: &Variant,
) -> Option<Stop> {
    // Criterion's first call is its warm-up; it cannot be switched off, and its rows are kept and marked.
    let mut attempts = Attempts { planned, variant, warm_up: planned.warm_ups() > 0, next: 0, failed: 0 };
    let mut measure = |iterations: u64| -> f64 {
        let sum = (0..iterations).map(|_| session.borrow_mut().block(&mut attempts)).sum();
        if attempts.warm_up {
            attempts = Attempts { warm_up: false, next: 0, ..attempts };
        }
        sum
    };
    let mut driven = || {
        if !planned.by_criterion() {
            (0..planned.blocks).for_each(|_| _ = measure(1));
            return;
        }
        let mut criterion = criterion().with_measurement(Ratio);
        let mut group = criterion.benchmark_group(planned.lesson.stem);
        group.sampling_mode(SamplingMode::Flat).sample_size(planned.blocks as usize);
        group.warm_up_time(Duration::from_nanos(1)).measurement_time(Duration::from_nanos(1));
        group.bench_function(variant.name, |bencher| bencher.iter_custom(&mut measure));
        group.finish();
    };
    let mut outcome = Ok(());
    let progress = session.borrow().progress;
    progress.quietly(&mut || outcome = catch_unwind(AssertUnwindSafe(&mut driven)));
    match outcome.err()?.downcast::<Stop>() {
        Ok(stop) => Some(*stop),
        Err(panic) => {
            // Its own message went where Criterion's remarks went.
            let why =
                panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            eprintln!("measuring {} {} panicked: {}", planned.lesson.stem, variant.name, why.unwrap_or("no message"));
            resume_unwind(panic)
        }
    }
}

/// The blocks of one variant, numbered whether they become whole or not.
#[derive(Clone, Copy)]
struct Attempts<'a> {
    planned: &'a Planned<'a>,
    variant: &'a Variant,
    warm_up: bool,
    next: u32,
    failed: usize,
}

/// One run under way.
struct Session<'a> {
    plan: &'a Plan<'a>,
    interrupts: &'a Interrupts,
    progress: &'a dyn Progress,
    /// Exists from the first row on: a benchmark that runs nothing leaves no file.
    recorder: Option<Recorder>,
    orders: Random,
    begin: Instant,
    failures: Vec<String>,
    oracle: Option<(&'static str, String)>,
}

impl<'a> Session<'a> {
    fn begin(plan: &'a Plan<'a>, interrupts: &'a Interrupts, progress: &'a dyn Progress) -> Self {
        let orders = Random::seeded(plan.seed);
        Self {
            plan,
            interrupts,
            progress,
            recorder: None,
            orders,
            begin: Instant::now(),
            failures: Vec::new(),
            oracle: None,
        }
    }

    fn record(&mut self, row: &Subject) -> Result<(), record::Error> {
        let Some(folder) = &self.plan.folder else { return Ok(()) };
        if self.recorder.is_none() {
            self.recorder = Some(Recorder::create(folder, &self.plan.header())?);
        }
        self.recorder.as_mut().map_or(Ok(()), |recorder| recorder.subject(row))
    }

    /// Runs blocks until one is whole, and returns its ratio.
    fn block(&mut self, attempts: &mut Attempts<'_>) -> f64 {
        loop {
            let ratio = self.attempt(attempts);
            attempts.next += 1;
            if let Some(ratio) = ratio {
                return ratio;
            }
            attempts.failed += 1;
            if attempts.failed >= FAILURES_AT_MOST {
                resume_unwind(Box::new(Stop::TooManyFailures));
            }
        }
    }

    fn attempt(&mut self, attempts: &Attempts<'_>) -> Option<f64> {
        let Attempts { planned, variant, warm_up, next: number, .. } = *attempts;
        // The very first subject of a lesson is the oracle.
        let oracle_known = self.oracle.as_ref().is_some_and(|(stem, _)| *stem == planned.lesson.stem);
        let order = if warm_up || !oracle_known { BlockOrder::Abba } else { plan::draw(&mut self.orders) };
        let mut arms = [(Arm::A, 0.0); 4];
        for (place, arm) in (0..).zip(order.arms()) {
            let runs = if arm == Arm::A { planned.lesson.baseline() } else { variant };
            self.progress.subject(planned.lesson.stem, variant.name, number, planned.blocks);
            let at = self.begin.elapsed();
            let result = self.subject(planned.lesson, runs, &planned.fitted.params);
            let block = BlockPosition { variant: variant.name.to_owned(), number, order, place, arm, warm_up };
            let at_ns = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
            let elapsed = result.elapsed_ns.filter(|_| result.ok);
            if elapsed.is_none() {
                let why = result.error.as_deref().unwrap_or("no time");
                self.failures.push(format!("{} {}: {why}", planned.lesson.stem, runs.name));
            }
            let row = Subject { lesson: planned.lesson.stem.to_owned(), block, at_ns, result };
            if let Err(fault) = self.record(&row) {
                resume_unwind(Box::new(Stop::Record(fault)));
            }
            // The other arms of a broken block would be time spent on nothing.
            arms[place as usize] = (arm, elapsed? as f64);
        }
        Some(statistics::block_ratio(&arms))
    }

    fn subject(&mut self, lesson: &Lesson, variant: &Variant, params: &Params) -> VariantResult {
        let oracle = match &self.oracle {
            Some((stem, answer)) if *stem == lesson.stem => Some(answer.as_str()),
            _ => None,
        };
        let ran = subject::run(lesson, variant, params, self.plan.deadline, oracle, self.interrupts);
        let result = match ran {
            Ok(ran) => ran.result,
            Err(signal) => resume_unwind(Box::new(Stop::Interrupted(signal))),
        };
        if variant.name == lesson.baseline().name && oracle.is_none() && result.ok {
            self.oracle = result.answer.clone().map(|answer| (lesson.stem, answer));
        }
        result
    }
}

/// [`run`] with a Criterion that draws nothing and keeps its files in `folder`, which is emptied first: what an earlier run
/// left there would be compared with this one, or taken for it.
///
/// # Errors
/// As [`run`]; also if `folder` cannot be emptied.
pub fn run_in(folder: &Path, plan: &Plan<'_>, progress: &dyn Progress) -> Result<Benched, BenchError> {
    match std::fs::remove_dir_all(folder) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
            return Err(BenchError::Io(format!("emptying {}", folder.display()), fault));
        }
        _ => {}
    }
    let criterion = || Criterion::default().without_plots().output_directory(folder).nresamples(RESAMPLES);
    let mut benched = run(plan, criterion, progress)?;
    if benched.interrupted.is_none() && benched.failures.is_empty() {
        benched.failures = shown::missing(folder, plan);
    }
    Ok(benched)
}
