//! What each process and each of its threads did when: an optional trace, there even after a worker was killed.
//!
//! Off, a span costs one relaxed load. While a [`Recording`] lasts, each thread of this process, and of every process that it forks
//! meanwhile, writes its events to a ring of its own in memory that all of them share. A ring that is full loses its oldest events;
//! a thread that finds all rings taken loses all of its events; a writer that is killed in the middle of an event loses that one.
//! Each of these is counted: see [`Lost`].
//!
//! `README.md` in the folder `trace/` beside this file describes the protocol of the rings.
//!
//! ```
//! use multiprocess::codec;
//! use multiprocess::trace::{Kind, Phase, Trace};
//!
//! let trace = Trace::create(16, 1_000).unwrap();
//! let recording = trace.record();
//! codec::dumps("forty-two").unwrap();
//! drop(recording);
//! let events = trace.events();
//! let encodes: Vec<_> = events.iter().filter(|event| event.kind == Kind::Encode).collect();
//! assert_eq!(encodes[1].phase, Phase::End);
//! assert_eq!(encodes[1].bytes, Some(10));
//! ```

mod buffer;
mod event;
mod recording;
pub(crate) mod ring;
mod timeline;

pub(crate) use buffer::Head;
use event::What;
pub use event::{Event, Kind, Phase};
pub use recording::{Recording, Span, instant, span};
pub(crate) use recording::{about, about_nothing, adopt, forked, off};

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use crate::error::Error;
use buffer::Buffer;

/// A trace: room for the events of a number of threads, of whatever process.
#[derive(Debug)]
pub struct Trace(Arc<Buffer>);

/// What a trace does not hold, in events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Written, and written over by later ones of the same thread.
    pub overwritten: u64,
    /// Begun, and not whole: their writers were killed, or are writing them just now.
    pub torn: u64,
    /// Not written, because all rings were taken.
    pub without_ring: u64,
}

impl Trace {
    /// Makes room for the last `events` events of each of `threads` threads, 48 bytes each. Memory is used only as far as it is written.
    ///
    /// # Errors
    /// If there is no descriptor or no memory for it.
    pub fn create(threads: usize, events: usize) -> Result<Self, Error> {
        Buffer::create(threads, events).map(|buffer| Self(Arc::new(buffer))).map_err(Error::io("making a trace"))
    }

    /// The one that this process records in, for a process that does not inherit it.
    pub(crate) fn current() -> Option<Self> {
        recording::current_buffer().map(Self)
    }

    /// Its memory.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.fd()
    }

    /// Records in this process, and in what it starts by whatever method, until the recording is dropped. Of several recordings, the last one
    /// that was begun has the events.
    pub fn record(&self) -> Recording {
        Recording::begin(Arc::clone(&self.0))
    }

    /// All events that are there, in the order of time; those of one thread in its own order. A process that still runs goes on writing.
    pub fn events(&self) -> Vec<Event> {
        self.0.read().0
    }

    /// How many events are not there.
    pub fn lost(&self) -> Lost {
        self.0.read().1
    }

    /// All events as lines of JSON, one object each, in the order of time. Every line has the fields `at_ns` (CLOCK_MONOTONIC), `pid`,
    /// `thread`, `kind` and `phase`; `job`, `task` and `bytes` are there if they are known.
    ///
    /// ```
    /// use multiprocess::trace::{Kind, Trace, instant};
    /// let trace = Trace::create(1, 1).unwrap();
    /// let recording = trace.record();
    /// instant(Kind::Mark);
    /// drop(recording);
    /// assert!(trace.json_lines().contains(r#""kind":"mark","phase":"instant"}"#));
    /// ```
    pub fn json_lines(&self) -> String {
        self.events().iter().map(|event| event.json() + "\n").collect()
    }

    /// When each thread did what, as plain numbers to be drawn: under the name `LANE/KIND`, the beginnings and ends by turns, in nanoseconds
    /// since the first event. A lane's name begins with its place: first this process's threads, then its workers. The kinds are `wait`,
    /// `work`, `dumps`, `loads`, `write` and `read`.
    ///
    /// ```
    /// use multiprocess::{codec, trace::Trace};
    /// let trace = Trace::create(1, 10).unwrap();
    /// let recording = trace.record();
    /// codec::dumps("forty-two").unwrap();
    /// drop(recording);
    /// assert_eq!(trace.timeline()["00 main/dumps"].len(), 2);
    /// ```
    pub fn timeline(&self) -> BTreeMap<String, Vec<u64>> {
        timeline::series(&self.events(), std::process::id())
    }

    /// The last `count` events, one a line, for a report of a failure: how long before the last of them, who, what.
    pub fn tail(&self, count: usize) -> String {
        let (events, lost) = self.0.read();
        let last = events.last().map_or(0, |event| event.at_ns);
        let shown = &events[events.len().saturating_sub(count)..];
        let mut text = format!("the last {} of {} events of the trace ({lost:?}):\n", shown.len(), events.len());
        for event in shown {
            let before = (last - event.at_ns) as f64 / 1e6;
            writeln!(text, "{:>12.6} ms  {event}", -before).expect("a String takes all text");
        }
        text
    }
}
