//! The computation that every variant does: products of square matrices, and a checksum that covers all of them.

use std::time::{Duration, Instant};

use ndarray::Array2;

/// The products of one worker, one after another, on one core.
#[derive(Debug)]
pub(super) struct Products {
    worker: u64,
    left: Array2<f64>,
    right: Array2<f64>,
    /// The checksum of all products so far.
    pub(super) checksum: u64,
    /// The time inside the product itself, waiting for a core included.
    pub(super) time: Duration,
}

/// Entries are whole numbers below this: every sum of their products is exact, so that any order of summing gives the same bits.
const ENTRIES_BELOW: usize = 16;

impl Products {
    pub(super) fn new(worker: usize, size: usize) -> Self {
        let entry = |row: usize, column: usize| ((worker + 7 * row + 3 * column + row * column) % ENTRIES_BELOW) as f64;
        let left = Array2::from_shape_fn((size, size), |(row, column)| entry(row, column));
        let right = Array2::from_shape_fn((size, size), |(row, column)| entry(column + 1, row));
        Self { worker: worker as u64, left, right, checksum: 0, time: Duration::ZERO }
    }

    /// Multiplies once more. The first row changes with the iteration, so that no two products are the same.
    pub(super) fn next(&mut self, iteration: u64) {
        let begin = Instant::now();
        for (column, entry) in self.left.row_mut(0).iter_mut().enumerate() {
            *entry = ((iteration as usize + column) % ENTRIES_BELOW) as f64;
        }
        let product = self.left.dot(&self.right);
        self.time += begin.elapsed();
        let bits = product.iter().fold(0, |sum: u64, entry| sum.wrapping_add(entry.to_bits()));
        // Workers finish in any order, so their shares are added up; the mixing keeps two that are swapped from passing unnoticed.
        self.checksum = self.checksum.wrapping_add(mixed(mixed(self.worker << 32 | iteration) ^ bits));
    }
}

/// One step of splitmix64: every bit of the input moves every bit of the output.
pub(super) fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
