//! What is wrong at the seams: the rows that differ from the serial result, and a small region around the first seam to look at.

use std::ops::Range;

use harness::Outcome;
use ndarray::{Array2, s};
use record::COUNTED_IN;

use super::image::WEIGHTS;
use super::kernels::Kernel;
use super::strips::cut;

/// How much of the image is recorded around the first seam.
const REGION_ROWS: usize = 8;
const REGION_COLS: usize = 24;

/// A stitched image beside the serial one.
pub(super) struct Compared {
    rows: usize,
    seams: usize,
    differing: Vec<usize>,
    region: (Range<usize>, Range<usize>),
    stitched: Vec<u64>,
    serial: Vec<u64>,
}

/// Compares `stitched`, made of `strips` strips, to the serial result, row by row and bit by bit.
pub(super) fn compare(image: &Array2<f64>, stitched: &Array2<f64>, strips: usize) -> Compared {
    let (rows, cols) = image.dim();
    let mut serial = Array2::zeros((rows, cols));
    Kernel::Fast.run(image.view(), 0..rows, serial.view_mut(), &WEIGHTS);
    let differs = |row: &usize| {
        let pixels = serial.row(*row).into_iter().zip(stitched.row(*row));
        pixels.into_iter().any(|(serial, stitched)| serial.to_bits() != stitched.to_bits())
    };
    let cuts = cut(rows, strips);
    let region = region(cuts.first().map_or(0, Range::len), rows, cols);
    let seen = |image: &Array2<f64>| {
        let pixels = image.slice(s![region.0.clone(), region.1.clone()]);
        pixels.iter().map(|pixel| (pixel * 1_000.0).round() as u64).collect()
    };
    Compared {
        rows,
        seams: cuts.len().saturating_sub(1),
        differing: (0..rows).filter(differs).collect(),
        stitched: seen(stitched),
        serial: seen(&serial),
        region,
    }
}

/// The rows around the first row below `seam` and the columns in the middle.
fn region(seam: usize, rows: usize, cols: usize) -> (Range<usize>, Range<usize>) {
    let around = |middle: usize, width: usize, end: usize| {
        let first = middle.saturating_sub(width / 2).min(end.saturating_sub(width));
        first..(first + width).min(end)
    };
    (around(seam, REGION_ROWS, rows), around(cols / 2, REGION_COLS, cols))
}

/// Adds what was found to the outcome.
pub(super) fn report(outcome: Outcome, found: Compared) -> Outcome {
    let numbers = |rows: &[usize]| rows.iter().map(|row| *row as u64).collect::<Vec<u64>>();
    let (differing, count) = (numbers(&found.differing), found.differing.len() as u64);
    let outcome = outcome
        .fault_seen(count, found.rows as u64)
        .note(COUNTED_IN, "rows")
        .fact("seams", found.seams as u64)
        .fact("differing_rows", count)
        .fact("region_first_row", found.region.0.start as u64)
        .fact("region_first_column", found.region.1.start as u64)
        .fact("region_columns", found.region.1.len() as u64)
        .series("differing_row", differing)
        .series("stitched_permille", found.stitched)
        .series("serial_permille", found.serial);
    match (found.seams, count) {
        (0, _) => outcome.no_room("one strip has no seam"),
        (_, 0) => outcome.no_room("no seam lies between two rows of pixels that have all their neighbours"),
        _ => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_lies_around_the_seam_and_inside_the_image() {
        assert_eq!(region(500, 2_000, 2_000), (496..504, 988..1_012));
        assert_eq!(region(1, 10, 5), (0..8, 0..5));
        assert_eq!(region(9, 10, 24), (2..10, 0..24));
        assert_eq!(region(0, 0, 0), (0..0, 0..0));
    }
}
