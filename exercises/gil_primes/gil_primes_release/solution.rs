//! Release the lock around the wait.
//!
//! A server shares an interpreter lock with a thread that counts. It counts words in a table, which only the holder of the lock may touch.
//! Between two requests it waits: for the next request, for the client to take an answer, for the disk. It does all of that with the lock in
//! hand, and the other thread stands still. Give the lock away for every wait and for nothing else. Counted: touches of the table
//! without the lock, waits with the lock in hand, and how often the lock is taken.

use std::process::ExitCode;

use exercises::{Line, Sheet, Table, serve_beside_a_counter};
use multiprocess::gil::{Attached, Gil};

// BEGIN SOLUTION
//| /// Answers one request; whether there was one. For each word it adds how often the word was counted so far.
//| fn answer_one(line: &Line, table: &Table<'_>, _thread: &Attached<'_>) -> bool {
//|     // TODO: which of these calls wait, and which need the lock?
//|     let Some(words) = line.receive() else { return false };
//|     line.send(words.into_iter().map(|word| table.count(word)).sum());
//|     true
//| }
/// Answers one request; whether there was one. For each word it adds how often the word was counted so far.
fn answer_one(line: &Line, table: &Table<'_>, thread: &Attached<'_>) -> bool {
    let Some(words) = thread.release_around(|| line.receive()) else { return false };
    let answer = words.into_iter().map(|word| table.count(word)).sum();
    thread.release_around(|| line.send(answer));
    true
}
// END SOLUTION

/// Answers requests until the client hangs up, and saves.
pub fn serve(gil: &Gil, line: &Line, table: &Table<'_>) {
    // BEGIN SOLUTION
    //| let thread = gil.attach();
    //| while answer_one(line, table, &thread) {}
    //| line.save();
    let thread = gil.attach();
    while answer_one(line, table, &thread) {}
    thread.release_around(|| line.save());
    // END SOLUTION
}

fn main() -> ExitCode {
    multiprocess::init();
    let requests = [vec![3, 5, 3], vec![5, 8], vec![3, 3, 3, 3]];
    let served = serve_beside_a_counter(&requests, serve);
    let mut sheet = Sheet::new();
    sheet.holds(format_args!("the answers: {:?}, expected [4, 3, 18]", served.answers), served.answers == [4, 3, 18]);
    sheet.holds("everything is saved", served.saved);
    sheet.exactly("touches of the table without the lock", served.unguarded, 0);
    sheet.exactly(format_args!("of {} waits, those with the lock in hand", served.waits), served.stood_still, 0);
    sheet.at_most("takings of the lock", served.takes, served.waits + 1);
    sheet.end()
}
