//! Give each strip its halo.
//!
//! Workers blur an image, a strip each. What is nearer to the edge of a strip than the kernel's radius, a worker takes for the border of
//! the image and leaves black: so there is a dark line at every seam, and nobody says so. A strip needs some rows of its neighbours, its
//! halo; how many depends on the kernel and on how many times in a row it is applied. Send each strip with the rows that it needs, and keep
//! only those that are its own. Counted: rows that are not as in one piece, and rows that cross although nobody needs them.

use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use exercises::Sheet;
use exercises::image::{Image, Kernel};
use multiprocess::pool::{Config, Pool, Workers};
use multiprocess::{Error, Function, meter};

/// Blurs a strip `passes` times in a row, as if it were an image of its own, and returns those of its rows that are named beside it.
#[derive(bincode::Encode, bincode::Decode)]
struct Blur {
    kernel: Kernel,
    passes: usize,
}

impl Function for Blur {
    const NAME: &'static str = "convolution_halo::Blur";
    type State = ();
    type Item = (Image, Range<usize>);
    type Output = Image;

    fn call(&self, _: &(), (strip, kept): (Image, Range<usize>)) -> Image {
        let blurred = (0..self.passes).fold(strip, |strip, _| self.kernel.convolve(&strip));
        blurred.strip(kept)
    }
}
multiprocess::register_function!(Blur);

/// The rows of each strip: as even as can be, and none empty.
fn cut(rows: usize, strips: usize) -> Vec<Range<usize>> {
    let strips = strips.min(rows);
    (0..strips).map(|strip| strip * rows / strips..(strip + 1) * rows / strips).collect()
}

/// The image, blurred `passes` times in a row by `workers` workers, each of which is sent one strip, once.
pub fn blurred(image: &Image, kernel: &Kernel, passes: usize, workers: usize) -> Result<Image, Error> {
    let pool = Pool::start(Config::new(workers))?;
    let strips = cut(image.rows(), workers).into_iter();
    // BEGIN SOLUTION
    //| // TODO: a strip is sent without its neighbours' rows.
    //| let items = strips.map(|own| (image.strip(own.clone()), 0..own.len()));
    let reach = kernel.radius() * passes;
    let items = strips.map(|own| {
        let needed = own.start.saturating_sub(reach)..(own.end + reach).min(image.rows());
        let kept = own.start - needed.start..own.end - needed.start;
        (image.strip(needed), kept)
    });
    // END SOLUTION
    let blurred = pool.map(Blur { kernel: kernel.clone(), passes }, items.collect(), 1)?;
    pool.finish(Duration::from_secs(5))?;
    Ok(Image::stitched(&blurred))
}

fn main() -> ExitCode {
    multiprocess::init();
    let image = Image::noise(40, 512, 1);
    let mut sheet = Sheet::new();
    let (three, five) = (Kernel::lopsided(1), Kernel::lopsided(2));
    let once = blurred(&image, &three, 1, 4).expect("four workers");
    sheet.exactly("rows that are not as in one piece, 3x3", once.differing_rows(&three.convolve(&image)), 0);
    let before = meter::counts();
    let twice = blurred(&image, &five, 2, 4).expect("four workers");
    let counted = meter::counts().since(&before);
    let whole = five.convolve(&five.convolve(&image));
    sheet.exactly("rows that are not as in one piece, 5x5 twice", twice.differing_rows(&whole), 0);
    let crossed = (counted.dumps.bytes + counted.loads.bytes) / (512 * 8);
    // 40 there and 40 back, and twice the halo at each of three seams.
    sheet.at_most("rows that cross, 5x5 twice", crossed, 104);
    sheet.end()
}
