//! Sweeps over the number of workers: what each kernel gains from more processes, and from more threads.
//!
//! Every point is one whole convolution as the variants do it, the start and the end of the pool included. The points come in an order that
//! differs between subjects. Every result is checked against the others, between the timed parts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome, environment};
use multiprocess::classic::{Chunksize, Pool};
use ndarray::Array2;
use record::Params;

use super::image::{answer, touched};
use super::kernels::Kernel;
use super::strips::{Strip, cut, stitched};
use super::tasks::{Canvas, SendBack};
use super::variants::{Answered, Fault, Setting, by_strips_with_halo, in_place, on_threads, pool};
use crate::turns;

/// From one to twice the cores, the post's four among them; on many cores not every number.
fn worker_counts() -> Vec<usize> {
    let cores = environment::usable_cores();
    let mut counts: Vec<usize> = [1, 2, 3, 4, cores, 2 * cores].into();
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// The points of a sweep, and the one answer that all of them gave.
#[derive(Default)]
struct Sweep {
    answer: Option<String>,
    convolutions: u64,
    /// By name, a time for each of the [`worker_counts`].
    series: BTreeMap<&'static str, Vec<u64>>,
}

impl Sweep {
    /// Takes every way at every number of workers once, in the order that is drawn for `round`. A way comes with the name of its series, and
    /// `point` returns the time that it took.
    fn take<W: Copy>(
        &mut self,
        round: usize,
        ways: &[(&'static str, W)],
        mut point: impl FnMut(&mut Self, usize, W) -> Result<Duration, Fault>,
    ) -> Result<(), Fault> {
        let counts = worker_counts();
        for turn in turns::order(counts.len() * ways.len(), round) {
            let (at, (name, way)) = (turn / ways.len(), ways[turn % ways.len()]);
            let time = point(self, counts[at], way)?;
            self.series.entry(name).or_insert_with(|| vec![0; counts.len()])[at] = u64::try_from(time.as_nanos())?;
        }
        Ok(())
    }

    /// Compares an answer to those before it.
    fn check(&mut self, answer: String) -> Result<(), Fault> {
        self.convolutions += 1;
        match &self.answer {
            Some(first) if *first != answer => {
                Err(format!("the sweep gave {first} at first and {answer} later").into())
            }
            _ => {
                self.answer = Some(answer);
                Ok(())
            }
        }
    }
}

/// Runs a sweep and reports it. The elapsed time is that of one convolution on average, and says little; the series say more.
fn swept(sweep: impl FnOnce(&mut Sweep) -> Result<(), Fault>) -> Answered {
    let measured = Measured::take(|| {
        let mut points = Sweep::default();
        sweep(&mut points)?;
        // The workers of all these pools are many, and are not reported one by one.
        Ok::<_, Fault>((points, Vec::new()))
    })?;
    let mut points = Sweep::default();
    let outcome = measured.answer(|sweep| {
        points.series.clone_from(&sweep.series);
        points.convolutions = sweep.convolutions;
        sweep.answer.clone().unwrap_or_default()
    });
    let workers = worker_counts().into_iter().map(|count| count as u64).collect();
    let outcome = outcome.iterations(points.convolutions).series("workers", workers);
    Ok(points.series.into_iter().fold(outcome, |outcome: Outcome, (name, series)| outcome.series(name, series)))
}

pub(super) fn scaling_processes(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let canvas = setting.canvas()?;
    swept(|sweep| {
        let in_memory = [
            ("naive_shared_ns", Some(Kernel::Naive)),
            ("fast_shared_ns", Some(Kernel::Fast)),
            // A pool that does nothing.
            ("start_ns", None),
        ];
        sweep.take(0, &in_memory, |sweep, workers, kernel| match kernel {
            Some(kernel) => shared_point(sweep, canvas, workers, kernel),
            None => start_point(workers),
        })?;
        // Made only now, because each fork copies the page tables of whatever is not shared.
        let image = Arc::new(setting.image());
        let by_pipes = [
            ("naive_pipes_ns", Some(Kernel::Naive)),
            ("fast_pipes_ns", Some(Kernel::Fast)),
            // Strips to which nothing is done.
            ("crossing_ns", None),
        ];
        sweep.take(2, &by_pipes, |sweep, workers, kernel| match kernel {
            Some(kernel) => pipes_point(sweep, &image, workers, kernel),
            None => crossing_point(&image, workers),
        })
    })
}

fn start_point(workers: usize) -> Result<Duration, Fault> {
    let begin = Instant::now();
    Pool::start(pool(workers))?.finish()?;
    Ok(begin.elapsed())
}

fn pipes_point(sweep: &mut Sweep, image: &Arc<Array2<f64>>, workers: usize, kernel: Kernel) -> Result<Duration, Fault> {
    let begin = Instant::now();
    let (output, _) = by_strips_with_halo(image, workers, kernel)?;
    let elapsed = begin.elapsed();
    sweep.check(answer(output.view()))?;
    Ok(elapsed)
}

fn shared_point(sweep: &mut Sweep, canvas: &Canvas, workers: usize, kernel: Kernel) -> Result<Duration, Fault> {
    canvas.output.write(0..canvas.output.len(), |output| output.fill(0.0))?;
    let begin = Instant::now();
    in_place(canvas.rows, workers, kernel)?;
    let elapsed = begin.elapsed();
    sweep.check(canvas.answer()?)?;
    Ok(elapsed)
}

fn crossing_point(image: &Arc<Array2<f64>>, workers: usize) -> Result<Duration, Fault> {
    let begin = Instant::now();
    let sent_back = there_and_back(image, workers)?;
    let elapsed = begin.elapsed();
    if sent_back != **image {
        return Err("strips came back changed".into());
    }
    Ok(elapsed)
}

/// The strips cross both ways and nothing is done to them: no kernel can be so fast that strips through pipes take less.
fn there_and_back(image: &Arc<Array2<f64>>, workers: usize) -> Result<Array2<f64>, Fault> {
    let pool = Pool::start(pool(workers))?;
    let strips = cut(image.nrows(), workers).into_iter().map(|rows| Strip::of(image, rows)).collect();
    let strips = pool.map(SendBack, strips, Chunksize::from(1))?;
    let image = stitched(&strips, image.ncols());
    pool.finish()?;
    Ok(image)
}

pub(super) fn scaling_threads(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let image = setting.image();
    let mut output = touched(setting.rows, setting.cols);
    swept(|sweep| {
        let on_threads_alone = [("naive_threads_ns", Kernel::Naive), ("fast_threads_ns", Kernel::Fast)];
        sweep.take(0, &on_threads_alone, |sweep, workers, kernel| {
            output.fill(0.0);
            let begin = Instant::now();
            on_threads(&image, &mut output, workers, kernel)?;
            let elapsed = begin.elapsed();
            sweep.check(answer(output.view()))?;
            Ok(elapsed)
        })
    })
}
