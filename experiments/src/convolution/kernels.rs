//! Three kernels that compute the same convolution, bit for bit: every pixel adds its nine products in the same order.
//!
//! As the post's loop, all of them leave the pixels on the image's border as they are, which is black, and none flips the
//! weights: strictly a cross-correlation. A sum begins with -0, to which adding changes nothing; `Iterator::sum` does the same.

use std::ops::Range;

use bincode::{Decode, Encode};
use multiprocess::with_wide_vectors;
use ndarray::{ArrayView2, ArrayViewMut2, s};

use super::image::Weights;

/// Which of the kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Kernel {
    /// Pixel by pixel, each by an expression on small arrays.
    Naive,
    /// Row by row over slices.
    Rows,
    /// Row by row, in lanes as wide as the processor's vectors.
    Fast,
}

impl Kernel {
    /// Convolves the `rows` of `image` into `output`, which has just these rows.
    pub(crate) fn run(
        self,
        image: ArrayView2<'_, f64>,
        rows: Range<usize>,
        output: ArrayViewMut2<'_, f64>,
        weights: &Weights,
    ) {
        match self {
            Self::Naive => naive(image, rows, output, weights),
            Self::Rows => inner(image, rows, output).for_each(|(lines, output)| row(lines, weights, output)),
            Self::Fast => with_wide_vectors(
                #[inline(always)]
                || {
                    for (lines, output) in inner(image, rows, output) {
                        row_in_lanes(lines, weights, output);
                    }
                },
            ),
        }
    }
}

// ANCHOR: naive
/// The post's loop: for every pixel that has eight neighbours, cut out its neighbourhood, multiply it with the weights, and add up.
fn naive(image: ArrayView2<'_, f64>, rows: Range<usize>, mut output: ArrayViewMut2<'_, f64>, weights: &Weights) {
    let weights = ArrayView2::from(weights);
    for i in rows.start.max(1)..rows.end.min(image.nrows().saturating_sub(1)) {
        for j in 1..image.ncols().saturating_sub(1) {
            let products = &image.slice(s![i - 1..i + 2, j - 1..j + 2]) * &weights;
            output[[i - rows.start, j]] = products.iter().sum();
        }
    }
}
// ANCHOR_END: naive

/// Of every row that is not the image's first or last: the three rows of the image around it, and the room for all its pixels but the
/// two at the ends.
fn inner<'a>(
    image: ArrayView2<'a, f64>,
    rows: Range<usize>,
    output: ArrayViewMut2<'a, f64>,
) -> impl Iterator<Item = ([&'a [f64]; 3], &'a mut [f64])> {
    let (height, width) = image.dim();
    let line = move |i| image.slice_move(s![i, ..]).to_slice().expect("rows lie in one piece");
    let output = output.into_slice().expect("rows lie in one piece");
    let with_room = rows.zip(output.chunks_exact_mut(width.max(1)));
    let with_room = with_room.filter(move |(i, _)| width >= 3 && (1..height - 1).contains(i));
    with_room.map(move |(i, own)| ([line(i - 1), line(i), line(i + 1)], &mut own[1..width - 1]))
}

// ANCHOR: rows
/// The same sum over slices: the ends of the windows are known, and nothing is left to check.
fn row([above, own, below]: [&[f64]; 3], weights: &Weights, output: &mut [f64]) {
    let windows = above.windows(3).zip(own.windows(3)).zip(below.windows(3));
    for (pixel, ((above, own), below)) in output.iter_mut().zip(windows) {
        let neighbours = above.iter().chain(own).chain(below);
        *pixel = neighbours.zip(weights.as_flattened()).map(|(neighbour, weight)| neighbour * weight).sum();
    }
}
// ANCHOR_END: rows

// ANCHOR: fast
/// How many pixels of a row are computed side by side: four vectors of AVX2.
const LANES: usize = 16;

/// The same sum for several pixels at once. Each lane adds in the same order as ever, so that the bits are the same.
#[inline(always)]
fn row_in_lanes(lines: [&[f64]; 3], weights: &Weights, output: &mut [f64]) {
    let whole = output.len() / LANES * LANES;
    let (lanes, rest) = output.split_at_mut(whole);
    for (number, pixels) in lanes.chunks_exact_mut(LANES).enumerate() {
        let mut sums = [-0.0; LANES];
        for (line, weights) in lines.iter().zip(weights) {
            let near: &[f64; LANES + 2] = line[number * LANES..].first_chunk().expect("two pixels more than output");
            for (b, weight) in weights.iter().enumerate() {
                for lane in 0..LANES {
                    sums[lane] += near[lane + b] * weight;
                }
            }
        }
        pixels.copy_from_slice(&sums);
    }
    row(lines.map(|line| &line[whole..]), weights, rest);
}
// ANCHOR_END: fast

#[cfg(test)]
mod tests {
    use super::super::image::{WEIGHTS, image};
    use super::*;
    use ndarray::Array2;

    fn convolved(kernel: Kernel, image: &Array2<f64>) -> Array2<f64> {
        let mut output = Array2::zeros(image.dim());
        kernel.run(image.view(), 0..image.nrows(), output.view_mut(), &WEIGHTS);
        output
    }

    fn bits(image: &Array2<f64>) -> Vec<u64> {
        image.iter().map(|pixel| pixel.to_bits()).collect()
    }

    #[test]
    fn a_single_bright_pixel_spreads_by_the_weights_turned_around() {
        let mut point = Array2::zeros((5, 5));
        point[[2, 2]] = 1.0;
        let output = convolved(Kernel::Naive, &point);
        for i in 0..5 {
            for j in 0..5 {
                let near = (1..4).contains(&i) && (1..4).contains(&j);
                let expected = if near { WEIGHTS[3 - i][3 - j] } else { 0.0 };
                assert_eq!(output[[i, j]], expected, "{i}, {j}");
            }
        }
    }

    #[test]
    fn all_kernels_give_the_same_bits_for_every_shape() {
        for rows in [0, 1, 2, 3, 4, 7, 31] {
            for cols in [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 17, 18, 19, 97] {
                let image = image(rows, cols, 3) - 0.5;
                let expected = bits(&convolved(Kernel::Naive, &image));
                for kernel in [Kernel::Rows, Kernel::Fast] {
                    assert_eq!(bits(&convolved(kernel, &image)), expected, "{kernel:?} of {rows} x {cols}");
                }
            }
        }
    }

    #[test]
    fn negative_zeros_are_the_same_too() {
        let image = Array2::from_elem((12, 23), -0.0);
        let expected = bits(&convolved(Kernel::Naive, &image));
        assert_eq!(expected[23 + 1], (-0.0_f64).to_bits());
        assert_eq!(bits(&convolved(Kernel::Rows, &image)), expected);
        assert_eq!(bits(&convolved(Kernel::Fast, &image)), expected);
    }

    #[test]
    fn parts_of_the_rows_are_the_same_as_the_whole() {
        let image = image(23, 19, 5);
        for kernel in [Kernel::Naive, Kernel::Rows, Kernel::Fast] {
            let whole = convolved(kernel, &image);
            for (first, end) in [(0, 1), (0, 7), (7, 8), (8, 8), (8, 23), (22, 23)] {
                let mut part = Array2::zeros((end - first, 19));
                kernel.run(image.view(), first..end, part.view_mut(), &WEIGHTS);
                assert_eq!(bits(&part), bits(&whole.slice(s![first..end, ..]).to_owned()), "{kernel:?} {first}..{end}");
            }
        }
    }
}
