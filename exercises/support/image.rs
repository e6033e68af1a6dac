//! Images that cross as one block of bytes, and kernels that tell by whom an image was convolved.

use std::ops::Range;
use std::sync::OnceLock;

use bincode::{Decode, Encode};
use multiprocess::{Numbers, SharedAtomic};

/// Pixels, row by row.
///
/// ```
/// use exercises::image::Image;
///
/// let image = Image::noise(5, 3, 1);
/// let halves = [image.strip(0..2), image.strip(2..5)];
/// assert_eq!(Image::stitched(&halves).differing_rows(&image), 0);
/// ```
#[derive(Clone, Debug, Encode, Decode)]
pub struct Image {
    cols: usize,
    pixels: Numbers,
}

impl Image {
    /// An image of these pixels.
    ///
    /// # Panics
    /// If there are no columns, or the last row is not whole.
    pub fn of(cols: usize, pixels: Vec<f64>) -> Self {
        assert!(cols > 0 && pixels.len().is_multiple_of(cols), "{} pixels are no rows of {cols}", pixels.len());
        Self { cols, pixels: pixels.into() }
    }

    /// Pixels from 0 (inclusive) to 1 that look drawn at random, the same for the same seed.
    pub fn noise(rows: usize, cols: usize, seed: u64) -> Self {
        let pixel = |place: u64| {
            let mixed = (seed.rotate_left(32) ^ place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed >> 11) as f64 / (1_u64 << 53) as f64
        };
        Self::of(cols, (1..=(rows * cols) as u64).map(pixel).collect())
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.pixels.len().checked_div(self.cols).unwrap_or(0)
    }

    /// How many columns there are.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// One row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.pixels[row * self.cols..(row + 1) * self.cols]
    }

    /// Some of the rows, as an image of its own.
    ///
    /// # Panics
    /// If they are not all there.
    pub fn strip(&self, rows: Range<usize>) -> Self {
        assert!(
            rows.start <= rows.end && rows.end <= self.rows(),
            "rows {rows:?} of an image that has {}",
            self.rows()
        );
        Self { cols: self.cols, pixels: self.pixels[rows.start * self.cols..rows.end * self.cols].to_vec().into() }
    }

    /// One strip below the other.
    ///
    /// # Panics
    /// If there is none, or they are not equally wide.
    pub fn stitched(strips: &[Self]) -> Self {
        let cols = strips.first().expect("an image of at least one strip").cols;
        assert!(strips.iter().all(|strip| strip.cols == cols), "the strips are not equally wide");
        Self::of(cols, strips.iter().flat_map(|strip| strip.pixels.iter().copied()).collect())
    }

    /// How many rows are not the same in both, to the last bit; those that only one has are among them.
    pub fn differing_rows(&self, other: &Self) -> u64 {
        let bits = |image: &Self, row| {
            (row < image.rows()).then(|| image.row(row).iter().map(|pixel| pixel.to_bits()).collect::<Vec<u64>>())
        };
        (0..self.rows().max(other.rows())).filter(|row| bits(self, *row) != bits(other, *row)).count() as u64
    }
}

/// The weights of a square around a pixel, which becomes the sum of the pixels in it, each times its weight.
///
/// What processes convolve that were forked after the first kernel was made is counted.
///
/// ```
/// use exercises::image::{Image, Kernel};
///
/// let blurred = Kernel::lopsided(1).convolve(&Image::noise(5, 5, 1));
/// assert_eq!(blurred.row(0), [0.0; 5]);
/// assert!(blurred.row(1)[1] > 0.0);
/// ```
#[derive(Clone, Debug, Encode, Decode)]
pub struct Kernel {
    radius: usize,
    weights: Vec<f64>,
}

/// What forked workers count, in memory that they share with their parent.
#[derive(Debug)]
struct Convolved {
    parent: u32,
    rows: SharedAtomic<u64>,
    largest: SharedAtomic<u64>,
}

static CONVOLVED: OnceLock<Convolved> = OnceLock::new();

impl Kernel {
    /// A blur of 2 x `radius` + 1 by as many pixels. All its weights are different, so that no two neighbours can be mixed up unnoticed.
    ///
    /// # Panics
    /// If there is no shared memory to count in.
    pub fn lopsided(radius: usize) -> Self {
        CONVOLVED.get_or_init(|| {
            let counter = || SharedAtomic::new(0).expect("a few bytes of shared memory");
            Convolved { parent: std::process::id(), rows: counter(), largest: counter() }
        });
        let count = (2 * radius + 1) * (2 * radius + 1);
        let sum = (count * (count + 1) / 2) as f64;
        Self { radius, weights: (1..=count).map(|weight| weight as f64 / sum).collect() }
    }

    /// How many rows and columns it looks beyond a pixel.
    pub fn radius(&self) -> usize {
        self.radius
    }

    /// Convolves an image. What is nearer to its border than the radius is left black, and is no work.
    pub fn convolve(&self, image: &Image) -> Image {
        let (radius, cols) = (self.radius, image.cols);
        let mut output = vec![0.0; image.pixels.len()];
        let inner = radius..image.rows().saturating_sub(radius);
        for row in inner.clone() {
            for col in radius..cols.saturating_sub(radius) {
                let lines = self.weights.chunks_exact(2 * radius + 1).zip(row - radius..);
                let products = lines.flat_map(|(weights, line)| {
                    let near = &image.row(line)[col - radius..=col + radius];
                    near.iter().zip(weights).map(|(pixel, weight)| pixel * weight)
                });
                output[row * cols + col] = products.sum();
            }
        }
        if let Some(convolved) = CONVOLVED.get().filter(|convolved| convolved.parent != std::process::id()) {
            convolved.rows.fetch_add(inner.len() as u64);
            raise(&convolved.largest, image.rows() as u64);
        }
        Image::of(cols, output)
    }

    /// How many rows were convolved by forked processes so far, each as often as it was.
    pub fn rows_by_workers() -> u64 {
        CONVOLVED.get().map_or(0, |convolved| convolved.rows.load())
    }

    /// How many rows the largest image had that a forked process convolved so far.
    pub fn largest_by_workers() -> u64 {
        CONVOLVED.get().map_or(0, |convolved| convolved.largest.load())
    }
}

/// Makes `most` at least `seen`.
pub(crate) fn raise(most: &SharedAtomic<u64>, seen: u64) {
    let mut now = most.load();
    while now < seen {
        match most.compare_exchange(now, seen) {
            Ok(_) => return,
            Err(other) => now = other,
        }
    }
}
