//! A server that answers under the interpreter lock while other threads count primes under it: what a holder that never blocks costs
//! one that always does.
//!
//! The client is outside the lock, as another program would be. It thinks between requests, so that the server really blocks.

use std::io;
use std::ops::Range;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use multiprocess::gil::{Attached, Gil};

use super::division::{blocks, count};
use super::threads::joined;

/// How long the client thinks before it sends a request.
pub(crate) const THINK: Duration = Duration::from_millis(2);

/// No answer takes this long; a subject that waits longer has been killed.
const WATCHDOG: Duration = Duration::from_secs(600);

/// How many numbers a spinner looks at before it looks whether it should stop.
const SPIN: usize = 256;

/// A server's socket and its client's.
pub(crate) struct Line {
    server: UnixDatagram,
    client: UnixDatagram,
}

impl Line {
    pub(crate) fn new() -> io::Result<Self> {
        let (server, client) = UnixDatagram::pair()?;
        server.set_read_timeout(Some(WATCHDOG))?;
        client.set_read_timeout(Some(WATCHDOG))?;
        Ok(Self { server, client })
    }

    // ANCHOR: serve
    /// Answers until an empty request comes. Both calls may block, so the lock is given away around each of them.
    pub(crate) fn serve(&self, thread: &Attached<'_>) -> io::Result<()> {
        let mut request = [0; 64];
        loop {
            let length = thread.release_around(|| retried(|| self.server.recv(&mut request)))?;
            if length == 0 {
                return Ok(());
            }
            thread.release_around(|| self.server.send(&request[..length]))?;
        }
    }
    // ANCHOR_END: serve

    /// How long the answer to one request takes, in nanoseconds.
    fn ask(&self) -> io::Result<u64> {
        let since = Instant::now();
        self.client.send(b"echo")?;
        retried(|| self.client.recv(&mut [0; 64]))?;
        Ok(since.elapsed().as_nanos() as u64)
    }

    /// Asks, with a thought before each request, until `over` is closed.
    pub(crate) fn ask_until(&self, over: &Receiver<()>) -> io::Result<()> {
        while over.recv_timeout(THINK) == Err(RecvTimeoutError::Timeout) {
            self.ask()?;
        }
        Ok(())
    }

    /// Lets the server end when the value is dropped, also by a panic: whoever waits for the server then does not wait for ever.
    pub(crate) fn until_hung_up(&self) -> HangUp<'_> {
        HangUp(self)
    }
}

/// See [`Line::until_hung_up`].
pub(crate) struct HangUp<'a>(&'a Line);

impl Drop for HangUp<'_> {
    fn drop(&mut self) {
        // Fails only if the server has gone already.
        let _ = self.0.client.send(&[]);
    }
}

/// A socket with a time limit is interrupted by a stop and a continue even without a signal handler (signal(7)).
fn retried<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Ends the spinners when it is dropped.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// One setting in which latencies are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// How many threads count primes beside the server.
    pub(crate) spinners: u32,
    /// The switch interval.
    pub(crate) interval: Duration,
    /// How long the client thinks between requests.
    pub(crate) think: Duration,
}

/// The latencies of `requests` requests under `load`, in nanoseconds.
///
/// The client begins when the server and every spinner have had the lock: without a thought it could otherwise be done before they come. One
/// more request goes before those that count.
pub(crate) fn latencies(load: Load, numbers: &Range<u32>, requests: u64) -> io::Result<Vec<u64>> {
    let (gil, line, over) = (Gil::new(load.interval), Line::new()?, AtomicBool::new(false));
    let spinners = load.spinners;
    thread::scope(|scope| {
        let (ending, hang_up) = (Ending(&over), line.until_hung_up());
        let server = scope.spawn(|| line.serve(&gil.attach()));
        for _ in 0..spinners {
            scope.spawn(|| spin(&gil.attach(), numbers, &over));
        }
        gil.wait_for_attached(1 + spinners, WATCHDOG).map_err(io::Error::other)?;
        // Nobody else has the sender, so the receiver is nothing but a clock.
        let (_clock, tick) = mpsc::channel::<()>();
        let ask = |_| {
            if !load.think.is_zero() {
                let _ = tick.recv_timeout(load.think);
            }
            line.ask()
        };
        let answered: io::Result<Vec<u64>> = (0..=requests).map(ask).collect();
        drop(ending);
        drop(hang_up);
        joined(server)?;
        Ok(answered?.split_off(1))
    })
}

/// Counts primes under the lock until it is over.
fn spin(thread: &Attached<'_>, numbers: &Range<u32>, over: &AtomicBool) {
    let mut numbers = blocks(numbers, SPIN).cycle();
    while !over.load(Relaxed) {
        match numbers.next() {
            Some(block) => drop(std::hint::black_box(count(block, thread))),
            // No numbers at all: looking at nothing, over and over.
            None => thread.checkpoint(),
        }
    }
}

/// The median, the upper of two.
pub(crate) fn median(values: &[u64]) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}
