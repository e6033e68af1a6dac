//! Whether the parts are all of the numbers, how evenly they share the divisions, and how many were made to find that out.

use std::ops::Range;
use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::{Divided, divide, divisions_made, unevenness};
use submission::split;

fn main() -> ExitCode {
    checking::main(&[("split", cuts)])
}

fn cuts(checking: &mut Checking) {
    let (mut uneven, mut planning) = (0, 0);
    let fault = orders(checking).into_iter().find_map(|(numbers, count)| {
        let before = divisions_made();
        let parts = split(numbers.clone(), count);
        let planned = divisions_made() - before;
        if let Some(fault) = fault(&numbers, count, &parts) {
            return Some(format!("{numbers:?} in {count} parts: {fault}"));
        }
        let divided: Vec<Divided> = parts.into_iter().map(divide).collect();
        let all: u64 = divided.iter().map(|part| part.divisions).sum();
        // A handful of numbers cannot be shared evenly.
        if numbers.len() > 1_000 {
            uneven = unevenness(&divided).max(uneven);
            planning = (planned * 1_000 / all).max(planning);
        }
        None
    });
    checking.holds("answer", fault.is_none(), fault.unwrap_or_else(|| "every number in one part".to_owned()));
    checking.count("even", uneven);
    checking.count("planning", planning);
}

/// Numbers and how many parts to cut them into: from the beginning, from somewhere, and hardly any.
fn orders(checking: &Checking) -> Vec<(Range<u32>, u32)> {
    let drawn: Vec<u32> = checking.numbers(6).map(|number| (number % 50_000) as u32).collect();
    let [a, b, c, d, e, f] = drawn.try_into().expect("six are drawn");
    vec![
        (2..100_000 + a, 2),
        (2..100_000 + b, 8),
        (c..150_000 + c, 3),
        (d..150_000 + d, 4 + d % 3),
        (e / 10..100_000 + f, 5),
        (f..f + 3, 5),
        (f..f, 2),
    ]
}

/// What is wrong with the parts, if anything is.
fn fault(numbers: &Range<u32>, count: u32, parts: &[Range<u32>]) -> Option<String> {
    if parts.len() != count as usize {
        return Some(format!("there are {}", parts.len()));
    }
    let mut next = numbers.start;
    for part in parts {
        if part.start != next || part.end < part.start {
            return Some(format!("{part:?} does not begin at {next} and end later"));
        }
        next = part.end;
    }
    (next != numbers.end).then(|| format!("the last one ends at {next}"))
}
