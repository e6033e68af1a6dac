//! What a server does with the lock while it waits, while it counts, and in between.

use std::collections::BTreeMap;
use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::serve_beside_a_counter;
use submission::serve;

/// With one wait for the end of the requests and one to save, 42 waits.
const REQUESTS: usize = 20;

fn main() -> ExitCode {
    checking::main(&[("serve", serving)])
}

fn serving(checking: &mut Checking) {
    let words: Vec<u64> = checking.numbers(REQUESTS * 6).map(|number| number % 9).collect();
    let requests: Vec<Vec<u64>> = words.chunks(6).map(<[u64]>::to_vec).collect();
    let mut counts = BTreeMap::new();
    let expected: Vec<u64> =
        requests.iter().map(|words| words.iter().map(|word| counted(&mut counts, *word)).sum()).collect();
    let served = serve_beside_a_counter(&requests, serve);
    if served.saved {
        checking.equal("answer", &served.answers, &expected);
    } else {
        checking.holds("answer", false, "the server has left, and not everything is saved");
    }
    checking.count("guarded", served.unguarded);
    checking.count("waits", served.stood_still);
    checking.count("takes", served.takes.saturating_sub(served.waits + 1));
}

fn counted(counts: &mut BTreeMap<u64, u64>, word: u64) -> u64 {
    let count = counts.entry(word).or_default();
    *count += 1;
    *count
}
