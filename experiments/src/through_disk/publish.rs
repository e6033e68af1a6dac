//! What a file does not do by itself: tell a reader that it is whole.
//!
//! A reader waits for a name to appear and reads what is there. Written under that name, the file can be read half written; written under
//! another one and renamed, it cannot: rename(2) puts a whole file in place at once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::{Channel, Connection, Process};
use record::Params;

use super::column::{Column, Fault, checksum, read_raw, write_raw};
use crate::places;

/// Longer than any subject's deadline, which ends a wait together with its subject.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// How long a name may take to appear.
const APPEARS_WITHIN: Duration = Duration::from_secs(60);

/// How a file gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Publishing {
    /// It has it from the start.
    InPlace,
    /// It is renamed when it is whole.
    Renamed,
}

// ANCHOR: publish
/// Writes the column so that it can be found at `path`.
fn publish(how: Publishing, column: &Column, path: &Path) -> Result<(), Fault> {
    match how {
        Publishing::InPlace => write_raw(&column.0, &mut File::create(path)?)?,
        Publishing::Renamed => {
            let unfinished = path.with_extension("part");
            write_raw(&column.0, &mut File::create(&unfinished)?)?;
            fs::rename(unfinished, path)?;
        }
    }
    Ok(())
}
// ANCHOR_END: publish

// ANCHOR: look
/// Waits for the name, and reads the file that has it.
fn look(path: &Path) -> Result<Vec<i64>, Fault> {
    let deadline = Instant::now() + APPEARS_WITHIN;
    loop {
        match File::open(path) {
            Ok(file) => return read_raw(&file),
            Err(_) if Instant::now() < deadline => thread::yield_now(),
            Err(fault) => return Err(fault.into()),
        }
    }
}
// ANCHOR_END: look

/// The reader: for each path it says that it looks, and then what it found.
fn read(link: &Connection) -> Result<(), Fault> {
    loop {
        let path: String = link.recv(FOR_EVER)?;
        if path.is_empty() {
            return Ok(());
        }
        link.send(&(), FOR_EVER)?;
        let numbers = look(Path::new(&path))?;
        // As bytes, so that every reply is as long as every other, whatever was found.
        link.send(&[numbers.len() as u64, checksum(&numbers)].map(u64::to_le_bytes), FOR_EVER)?;
    }
}

/// What the reader found, trial after trial.
#[derive(Debug, Default)]
struct Found {
    trials: u64,
    short: u64,
    /// Of those, the ones whose writer did not wait for anything.
    raced_short: u64,
    rows_of_short: Vec<u64>,
    /// The sum of the first short file, or of the last whole one.
    sum: u64,
}

pub(super) fn experiment(params: &Params, how: Publishing) -> Result<Outcome, Fault> {
    let column = Column::of(usize::try_from(params["rows"])?, params["seed"]);
    let trials = usize::try_from(params["trials"])?;
    let beside = places::on_disk().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("unpickled-through-disk-").tempdir_in(beside)?;
    let (link, theirs) = Connection::pipe_pair()?;
    let mut reader = Process::start(&[&theirs], || match read(&theirs) {
        Ok(()) => 0,
        Err(fault) => {
            eprintln!("reader: {fault}");
            1
        }
    })?;
    drop(theirs);
    let measured = Measured::take(|| {
        let mut found = Found::default();
        for trial in 0..=trials {
            let path = folder.path().join(format!("column-{trial}"));
            // Who wins the race of a trial is up to the machine. In the first one the reader has all the time it needs.
            let waits = trial == 0 && how == Publishing::InPlace;
            try_once(how, waits, &column, &path, &link, &mut found)?;
        }
        Ok::<_, Fault>((found, Vec::new()))
    })?;
    link.send(&String::new(), FOR_EVER)?;
    let report = reader.join(FOR_EVER)?;
    let mut found = Found::default();
    let outcome = measured.with_workers(vec![report]).answer(|seen| {
        found = Found { rows_of_short: seen.rows_of_short.clone(), ..*seen };
        format!("{:016x}", seen.sum)
    });
    Ok(told(outcome, how, &column, found))
}

/// One trial; in one where the writer `waits`, it does so half way, for the reader's reply, as a writer waits that needs input of its own.
fn try_once(
    how: Publishing,
    waits: bool,
    column: &Column,
    path: &PathBuf,
    link: &Connection,
    found: &mut Found,
) -> Result<(), Fault> {
    link.send(&path.to_str().ok_or("a path that is no text")?.to_owned(), FOR_EVER)?;
    let () = link.recv(FOR_EVER)?;
    let seen: [[u8; 8]; 2] = if waits {
        let (first, rest) = column.0.split_at(column.0.len() / 2);
        let mut file = File::create(path)?;
        write_raw(first, &mut file)?;
        let seen = link.recv(FOR_EVER)?;
        write_raw(rest, &mut file)?;
        seen
    } else {
        publish(how, column, path)?;
        link.recv(FOR_EVER)?
    };
    let [rows, sum] = seen.map(u64::from_le_bytes);
    fs::remove_file(path)?;
    found.trials += 1;
    if rows < column.0.len() as u64 {
        if found.short == 0 {
            found.sum = sum;
        }
        found.short += 1;
        found.raced_short += u64::from(!waits);
        found.rows_of_short.push(rows);
    } else if found.short == 0 {
        found.sum = sum;
    }
    Ok(())
}

fn told(outcome: Outcome, how: Publishing, column: &Column, found: Found) -> Outcome {
    let outcome = outcome.iterations(found.trials.max(1)).fact("short_files", found.short);
    let outcome = outcome.series("rows_of_short", found.rows_of_short);
    match how {
        Publishing::Renamed => outcome.fact("trials", found.trials),
        Publishing::InPlace if column.0.is_empty() => {
            outcome.fault_seen(0, found.trials).no_room("less than an empty file cannot be found")
        }
        Publishing::InPlace => {
            let raced = found.trials - 1;
            let outcome = outcome.fault_seen(found.short, found.trials);
            outcome.fact("raced_short", found.raced_short).fact("raced_trials", raced)
        }
    }
}
