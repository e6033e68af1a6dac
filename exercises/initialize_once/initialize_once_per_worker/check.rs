//! Whether the quotes are right, who looked the prices up, and how often the catalogue went where.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use exercises::Catalogue;
use exercises::checking::{self, Checking};
use multiprocess::StartMethod;
use multiprocess::classic::{Chunksize, Config};
use multiprocess::meter::{self, Counts};
use submission::quotes;

const ARTICLES: usize = 1_500;

const WORKERS: usize = 3;

fn main() -> ExitCode {
    checking::main(&[("answer", answer)])
}

fn answer(checking: &mut Checking) {
    let mut drawn = checking.numbers(ARTICLES + 400 + 5);
    let catalogue = Arc::new(Catalogue::of(drawn.by_ref().take(ARTICLES)));
    let wanted: Vec<u32> = drawn.by_ref().take(400).map(|number| (number % ARTICLES as u64) as u32).collect();
    let rates: Vec<u64> = drawn.map(|number| 2 + number % 90).collect();
    let at_rate = |rate: &u64| wanted.iter().map(|article| catalogue.price(*article) * rate).collect();
    let expected: Vec<Vec<u64>> = rates.iter().map(at_rate).collect();
    let config = Config::new(WORKERS).start_method(StartMethod::Spawn).deadline(Duration::from_secs(8));
    let before = meter::counts();
    let quoted = quotes(Arc::clone(&catalogue), &wanted, &rates, config, Chunksize::from(50));
    let counted = meter::counts().since(&before);
    let (answers, reports) = match quoted {
        Ok(quoted) => quoted,
        Err(fault) => return checking.holds("answer", false, fault),
    };
    let wrong = (0..rates.len()).find(|map| answers.get(*map) != expected.get(*map));
    match wrong {
        Some(map) => checking.holds("answer", false, format_args!("map {map}, at rate {}, is wrong", rates[map])),
        None => checking.equal("answer", &answers.len(), &expected.len()),
    }
    let (quoted, parent) = ((wanted.len() * rates.len()) as u64, marked(&counted, "lookups"));
    let workers: u64 = reports.iter().map(|report| marked(&report.counts, "lookups")).sum();
    let saw = format!("lookups for {quoted} quotes: {parent} in the parent, {workers} in the workers");
    checking.holds("workers", (parent, workers) == (0, quoted), saw);
    checking.count("pickled", marked(&counted, "catalogue_crossings"));
    let once = reports.iter().filter(|report| marked(&report.counts, "catalogue_crossings") == 1).count();
    checking.count("given", once as u64);
    checking.count("bytes", counted.dumps.bytes);
}

fn marked(counts: &Counts, mark: &str) -> u64 {
    counts.marks.get(mark).copied().unwrap_or(0)
}
