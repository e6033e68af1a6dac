//! A server and a thread that counts under one interpreter lock: told is what the server did with the lock while it waited.
//!
//! The client is outside the lock. It lets every wait of the server last until the other thread has counted on, or until it is plain that
//! it cannot, because the server has the lock. So what is told follows from who has the lock, and not from how fast anything is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use multiprocess::gil::{Attached, Gil};

/// Short, so that little time is spent on taking turns.
const SWITCH_INTERVAL: Duration = Duration::from_micros(50);

/// Room for changes of hands. A server that gives the lock away more often than that is told to have had it at all times.
const CHANGES: usize = 1 << 14;

/// The number of the thread that counts: it is enrolled first.
const COUNTER: u32 = 0;

/// How far the other thread counts in each wait in which it can.
const STEPS: u64 = 100;

/// No thread takes longer than this to begin.
const BEGINS_WITHIN: Duration = Duration::from_secs(60);

/// What was seen of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Its answers, in order.
    pub answers: Vec<u64>,
    /// How often it waited: for a request, for the sending of an answer, for the saving of everything.
    pub waits: u64,
    /// In how many of these waits the other thread stood still, because the server had the lock.
    pub stood_still: u64,
    /// How often the table was touched by a server that did not have the lock.
    pub unguarded: u64,
    /// How often the server took the lock.
    pub takes: u64,
    /// Whether the server saved before it left.
    pub saved: bool,
}

/// Lets `serve` answer `requests` while another thread counts under the same lock, until the client hangs up.
///
/// ```
/// let served = exercises::serve_beside_a_counter(&[vec![7, 7, 9]], |gil, line, table| {
///     let thread = gil.attach();
///     while let Some(words) = thread.release_around(|| line.receive()) {
///         let answer = words.iter().map(|word| table.count(*word)).sum();
///         line.send(answer); // it waits here with the lock
///     }
/// });
/// assert_eq!((served.answers, served.waits, served.stood_still), (vec![1 + 2 + 1], 3, 1));
/// ```
///
/// # Panics
/// If `serve` does.
pub fn serve_beside_a_counter(requests: &[Vec<u64>], serve: impl FnOnce(&Gil, &Line, &Table<'_>) + Send) -> Served {
    let gil = Gil::with_log(SWITCH_INTERVAL, CHANGES);
    let (line, table) = (Line::default(), Table { gil: &gil, counts: Mutex::default(), unguarded: AtomicU64::new(0) });
    let (steps, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let counter = gil.enrol();
    let mut served = thread::scope(|scope| {
        let _over = Raised(&over);
        scope.spawn(|| count(&counter.attach(), &steps, &over));
        gil.wait_for_attached(1, BEGINS_WITHIN).expect("a thread begins");
        scope.spawn(|| {
            let _gone = Leaving(&line);
            serve(&gil, &line, &table);
        });
        line.talk(requests, || match holder(&gil) {
            Holder::Server => false,
            Holder::Nobody | Holder::Counter => {
                let until = steps.load(Relaxed) + STEPS;
                while steps.load(Relaxed) < until {
                    thread::yield_now();
                }
                true
            }
        })
    });
    served.unguarded = table.unguarded.into_inner();
    let takes = gil.changes().into_iter().filter_map(|change| change.holder);
    served.takes = takes.filter(|number| *number != COUNTER).count() as u64;
    served
}

/// Counts under the lock until it is over.
fn count(thread: &Attached<'_>, steps: &AtomicU64, over: &AtomicBool) {
    while !over.load(Relaxed) {
        steps.fetch_add(1, Relaxed);
        thread.checkpoint();
    }
}

/// Who has the lock.
enum Holder {
    Nobody,
    Counter,
    /// A thread that the server has attached.
    Server,
}

fn holder(gil: &Gil) -> Holder {
    let changes = gil.changes();
    match changes.last().and_then(|change| change.holder) {
        _ if changes.len() >= CHANGES => Holder::Server,
        None => Holder::Nobody,
        Some(COUNTER) => Holder::Counter,
        Some(_) => Holder::Server,
    }
}

/// An object of the interpreter: it counts words. It may be touched only by a thread that has the lock.
#[derive(Debug)]
pub struct Table<'gil> {
    gil: &'gil Gil,
    counts: Mutex<BTreeMap<u64, u64>>,
    unguarded: AtomicU64,
}

impl Table<'_> {
    /// Counts a word; how often it was counted, this time included.
    pub fn count(&self, word: u64) -> u64 {
        if !matches!(holder(self.gil), Holder::Server) {
            self.unguarded.fetch_add(1, Relaxed);
        }
        let mut counts = lock(&self.counts);
        let count = counts.entry(word).or_default();
        *count += 1;
        *count
    }
}

/// The server's end of a line to its client. Every call waits for something that is none of the interpreter's.
#[derive(Debug, Default)]
pub struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What the server waits for.
    call: Option<Call>,
    /// What it waited for is there.
    reply: Option<Option<Vec<u64>>>,
    server_is_gone: bool,
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Receive,
    Send(u64),
    Save,
}

impl Line {
    /// Waits for the next request, which is a list of words; none if the client has hung up.
    pub fn receive(&self) -> Option<Vec<u64>> {
        self.wait_for(Call::Receive)
    }

    /// Sends an answer, and waits until the client has taken it.
    pub fn send(&self, answer: u64) {
        self.wait_for(Call::Send(answer));
    }

    /// Waits until everything that was sent is on the disk.
    pub fn save(&self) {
        self.wait_for(Call::Save);
    }

    fn wait_for(&self, call: Call) -> Option<Vec<u64>> {
        let mut state = self.until(lock(&self.state), |state| state.call.is_none());
        state.call = Some(call);
        self.changed.notify_all();
        let mut state = self.until(state, |state| state.reply.is_some());
        state.call = None;
        let reply = state.reply.take().flatten();
        self.changed.notify_all();
        reply
    }

    /// The client: lets each wait of the server last until `moves` tells whether the other thread has counted on meanwhile.
    fn talk(&self, requests: &[Vec<u64>], moves: impl Fn() -> bool) -> Served {
        let mut served = Served::default();
        let mut requests = requests.iter();
        loop {
            let waits = |state: &State| state.server_is_gone || state.call.is_some() && state.reply.is_none();
            let state = self.until(lock(&self.state), waits);
            let Some(call) = state.call.filter(|_| !state.server_is_gone) else { return served };
            drop(state);
            served.waits += 1;
            served.stood_still += u64::from(!moves());
            let reply = match call {
                Call::Receive => requests.next().cloned(),
                Call::Send(answer) => {
                    served.answers.push(answer);
                    None
                }
                Call::Save => {
                    served.saved = true;
                    None
                }
            };
            lock(&self.state).reply = Some(reply);
            self.changed.notify_all();
        }
    }

    fn until<'a>(&'a self, state: MutexGuard<'a, State>, so: impl Fn(&State) -> bool) -> MutexGuard<'a, State> {
        self.changed.wait_while(state, |state| !so(state)).unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the client that the server has left, also by a panic.
struct Leaving<'a>(&'a Line);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).server_is_gone = true;
        self.0.changed.notify_all();
    }
}

/// Says that it is over, also by a panic.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// No critical section here can panic, so a poisoned lock protects a sound value.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
