//! Whether prices and titles are right, and by which processes they were made.

use std::path::Path;
use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::shop::{self, Catalogue};
use multiprocess::StartMethod;
use multiprocess::pool::Config;
use submission::{converted, taxed, titles};

/// How many titles the catalogue has.
const TITLES: u64 = 500;

fn main() -> ExitCode {
    checking::main(&[("forked", forked), ("spawned", spawned)])
}

/// Results, and who made each: its process and the number of its execution.
struct Made {
    results: Vec<String>,
    makers: Vec<(u32, u64)>,
}

/// Has everything made, twice with different rates: what was captured must not be what was captured before.
fn make(checking: &Checking, config: Config) -> (Made, Vec<String>) {
    // Drawn here, so that whoever is forked has it, too.
    shop::execution();
    let prices: Vec<u64> = checking.numbers(300).map(|number| number % 1_000_000).collect();
    let numbers: Vec<u64> = checking.numbers(300).map(|number| number % TITLES).collect();
    let path = std::env::temp_dir().join("catalogue");
    let title = |number: u64| format!("title {}", checking.seed().wrapping_mul(number + 1) % 1_000_000);
    Catalogue::create(&path, &(0..TITLES).map(title).collect::<Vec<_>>()).expect("the folder is ours");
    let mut made = Made { results: Vec::new(), makers: Vec::new() };
    let mut expected = Vec::new();
    made.add(taxed(config, prices.clone()));
    expected.extend(prices.iter().map(|cents| shop::with_tax(*cents).value().to_string()));
    for rate in [800 + checking.seed() % 100, 1_100 + checking.seed() % 100] {
        made.add(converted(config, prices.clone(), rate));
        expected.extend(prices.iter().map(|cents| shop::converted(*cents, rate).value().to_string()));
    }
    made.add(titles(config, numbers.clone(), Path::new(&path)));
    expected.extend(numbers.iter().map(|number| title(*number)));
    (made, expected)
}

impl Made {
    fn add<T: ToString>(&mut self, came: Result<Vec<shop::Stamped<T>>, multiprocess::Error>) {
        match came {
            Ok(came) => {
                self.makers.extend(came.iter().map(|result| (result.process(), result.execution())));
                self.results.extend(came.iter().map(|result| result.value().to_string()));
            }
            Err(fault) => self.results.push(fault.to_string()),
        }
    }

    /// The first result that is not the expected one.
    fn fault(&self, expected: &[String]) -> Option<String> {
        let wrong = self.results.iter().zip(expected).enumerate().find(|(_, (result, expected))| result != expected);
        match wrong {
            Some((place, (result, expected))) => Some(format!("result {place}: got {result}, expected {expected}")),
            None if self.results.len() == expected.len() => None,
            None => Some(format!("{} results of {}", self.results.len(), expected.len())),
        }
    }
}

fn forked(checking: &mut Checking) {
    let (made, expected) = make(checking, Config::new(2));
    let fault = made.fault(&expected);
    let right = format!("{} results, each the right one", expected.len());
    checking.holds("answer", fault.is_none(), fault.as_ref().unwrap_or(&right));
    let here = made.makers.iter().filter(|(process, _)| *process == std::process::id()).count();
    checking.count("workers", here as u64);
}

fn spawned(checking: &mut Checking) {
    let (made, expected) = make(checking, Config::new(2).start_method(StartMethod::Spawn));
    let fault = made.fault(&expected).or_else(|| {
        let same = made.makers.iter().filter(|(_, execution)| *execution == shop::execution()).count();
        (same > 0).then(|| format!("{same} results were made by this process or by forks of it"))
    });
    let right = format!("{} results, each by the program executed again", expected.len());
    checking.holds("spawned", fault.is_none(), fault.as_ref().unwrap_or(&right));
}
