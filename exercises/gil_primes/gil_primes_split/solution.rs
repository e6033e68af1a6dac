//! Split by work, not by range.
//!
//! Primes are counted by trial division, a part of the numbers for each worker. Parts of equal length are not equal work: a large number
//! takes more divisions than a small one, and whoever has the last part decides when all of it is done. Cut the numbers so that every part
//! takes about as many divisions. Divisions made to find the cuts count, too: dividing everything beforehand is the work itself.

use std::ops::Range;
use std::process::ExitCode;

use exercises::{Divided, Sheet, divide, divisions_made, unevenness};

// BEGIN SOLUTION
/// About how many divisions a number takes, but for a factor that is the same for all: one number in ln(n) is prime, and takes its root.
fn work(number: u32) -> f64 {
    let number = f64::from(number.max(2));
    number.sqrt() / number.ln()
}

// END SOLUTION
/// Cuts the numbers into so many parts, which follow each other without a gap.
pub fn split(numbers: Range<u32>, parts: u32) -> Vec<Range<u32>> {
    // BEGIN SOLUTION
    //| // TODO: parts of equal length are not equal work.
    //| let length = numbers.end - numbers.start;
    //| let cut = |part: u32| numbers.start + (u64::from(length) * u64::from(part) / u64::from(parts)) as u32;
    //| (0..parts).map(|part| cut(part)..cut(part + 1)).collect()
    let all: f64 = numbers.clone().map(work).sum();
    let (mut done, mut next) = (0.0, numbers.start);
    let cut = |part: u32| {
        let begin = next;
        while next < numbers.end && (done < all * f64::from(part) / f64::from(parts) || part == parts) {
            done += work(next);
            next += 1;
        }
        begin..next
    };
    (1..=parts).map(cut).collect()
    // END SOLUTION
}

fn main() -> ExitCode {
    multiprocess::init();
    let before = divisions_made();
    let parts = split(2..100_000, 4);
    let planned = divisions_made() - before;
    let divided: Vec<Divided> = parts.iter().cloned().map(divide).collect();
    for (part, divided) in parts.iter().zip(&divided) {
        println!("     {part:?}: {} divisions", divided.divisions);
    }
    let mut sheet = Sheet::new();
    sheet.exactly("primes below 100,000", divided.iter().map(|part| part.primes).sum(), 9592);
    sheet.at_most("thousandths above the fair share in the largest part", unevenness(&divided), 50);
    sheet.at_most("divisions made to find the cuts", planned, 100_000);
    sheet.end()
}
