//! Filter in place, without a race.
//!
//! Workers filter an image in shared memory, a strip each, and write what comes out over what was there. A row needs its two
//! neighbours as they were. But the row above has just been overwritten, and those beyond the strip's edges another worker may have
//! overwritten already, or not, as it happens. Here it always happens as it is worst: one worker has its turn until it waits or ends,
//! then the next. Counted: rows that are not as they should be, in both orders, and how many copies of rows a worker holds at once; a
//! copy of its whole strip is too much.

use std::process::ExitCode;
use std::time::Duration;

use exercises::Sheet;
use exercises::image::Image;
use exercises::shared_image::{Order, Row, SharedImage, Worker};
use multiprocess::{Error, Process};

/// Filters the strip of one worker in place.
///
/// `Worker::copy` copies a row of any strip as it is now; `Worker::write` writes what becomes of a row between its two neighbours;
/// `Worker::meet` waits until all workers have called it. Nothing else may be waited for. There is always a row above the strip, and
/// one below it.
fn filter_strip(worker: &Worker<'_>) -> Result<(), String> {
    // BEGIN SOLUTION
    //| // TODO: which rows are still as they were?
    //| for row in worker.rows() {
    //|     let [above, own, below]: [Row; 3] = [row - 1, row, row + 1].map(|row| worker.copy(row));
    //|     worker.write(row, &above, &own, &below);
    //| }
    let rows = worker.rows();
    let mut above: Row = worker.copy(rows.start - 1);
    let mut own: Row = worker.copy(rows.start);
    let mut beyond = Some(worker.copy(rows.end));
    // Nobody writes before everybody has copied what lies beyond its strip.
    worker.meet()?;
    for row in rows.clone() {
        let next = if row + 1 == rows.end { beyond.take() } else { None };
        let below = next.unwrap_or_else(|| worker.copy(row + 1));
        worker.write(row, &above, &own, &below);
        (above, own) = (own, below);
    }
    // END SOLUTION
    Ok(())
}

/// Filters an image in place, by a process for each strip.
pub fn filter(image: &SharedImage) -> Result<(), Error> {
    let body = |number| match image.worker(number).and_then(|worker| filter_strip(&worker)) {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("{why}");
            1
        }
    };
    // BEGIN SOLUTION
    //| let started = (0..image.workers()).map(|number| Process::start(&[], || body(number)));
    let started = (0..image.workers()).map(|number| Process::start(&[], || body(number)));
    // END SOLUTION
    for mut process in started.collect::<Result<Vec<_>, _>>()? {
        process.join(Duration::from_secs(4))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    multiprocess::init();
    let mut sheet = Sheet::new();
    let before = Image::noise(20, 8, 1);
    for (what, workers, order) in
        [("one strip", 1, Order::Down), ("three strips, down", 3, Order::Down), ("three strips, up", 3, Order::Up)]
    {
        let image = SharedImage::of(&before, workers, order).expect("memory for a small image");
        filter(&image).expect("a few processes");
        let differing = image.to_image().differing_rows(&SharedImage::filtered(&before));
        sheet.exactly(format_args!("{what}: wrong rows"), differing, 0);
        sheet.exactly(format_args!("{what}: copies made too late"), image.late_reads(), 0);
        sheet.at_most(format_args!("{what}: copies held at once"), image.held_most(), 4);
    }
    sheet.end()
}
