//! Whether the candidates are told right, by the workers, and what was pickled for it.

use std::process::ExitCode;

use exercises::Sieve;
use exercises::checking::{self, Checking};
use multiprocess::meter;
use submission::primes;

fn main() -> ExitCode {
    checking::main(&[("answer", answer)])
}

fn answer(checking: &mut Checking) {
    let sieve = Sieve::below(4_000_000);
    let candidates: Vec<u64> = checking.numbers(50_000).map(|number| number % 4_000_000).collect();
    let expected: Vec<bool> = candidates.iter().map(|candidate| sieve.is_prime(*candidate)).collect();
    let before = meter::counts();
    let answers = primes(sieve, candidates);
    let counted = meter::counts().since(&before);
    checking.equal("answer", &answers.unwrap_or_default(), &expected);
    checking.count("workers", counted.marks.get("lookups").copied().unwrap_or(0));
    checking.count("bytes", counted.dumps.bytes);
}
