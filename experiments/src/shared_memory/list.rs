//! What a shareable list takes and what it refuses.
//!
//! What is no int, float, bool, str, bytes or None is refused by the compiler: there is no such entry.
//!
//! ```compile_fail,E0277
//! // A list in a list.
//! multiprocess::ShareableList::new([vec![1.0, 2.0].into()]);
//! ```
//!
//! ```compile_fail,E0277
//! // A pair.
//! multiprocess::ShareableList::new([(1, 2).into()]);
//! ```
//!
//! ```compile_fail,E0277
//! // An int of more than 64 bits.
//! multiprocess::ShareableList::new([1_u128.into()]);
//! ```
//!
//! A value and an array are narrower still: numbers and truth values, nothing with an address.
//!
//! ```compile_fail,E0277
//! multiprocess::Value::new("howdy");
//! ```
//!
//! ```compile_fail,E0277
//! multiprocess::Array::of(&[String::new()]);
//! ```
//!
//! ```
//! use multiprocess::{ShareableItem, ShareableList};
//! let list = ShareableList::new(["a str".into(), 1.5.into(), 42.into(), true.into(), ShareableItem::None]).unwrap();
//! assert!(list.set(0, "a much longer str".into()).unwrap_err().is_too_long());
//! ```

use std::time::Duration;

use harness::Outcome;
use multiprocess::{Channel, Connection, Inherited, Process, ShareableItem, ShareableList, Status};

use super::variants::Fault;

/// How often everything is tried.
pub(super) const TRIALS: u64 = 100;

/// Every wait ends with the other end, and all of them with the subject's deadline.
const FOR_EVER: Duration = Duration::MAX;

/// The bytes of the longer of two strings.
const LONG: usize = 10_000;

// ANCHOR: kinds
/// One entry of each kind that the post names, twice those that have a length; with trailing zeros, and beyond ASCII.
fn kinds(trial: u64) -> Vec<ShareableItem> {
    vec![
        ShareableItem::None,
        ShareableItem::Bool(trial.is_multiple_of(2)),
        ShareableItem::Int(i64::MIN + trial as i64),
        ShareableItem::Float(trial as f64 / 3.0),
        ShareableItem::Str(format!("größer als {trial}\0")),
        ShareableItem::Str("x".repeat(LONG)),
        ShareableItem::Bytes(vec![0; 3]),
        ShareableItem::Bytes(vec![255; LONG]),
    ]
}
// ANCHOR_END: kinds

/// What another process does in a trial: it sees what was put there, and puts the next trial's entries in their places.
fn echo(list: &ShareableList, theirs: &Connection) -> Result<(), Fault> {
    loop {
        let trial: u64 = theirs.recv(FOR_EVER)?;
        if trial == TRIALS {
            return Ok(());
        }
        let seen = list.to_vec()? == kinds(trial);
        for (index, item) in kinds(trial + 1).into_iter().enumerate() {
            list.set(index, item)?;
        }
        theirs.send(&seen, FOR_EVER)?;
    }
}

/// Counts, over all trials: lists whose entries came through to another process and back; and entries too long for their room that were
/// refused and left alone. And of how many kinds the entries are.
pub(super) fn tried(outcome: Outcome) -> Result<Outcome, Fault> {
    // Room for the longest text of all trials, from the beginning.
    let list = ShareableList::new(kinds(TRIALS))?;
    let (ours, theirs) = Connection::pipe_pair()?;
    let inherits: [&dyn Inherited; 1] = [&theirs];
    let mut process = Process::start(&inherits, || i32::from(echo(&list, &theirs).is_err()))?;
    drop(theirs);
    let (mut came_through, mut refused) = (0, 0);
    for trial in 0..TRIALS {
        for (index, item) in kinds(trial).into_iter().enumerate() {
            list.set(index, item)?;
        }
        let too_long = list.set(1, "nine bytes".into()).is_err_and(|fault| fault.is_too_long());
        ours.send(&trial, FOR_EVER)?;
        let seen: bool = ours.recv(FOR_EVER)?;
        came_through += u64::from(seen && list.to_vec()? == kinds(trial + 1));
        refused += u64::from(too_long);
    }
    ours.send(&TRIALS, FOR_EVER)?;
    let status = process.join(Duration::from_secs(60))?.status;
    if status != Status::Exited(0) {
        return Err(format!("the process that shares the list {status}").into());
    }
    let outcome = outcome.fact("list_trials", TRIALS).fact("list_came_through", came_through);
    Ok(outcome.fact("list_too_long_refused", refused))
}
