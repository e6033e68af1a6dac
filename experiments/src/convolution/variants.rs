//! The variants: the same convolution in one process, in processes that are sent strips, in processes and threads that share it.
//!
//! The image exists before the measured time begins. Where the output is written in place, its pages have been written to before; strips
//! that come back are put together in new memory, as `vstack` does, and its page faults are measured with it. A pool's start and
//! end are measured, as those of a `with Pool()` block are.

use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::SharedArray;
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter::WorkerReport;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;
use record::Params;

use super::image::{WEIGHTS, answer, image, pixels, touched};
use super::kernels::Kernel;
use super::seam;
use super::strips::{Strip, cut, stitched, with_halo};
use super::tasks::{CANVAS, Canvas, ConvolveAlone, ConvolveInPlace, ConvolveWithHalo};

pub(super) type Fault = Box<dyn Error + Send + Sync>;
pub(super) type Answered = Result<Outcome, Fault>;

/// What a pool gives: its result and the reports of its workers.
type Pooled<T> = Result<(T, Vec<WorkerReport>), multiprocess::Error>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// The parameters, typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) workers: usize,
    seed: u64,
}

impl Setting {
    pub(super) fn new(params: &Params) -> Result<Self, Fault> {
        let size = |name: &str| usize::try_from(params[name]);
        Ok(Self { rows: size("rows")?, cols: size("cols")?, workers: size("workers")?, seed: params["seed"] })
    }

    pub(super) fn image(&self) -> Array2<f64> {
        image(self.rows, self.cols, self.seed)
    }

    /// Puts the image and room for the output where forked workers inherit them.
    pub(super) fn canvas(&self) -> Result<&'static Canvas, Fault> {
        let (rows, cols) = (self.rows, self.cols);
        let image = SharedArray::of(&pixels(rows, cols, self.seed))?;
        let output = SharedArray::zeroed(rows * cols)?;
        CANVAS.set(Canvas { rows, cols, image, output }).expect("a subject runs one variant");
        Ok(CANVAS.get().expect("set just now"))
    }
}

impl Canvas {
    /// The answer in the shared output.
    pub(super) fn answer(&self) -> Result<String, Fault> {
        let view = |output: &[f64]| Ok(answer(ArrayView2::from_shape((self.rows, self.cols), output)?));
        self.output.read(0..self.output.len(), view)?
    }
}

fn serial(params: &Params, kernel: Kernel) -> Answered {
    let setting = Setting::new(params)?;
    let (image, mut output) = (setting.image(), touched(setting.rows, setting.cols));
    let measured = Measured::take(|| {
        kernel.run(image.view(), 0..setting.rows, output.view_mut(), black_box(&WEIGHTS));
        Ok::<_, Infallible>(((), Vec::new()))
    })?;
    let outcome = measured.answer(|()| answer(output.view()));
    if kernel != Kernel::Fast {
        return Ok(outcome);
    }
    let floors = floors(&image)?;
    Ok(floors.into_iter().fold(outcome, |outcome, (name, ns)| outcome.fact(name, ns)))
}

/// What no kernel of this kind can do without, each alone: `floor_ns` reads every pixel once and writes as many, and so does
/// `floor_scale_ns`; `arithmetic_ns` does all multiplications and additions on rows that stay in the cache.
fn floors(image: &Array2<f64>) -> Result<[(&'static str, u64); 3], Fault> {
    let ((rows, cols), pixels) = (image.dim(), image.as_slice().expect("row by row"));
    let timed = |work: &dyn Fn(&mut [f64])| {
        let mut output = touched(rows, cols);
        let begin = Instant::now();
        work(black_box(output.as_slice_mut().expect("row by row")));
        let ns = begin.elapsed().as_nanos();
        black_box(output);
        u64::try_from(ns)
    };
    let copied = timed(&|output| output.copy_from_slice(pixels))?;
    let scaled = timed(&|output| scale(pixels, output))?;
    let near = image.slice(s![..rows.min(3), ..]);
    let in_cache = timed(&|output| {
        let rows_with_pixels = rows.saturating_sub(2);
        let room = &mut output[..cols * rows_with_pixels.min(1)];
        for _ in 0..rows_with_pixels {
            let own = ArrayViewMut2::from_shape((1, cols), black_box(&mut *room)).expect("one row");
            Kernel::Fast.run(black_box(near), 1..2, own, black_box(&WEIGHTS));
        }
    })?;
    Ok([("floor_ns", copied), ("floor_scale_ns", scaled), ("arithmetic_ns", in_cache)])
}

/// A copy that the library cannot take over with stores past the cache: each pixel is doubled on its way, as in the kernel *scale*
/// of STREAM (McCalpin 1995).
fn scale(pixels: &[f64], output: &mut [f64]) {
    for (output, pixel) in output.iter_mut().zip(pixels) {
        *output = 2.0 * pixel;
    }
}

pub(super) fn serial_naive(params: &Params) -> Answered {
    serial(params, Kernel::Naive)
}

pub(super) fn serial_rows(params: &Params) -> Answered {
    serial(params, Kernel::Rows)
}

pub(super) fn serial_fast(params: &Params) -> Answered {
    serial(params, Kernel::Fast)
}

pub(super) fn pool(workers: usize) -> Config {
    Config::new(workers).deadline(POOL_DEADLINE)
}

// ANCHOR: no_halo
/// Cuts the image into strips, sends each to a process, and puts what comes back together.
pub(super) fn by_strips(image: &Arc<Array2<f64>>, workers: usize, kernel: Kernel) -> Pooled<Array2<f64>> {
    let pool = Pool::start(pool(workers))?;
    let strips = cut(image.nrows(), workers).into_iter().map(|rows| Strip::of(image, rows)).collect();
    let convolved = pool.map(ConvolveAlone { kernel, weights: WEIGHTS }, strips, Chunksize::from(1))?;
    Ok((stitched(&convolved, image.ncols()), pool.finish()?))
}
// ANCHOR_END: no_halo

pub(super) fn strips_no_halo(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let image = Arc::new(setting.image());
    let measured = Measured::take(|| by_strips(&image, setting.workers, Kernel::Naive))?;
    let mut found = None;
    let outcome = measured.answer(|output| {
        found = Some(seam::compare(&image, output, setting.workers));
        answer(output.view())
    });
    Ok(seam::report(outcome, found.expect("compared just now")))
}

/// As [`by_strips`], with a row more above and below each strip.
pub(super) fn by_strips_with_halo(image: &Arc<Array2<f64>>, workers: usize, kernel: Kernel) -> Pooled<Array2<f64>> {
    let pool = Pool::start(pool(workers))?;
    let strip = |rows: Range<usize>| {
        let near = with_halo(&rows, image.nrows());
        (rows.start - near.start..rows.end - near.start, Strip::of(image, near))
    };
    let strips = cut(image.nrows(), workers).into_iter().map(strip).collect();
    let convolved = pool.map(ConvolveWithHalo { kernel, weights: WEIGHTS }, strips, Chunksize::from(1))?;
    Ok((stitched(&convolved, image.ncols()), pool.finish()?))
}

fn strips_halo(params: &Params, kernel: Kernel) -> Answered {
    let setting = Setting::new(params)?;
    let image = Arc::new(setting.image());
    let measured = Measured::take(|| by_strips_with_halo(&image, setting.workers, kernel))?;
    Ok(measured.answer(|output| answer(output.view())))
}

pub(super) fn strips_halo_naive(params: &Params) -> Answered {
    strips_halo(params, Kernel::Naive)
}

pub(super) fn strips_halo_fast(params: &Params) -> Answered {
    strips_halo(params, Kernel::Fast)
}

/// Convolves the canvas in place: only the numbers of the rows cross.
pub(super) fn in_place(rows: usize, workers: usize, kernel: Kernel) -> Pooled<()> {
    let pool = Pool::start(pool(workers))?;
    pool.map(ConvolveInPlace { kernel, weights: WEIGHTS }, cut(rows, workers), Chunksize::from(1))?;
    Ok(((), pool.finish()?))
}

fn shared(params: &Params, kernel: Kernel) -> Answered {
    let setting = Setting::new(params)?;
    let canvas = setting.canvas()?;
    let measured = Measured::take(|| in_place(setting.rows, setting.workers, kernel))?;
    let answer = canvas.answer()?;
    Ok(measured.answer(|()| answer))
}

pub(super) fn shared_naive(params: &Params) -> Answered {
    shared(params, Kernel::Naive)
}

pub(super) fn shared_fast(params: &Params) -> Answered {
    shared(params, Kernel::Fast)
}

// ANCHOR: threads
/// Convolves with as many threads, each writing its own strip of the output and reading where it likes.
pub(super) fn on_threads(
    image: &Array2<f64>,
    output: &mut Array2<f64>,
    workers: usize,
    kernel: Kernel,
) -> Result<(), rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build()?;
    let (mut parts, mut rest) = (Vec::new(), output.view_mut());
    for rows in cut(image.nrows(), workers) {
        let (part, below) = rest.split_at(Axis(0), rows.len());
        parts.push((rows, part));
        rest = below;
    }
    let weights = black_box(&WEIGHTS);
    pool.install(|| parts.into_par_iter().for_each(|(rows, part)| kernel.run(image.view(), rows, part, weights)));
    Ok(())
}
// ANCHOR_END: threads

fn threads(params: &Params, kernel: Kernel) -> Answered {
    let setting = Setting::new(params)?;
    let (image, mut output) = (setting.image(), touched(setting.rows, setting.cols));
    let measured = Measured::take(|| {
        on_threads(&image, &mut output, setting.workers, kernel)?;
        Ok::<_, rayon::ThreadPoolBuildError>(((), Vec::new()))
    })?;
    Ok(measured.answer(|()| answer(output.view())))
}

pub(super) fn rayon_naive(params: &Params) -> Answered {
    threads(params, Kernel::Naive)
}

pub(super) fn rayon_fast(params: &Params) -> Answered {
    threads(params, Kernel::Fast)
}
