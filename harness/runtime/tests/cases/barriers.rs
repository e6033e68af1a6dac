//! Barriers between processes, after CPython's `_TestBarrier`; and parties that die.

use std::time::{Duration, Instant};

use multiprocess::{Barrier, Error, Process, Queue, Semaphore, Status};

use super::Case;
use super::process::{LONG, until};

pub(super) const CASES: &[Case] = &[
    ("nobody_passes_a_barrier_before_all_have_come", rounds),
    ("each_party_of_a_barrier_has_a_number_of_its_own", numbers),
    ("the_action_of_a_barrier_is_called_once_a_round_before_anybody_goes_on", action),
    ("an_action_that_panics_breaks_the_barrier", panicking_action),
    ("an_aborted_barrier_is_broken_for_all_until_it_is_reset", aborted),
    ("a_reset_sends_away_who_waits_and_the_barrier_goes_on", reset),
    ("a_party_at_its_deadline_breaks_the_barrier_for_all", deadline),
    ("a_party_killed_while_it_waits_is_named_and_not_counted", killed),
    ("a_party_killed_while_it_waits_can_be_replaced", replaced),
    ("a_barrier_for_one_never_waits", alone),
];

const PARTIES: usize = 4;

/// A process for each party, all doing the same; its code says how it went.
fn parties(count: usize, body: impl Fn() -> Result<(), Error>) -> Vec<Process> {
    let body = || match body() {
        Ok(()) => 0,
        Err(fault) if fault.is_barrier_broken() => 3,
        Err(_) => 4,
    };
    (0..count).map(|_| Process::start(&[], body).unwrap()).collect()
}

fn all_end_with(processes: &mut [Process], code: i32) {
    for process in processes {
        assert_eq!(process.join(LONG).unwrap().status, Status::Exited(code));
    }
}

fn until_wait(barrier: &Barrier, count: usize) {
    until(|| barrier.waiting(LONG).unwrap() == count);
}

fn rounds() {
    const ROUNDS: u32 = 20;
    let barrier = Barrier::new(PARTIES).unwrap();
    let came = Semaphore::new(0).unwrap();
    let run = || {
        for round in 1..=ROUNDS {
            came.release().unwrap();
            barrier.wait(LONG)?;
            // All of this round have come, and none of the next one twice.
            let all = round * PARTIES as u32;
            assert!((all..all + PARTIES as u32).contains(&came.value()));
            barrier.wait(LONG)?;
        }
        Ok(())
    };
    all_end_with(&mut parties(PARTIES, run), 0);
    assert_eq!((came.value(), barrier.waiting(LONG).unwrap()), (ROUNDS * PARTIES as u32, 0));
}

fn numbers() {
    let barrier = Barrier::new(PARTIES).unwrap();
    let queue = Queue::new(0).unwrap();
    let body = || {
        (0..5_usize).for_each(|round| queue.put((round, barrier.wait(LONG).unwrap()), LONG).unwrap());
        i32::from(queue.join_thread(LONG).is_err())
    };
    let mut processes: Vec<_> = (0..PARTIES).map(|_| Process::start(&[&queue], body).unwrap()).collect();
    let mut got: Vec<(usize, usize)> = (0..5 * PARTIES).map(|_| queue.get(LONG).unwrap()).collect();
    got.sort_unstable();
    assert!(got.into_iter().eq((0..5).flat_map(|round| (0..PARTIES).map(move |number| (round, number)))));
    all_end_with(&mut processes, 0);
}

fn action() {
    let acted = std::sync::Arc::new(Semaphore::new(0).unwrap());
    let act = {
        let acted = std::sync::Arc::clone(&acted);
        move || acted.release().unwrap()
    };
    let barrier = Barrier::with_action(PARTIES, act).unwrap();
    for round in 1..=3 {
        let once = || {
            barrier.wait(LONG)?;
            assert_eq!(acted.value(), round);
            Ok(())
        };
        all_end_with(&mut parties(PARTIES, once), 0);
    }
    assert_eq!(acted.value(), 3);
}

fn panicking_action() {
    let barrier = Barrier::with_action(2, || panic!("on purpose")).unwrap();
    let mut waiting = parties(1, || barrier.wait(2 * LONG).map(drop));
    until_wait(&barrier, 1);
    let mut last = parties(1, || barrier.wait(LONG).map(drop));
    all_end_with(&mut last, 1);
    all_end_with(&mut waiting, 3);
    assert!(barrier.is_broken());
}

fn aborted() {
    let barrier = Barrier::new(PARTIES).unwrap();
    for _ in 0..2 {
        let mut waiting = parties(PARTIES - 1, || barrier.wait(2 * LONG).map(drop));
        until_wait(&barrier, PARTIES - 1);
        barrier.abort(LONG).unwrap();
        all_end_with(&mut waiting, 3);
        assert!(barrier.is_broken() && barrier.wait(LONG).unwrap_err().is_barrier_broken());
        barrier.reset(LONG).unwrap();
        assert!(!barrier.is_broken());
        all_end_with(&mut parties(PARTIES, || barrier.wait(LONG).map(drop)), 0);
    }
}

fn reset() {
    let barrier = Barrier::new(PARTIES).unwrap();
    let mut waiting = parties(PARTIES - 1, || barrier.wait(2 * LONG).map(drop));
    until_wait(&barrier, PARTIES - 1);
    barrier.reset(LONG).unwrap();
    all_end_with(&mut waiting, 3);
    assert!(!barrier.is_broken());
    all_end_with(&mut parties(PARTIES, || barrier.wait(LONG).map(drop)), 0);
}

fn deadline() {
    let barrier = Barrier::new(PARTIES).unwrap();
    let mut waiting = parties(PARTIES - 2, || barrier.wait(2 * LONG).map(drop));
    until_wait(&barrier, PARTIES - 2);
    let (begin, limit) = (Instant::now(), Duration::from_millis(30));
    let fault = barrier.wait(limit).unwrap_err();
    assert!(fault.is_barrier_broken() && fault.to_string().contains("3 of 4 parties"), "{fault}");
    assert!(begin.elapsed() >= limit && barrier.is_broken());
    all_end_with(&mut waiting, 3);
}

fn killed() {
    let barrier = Barrier::new(3).unwrap();
    let mut waiting = parties(1, || barrier.wait(2 * LONG).map(drop));
    until_wait(&barrier, 1);
    waiting[0].kill();
    assert_eq!(waiting[0].join(LONG).unwrap().status, Status::Signalled(9));
    let mut other = parties(1, || barrier.wait(2 * LONG).map(drop));
    until_wait(&barrier, 1);
    // Three have come, and two live.
    let fault = barrier.wait(Duration::from_millis(30)).unwrap_err();
    let named = format!("process {} died", waiting[0].pid());
    assert!(fault.to_string().contains("2 of 3") && fault.to_string().contains(&named), "{fault}");
    all_end_with(&mut other, 3);
}

fn replaced() {
    let barrier = Barrier::new(3).unwrap();
    let mut waiting = parties(2, || barrier.wait(2 * LONG).map(drop));
    until_wait(&barrier, 2);
    let mut dead = waiting.remove(0);
    dead.kill();
    assert_eq!(dead.join(LONG).unwrap().status, Status::Signalled(9));
    waiting.extend(parties(1, || barrier.wait(2 * LONG).map(drop)));
    until_wait(&barrier, 2);
    assert_eq!(barrier.wait(LONG).unwrap(), 2);
    all_end_with(&mut waiting, 0);
}

fn alone() {
    let barrier = Barrier::new(1).unwrap();
    assert!((0..10).all(|_| barrier.wait(Duration::ZERO).unwrap() == 0));
    assert_eq!(barrier.parties(), 1);
    assert!(Barrier::new(0).is_err());
}
