//! Whether the numbers are told right, who looked them up, who made how many sieves, and what was pickled for it.

use std::process::ExitCode;
use std::time::Duration;

use exercises::Sieve;
use exercises::checking::{self, Checking};
use multiprocess::meter::{self, Counts};
use multiprocess::pool::{Config, Record};
use multiprocess::{Error, StartMethod};
use submission::Detector;

/// The sieve has a byte for each number.
const BELOW: usize = 1_000_000;

const WORKERS: usize = 3;

/// How long the workers may take to leave.
const LIMIT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    checking::main(&[("answer", answer), ("early", early)])
}

fn answer(checking: &mut Checking) {
    let sieve = Sieve::below(BELOW);
    let numbers: Vec<u64> = checking.numbers(6_000).map(|number| number % BELOW as u64).collect();
    let expected: Vec<bool> = numbers.iter().map(|number| sieve.is_prime(*number)).collect();
    let before = meter::counts();
    let asked = ask(&numbers);
    let counted = meter::counts().since(&before);
    let (answers, records) = match asked {
        Ok(asked) => asked,
        Err(fault) => return checking.holds("answer", false, fault),
    };
    let right = answers.iter().zip(&expected).filter(|(answer, expected)| answer == expected).count();
    let saw = format!("{} answers to {} numbers, {right} of them right", answers.len(), numbers.len());
    checking.holds("answer", answers == expected, saw);
    let parent = marked(&counted, "lookups");
    let workers: u64 = records.iter().map(|record| marked(&record.worker.counts, "lookups")).sum();
    let saw = format!("lookups of {} numbers: {parent} in the parent, {workers} in the workers", numbers.len());
    checking.holds("workers", (parent, workers) == (0, numbers.len() as u64), saw);
    sieves(checking, "once", &counted, &records, WORKERS);
    checking.count("bytes", counted.dumps.bytes);
}

/// Starts a detector, asks it three times, and finishes it.
fn ask(numbers: &[u64]) -> Result<(Vec<bool>, Vec<Record>), Error> {
    let detector = Detector::start(Config::new(WORKERS).start_method(StartMethod::Spawn), BELOW)?;
    let mut answers = Vec::new();
    for part in numbers.chunks(numbers.len().div_ceil(3)) {
        answers.extend(detector.classify(part.to_vec())?);
    }
    Ok((answers, detector.finish(LIMIT)?))
}

fn early(checking: &mut Checking) {
    let before = meter::counts();
    let records = Detector::start(Config::new(2), 1_000).and_then(|detector| detector.finish(LIMIT));
    let counted = meter::counts().since(&before);
    match records {
        Ok(records) => sieves(checking, "early", &counted, &records, 2),
        Err(fault) => checking.holds("early", false, fault),
    }
}

/// Whether each worker has made a sieve, and nobody else.
fn sieves(checking: &mut Checking, test: &str, parent: &Counts, records: &[Record], workers: usize) {
    let parent = marked(parent, "sieves");
    let made: Vec<u64> = records.iter().map(|record| marked(&record.worker.counts, "sieves")).collect();
    let saw =
        format!("sieves made: {parent} in the parent, {made:?} in its workers; expected: one in each of {workers}");
    checking.holds(test, parent == 0 && made == vec![1; workers], saw);
}

fn marked(counts: &Counts, mark: &str) -> u64 {
    counts.marks.get(mark).copied().unwrap_or(0)
}
