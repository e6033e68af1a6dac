//! The other threads: one that prints, one that is in the middle of something, some that allocate.

use std::hint::{self, black_box};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use harness::environment::usable_cores;

// ANCHOR: printer
/// A thread that prints lines to standard error, as the one in the post does.
#[derive(Debug)]
pub(super) struct Printer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Printer {
    pub(super) fn start(lines: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let print = move || (0..lines).take_while(|_| !told.load(Relaxed)).for_each(|line| eprintln!("line {line}"));
        Self { stop, thread: Some(thread::spawn(print)) }
    }
}
// ANCHOR_END: printer

impl Printer {
    /// Asks the thread to stop at its next line. What it holds in a child that was forked before is held for ever.
    pub(super) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.stop();
        let ended = self.thread.take().map_or(Ok(()), JoinHandle::join);
        assert!(ended.is_ok() || thread::panicking(), "printing to /dev/null does not fail");
    }
}

// ANCHOR: while_held
/// Runs `work` while another thread is inside `hold`, at the place where that calls its argument: by a handshake, not by luck.
pub(super) fn while_held<T>(hold: impl FnOnce(&dyn Fn()) + Send, work: impl FnOnce() -> T) -> T {
    let (tell, held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            hold(&|| {
                tell.send(()).expect("the other side waits for this");
                // An error is what is waited for: the sender has been dropped.
                let _ = released.recv();
            });
        });
        held.recv().expect("the holder says so before it ends");
        let done = work();
        drop(release);
        done
    })
}
// ANCHOR_END: while_held

/// Ends the threads that look at it when it is dropped, also by a panic: the scope waits for them.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Runs `work` while other threads allocate and free from the calling thread's own arena, so that the lock that they fight for is the one that
/// the child of this thread needs.
///
/// A thread that only allocates gets an arena of its own from glibc; what the calling thread has allocated, though, is reallocated in
/// that one's, under its lock, whoever does it.
pub(super) fn while_allocating<T>(threads: usize, work: impl FnOnce() -> T) -> T {
    // Too large for the caches that each thread has for itself, too small to be mapped one by one.
    const SMALL: usize = 2_000;
    const LARGE: usize = 60_000;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..threads {
            let mut block: Vec<u8> = vec![0; SMALL];
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Relaxed) {
                    block.reserve_exact(LARGE - SMALL);
                    black_box(&mut block).shrink_to(SMALL);
                    // Some use of the block, so that the lock is free for a while too: the fork itself needs it.
                    black_box(&mut block).fill(1);
                }
            });
        }
        let _ending = Ending(&stop);
        work()
    })
}

/// A delay, made ready before the printing thread starts.
///
/// A sleep would round it up to the kernel's timer slack, longer than the shortest delay tried, so it spins. A long one gives the core away
/// whenever somebody wants it. On a busy machine that takes milliseconds, so a short one does not, unless there is only one core: there
/// the printing thread would never run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    length: Duration,
    gives_way: bool,
}

impl Delay {
    /// The longest delay that does not give the core away.
    const SHORT: Duration = Duration::from_micros(100);

    pub(super) fn of(length: Duration) -> Self {
        Self { length, gives_way: length > Self::SHORT || usable_cores() < 2 }
    }

    /// Lets it pass, and tells how much time has really passed.
    pub(super) fn pass(self) -> Duration {
        let begin = Instant::now();
        loop {
            let waited = begin.elapsed();
            if waited >= self.length {
                return waited;
            }
            if self.gives_way {
                thread::yield_now();
            } else {
                hint::spin_loop();
            }
        }
    }
}
