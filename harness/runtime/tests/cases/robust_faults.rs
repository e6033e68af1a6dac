//! What goes wrong in the pool to use: every loss has a name, costs one task, and leaves a pool that works.

use std::collections::BTreeSet;
use std::time::Duration;

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::pool::{Config, Pool, Workers};
use multiprocess::{Error, Status};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::functions::{Armed, Bomb, Bytes, Explosive, Fragile, Garbled, NoWay, Refusing, Square, Unheard, Unlucky};
use super::robust_functions::{End, Ending, Falter, Tear, Work};
use super::robust_pool::{SOON, chosen, finished, squares, started};

pub(super) const CASES: &[Case] = &[
    ("robust_200_kills_at_random_times_are_200_named_deaths", kills_at_random_times),
    ("robust_200_kills_in_a_task_are_200_named_errors", kills_in_a_task),
    ("robust_idle_workers_that_are_killed_cost_nothing", idle_workers_killed),
    ("robust_one_killed_of_eight_items_costs_one", one_of_eight),
    ("robust_a_task_that_exits_is_named_with_its_code", task_exits),
    ("robust_100_panics_cost_no_worker", panics_cost_no_worker),
    ("robust_a_failing_initializer_is_given_up_with_fork", || initializer_fails(Fork)),
    ("robust_a_failing_initializer_is_given_up_with_forkserver", || initializer_fails(ForkServer)),
    ("robust_a_failing_initializer_is_given_up_with_spawn", || initializer_fails(Spawn)),
    ("robust_what_cannot_cross_is_an_error_of_its_item", what_cannot_cross),
    ("robust_a_torn_reply_is_named_with_fork", || torn_reply(Fork)),
    ("robust_a_torn_reply_is_named_with_forkserver", || torn_reply(ForkServer)),
    ("robust_a_torn_reply_is_named_with_spawn", || torn_reply(Spawn)),
    ("robust_a_worker_killed_in_the_middle_of_a_large_reply_is_torn", torn_large_reply),
    ("robust_replies_that_were_not_sent_yet_survive_their_worker", unsent_replies_survive),
    ("robust_a_large_output_takes_at_most_three_times_its_size", large_output_is_bounded),
    ("robust_a_task_that_takes_too_long_is_ended", || too_long(End::Never)),
    ("robust_a_stopped_worker_is_ended", || too_long(End::Stop)),
    ("robust_starting_with_few_descriptors_leaks_nothing_with_fork", || few_descriptors(Fork)),
    ("robust_starting_with_few_descriptors_leaks_nothing_with_forkserver", || few_descriptors(ForkServer)),
    ("robust_starting_with_few_descriptors_leaks_nothing_with_spawn", || few_descriptors(Spawn)),
    ("robust_an_unregistered_function_is_an_error_value", unregistered_function),
    ("robust_threads_survive_kills", threads_survive_kills),
];

/// A small generator of numbers that look random (SplitMix64): the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound
    }
}

fn sigkill(pid: u32) {
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
}

/// The loss that an error names.
#[track_caller]
pub(super) fn loss<T: std::fmt::Debug>(outcome: Result<T, Error>) -> multiprocess::Loss {
    let error = outcome.unwrap_err();
    error.loss().unwrap_or_else(|| panic!("no worker was lost: {error}"))
}

/// Kills fall in tasks and between them; each is named in the records, and costs the task it fell in.
pub(super) fn kills_at_random_times() {
    let pool = started(Config::new(2));
    let mut dice = Dice(1);
    let mut errors = BTreeSet::new();
    for _ in 0..200 {
        let items: Vec<u64> = (0..40).map(|_| dice.below(500)).collect();
        let victim = pool.worker_pids()[dice.below(2) as usize];
        let delay = dice.below(4_000);
        let outcomes = std::thread::scope(|scope| {
            scope.spawn(move || {
                let begin = std::time::Instant::now();
                while begin.elapsed() < Duration::from_micros(delay) {
                    std::hint::spin_loop();
                }
                sigkill(victim);
            });
            pool.try_map(Work, items.clone(), 1).unwrap()
        });
        assert_eq!(outcomes.len(), items.len());
        for (item, outcome) in items.into_iter().zip(outcomes) {
            match outcome {
                Ok(output) => assert_eq!(output, item),
                other => {
                    let loss = loss(other);
                    assert_eq!((loss.pid, loss.status), (victim, Status::Signalled(9)));
                    assert!(errors.insert(loss.pid), "a worker costs one task");
                }
            }
        }
        // Whoever was killed after the last reply is seen now, and replaced.
        while pool.worker_pids().contains(&victim) {}
        assert_eq!(pool.worker_pids().len(), 2);
    }
    let tally = pool.tally();
    assert_eq!(tally.lost, errors.len() as u64);
    assert!(tally.lost > 0, "some fall in a task: {tally:?}");
    let records = finished(pool);
    let killed = records.iter().filter(|record| record.worker.status == Status::Signalled(9)).count();
    assert_eq!((killed, records.len()), (200, 202));
}

pub(super) fn kills_in_a_task() {
    let pool = started(Config::new(2));
    let mut pids = BTreeSet::new();
    for round in 0..200 {
        let outcomes = pool.try_map(Ending, vec![End::Well, End::Kill, End::Well, End::Well], 1).unwrap();
        let (good, bad): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!((good.len(), bad.len()), (3, 1), "round {round}");
        let loss = bad.into_iter().map(loss).next().unwrap();
        assert_eq!((loss.status, loss.torn, loss.task), (Status::Signalled(9), false, 1));
        assert_eq!((loss.function, loss.job), ("cases::Ending", round + 1));
        assert!(pids.insert(loss.pid));
    }
    assert_eq!((pids.len(), pool.worker_pids().len(), pool.tally().lost), (200, 2, 200));
    finished(pool);
}

pub(super) fn idle_workers_killed() {
    for workers in [1, 2, 4] {
        let pool = started(Config::new(workers));
        squares(&pool, 100, 1);
        pool.worker_pids().into_iter().for_each(sigkill);
        squares(&pool, 100, 1);
        let pids = pool.worker_pids();
        for pid in pids {
            sigkill(pid);
            squares(&pool, 100, 1);
        }
        assert_eq!((pool.worker_pids().len(), pool.tally().lost), (workers, 0));
        let killed = finished(pool).iter().filter(|record| record.worker.status == Status::Signalled(9)).count();
        assert_eq!(killed, 2 * workers);
    }
}

pub(super) fn one_of_eight() {
    for chunksize in [1, 2, 8] {
        let pool = started(Config::new(2));
        let items = (0..8).map(|item| if item == 5 { End::Kill } else { End::Well }).collect();
        let outcomes = pool.try_map(Ending, items, chunksize).unwrap();
        for (item, outcome) in outcomes.into_iter().enumerate() {
            // The chunk of the fifth, and nothing else.
            match outcome {
                Ok(output) => assert!(output == 7 && item as u64 / chunksize != 5 / chunksize),
                lost => assert_eq!((loss(lost).task, item as u64 / chunksize), (5 / chunksize, 5 / chunksize)),
            }
        }
        squares(&pool, 100, 1);
        finished(pool);
    }
}

pub(super) fn task_exits() {
    for method in StartMethod::ALL {
        let pool = started(Config::new(2).start_method(method));
        let error = pool.apply(Ending, End::Exit).unwrap_err();
        assert!(error.to_string().contains("exited with code 3 in task 0 of job 1, 'cases::Ending'"), "{error}");
        assert_eq!(loss::<()>(Err(error)).status, Status::Exited(3));
        squares(&pool, 100, 1);
        finished(pool);
    }
}

pub(super) fn panics_cost_no_worker() {
    let pool = started(Config::new(2));
    squares(&pool, 10, 1);
    let pids = pool.worker_pids();
    for _ in 0..100 {
        let error = pool.map(Unlucky, (0..20).collect(), 3).unwrap_err();
        assert!(error.is_task_failed() && error.to_string().contains("thirteen"), "{error}");
    }
    let tally = pool.tally();
    assert_eq!(
        (tally.failed, tally.succeeded, tally.started),
        (100, 1_910, 2),
        "a panic costs one item, not its chunk"
    );
    assert_eq!(pids, pool.worker_pids());
    finished(pool);
}

pub(super) fn initializer_fails(method: StartMethod) {
    for end in [End::Panic, End::Exit, End::Kill] {
        let config = Config::new(2).start_method(method).failed_starts(5);
        let pool = Pool::start_with(chosen(config), Falter(end)).unwrap();
        let outcomes = pool.try_map(Square, (0..10).collect(), 1).unwrap();
        assert_eq!(outcomes.len(), 10);
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert!(error.is_initializer_failed(), "{error}");
            assert_eq!(error.to_string().contains("a bad end"), end == End::Panic, "{error}");
        }
        assert!(pool.map(Square, vec![1], 1).unwrap_err().is_initializer_failed());
        let records = pool.finish(SOON).unwrap();
        let calls: u64 = records.iter().filter_map(|record| record.worker.counts.marks.get("initialized")).sum();
        assert!((5..=2 + 5).contains(&calls), "{calls} calls");
    }
}

/// Each costs its item and nothing else: no worker, no other item, and no message if there was nothing to send.
pub(super) fn what_cannot_cross() {
    let pool = started(Config::new(2));
    squares(&pool, 10, 1);
    let (pids, before) = (pool.worker_pids(), pool.tally());
    let error = pool.map(Refusing, vec![NoWay, NoWay], 1).unwrap_err();
    assert!(error.is_encode() && error.to_string().contains("no way"), "{error}");
    let error = pool.map(Armed, vec![Bomb], 1).unwrap_err();
    assert!(error.is_encode() && error.to_string().contains("a bomb going out"), "{error}");
    assert_eq!(pool.tally().tasks, before.tasks, "nothing was sent");
    for _ in 0..20 {
        let error = pool.map(Explosive, vec![1, 2, 3], 2).unwrap_err();
        assert!(error.is_task_failed() && error.to_string().contains("a bomb going out"), "{error}");
        let error = pool.map(Fragile, vec![1, 2, 3], 2).unwrap_err();
        assert!(error.is_decode() && error.to_string().contains("a bomb coming in"), "{error}");
        let error = pool.map(Garbled, vec![1, 2], 1).unwrap_err();
        assert!(error.is_decode() && error.to_string().contains("one way only"), "{error}");
        squares(&pool, 100, 1);
    }
    assert_eq!(pids, pool.worker_pids());
    finished(pool);
}

fn torn_reply(method: StartMethod) {
    let pool = started(Config::new(1).start_method(method));
    // Of 64 bytes, 24 of them the header.
    for (number, cut) in [1, 2, 3, 24, 25, 32, 63].into_iter().enumerate() {
        let loss = loss(pool.apply(Tear, cut));
        assert_eq!((loss.torn, loss.status, loss.function), (true, Status::Signalled(9), "cases::Tear"), "cut {cut}");
        squares(&pool, 100, 1);
        assert_eq!(pool.tally().lost, number as u64 + 1);
    }
    let records = pool.finish(SOON).unwrap();
    assert_eq!((records.len(), records.iter().filter(|record| record.lost).count()), (8, 7));
}

/// Nobody reads the reply, so that its worker waits for room in the middle of it.
fn torn_large_reply() {
    let pool = started(Config::new(1));
    for _ in 0..5 {
        squares(&pool, 10, 1);
        let pid = pool.worker_pids()[0];
        let submitted = pool.submit(Bytes, 5_000_000).unwrap();
        while !std::fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap().contains("sock_alloc_send") {}
        sigkill(pid);
        let loss = loss(submitted.get(SOON));
        assert_eq!((loss.torn, loss.pid, loss.status), (true, pid, Status::Signalled(9)));
    }
    squares(&pool, 100, 1);
    finished(pool);
}

/// Short tasks before a deadly one are answered together, and the worker dies before it sends that: the journal has them.
pub(super) fn unsent_replies_survive() {
    let pool = started(Config::new(1));
    squares(&pool, 5_000, 1);
    for round in 0..50 {
        let items = (0..60).map(|item| if item == round { End::Kill } else { End::Well }).collect();
        let outcomes = pool.try_map(Ending, items, 1).unwrap();
        let lost: Vec<usize> = (0..60).filter(|item| outcomes[*item].is_err()).collect();
        assert_eq!(lost, [round], "only the task that killed it");
        squares(&pool, 500, 1);
    }
    assert!(pool.tally().resent > 50, "others were waiting behind it: {:?}", pool.tally());
    finished(pool);
}

pub(super) fn large_output_is_bounded() {
    const PAYLOAD: u64 = 50_000_000;
    let pool = started(Config::new(1));
    squares(&pool, 10, 1);
    let before = multiprocess::Usage::of_this_process().max_rss_bytes;
    assert_eq!(pool.apply(Bytes, PAYLOAD).unwrap().len() as u64, PAYLOAD);
    let here = multiprocess::Usage::of_this_process().max_rss_bytes - before;
    let there = finished(pool)[0].worker.usage.max_rss_bytes;
    assert!(here <= 3 * PAYLOAD && there <= 3 * PAYLOAD, "{here} bytes here, {there} bytes there");
}

pub(super) fn too_long(end: End) {
    let config = Config::new(2).task_limit(Duration::from_millis(200)).grace(Duration::from_millis(100));
    let pool = started(config);
    let items = (0..40).map(|item| if item == 7 { end } else { End::Well }).collect();
    let outcomes = pool.try_map(Ending, items, 1).unwrap();
    for (item, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(output) => assert!(output == 7 && item != 7),
            Err(error) => assert!(error.is_deadline() && error.worker_pid().is_some() && item == 7, "{item}: {error}"),
        }
    }
    squares(&pool, 100, 1);
    let records = finished(pool);
    let ended: Vec<Status> = records.iter().filter(|record| record.lost).map(|record| record.worker.status).collect();
    // SIGTERM reaches whoever works, and SIGKILL whoever is stopped.
    assert_eq!(ended, [if end == End::Stop { Status::Signalled(9) } else { Status::Signalled(15) }]);
}

pub(super) fn few_descriptors(method: StartMethod) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let mut worked = 0;
    for limit in 8..64 {
        setrlimit(Resource::RLIMIT_NOFILE, limit, hard).unwrap();
        let outcome = Pool::start(chosen(Config::new(3).start_method(method))).and_then(|pool| {
            let outcome = pool.map(Square, vec![1, 2, 3], 1);
            drop(pool);
            outcome
        });
        worked += u32::from(outcome.is_ok());
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
    }
    assert!((1..56).contains(&worked), "{worked} of 56 pools could start");
}

pub(super) fn unregistered_function() {
    let pool = started(Config::new(1));
    let error = pool.map(Unheard, vec![1], 1).unwrap_err();
    assert!(error.is_task_failed() && error.to_string().contains("'cases::Unheard'"), "{error}");
    squares(&pool, 10, 1);
    finished(pool);
}

/// Four threads map while another kills workers: every item is answered, or named as lost.
pub(super) fn threads_survive_kills() {
    let pool = started(Config::new(2));
    let lost = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        let maps: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..20 {
                        for outcome in pool.try_map(Work, vec![50; 50], 1).unwrap() {
                            if outcome.is_err() {
                                assert_eq!(loss(outcome).status, Status::Signalled(9));
                                lost.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                            }
                        }
                    }
                })
            })
            .collect();
        let mut dice = Dice(7);
        let mut killed = BTreeSet::new();
        while !maps.iter().all(|map| map.is_finished()) {
            let pids = pool.worker_pids();
            let pid = pids[dice.below(pids.len() as u64) as usize];
            // Only whoever works, so that no start fails again and again.
            let works = pool.tally().succeeded;
            while pool.tally().succeeded == works && !maps.iter().all(|map| map.is_finished()) {}
            if killed.len() < 50 && killed.insert(pid) {
                // It may have ended and been replaced a moment ago.
                let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
            }
        }
    });
    let tally = pool.tally();
    assert_eq!((tally.submitted, tally.failed), (4_000, lost.into_inner()));
    finished(pool);
}
