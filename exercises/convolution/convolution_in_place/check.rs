//! Whether the image is right in either order of the workers, and how many rows they held.

use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::image::Image;
use exercises::shared_image::{Order, SharedImage};
use submission::filter;

fn main() -> ExitCode {
    checking::main(&[("alone", alone), ("down", down), ("up", up)])
}

/// What was counted on the way.
struct Counted {
    held_most: u64,
    by_others: u64,
}

/// Filters images of these rows, columns and workers; reports the first that is not right.
fn compare(checking: &mut Checking, test: &str, order: Order, shapes: &[(usize, usize, usize)]) -> Counted {
    let mut counted = Counted { held_most: 0, by_others: 0 };
    let seeds: Vec<u64> = checking.numbers(shapes.len()).collect();
    let mut wrong = None;
    for ((rows, cols, workers), seed) in shapes.iter().copied().zip(seeds) {
        let before = Image::noise(rows, cols, seed);
        let image = SharedImage::of(&before, workers, order).expect("memory for a small image");
        let failed = filter(&image).err().map_or_else(String::new, |fault| format!(", {fault}"));
        let differing = image.to_image().differing_rows(&SharedImage::filtered(&before));
        counted.held_most = counted.held_most.max(image.held_most());
        counted.by_others += (rows as u64 - 2).saturating_sub(image.rows_by_workers());
        if differing > 0 || !failed.is_empty() {
            let (late, strips) = (image.late_reads(), image.workers());
            let what = format!("{rows} rows, strips: {strips}: {differing} rows are wrong");
            wrong = Some(format!("{what}, {late} copied after they were overwritten{failed}"));
            break;
        }
    }
    let said = wrong.clone().unwrap_or_else(|| format!("{} shapes", shapes.len()));
    checking.holds(test, wrong.is_none(), said);
    counted
}

fn alone(checking: &mut Checking) {
    compare(checking, "alone", Order::Down, &[(17, 9, 1), (3, 4, 1), (5, 1, 1)]);
}

fn down(checking: &mut Checking) {
    // Strips of many rows, of one row, and of one or two.
    let counted = compare(checking, "down", Order::Down, &[(62, 9, 3), (7, 5, 5), (9, 6, 4)]);
    checking.count("copies", counted.held_most);
    checking.count("workers", counted.by_others);
}

fn up(checking: &mut Checking) {
    compare(checking, "up", Order::Up, &[(23, 7, 4), (6, 5, 4), (8, 6, 4)]);
}
