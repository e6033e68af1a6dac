//! The grid of CPython's `test_deadlock.py`: an error, an exit and a crash, in each place of a task's way, for each start method.
//!
//! What goes wrong in the parent's own encoding and decoding is the parent's: a panic there is an error of the item. An exit or a crash there
//! would be the test's own end, so these four cells are not there.

use multiprocess::pool::{Config, Workers};
use multiprocess::{Error, StartMethod, Status};

use super::Case;
use super::robust_functions::{BeTrap, End, Ending, GiveTrap, Place, TakeTrap, Trap};
use super::robust_pool::{finished, squares, started};

pub(super) const CASES: &[Case] = &[
    ("robust_grid_error_exit_and_crash_in_every_place_with_fork", || grid(StartMethod::Fork)),
    ("robust_grid_error_exit_and_crash_in_every_place_with_forkserver", || grid(StartMethod::ForkServer)),
    ("robust_grid_error_exit_and_crash_in_every_place_with_spawn", || grid(StartMethod::Spawn)),
];

/// Where a task ends badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    TaskEncode,
    TaskDecode,
    FunctionDecode,
    Run,
    ResultEncode,
    ResultDecode,
}

const CELLS: [Cell; 6] =
    [Cell::TaskEncode, Cell::TaskDecode, Cell::FunctionDecode, Cell::Run, Cell::ResultEncode, Cell::ResultDecode];

pub(super) fn grid(method: StartMethod) {
    let pool = started(Config::new(2).start_method(method));
    let mut lost = 0;
    for cell in CELLS {
        let is_parents = matches!(cell, Cell::TaskEncode | Cell::ResultDecode);
        for end in [End::Panic, End::Exit, End::Kill] {
            if is_parents && end != End::Panic {
                continue;
            }
            let error = match cell {
                Cell::TaskEncode => pool.apply(TakeTrap, Trap(Some((Place::Encode, end)))).unwrap_err(),
                Cell::TaskDecode => pool.apply(TakeTrap, Trap(Some((Place::Decode, end)))).unwrap_err(),
                Cell::FunctionDecode => pool.apply(BeTrap(Trap(Some((Place::Decode, end)))), 1).unwrap_err(),
                Cell::Run => pool.apply(Ending, end).unwrap_err(),
                Cell::ResultEncode => pool.apply(GiveTrap, (Place::Encode, end)).unwrap_err(),
                Cell::ResultDecode => pool.apply(GiveTrap, (Place::Decode, end)).unwrap_err(),
            };
            lost += u64::from(end != End::Panic);
            named(cell, end, &error);
            squares(&pool, 100, 1);
        }
    }
    let tally = pool.tally();
    assert_eq!((tally.lost, tally.started), (lost, 2 + lost), "an error costs no worker, an end one");
    finished(pool);
}

#[track_caller]
fn named(cell: Cell, end: End, error: &Error) {
    let text = error.to_string();
    let right = match (cell, end) {
        (Cell::TaskEncode, End::Panic) => error.is_encode() && text.contains("a bad end"),
        (Cell::ResultDecode | Cell::FunctionDecode, End::Panic) => error.is_decode() && text.contains("a bad end"),
        (_, End::Panic) => error.is_task_failed() && text.contains("a bad end"),
        (_, End::Exit) => error.loss().is_some_and(|loss| loss.status == Status::Exited(3) && !loss.torn),
        (_, _) => error.loss().is_some_and(|loss| loss.status == Status::Signalled(9) && !loss.torn),
    };
    assert!(right, "{cell:?} {end:?}: {text}");
}
