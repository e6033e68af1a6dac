//! Whether the seams are gone, and what was sent for it.

use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::image::{Image, Kernel};
use multiprocess::meter;
use submission::blurred;

fn main() -> ExitCode {
    checking::main(&[("answer", answer), ("reach", reach), ("rows", rows)])
}

/// Rows, columns, workers, and for `reach` also the radius and how often.
type Shape = (usize, usize, usize, usize, usize);

/// Blurs images of these shapes; reports the first that is not as in one piece.
fn compare(checking: &mut Checking, test: &str, shapes: &[Shape]) {
    let seeds: Vec<u64> = checking.numbers(shapes.len()).collect();
    for ((rows, cols, workers, radius, passes), seed) in shapes.iter().copied().zip(seeds) {
        let (image, kernel) = (Image::noise(rows, cols, seed), Kernel::lopsided(radius));
        let whole = (0..passes).fold(image.clone(), |image, _| kernel.convolve(&image));
        let side = 2 * radius + 1;
        let what = format!("{rows} rows, {workers} workers, {side}x{side}, passes: {passes}");
        let wrong = match blurred(&image, &kernel, passes, workers) {
            Ok(answer) if answer.rows() != rows => format!("{} rows came back", answer.rows()),
            Ok(answer) => match answer.differing_rows(&whole) {
                0 => continue,
                differing => format!("{differing} rows are not as in one piece"),
            },
            Err(fault) => fault.to_string(),
        };
        return checking.holds(test, false, format_args!("{what}: {wrong}"));
    }
    checking.holds(test, true, format_args!("{} shapes, each as in one piece", shapes.len()));
}

fn answer(checking: &mut Checking) {
    // Odd strips, fewer rows than workers, a single row.
    compare(
        checking,
        "answer",
        &[(40, 9, 4, 1, 1), (23, 5, 3, 1, 1), (5, 4, 4, 1, 1), (3, 7, 5, 1, 1), (1, 6, 2, 1, 1)],
    );
}

fn reach(checking: &mut Checking) {
    // In the last three a strip is lower than its halo.
    compare(
        checking,
        "reach",
        &[(37, 9, 4, 2, 1), (29, 11, 3, 3, 1), (41, 9, 3, 1, 3), (17, 12, 5, 3, 2), (7, 9, 6, 2, 2)],
    );
}

/// Counted in a wide image: all else that crosses is less than a row of it.
fn rows(checking: &mut Checking) {
    let (rows, cols, workers, radius, passes) = (61, 512, 4, 2, 2);
    let (image, kernel) = (Image::noise(rows, cols, checking.seed()), Kernel::lopsided(radius));
    let before = meter::counts();
    let answer = blurred(&image, &kernel, passes, workers);
    let counted = meter::counts().since(&before);
    let whole = kernel.convolve(&kernel.convolve(&image));
    let differing = answer.map_or(rows as u64, |answer| answer.differing_rows(&whole));
    let crossed = (counted.dumps.bytes + counted.loads.bytes) / (8 * cols as u64);
    let halos = 2 * (workers - 1) * radius * passes;
    checking.count("rows", crossed.saturating_sub((2 * rows + halos) as u64) + differing);
    // Each pass over the rows that do not stay black has to be somebody's work, and no strip is most of the image.
    let work = (passes * (rows - 2 * radius)) as u64;
    let missing = work.saturating_sub(Kernel::rows_by_workers());
    checking.count("workers", missing + Kernel::largest_by_workers().saturating_sub(rows as u64 * 3 / 4));
}
