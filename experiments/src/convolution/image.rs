//! The image, the weights, and the answer.

use harness::Random;
use ndarray::{Array2, ArrayView2};

/// The nine weights of a 3x3 kernel, row by row.
pub(crate) type Weights = [[f64; 3]; 3];

// ANCHOR: weights
/// Nine different weights whose sum is one: a lopsided blur, in which no two neighbours can be mixed up unnoticed.
pub(crate) const WEIGHTS: Weights =
    [[1.0 / 45.0, 2.0 / 45.0, 3.0 / 45.0], [4.0 / 45.0, 5.0 / 45.0, 6.0 / 45.0], [7.0 / 45.0, 8.0 / 45.0, 9.0 / 45.0]];
// ANCHOR_END: weights

/// The pixels of a random image, row by row, from 0 (inclusive) to 1; the same for the same seed in every lane.
pub(crate) fn pixels(rows: usize, cols: usize, seed: u64) -> Vec<f64> {
    // The high 53 bits of each number, which a float64 holds exactly.
    let pixel = |number: u64| (number >> 11) as f64 / (1_u64 << 53) as f64;
    Random::seeded(seed).take(rows * cols).map(pixel).collect()
}

/// A random image.
pub(crate) fn image(rows: usize, cols: usize, seed: u64) -> Array2<f64> {
    shaped(rows, cols, pixels(rows, cols, seed))
}

/// Pixels as an image of this shape.
pub(crate) fn shaped(rows: usize, cols: usize, pixels: Vec<f64>) -> Array2<f64> {
    Array2::from_shape_vec((rows, cols), pixels).expect("as many pixels as the shape has")
}

/// A black image whose memory has been written to, so that no page of it is missing any more.
pub(crate) fn touched(rows: usize, cols: usize) -> Array2<f64> {
    let mut image = Array2::from_elem((rows, cols), 1.0);
    // Without the box the compiler could make it black in the first place, and the kernel would hand out its page of zeros.
    std::hint::black_box(&mut image).fill(0.0);
    image
}

/// The answer: the sum of (row + 1) x CRC-32 of each row's bytes, modulo 2^64. Equal only if all pixels are, to the last bit;
/// Python's zlib computes the same.
pub(crate) fn answer(image: ArrayView2<'_, f64>) -> String {
    let mut bytes = Vec::with_capacity(image.ncols() * 8);
    let mut sum = 0_u64;
    for (number, row) in (1..).zip(image.rows()) {
        bytes.clear();
        bytes.extend(row.iter().flat_map(|pixel| pixel.to_le_bytes()));
        sum = sum.wrapping_add(u64::wrapping_mul(number, crc32fast::hash(&bytes).into()));
    }
    format!("{sum:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_a_blur() {
        let sum: f64 = WEIGHTS.as_flattened().iter().sum();
        assert!((sum - 1.0).abs() < 1e-15, "{sum}");
    }

    #[test]
    fn the_pixels_are_those_that_any_lane_computes() {
        let first = Random::seeded(1).next().unwrap();
        assert_eq!(pixels(1, 1, 1), [(first >> 11) as f64 * 2_f64.powi(-53)]);
        assert!(pixels(100, 100, 7).iter().all(|pixel| (0.0..1.0).contains(pixel)));
    }

    #[test]
    fn an_answer_knows_every_bit_and_every_place() {
        // CRC-32 of eight zero bytes, as zlib.crc32(bytes(8)) gives it: 0x6522df69.
        assert_eq!(answer(Array2::zeros((1, 1)).view()), format!("{:016x}", 0x6522_df69_u64));
        assert_eq!(answer(Array2::zeros((0, 5)).view()), format!("{:016x}", 0));
        let mut one = image(5, 4, 1);
        let before = answer(one.view());
        one[[2, 2]] = f64::from_bits(one[[2, 2]].to_bits() ^ 1);
        assert_ne!(answer(one.view()), before);
        let mut negative = Array2::zeros((1, 1));
        negative[[0, 0]] = -0.0;
        assert_ne!(answer(negative.view()), answer(Array2::zeros((1, 1)).view()));
    }
}
