//! What the processes of a pool did when, as a trace tells it; and made-up ones whose bottleneck is known.
//!
//! The kinds of spans are those of `multiprocess::trace`. A made-up timeline is the schedule of one parent that encodes and writes task after
//! task, and of workers that take turns: what waits for what follows from the lengths, and the lengths are drawn.

mod made_up;

use std::fmt;

pub use made_up::made_up;

/// What a process does for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// It comes into being: forked or executed, its modules loaded, its initializer run.
    Start,
    /// Turns a value into bytes.
    Encode,
    /// Writes a message.
    Write,
    /// Waits for a message.
    Wait,
    /// Reads a message.
    Read,
    /// Turns bytes into a value.
    Decode,
    /// Waits for a lock that other processes have.
    LockWait,
    /// Computes.
    Work,
}

/// Something a process did once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The process: 0 is the parent, the workers follow.
    pub process: usize,
    /// What it did.
    pub doing: Doing,
    /// When it began, in nanoseconds since the program did.
    pub begin_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// The size of the message it was about, in bytes; 0 if there was none.
    pub bytes: u64,
}

/// What keeps a pool from being faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bottleneck {
    /// The parent encodes large values all the time, and the workers wait for it.
    Pickling,
    /// The parent writes large messages all the time, and the workers wait for it.
    LargeMessages,
    /// The tasks are so small that handing them over takes the parent longer than they take the workers.
    TinyTasks,
    /// The workers wait for a lock.
    Lock,
    /// One worker has far more work than the others, which wait for it.
    Uneven,
    /// It takes long until the workers are there.
    Starting,
    /// Nothing: the workers work most of the time.
    Fine,
}

impl Bottleneck {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Pickling, Self::LargeMessages, Self::TinyTasks, Self::Lock, Self::Uneven, Self::Starting, Self::Fine];
}

/// All that the processes of a program did.
///
/// ```
/// use exercises::timeline::{Bottleneck, Doing, made_up};
/// let timeline = made_up(Bottleneck::Lock, 7);
/// assert!(timeline.workers_share(Doing::LockWait) > 0.3);
/// println!("{timeline}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    processes: usize,
    spans: Vec<Span>,
}

impl Timeline {
    /// A timeline of one parent and `workers` workers.
    ///
    /// # Panics
    /// If a span is of a process that there is not, or ends before it begins.
    pub fn of(workers: usize, spans: Vec<Span>) -> Self {
        let fine = |span: &Span| span.process <= workers && span.begin_ns <= span.end_ns;
        assert!(spans.iter().all(fine), "spans of the parent and the workers");
        Self { processes: workers + 1, spans }
    }

    /// All spans, in no certain order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.processes - 1
    }

    /// From the beginning of the program to the last end of a span, in nanoseconds.
    pub fn wall_ns(&self) -> u64 {
        self.spans.iter().map(|span| span.end_ns).max().unwrap_or(0)
    }

    /// How long a process did this, in nanoseconds.
    pub fn time_ns(&self, process: usize, doing: Doing) -> u64 {
        self.spans_of(process, doing).map(|span| span.end_ns - span.begin_ns).sum()
    }

    /// How often a process did this.
    pub fn count(&self, process: usize, doing: Doing) -> u64 {
        self.spans_of(process, doing).count() as u64
    }

    /// The bytes of the messages that a process did this with.
    pub fn bytes(&self, process: usize, doing: Doing) -> u64 {
        self.spans_of(process, doing).map(|span| span.bytes).sum()
    }

    /// The part of the wall time that the parent did this, from 0 to 1.
    pub fn parents_share(&self, doing: Doing) -> f64 {
        self.time_ns(0, doing) as f64 / self.wall_ns().max(1) as f64
    }

    /// The part of the workers' time, wall time times workers, that they did this, from 0 to 1.
    pub fn workers_share(&self, doing: Doing) -> f64 {
        let all: u64 = (1..self.processes).map(|worker| self.time_ns(worker, doing)).sum();
        all as f64 / (self.wall_ns() * self.workers() as u64).max(1) as f64
    }

    /// The same on a machine that takes `times` as long for everything.
    #[must_use]
    pub fn slower(&self, times: u64) -> Self {
        let slow = |span: &Span| Span { begin_ns: span.begin_ns * times, end_ns: span.end_ns * times, ..*span };
        Self { processes: self.processes, spans: self.spans.iter().map(slow).collect() }
    }

    fn spans_of(&self, process: usize, doing: Doing) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(move |span| span.process == process && span.doing == doing)
    }
}

/// A line for each process: of every hundred moments, in how many it did what.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Doing::{Decode, Encode, LockWait, Read, Start, Wait, Work, Write};
        let all = [Start, Encode, Write, Wait, Read, Decode, LockWait, Work];
        write!(f, "{:<10}", "%")?;
        all.iter().try_for_each(|doing| write!(f, "{:>9}", format!("{doing:?}")))?;
        writeln!(f, "{:>9}{:>14}", "messages", "bytes of each")?;
        for process in 0..self.processes {
            let name = if process == 0 { "parent".to_owned() } else { format!("worker {process}") };
            write!(f, "{name:<10}")?;
            for doing in all {
                write!(f, "{:>9}", self.time_ns(process, doing) * 100 / self.wall_ns().max(1))?;
            }
            let messages = self.count(process, Write);
            writeln!(f, "{messages:>9}{:>14}", self.bytes(process, Write) / messages.max(1))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
