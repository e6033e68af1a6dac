//! What the pools of this lesson map.

use std::ops::Range;
use std::sync::OnceLock;

use bincode::{Decode, Encode};
use multiprocess::{Function, SharedArray, register_function};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use super::image::Weights;
use super::kernels::Kernel;
use super::strips::{Strip, with_halo};

// ANCHOR: alone
/// The post's task: a strip is convolved as if it were an image of its own.
#[derive(Encode, Decode)]
pub(crate) struct ConvolveAlone {
    pub(crate) kernel: Kernel,
    pub(crate) weights: Weights,
}

impl Function for ConvolveAlone {
    const NAME: &'static str = "convolution::ConvolveAlone";
    type State = ();
    type Item = Strip;
    type Output = Strip;

    fn call(&self, _: &(), strip: Strip) -> Strip {
        let image = strip.view();
        let mut output = Array2::zeros(image.dim());
        self.kernel.run(image, 0..image.nrows(), output.view_mut(), &self.weights);
        Strip::whole(output)
    }
}
register_function!(ConvolveAlone);
// ANCHOR_END: alone

// ANCHOR: halo
/// A strip comes with its halo and goes back without: the rows of the image that are its own are named beside it.
#[derive(Encode, Decode)]
pub(crate) struct ConvolveWithHalo {
    pub(crate) kernel: Kernel,
    pub(crate) weights: Weights,
}

impl Function for ConvolveWithHalo {
    const NAME: &'static str = "convolution::ConvolveWithHalo";
    type State = ();
    type Item = (Range<usize>, Strip);
    type Output = Strip;

    fn call(&self, _: &(), (own, strip): (Range<usize>, Strip)) -> Strip {
        let image = strip.view();
        let mut output = Array2::zeros((own.len(), image.ncols()));
        self.kernel.run(image, own, output.view_mut(), &self.weights);
        Strip::whole(output)
    }
}
register_function!(ConvolveWithHalo);
// ANCHOR_END: halo

/// Sends a strip back as it came: what the crossing costs if the work costs nothing.
#[derive(Encode, Decode)]
pub(crate) struct SendBack;

impl Function for SendBack {
    const NAME: &'static str = "convolution::SendBack";
    type State = ();
    type Item = Strip;
    type Output = Strip;

    fn call(&self, _: &(), strip: Strip) -> Strip {
        strip
    }
}
register_function!(SendBack);

/// The image and the output in memory that forked workers inherit.
#[derive(Debug)]
pub(crate) struct Canvas {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) image: SharedArray<f64>,
    pub(crate) output: SharedArray<f64>,
}

/// The canvas of this process and of the workers it forks.
pub(crate) static CANVAS: OnceLock<Canvas> = OnceLock::new();

// ANCHOR: shared
/// Convolves rows of the canvas in place: two numbers come, and nothing goes back.
#[derive(Encode, Decode)]
pub(crate) struct ConvolveInPlace {
    pub(crate) kernel: Kernel,
    pub(crate) weights: Weights,
}

impl Function for ConvolveInPlace {
    const NAME: &'static str = "convolution::ConvolveInPlace";
    type State = ();
    type Item = Range<usize>;
    type Output = ();

    fn call(&self, _: &(), rows: Range<usize>) {
        let canvas = CANVAS.get().expect("the canvas is there before the fork");
        let numbers = |rows: &Range<usize>| rows.start * canvas.cols..rows.end * canvas.cols;
        let near = with_halo(&rows, canvas.rows);
        let convolved = canvas.image.read(numbers(&near), |image| {
            canvas.output.write(numbers(&rows), |output| {
                let image = ArrayView2::from_shape((near.len(), canvas.cols), image).expect("whole rows");
                let output = ArrayViewMut2::from_shape((rows.len(), canvas.cols), output).expect("whole rows");
                let own = rows.start - near.start..rows.end - near.start;
                self.kernel.run(image, own, output, &self.weights);
            })
        });
        convolved.and_then(|written| written).expect("strips do not overlap");
    }
}
register_function!(ConvolveInPlace);
// ANCHOR_END: shared
