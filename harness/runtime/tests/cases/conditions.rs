//! Conditions and events between processes, after CPython's `_TestCondition` and `_TestEvent`; and waits that end by a death.

use std::time::{Duration, Instant};

use multiprocess::{BoundedSemaphore, Condition, Event, Process, Semaphore, Status};

use super::Case;
use super::process::{LONG, until, wchan};

pub(super) const CASES: &[Case] = &[
    ("one_notification_wakes_the_one_who_waited_longest", oldest_first),
    ("a_notification_of_n_wakes_exactly_n", exactly_n),
    ("a_notification_of_all_wakes_those_who_wait_and_no_later_one", all),
    ("a_wait_that_is_not_notified_ends_at_its_deadline_with_the_lock", not_notified),
    ("a_predicate_is_waited_for_over_many_notifications", predicate),
    ("a_predicate_that_stays_false_reaches_the_deadline", false_predicate),
    ("a_waiter_that_was_killed_takes_no_notification", killed_waiter),
    ("a_condition_whose_lock_died_is_recovered_with_its_waiters", dead_lock),
    ("a_condition_has_room_for_256_and_says_so", crowded),
    ("an_event_is_waited_for_set_and_cleared", event),
    ("an_event_that_is_set_and_cleared_at_once_is_not_missed", pulse),
    ("setting_an_event_does_not_wait_for_a_killed_waiter", killed_at_an_event),
    ("a_bounded_semaphore_counts_and_refuses_one_release_too_many", bounded),
    ("a_bounded_semaphore_lets_in_as_many_as_it_counts", admits),
    ("of_two_releases_of_a_bounded_semaphore_at_once_one_fails", two_releases),
    ("a_semaphore_counts_up_from_where_it_began", semaphore),
];

/// Waits at the condition, and ends with 7 if it was notified, with 8 if not.
fn wait_at(condition: &Condition, limit: Duration) -> impl FnOnce() -> i32 {
    move || {
        let (_guard, notified) = condition.acquire(LONG).unwrap().wait(limit).unwrap();
        if notified { 7 } else { 8 }
    }
}

/// A process that [waits](wait_at), once it does.
fn waiter(condition: &Condition, limit: Duration) -> Process {
    let before = waiting_at(condition);
    let process = Process::start(&[], wait_at(condition, limit)).unwrap();
    until(|| waiting_at(condition) == before + 1);
    process
}

fn waiting_at(condition: &Condition) -> usize {
    condition.acquire(LONG).unwrap().waiting().unwrap()
}

fn notify(condition: &Condition, count: usize) -> usize {
    condition.acquire(LONG).unwrap().notify(count).unwrap()
}

fn ends_with(process: &mut Process, code: i32) {
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(code));
}

fn oldest_first() {
    let condition = Condition::new().unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| waiter(&condition, 2 * LONG)).collect();
    while !waiting.is_empty() {
        assert_eq!(notify(&condition, 1), 1);
        ends_with(&mut waiting.remove(0), 7);
        assert!(waiting.iter().all(|process| process.exit_status().unwrap().is_none()));
    }
    assert_eq!(notify(&condition, 1), 0);
}

fn exactly_n() {
    let condition = Condition::new().unwrap();
    let mut waiting: Vec<_> = (0..6).map(|_| waiter(&condition, 2 * LONG)).collect();
    assert_eq!(notify(&condition, 2), 2);
    waiting.drain(..2).for_each(|mut process| ends_with(&mut process, 7));
    assert_eq!(waiting_at(&condition), 4);
    assert_eq!(notify(&condition, 5), 4);
    waiting.iter_mut().for_each(|process| ends_with(process, 7));
    assert_eq!(notify(&condition, 3), 0);
}

fn all() {
    let condition = Condition::new().unwrap();
    for _ in 0..2 {
        let mut late = Process::start(&[], wait_at(&condition, Duration::from_millis(1))).unwrap();
        ends_with(&mut late, 8);
        let mut waiting: Vec<_> = (0..3).map(|_| waiter(&condition, 2 * LONG)).collect();
        assert_eq!(condition.acquire(LONG).unwrap().notify_all().unwrap(), 3);
        let mut next = waiter(&condition, 2 * LONG);
        waiting.iter_mut().for_each(|process| ends_with(process, 7));
        assert_eq!(next.exit_status().unwrap(), None);
        assert_eq!(notify(&condition, usize::MAX), 1);
        ends_with(&mut next, 7);
    }
}

fn not_notified() {
    let condition = Condition::new().unwrap();
    let limit = Duration::from_millis(50);
    let begin = Instant::now();
    let (guard, notified) = condition.acquire(LONG).unwrap().wait(limit).unwrap();
    assert!(!notified && begin.elapsed() >= limit);
    assert!(condition.acquire(Duration::ZERO).unwrap_err().is_deadline(), "it has the lock again");
    drop(guard);
    drop(condition.acquire(Duration::ZERO).unwrap());
}

/// As CPython's `test_waitfor`: it waits for 4, which is counted up to with a notification each.
fn predicate() {
    let (condition, number) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
    let wait = || {
        let (_guard, is) = condition.acquire(LONG).unwrap().wait_for(2 * LONG, || number.value() == 4).unwrap();
        i32::from(is)
    };
    let mut process = Process::start(&[], wait).unwrap();
    for _ in 0..4 {
        // Back in its wait, each time: it was asked, and it was not so.
        until(|| waiting_at(&condition) == 1);
        let guard = condition.acquire(LONG).unwrap();
        number.release().unwrap();
        assert_eq!(guard.notify(1).unwrap(), 1);
    }
    ends_with(&mut process, 1);
}

fn false_predicate() {
    let condition = Condition::new().unwrap();
    let mut asked = 0;
    let limit = Duration::from_millis(30);
    let begin = Instant::now();
    let guard = condition.acquire(LONG).unwrap();
    let (_guard, was) = guard
        .wait_for(limit, || {
            asked += 1;
            false
        })
        .unwrap();
    assert!(!was && asked >= 2 && begin.elapsed() >= limit);
}

fn killed_waiter() {
    let condition = Condition::new().unwrap();
    let mut dead: Vec<_> = (0..3).map(|_| waiter(&condition, 2 * LONG)).collect();
    let mut alive = waiter(&condition, 2 * LONG);
    for process in &mut dead {
        process.kill();
        assert_eq!(process.join(LONG).unwrap().status, Status::Signalled(9));
    }
    // They waited longer, and are passed over.
    assert_eq!(notify(&condition, 1), 1);
    ends_with(&mut alive, 7);
    assert_eq!((waiting_at(&condition), notify(&condition, 9)), (0, 0));
}

fn dead_lock() {
    let condition = Condition::new().unwrap();
    let mut alive = waiter(&condition, 2 * LONG);
    let held = Semaphore::new(0).unwrap();
    let hold = || {
        let _guard = condition.acquire(LONG).unwrap();
        held.release().unwrap();
        i32::from(Semaphore::new(0).unwrap().acquire(2 * LONG).is_ok())
    };
    let mut owner = Process::start(&[], hold).unwrap();
    held.acquire(LONG).unwrap();
    owner.kill();
    assert_eq!(owner.join(LONG).unwrap().status, Status::Signalled(9));
    let fault = condition.acquire(LONG).unwrap_err();
    assert!(fault.dead_owner() == Some(owner.pid()) && fault.to_string().contains("Condition"), "{fault}");
    let guard = condition.recover(LONG).unwrap();
    assert_eq!(guard.notify_all().unwrap(), 1);
    drop(guard);
    ends_with(&mut alive, 7);
}

fn crowded() {
    let condition = Condition::new().unwrap();
    let full = || {
        std::thread::scope(|scope| {
            for _ in 0..256 {
                scope.spawn(|| condition.acquire(LONG).unwrap().wait(2 * LONG).unwrap().1);
            }
            until(|| waiting_at(&condition) == 256);
            let fault = condition.acquire(LONG).unwrap().wait(LONG).unwrap_err();
            assert!(fault.to_string().contains("256 wait already"), "{fault}");
            assert_eq!(notify(&condition, usize::MAX), 256);
        });
        0
    };
    ends_with(&mut Process::start(&[], full).unwrap(), 0);
}

fn event() {
    let event = Event::new().unwrap();
    assert!(!event.is_set());
    for limit in [Duration::ZERO, Duration::from_millis(20)] {
        let begin = Instant::now();
        assert!(event.wait(limit).unwrap_err().is_deadline());
        assert!(begin.elapsed() >= limit);
    }
    event.set();
    event.set();
    assert!(event.is_set());
    event.wait(Duration::ZERO).unwrap();
    event.clear();
    event.clear();
    assert!(event.wait(Duration::ZERO).is_err());
    let set = || {
        event.set();
        0
    };
    let mut process = Process::start(&[], set).unwrap();
    event.wait(LONG).unwrap();
    ends_with(&mut process, 0);
    assert!(event.is_set());
}

fn pulse() {
    let event = Event::new().unwrap();
    let wait = || i32::from(event.wait(2 * LONG).is_err());
    let mut waiting: Vec<_> = (0..4).map(|_| Process::start(&[], wait).unwrap()).collect();
    until(|| waiting.iter().all(|process| wchan(process).contains("futex")));
    event.set();
    event.clear();
    waiting.iter_mut().for_each(|process| ends_with(process, 0));
}

fn killed_at_an_event() {
    let event = Event::new().unwrap();
    let wait = || i32::from(event.wait(2 * LONG).is_err());
    let [mut dead, mut alive] = [(); 2].map(|()| Process::start(&[], wait).unwrap());
    until(|| wchan(&dead).contains("futex") && wchan(&alive).contains("futex"));
    dead.kill();
    assert_eq!(dead.join(LONG).unwrap().status, Status::Signalled(9));
    event.set();
    ends_with(&mut alive, 0);
}

fn bounded() {
    let semaphore = BoundedSemaphore::new(2).unwrap();
    assert!(semaphore.release().unwrap_err().to_string().contains("began with 2"));
    (0..2).for_each(|_| semaphore.acquire(Duration::ZERO).unwrap());
    assert!(semaphore.acquire(Duration::from_millis(10)).unwrap_err().is_deadline());
    // What one process took another may give back: it has no owner.
    let release = || i32::from(semaphore.release().is_err());
    for _ in 0..2 {
        ends_with(&mut Process::start(&[], release).unwrap(), 0);
    }
    ends_with(&mut Process::start(&[], release).unwrap(), 1);
    assert_eq!(semaphore.value(), 2);
}

fn admits() {
    let (semaphore, inside) = (BoundedSemaphore::new(2).unwrap(), BoundedSemaphore::new(2).unwrap());
    let work = || {
        for _ in 0..500 {
            semaphore.acquire(LONG).unwrap();
            // A third one would find no place in here.
            inside.acquire(Duration::ZERO).unwrap();
            inside.release().unwrap();
            semaphore.release().unwrap();
        }
        0
    };
    let mut processes: Vec<_> = (0..4).map(|_| Process::start(&[], work).unwrap()).collect();
    processes.iter_mut().for_each(|process| ends_with(process, 0));
    assert_eq!((semaphore.value(), inside.value()), (2, 2));
}

fn two_releases() {
    for _ in 0..20 {
        let semaphore = BoundedSemaphore::new(1).unwrap();
        let go = Event::new().unwrap();
        semaphore.acquire(LONG).unwrap();
        let release = || {
            go.wait(LONG).unwrap();
            i32::from(semaphore.release().is_ok())
        };
        let mut processes = [(); 2].map(|()| Process::start(&[], release).unwrap());
        go.set();
        let codes = processes.each_mut().map(|process| process.join(LONG).unwrap().status);
        assert!(codes.contains(&Status::Exited(0)) && codes.contains(&Status::Exited(1)), "{codes:?}");
    }
}

fn semaphore() {
    let semaphore = Semaphore::new(2).unwrap();
    for left in [1, 0] {
        semaphore.acquire(Duration::ZERO).unwrap();
        assert_eq!(semaphore.value(), left);
    }
    let limit = Duration::from_millis(20);
    let begin = Instant::now();
    assert!(semaphore.acquire(limit).unwrap_err().is_deadline());
    assert!(begin.elapsed() >= limit);
    // Unlike a bounded one it may be above where it began.
    for value in 1..=4 {
        semaphore.release().unwrap();
        assert_eq!(semaphore.value(), value);
    }
}
