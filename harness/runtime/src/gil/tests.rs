//! The protocol, by counts alone: no test depends on how long anything takes.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc;
use std::thread;

use super::*;

/// Nobody waits this long: with this interval there are no requests.
const FOR_EVER: Duration = Duration::from_secs(3_600);

#[test]
fn only_the_holder_runs() {
    const ROUNDS: u64 = if cfg!(miri) { 100 } else { 2_000 };
    let gil = Gil::new(Duration::ZERO);
    // Counted by load and store: two at once would lose counts.
    let total = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let thread = gil.attach();
                for round in 0..ROUNDS {
                    let before = total.load(Relaxed);
                    if round % 64 == 0 {
                        thread::yield_now();
                    }
                    total.store(before + 1, Relaxed);
                    thread.checkpoint();
                    if round % 100 == 0 {
                        thread.release_around(thread::yield_now);
                    }
                }
            });
        }
    });
    assert_eq!(total.into_inner(), 4 * ROUNDS);
    let counts = gil.counts();
    assert!(counts.switches >= 4 && counts.takes >= 4 * (1 + ROUNDS / 100), "{counts:?}");
    assert!(counts.switches <= counts.takes && counts.forced_switches <= counts.takes, "{counts:?}");
}

#[test]
fn alone_nobody_waits_and_nothing_is_forced() {
    let gil = Gil::new(Duration::ZERO);
    let thread = gil.attach();
    (0..if cfg!(miri) { 100 } else { 100_000 }).for_each(|_| thread.checkpoint());
    (0..10).for_each(|_| thread.release_around(|| ()));
    let counts = thread.detach();
    assert_eq!(counts, Counts { takes: 11, switches: 1, ..Counts::default() });
    assert_eq!(gil.counts(), counts);
}

#[test]
fn a_spinner_gives_way_once_it_is_asked_to() {
    let gil = Gil::new(Duration::from_millis(1));
    let (spinner, visitor) = (gil.enrol(), gil.enrol());
    let (spinning, spins) = mpsc::channel();
    let visited = AtomicBool::new(false);
    thread::scope(|scope| {
        let spinner = scope.spawn(|| {
            let spinner = spinner.attach();
            spinning.send(()).unwrap();
            while !visited.load(Relaxed) {
                spinner.checkpoint();
            }
            spinner.detach()
        });
        spins.recv().unwrap();
        let visitor = visitor.attach();
        visited.store(true, Relaxed);
        let visitor = visitor.detach();
        let spinner = spinner.join().unwrap();
        assert_eq!((visitor.takes, visitor.switches, visitor.waits), (1, 1, 1));
        assert!(visitor.drop_requests >= 1, "{visitor:?}");
        assert!(visitor.waited >= gil.interval, "{visitor:?}");
        assert_eq!((spinner.takes, spinner.switches, spinner.yields), (2, 2, 1));
        assert!(spinner.forced_switches <= 1, "{spinner:?}");
    });
    assert_eq!(gil.counts().switches, 3);
}

#[test]
fn a_blocking_call_lets_a_waiter_in_without_being_asked() {
    let gil = Gil::new(FOR_EVER);
    let first = gil.attach();
    let (arrived, arrival) = mpsc::channel();
    thread::scope(|scope| {
        let second = scope.spawn(|| {
            let second = gil.attach();
            arrived.send(()).unwrap();
            second.detach()
        });
        first.release_around(|| arrival.recv()).unwrap();
        let second = second.join().unwrap();
        assert_eq!((second.takes, second.switches, second.drop_requests), (1, 1, 0));
    });
    let first = first.detach();
    assert_eq!((first.takes, first.switches, first.drop_requests), (2, 2, 0));
    assert_eq!((first.yields, first.forced_switches), (0, 0));
}

#[test]
fn a_panic_drops_the_lock_also_in_the_middle_of_a_blocking_call() {
    let gil = Gil::new(FOR_EVER);
    for during_a_call in [false, true] {
        let panicked = thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let thread = gil.attach();
                let fall = || std::panic::resume_unwind(Box::new("on purpose"));
                if during_a_call { thread.release_around(fall) } else { fall() }
            });
            thread.join().is_err()
        });
        assert!(panicked);
        assert_eq!(gil.attach().detach().waits, 0);
    }
}

#[test]
fn the_log_tells_who_had_it_and_is_never_longer_than_its_room() {
    let gil = Gil::with_log(FOR_EVER, 5);
    let (zero, one) = (gil.enrol(), gil.enrol());
    assert_eq!((zero.number(), one.number()), (0, 1));
    let one = one.attach();
    assert_eq!(one.number(), 1);
    one.detach();
    drop(zero.attach());
    drop(gil.attach());
    let changes = gil.changes();
    let holders: Vec<_> = changes.iter().map(|change| change.holder).collect();
    assert_eq!(holders, [Some(1), None, Some(0), None, Some(2)]);
    assert!(changes.is_sorted_by_key(|change| change.at));
    assert_eq!(gil.counts().takes, 3);
}

/// gh-104341: a thread that ends does not wait until somebody else has taken the lock.
#[test]
fn a_thread_that_ends_is_not_forced_to_switch() {
    let gil = Gil::new(Duration::from_millis(1));
    let (asker, arrival) = (gil.enrol(), mpsc::channel());
    thread::scope(|scope| {
        let last = gil.attach();
        let asker = scope.spawn(|| {
            arrival.0.send(()).unwrap();
            asker.attach().detach()
        });
        arrival.1.recv().unwrap();
        // It never passes a safe point, so the request stands until it ends.
        while !gil.request.0.load(Relaxed) {
            thread::yield_now();
        }
        let last = last.detach();
        assert_eq!((last.takes, last.yields, last.forced_switches), (1, 0, 0));
        let asker = asker.join().unwrap();
        assert_eq!((asker.takes, asker.switches, asker.waits), (1, 1, 1));
        assert!(asker.drop_requests >= 1, "{asker:?}");
    });
    // Who took the lock has cleared the request: the next one neither yields nor is forced.
    let next = gil.attach();
    next.checkpoint();
    assert_eq!(next.detach(), Counts { takes: 1, switches: 1, ..Counts::default() });
    assert_eq!(gil.counts().forced_switches, 0);
}

/// The convoy: each call that really blocks lets the spinner in, and costs a request and a switch each way.
#[test]
fn each_call_that_blocks_costs_a_request() {
    const CALLS: u64 = 5;
    let gil = Gil::new(Duration::from_millis(1));
    // How often the spinner has come round, and whether it is over.
    let (rounds, over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let spinner = scope.spawn(|| {
            let spinner = gil.attach();
            while !over.load(Relaxed) {
                rounds.fetch_add(1, Relaxed);
                spinner.checkpoint();
            }
            spinner.detach()
        });
        gil.wait_for_attached(1, FOR_EVER).unwrap();
        let server = gil.attach();
        for _ in 0..CALLS {
            // Blocks until the spinner has had the lock, as a call does whose data comes from elsewhere.
            server.release_around(|| {
                let before = rounds.load(Relaxed);
                while rounds.load(Relaxed) == before {
                    thread::yield_now();
                }
            });
        }
        over.store(true, Relaxed);
        let server = server.detach();
        let spinner = spinner.join().unwrap();
        // Once to attach, once after each call.
        assert_eq!((server.takes, server.switches, server.waits), (1 + CALLS, 1 + CALLS, 1 + CALLS));
        assert!(server.drop_requests > CALLS, "{server:?}");
        // The spinner gave it away each time, and got it back by waiting for the blocking call or for the end.
        assert_eq!((spinner.yields, spinner.takes), (1 + CALLS, 2 + CALLS));
        assert!(spinner.forced_switches <= spinner.yields, "{spinner:?}");
    });
}

/// A call that does not block is back before anybody is asked: whoever waits gets the lock from such calls for nothing.
#[test]
fn calls_that_do_not_block_cost_no_request() {
    let gil = Gil::new(FOR_EVER);
    let there = AtomicBool::new(false);
    thread::scope(|scope| {
        let server = gil.attach();
        let visitor = scope.spawn(|| {
            let visitor = gil.attach();
            there.store(true, Relaxed);
            visitor.detach()
        });
        let mut calls = 1;
        while !there.load(Relaxed) {
            server.release_around(|| ());
            calls += 1;
        }
        let visitor = visitor.join().unwrap();
        let server = server.detach();
        assert_eq!((server.takes, server.drop_requests, server.forced_switches), (calls, 0, 0));
        // Every other time it was back first, and nothing was switched.
        assert_eq!((server.switches, visitor.switches, visitor.drop_requests), (2, 1, 0));
    });
}

#[test]
fn who_waits_for_threads_to_attach_is_told_of_too_few() {
    let gil = Gil::new(FOR_EVER);
    assert!(gil.wait_for_attached(1, Duration::from_millis(1)).unwrap_err().is_deadline());
    let thread = gil.attach();
    assert_eq!(gil.attached(), 1);
    gil.wait_for_attached(1, Duration::ZERO).unwrap();
    assert!(gil.wait_for_attached(2, Duration::ZERO).is_err());
    // It is attached also while it makes a call.
    assert_eq!(thread.release_around(|| gil.attached()), 1);
    drop(thread);
    assert_eq!(gil.attached(), 0);
}
