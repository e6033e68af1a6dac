//! Whether every errand has its outcome, and was run once, by a worker.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::{Errand, errands_in};
use submission::{Outcome, outcomes};

const ERRANDS: u64 = 200;
const JOURNAL: &str = "journal";

/// How an errand ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Fine,
    Refused,
    Panics,
    Kills,
}

fn main() -> ExitCode {
    checking::main(&[("answer", answer), ("panics", panics), ("lost", lost)])
}

/// The numbers of the errands are hidden, and what becomes of them is spread by chance.
fn ends(checking: &Checking, of: &[(End, usize)]) -> Vec<(u64, End)> {
    let mut hidden = checking.numbers(ERRANDS as usize * 2);
    let mut ends: Vec<(u64, End)> =
        hidden.by_ref().take(ERRANDS as usize).map(|number| (number >> 20, End::Fine)).collect();
    for (end, count) in of {
        for _ in 0..*count {
            let place = hidden.find_map(|number| {
                let place = (number % ERRANDS) as usize;
                (ends[place].1 == End::Fine).then_some(place)
            });
            ends[place.expect("200 numbers for 60 errands")].1 = *end;
        }
    }
    ends
}

/// Each leaves a line in the journal as it begins.
fn errands(ends: &[(u64, End)]) -> Vec<Errand> {
    let errand = |(number, end): &(u64, End)| match end {
        End::Fine => Errand::fine(*number),
        End::Refused => Errand::refused(*number),
        End::Panics => Errand::panics(*number),
        End::Kills => Errand::kills(*number),
    };
    ends.iter().map(|end| errand(end).noted_in(Path::new(JOURNAL))).collect()
}

/// How often each errand was begun, and how many of these runs were in this process.
fn runs() -> (BTreeMap<u64, u64>, u64) {
    let (mut runs, mut here) = (BTreeMap::new(), 0);
    for (number, process) in errands_in(Path::new(JOURNAL)) {
        *runs.entry(number).or_default() += 1;
        here += u64::from(process == std::process::id());
    }
    (runs, here)
}

fn is_right((number, end): &(u64, End), came: Option<&Outcome>) -> bool {
    match (end, came) {
        (End::Fine, Some(Outcome::Value(value))) => *value == number * 3,
        (End::Refused, Some(Outcome::Refused(words))) => *words == Errand::refusal(*number),
        (End::Panics, Some(Outcome::Panicked(words))) => words.contains(&Errand::panic_words(*number)),
        (End::Kills, Some(Outcome::Lost)) => true,
        _ => false,
    }
}

/// Reports whether every outcome is right.
fn all_right(checking: &mut Checking, test: &str, of: &[(End, usize)]) {
    let ends = ends(checking, of);
    let came = match outcomes(errands(&ends)) {
        Ok(came) => came,
        Err(fault) => return checking.holds(test, false, format_args!("no outcome at all, but the error: {fault}")),
    };
    let wrong = ends.iter().enumerate().find(|(place, end)| !is_right(end, came.get(*place)));
    let (_, here) = runs();
    let saw = match wrong {
        _ if here > 0 => format!("{here} errands were run by the parent"),
        _ if came.len() != ends.len() => format!("{} outcomes of {ERRANDS} errands", came.len()),
        Some((place, (number, _))) => format!("place {place}, errand {number}: {:?}", came.get(place)),
        None => format!("{ERRANDS} outcomes, each the right one"),
    };
    checking.holds(test, wrong.is_none() && came.len() == ends.len() && here == 0, saw);
}

fn answer(checking: &mut Checking) {
    all_right(checking, "answer", &[(End::Refused, 20)]);
}

fn panics(checking: &mut Checking) {
    all_right(checking, "panics", &[(End::Refused, 20), (End::Panics, 20)]);
}

fn lost(checking: &mut Checking) {
    let ends = ends(checking, &[(End::Refused, 20), (End::Panics, 20), (End::Kills, 6)]);
    let came = outcomes(errands(&ends)).unwrap_or_default();
    let missing = ends.len().abs_diff(came.len());
    let wrong = ends.iter().enumerate().filter(|(place, end)| !is_right(end, came.get(*place))).count();
    checking.count("lost", missing.max(wrong) as u64);
    let (runs, here) = runs();
    let missed: u64 = ends.iter().map(|(number, _)| runs.get(number).copied().unwrap_or(0).abs_diff(1)).sum();
    checking.count("once", missed + here);
}
