//! Whether every page has its answer, how many requests were under way at a time, and how many bodies lay about.

use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::server::{Page, Server, Slow};
use submission::digests;

const LIMIT: u64 = 6;

fn main() -> ExitCode {
    checking::main(&[("answer", answer), ("backlog", backlog)])
}

/// So many pages, some of which cannot be had; and the digest of each that can.
fn pages(checking: &Checking, count: usize) -> (Vec<Page>, Vec<Option<u64>>) {
    let drawn = checking.numbers(count).enumerate().map(|(place, number)| match (place, number % 16) {
        (1, _) | (_, 0) => (Page::Refused, None),
        (3, _) | (_, 1) => (Page::CutOff, None),
        _ => {
            let body: Vec<u8> =
                number.to_le_bytes().into_iter().cycle().take(2_000 + (number % 999) as usize).collect();
            let digest = body
                .iter()
                .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
            (Page::Body(body), Some(digest))
        }
    });
    drawn.unzip()
}

/// Whether every page has the right answer, and what is wrong if not.
fn judged(answers: Result<Vec<Result<u64, String>>, multiprocess::Error>, expected: &[Option<u64>]) -> (bool, String) {
    let answers = match answers {
        Ok(answers) => answers,
        Err(fault) => return (false, format!("all is lost: {fault}")),
    };
    if answers.len() != expected.len() {
        return (false, format!("{} answers for {} pages", answers.len(), expected.len()));
    }
    let mut pairs = answers.iter().zip(expected).enumerate();
    let wrong = pairs.find(|(_, (answer, expected))| answer.as_ref().ok() != expected.as_ref());
    wrong.map_or((true, format!("{} pages", expected.len())), |(number, (answer, expected))| {
        let expected = if expected.is_some() { "a page that can be had" } else { "a page that cannot be had" };
        (false, format!("page {number}: got {answer:?} for {expected}"))
    })
}

/// The network is slow: the server answers when as many requests wait as may.
fn answer(checking: &mut Checking) {
    let (pages, expected) = pages(checking, 40);
    let bodies = expected.iter().flatten().count() as u64;
    let server = match Server::start(pages, Slow::Network(LIMIT)) {
        Ok(server) => server,
        Err(fault) => {
            return ["answer", "workers", "limit", "at_once"].iter().for_each(|test| checking.not_here(test, &fault));
        }
    };
    let (fine, saw) = judged(digests(&server, 40, LIMIT as usize), &expected);
    checking.holds("answer", fine, saw);
    checking.count("workers", bodies.saturating_sub(server.begun_by_workers()));
    checking.count("limit", server.in_flight_most().saturating_sub(LIMIT));
    checking.count("at_once", server.in_flight_most());
}

/// The work is slow: bodies keep coming until somebody stops asking for them.
fn backlog(checking: &mut Checking) {
    let (pages, expected) = pages(checking, 70);
    let server = match Server::start(pages, Slow::Work) {
        Ok(server) => server,
        Err(fault) => return checking.not_here("backlog", &fault),
    };
    let (fine, _) = judged(digests(&server, 70, LIMIT as usize), &expected);
    // Whoever does not deliver has nothing to wait.
    checking.count("backlog", if fine { server.waiting_most() } else { 70 });
}
