//! Write a small pool.
//!
//! Forked workers wait at the other ends of channels; what is missing is the parent's side. As it stands, each worker is sent all of its
//! share before anybody listens: that fails as soon as the pipes are full, and a slow item holds up whatever is queued behind it.
//! Hand the items out one at a time, to whoever is free, and collect the outputs in the order of the items, whatever order they come in.
//! Counted: cases passed.

use std::fmt;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use bincode::{Decode, Encode};
use exercises::Sheet;
use multiprocess::{Channel, Connection, Error, Process};

/// How long nothing may happen before that is an error.
const LIMIT: Duration = Duration::from_secs(4);

/// Why there are no outputs.
#[derive(Debug)]
pub enum Failure {
    /// The work panicked at the item of this number.
    Panicked(usize),
    /// No worker answered within the limit.
    Silence,
    /// A channel or a process failed.
    Broken(Error),
}

impl From<Error> for Failure {
    fn from(fault: Error) -> Self {
        Self::Broken(fault)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(number) => write!(f, "the work panicked at item {number}"),
            Self::Silence => write!(f, "no worker answered within {LIMIT:?}"),
            Self::Broken(fault) => fault.fmt(f),
        }
    }
}

/// A forked process that answers one item after the other. Dropping it kills it.
#[derive(Debug)]
struct Worker {
    process: Process,
    channel: Connection,
}

impl Worker {
    /// Forks a worker; it leaves when the channel is closed.
    fn start<I: Decode<()>, O: Encode>(work: fn(I) -> O) -> Result<Self, Error> {
        let (channel, theirs) = Connection::pipe_pair()?;
        let process = Process::start(&[&theirs], || {
            while let Ok((number, item)) = theirs.recv::<(usize, I)>(Duration::MAX) {
                let output = catch_unwind(AssertUnwindSafe(|| work(item))).ok();
                if theirs.send(&(number, output), Duration::MAX).is_err() {
                    break;
                }
            }
            0
        })?;
        Ok(Self { process, channel })
    }

    /// Sends it an item with its number.
    fn send<I: Encode>(&self, number: usize, item: &I) -> Result<(), Error> {
        self.channel.send(&(number, item), LIMIT)
    }

    /// Receives an answer: the number of the item, and its output, none if the work panicked.
    fn receive<O: Decode<()>>(&self) -> Result<(usize, Option<O>), Error> {
        self.channel.recv(LIMIT)
    }

    /// Closes its channel, and waits until it has left.
    fn leave(self) -> Result<(), Error> {
        let Self { mut process, channel } = self;
        drop(channel);
        process.join(LIMIT).map(drop)
    }
}

/// Waits until there are answers, and tells the places of the workers that have sent one.
fn ready(workers: &[Worker]) -> Result<Vec<usize>, Failure> {
    let channels: Vec<_> = workers.iter().map(|worker| worker.channel.as_fd()).collect();
    let places = multiprocess::wait(&channels, LIMIT)?;
    if places.is_empty() { Err(Failure::Silence) } else { Ok(places) }
}

/// Does `work` on every item, by forked workers, and returns the outputs in the order of the items.
pub fn map<I, O>(workers: usize, work: fn(I) -> O, items: Vec<I>) -> Result<Vec<O>, Failure>
where
    I: Encode + Decode<()>,
    O: Encode + Decode<()>,
{
    let workers = (0..workers).map(|_| Worker::start(work)).collect::<Result<Vec<_>, Error>>()?;
    let mut outputs: Vec<Option<O>> = items.iter().map(|_| None).collect();
    // BEGIN SOLUTION
    //| // TODO: send a worker no more than it can take, and listen to all of them at once.
    //| for (number, item) in items.iter().enumerate() {
    //|     workers[number % workers.len()].send(number, item)?;
    //| }
    //| for number in 0..items.len() {
    //|     let (number, output) = workers[number % workers.len()].receive()?;
    //|     outputs[number] = Some(output.ok_or(Failure::Panicked(number))?);
    //| }
    let mut tasks = items.iter().enumerate();
    let mut under_way = 0;
    for (worker, (number, item)) in workers.iter().zip(tasks.by_ref()) {
        worker.send(number, item)?;
        under_way += 1;
    }
    while under_way > 0 {
        for place in ready(&workers)? {
            let (number, output) = workers[place].receive()?;
            outputs[number] = Some(output.ok_or(Failure::Panicked(number))?);
            match tasks.next() {
                Some((number, item)) => workers[place].send(number, item)?,
                None => under_way -= 1,
            }
        }
    }
    workers.into_iter().try_for_each(Worker::leave)?;
    // END SOLUTION
    Ok(outputs.into_iter().flatten().collect())
}

/// The words of a text from the last to the first.
fn turned_round(text: String) -> String {
    text.split(' ').rev().collect::<Vec<_>>().join(" ")
}

fn main() -> ExitCode {
    multiprocess::init();
    let mut sheet = Sheet::new();
    for times in [1, 20_000] {
        let texts: Vec<String> = (0..9).map(|number| format!("{number} of many words ").repeat(times)).collect();
        let bytes = texts[0].len();
        let expected: Vec<String> = texts.iter().cloned().map(turned_round).collect();
        match map(2, turned_round, texts) {
            Ok(outputs) => sheet.holds(format_args!("nine texts of {bytes} bytes"), outputs == expected),
            Err(failure) => sheet.holds(format_args!("nine texts of {bytes} bytes: {failure}"), false),
        }
    }
    sheet.end()
}
