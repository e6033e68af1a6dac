//! Criterion over one lesson: it asks for samples, and what it asks for is measured.
//!
//! Each variant is two of Criterion's benchmarks: `LESSON/VARIANT/ratio`, whose values are block ratios, so that the interval it shows is
//! the claim's; and `LESSON/VARIANT/time`, of the same blocks. Criterion measures one benchmark after the other. So its first question
//! for a block that is not there yet runs a round over all variants, and later questions find theirs answered.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use criterion::measurement::Measurement;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode};

use super::rounds::{Block, Rounds};
use super::session::{Session, Stop};
use crate::lesson::Lesson;
use crate::ratio::Ratio;

/// The benchmark of a variant's ratio to its baseline.
pub(super) const RATIO: &str = "ratio";
/// The benchmark of its time.
pub(super) const TIME: &str = "time";

/// One of Criterion's benchmarks of a lesson: a variant, and what of it.
pub(super) type Id = (&'static str, &'static str);

/// Makes a Criterion as it is to be for each of its two measurements.
pub(super) type Make<'a> = &'a dyn Fn() -> Criterion;

/// What a pass works on. Criterion's closures share it, one at a time.
pub(super) struct Bench<'a, 'r, 's> {
    pub(super) session: &'a mut Session<'s>,
    pub(super) rounds: &'a mut Rounds<'r>,
}

/// Has Criterion ask for every benchmark of the lesson that its filter lets through, `samples` of each or as many as its arguments say.
pub(super) fn pass(make: Make<'_>, samples: Option<usize>, bench: Bench<'_, '_, '_>) -> Result<(), Stop> {
    let lesson = bench.rounds.planned.lesson;
    let bench = RefCell::new(bench);
    let names = || lesson.variants.iter().map(|variant| variant.name);
    let mut ratios = make().with_measurement(Ratio);
    let mut group = group(&mut ratios, lesson.stem, samples);
    for name in names().skip(1) {
        let mut blocks = Samples::new(&bench, Some(name), |block| block.variant_ns / block.baseline_ns);
        one(&mut group, BenchmarkId::new(name, RATIO), |iterations| blocks.sum(iterations))?;
    }
    group.finish();
    let mut times = make();
    let mut group = self::group(&mut times, lesson.stem, samples);
    for name in names() {
        let baseline = name == lesson.baseline().name;
        let time = if baseline { |block: Block| block.baseline_ns } else { |block: Block| block.variant_ns };
        let mut blocks = Samples::new(&bench, (!baseline).then_some(name), time);
        one(&mut group, BenchmarkId::new(name, TIME), |iterations| nanoseconds(blocks.sum(iterations)))?;
    }
    group.finish();
    Ok(())
}

/// All benchmarks of a lesson. The baseline has no ratio: it is what others are compared with.
pub(super) fn ids(lesson: &Lesson) -> Vec<Id> {
    let names = lesson.variants.iter().map(|variant| variant.name);
    let all = names.flat_map(|name| [(name, RATIO), (name, TIME)]);
    all.filter(|(name, what)| *name != lesson.baseline().name || *what == TIME).collect()
}

/// Which benchmarks Criterion would ask for: it alone knows what its arguments let through.
pub(super) fn wanted(make: Make<'_>, lesson: &Lesson) -> Vec<Id> {
    let asked = RefCell::new(Vec::new());
    let mut criterion = make();
    let mut group = group(&mut criterion, lesson.stem, None);
    for (name, what) in ids(lesson) {
        let ask = |_| -> Duration {
            asked.borrow_mut().push((name, what));
            resume_unwind(Box::new(Stop::GivenUp))
        };
        // It ends with the panic that says that it was asked, and with nothing else.
        let _ = one(&mut group, BenchmarkId::new(name, what), ask);
    }
    drop(group);
    asked.into_inner()
}

fn group<'a, M: Measurement>(
    criterion: &'a mut Criterion<M>,
    stem: &str,
    samples: Option<usize>,
) -> BenchmarkGroup<'a, M> {
    let mut group = criterion.benchmark_group(stem);
    if let Some(samples) = samples {
        group.sample_size(samples);
    }
    // Flat, and with times so short that every sample is one iteration: one block.
    group.sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_nanos(1)).measurement_time(Duration::from_nanos(1));
    group
}

/// One benchmark. A variant that is given up leaves it early and is no reason to leave the others.
fn one<M: Measurement>(
    group: &mut BenchmarkGroup<'_, M>,
    id: BenchmarkId,
    mut sample: impl FnMut(u64) -> M::Value,
) -> Result<(), Stop> {
    let driven = || {
        group.bench_function(id, |bencher| bencher.iter_custom(&mut sample));
    };
    match catch_unwind(AssertUnwindSafe(driven)) {
        Ok(()) => Ok(()),
        Err(panic) => match panic.downcast::<Stop>() {
            Ok(stop) if matches!(*stop, Stop::GivenUp) => Ok(()),
            Ok(stop) => Err(*stop),
            Err(panic) => resume_unwind(panic),
        },
    }
}

/// The samples of one benchmark, in the order of the blocks.
struct Samples<'b, 'a, 'r, 's> {
    bench: &'b RefCell<Bench<'a, 'r, 's>>,
    /// None for the baseline, which has a part in the blocks of all.
    variant: Option<&'static str>,
    value: fn(Block) -> f64,
    /// The next block; none until Criterion has warmed up.
    next: Option<usize>,
}

impl<'b, 'a, 'r, 's> Samples<'b, 'a, 'r, 's> {
    fn new(bench: &'b RefCell<Bench<'a, 'r, 's>>, variant: Option<&'static str>, value: fn(Block) -> f64) -> Self {
        Self { bench, variant, value, next: None }
    }

    /// The values of the next so many blocks together: of one, as the times of the group are set.
    ///
    /// Criterion's first call is its warm-up, which cannot be switched off; our round of single subjects comes with it. In Criterion's test
    /// mode it is the only call: then that round is the test.
    fn sum(&mut self, iterations: u64) -> f64 {
        let begin = Instant::now();
        let bench = &mut *self.bench.borrow_mut();
        let Some(next) = &mut self.next else {
            self.next = Some(0);
            bench.rounds.warm_up(bench.session).unwrap_or_else(leave);
            // A warm-up that takes no time at all is repeated, twice as long each time.
            while begin.elapsed() <= Duration::from_nanos(1) {}
            return 1.0;
        };
        let mut sum = 0.0;
        for _ in 0..iterations {
            let block = match self.variant {
                Some(variant) => bench.rounds.pull(bench.session, variant, *next),
                None => bench.rounds.pull_any(bench.session, *next),
            };
            sum += (self.value)(block.unwrap_or_else(leave));
            *next += 1;
        }
        sum
    }
}

/// Leaves Criterion, from the middle of a sample.
fn leave<T>(stop: Stop) -> T {
    resume_unwind(Box::new(stop))
}

fn nanoseconds(ns: f64) -> Duration {
    Duration::from_nanos(ns as u64)
}
