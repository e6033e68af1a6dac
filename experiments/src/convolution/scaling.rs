//! Sweeps over the number of workers: what each kernel gains from more processes, and from more threads.
//!
//! Every point is one whole convolution as the variants do it, the start and the end of the pool included. Every result is checked
//! against the others, between the timed parts.

use std::sync::Arc;
use std::time::Instant;

use harness::{Measured, Outcome, environment};
use multiprocess::classic::{Chunksize, Pool};
use ndarray::{Array2, ArrayView2};
use record::Params;

use super::image::{answer, touched};
use super::kernels::Kernel;
use super::strips::{Strip, cut, stitched};
use super::tasks::{Canvas, SendBack};
use super::variants::{Answered, Fault, Setting, by_strips_with_halo, in_place, on_threads, pool};

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
    series: Vec<(&'static str, Vec<u64>)>,
}

impl Sweep {
    /// Adds a point to the series called `name`.
    fn point(&mut self, name: &'static str, begin: Instant) -> Result<(), Fault> {
        let ns = u64::try_from(begin.elapsed().as_nanos())?;
        match self.series.iter_mut().find(|(known, _)| *known == name) {
            Some((_, points)) => points.push(ns),
            None => self.series.push((name, vec![ns])),
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
        for workers in worker_counts() {
            shared_point(sweep, canvas, workers, Kernel::Naive, "naive_shared_ns")?;
            shared_point(sweep, canvas, workers, Kernel::Fast, "fast_shared_ns")?;
            let begin = Instant::now();
            Pool::start(pool(workers))?.finish()?;
            sweep.point("start_ns", begin)?;
        }
        // Made only now, because each fork copies the page tables of whatever is not shared.
        let image = Arc::new(setting.image());
        for workers in worker_counts() {
            pipes_point(sweep, &image, workers, Kernel::Naive, "naive_pipes_ns")?;
            pipes_point(sweep, &image, workers, Kernel::Fast, "fast_pipes_ns")?;
            let begin = Instant::now();
            let sent_back = there_and_back(&image, workers)?;
            sweep.point("crossing_ns", begin)?;
            if sent_back != *image {
                return Err("strips came back changed".into());
            }
        }
        Ok(())
    })
}

fn pipes_point(
    sweep: &mut Sweep,
    image: &Arc<Array2<f64>>,
    workers: usize,
    kernel: Kernel,
    name: &'static str,
) -> Result<(), Fault> {
    let begin = Instant::now();
    let (output, _) = by_strips_with_halo(image, workers, kernel)?;
    sweep.point(name, begin)?;
    sweep.check(answer(output.view()))
}

fn shared_point(
    sweep: &mut Sweep,
    canvas: &Canvas,
    workers: usize,
    kernel: Kernel,
    name: &'static str,
) -> Result<(), Fault> {
    canvas.output.write(0..canvas.output.len(), |output| output.fill(0.0))?;
    let begin = Instant::now();
    in_place(canvas.rows, workers, kernel)?;
    sweep.point(name, begin)?;
    sweep.check(canvas.answer()?)
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
        for workers in worker_counts() {
            for (kernel, name) in [(Kernel::Naive, "naive_threads_ns"), (Kernel::Fast, "fast_threads_ns")] {
                output.fill(0.0);
                let begin = Instant::now();
                on_threads(&image, &mut output, workers, kernel)?;
                sweep.point(name, begin)?;
                let view: ArrayView2<'_, f64> = output.view();
                sweep.check(answer(view))?;
            }
        }
        Ok(())
    })
}
