//! Workers that end in the middle: what is lost with them, who comes in their place, and who gives up.

use std::collections::BTreeSet;

use bincode::{Decode, Encode};
use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::classic::{Callbacks, Chunksize, Config, Doing, Outcomes, Pool};
use multiprocess::{Function, Status, register_function};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::functions::{self, Endless, Explosive, Garbled, Killed, Square, Stumble, function};
use super::pool::squares;
use super::process::{LONG, until};

pub(super) const CASES: &[Case] = &[
    ("a_task_killed_costs_its_job_alone_with_fork", || task_killed(Fork)),
    ("a_task_killed_costs_its_job_alone_with_forkserver", || task_killed(ForkServer)),
    ("a_task_killed_costs_its_job_alone_with_spawn", || task_killed(Spawn)),
    ("a_map_that_lost_two_of_eight_keeps_six", two_of_eight),
    ("a_task_that_exits_is_named_with_its_code", task_exits),
    ("an_imap_that_lost_a_task_goes_on", imap_goes_on),
    ("closing_and_joining_after_a_loss_reports_instead_of_hanging", join_after_a_loss),
    ("unencodable_results_cost_no_worker", || {
        results_cost_no_worker(|pool| pool.map(Explosive, vec![1], one()).is_err())
    }),
    ("undecodable_results_cost_no_worker", || {
        results_cost_no_worker(|pool| pool.map(Garbled, vec![1], one()).is_err())
    }),
    ("undecodable_arguments_cost_no_worker", || {
        results_cost_no_worker(|pool| pool.map(Mute, vec![functions::OneWay], one()).is_err())
    }),
    ("a_failing_initializer_is_given_up_with_fork", || initializer_is_given_up(Fork)),
    ("a_failing_initializer_is_given_up_with_forkserver", || initializer_is_given_up(ForkServer)),
    ("a_failing_initializer_is_given_up_with_spawn", || initializer_is_given_up(Spawn)),
    ("six_tasks_of_one_each_need_six_workers_with_fork", || one_task_each(Fork)),
    ("six_tasks_of_one_each_need_six_workers_with_forkserver", || one_task_each(ForkServer)),
    ("six_tasks_of_one_each_need_six_workers_with_spawn", || one_task_each(Spawn)),
    ("workers_are_replaced_after_their_last_task", workers_are_replaced),
    ("a_replaced_worker_has_the_initializer_s_state", replaced_with_state),
    ("two_hundred_kills_are_two_hundred_named_errors", two_hundred_kills),
    ("a_start_that_fails_leaves_nothing_with_fork", || start_fails(Fork)),
    ("a_start_that_fails_leaves_nothing_with_forkserver", || start_fails(ForkServer)),
    ("a_start_that_fails_leaves_nothing_with_spawn", || start_fails(Spawn)),
    ("a_worker_costs_few_descriptors", few_descriptors),
    ("a_worker_may_have_no_children_with_fork", || no_children(Fork)),
    ("a_worker_may_have_no_children_with_forkserver", || no_children(ForkServer)),
    ("a_worker_may_have_no_children_with_spawn", || no_children(Spawn)),
    ("a_pool_whose_zygote_is_killed_says_so", zygote_killed),
    ("interrupts_do_not_reach_the_workers_with_fork", || interrupted(Fork)),
    ("interrupts_do_not_reach_the_workers_with_forkserver", || interrupted(ForkServer)),
    ("interrupts_do_not_reach_the_workers_with_spawn", || interrupted(Spawn)),
];

function!(/** Takes what cannot be decoded. */ Mute, (), functions::OneWay => u64, |_this, _state, _x| 0);
register_function!(Mute);
function!(/** Tells who did it, after a while. */ Busy, (), u64 => u32, |_this, _state, x| {
    for step in 0..x { std::hint::black_box(step); }
    std::process::id()
});
register_function!(Busy);
function!(/** Ends its process on 13, with code 3. */ Exits, (), u64 => u64, |_this, _state, x| if x == 13 { leave(3) } else { x });
register_function!(Exits);

function!(/** Tries to have a pool of its own, and tells why it may not. */ Nested, (), u64 => String, |_this, _state, x| {
    Pool::start(Config::new(x as usize)).map_or_else(|error| error.to_string(), |_| "it may".to_owned())
});
register_function!(Nested);

#[expect(clippy::disallowed_methods, reason = "the fault itself: a task that ends its worker")]
pub(super) fn leave(code: i32) -> ! {
    std::process::exit(code)
}

fn one() -> Chunksize {
    Chunksize::from(1)
}

pub(super) fn replacing(workers: usize, method: StartMethod) -> Pool<()> {
    Pool::start(Config::new(workers).start_method(method).replace_workers(true).deadline(LONG)).unwrap()
}

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).unwrap();
}

/// Row 1: the job fails with the name of its task, all others go on, the worker is replaced. CPython waits for ever.
fn task_killed(method: StartMethod) {
    let pool = replacing(2, method);
    let before: BTreeSet<u32> = pool.worker_pids().into_iter().collect();
    let mut other = pool.map_async(Square, (0..100).collect(), one(), Callbacks::none()).unwrap();
    let error = pool.map(Killed, (0..20).collect(), one()).unwrap_err();
    let report = error.hang_report().expect("CPython would hang");
    assert_eq!((report.death().status, report.death().doing), (Status::Signalled(9), Doing::Working));
    assert_eq!((report.lock(), report.job(), report.lost().len()), (None, Some(1), 1));
    assert_eq!((report.lost()[0].task, report.lost()[0].items.clone()), (13, 13..14));
    assert!(before.contains(&report.death().pid) && error.is_worker_died());
    assert_eq!(other.get(LONG).unwrap().len(), 100);
    squares(&pool, 100, 1);
    until(|| pool.replaced() == 1 && pool.worker_pids().len() == 2);
    assert!(!pool.worker_pids().contains(&report.death().pid));
    let reports = pool.finish().unwrap();
    assert_eq!(reports.len(), 3);
    assert_eq!(reports.iter().filter(|report| report.status == Status::Signalled(9)).count(), 1);
    // The lost task was begun and never counted as done.
    assert_eq!(reports.iter().map(|report| report.counts.tasks).sum::<u64>(), 100 + 19 + 100);
}

/// Row 3: the job fails once, with the list of what is lost; the other results are there.
fn two_of_eight() {
    let pool = replacing(2, Fork);
    let items = vec![1, 13, 3, 4, 5, 13, 7, 8];
    let map = || pool.map_async(Killed, items.clone(), one(), Callbacks::none()).unwrap();
    let Outcomes { outputs, failures } = map().outcomes(LONG).unwrap();
    assert_eq!(outputs, [Some(1), None, Some(3), Some(4), Some(5), None, Some(7), Some(8)]);
    assert_eq!(outputs.iter().flatten().count() + failures.len(), 8);
    assert!(failures.iter().all(|failure| failure.error.hang_report().is_some_and(|report| report.lost().len() == 1)));
    let error = map().get(LONG).unwrap_err();
    let mut lost: Vec<u64> = error.hang_report().unwrap().lost().iter().map(|lost| lost.task).collect();
    lost.sort_unstable();
    assert_eq!(lost, [1, 5]);
    let counts = pool.task_counts();
    assert_eq!((counts.submitted, counts.succeeded, counts.failed), (16, 12, 4));
    pool.finish().unwrap();
}

/// Rows 4 and 5: a process that is gone cannot answer; `exit` is an end like any other.
fn task_exits() {
    let pool = replacing(2, Fork);
    for round in 1..=10 {
        let error = pool.map(Exits, vec![1, 13, 2], one()).unwrap_err();
        assert_eq!(error.hang_report().unwrap().death().status, Status::Exited(3), "{error}");
        assert!(error.to_string().contains("code 3"), "{error}");
        until(|| pool.replaced() == round);
    }
    squares(&pool, 100, 1);
    pool.finish().unwrap();
}

fn imap_goes_on() {
    let pool = replacing(2, Fork);
    let outputs: Vec<_> = pool.imap(Killed, 0..40, one()).unwrap().collect();
    assert_eq!(outputs.len(), 40);
    for (item, output) in (0..40).zip(outputs) {
        match output {
            Ok(output) => assert_eq!(output, item),
            Err(error) => assert_eq!((item, error.hang_report().unwrap().lost()[0].task), (13, 13)),
        }
    }
    pool.finish().unwrap();
}

/// CPython's `join` waits for the lost job for ever, whether or not anybody wants its result.
fn join_after_a_loss() {
    let pool = replacing(2, Fork);
    let _nobody_waits = pool.map_async(Killed, (10..16).collect(), one(), Callbacks::none()).unwrap();
    let mut other = pool.map_async(Square, (0..100).collect(), one(), Callbacks::none()).unwrap();
    let ended = pool.close().join().unwrap();
    assert_eq!(other.get(LONG).unwrap().len(), 100);
    assert_eq!(ended.hangs.len(), 1);
    assert_eq!((ended.hangs[0].job(), ended.hangs[0].lost()[0].task), (Some(0), 3));
    assert!(ended.hangs[0].to_string().contains("join after close"), "{}", ended.hangs[0]);
    let pids: BTreeSet<u32> = ended.workers.iter().map(|worker| worker.pid).collect();
    assert_eq!(pids.len(), ended.workers.len());
}

/// Rows 7, 8 and 10: twenty times an error value, and no worker, nor thread, is lost.
fn results_cost_no_worker(fails: fn(&Pool<()>) -> bool) {
    let pool = replacing(2, Fork);
    let pids = pool.worker_pids();
    for _ in 0..20 {
        assert!(fails(&pool));
    }
    let handlers = ["worker-handler", "task-handler", "result-handler"];
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let name = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("comm")).ok();
    // A thread takes its name as the first thing it does, which may be late on a busy machine.
    until(|| threads().filter_map(name).filter(|name| handlers.contains(&name.trim())).count() == 3);
    squares(&pool, 100, 1);
    assert_eq!((pids, 0), (pool.worker_pids(), pool.replaced()));
    pool.finish().unwrap();
}

/// Row 6: CPython has called it 228 times after 6 seconds, and goes on.
fn initializer_is_given_up(method: StartMethod) {
    let config = Config::new(2).start_method(method).replace_workers(true).deadline(LONG);
    let error = match Pool::start_with(config, Stumble) {
        Ok(pool) => {
            let error = pool.map(Square, vec![1, 2, 3], one()).unwrap_err();
            assert!(pool.map(Square, vec![1], one()).unwrap_err().is_initializer_failed());
            assert!(pool.finish().unwrap_err().is_initializer_failed());
            error
        }
        // A worker sent what it needs may be gone before it has read it.
        Err(error) => error,
    };
    assert!(error.is_initializer_failed(), "{error}");
    assert!(error.initializer_calls().unwrap() <= 2 + 3, "{error}");
}

/// Row 30: an early close, and all six results.
fn one_task_each(method: StartMethod) {
    let config = Config::new(3).start_method(method).max_tasks_per_child(1).deadline(LONG);
    let pool = Pool::start(config).unwrap();
    let begin = |_| pool.apply_async(Busy, 100_000, Callbacks::none()).unwrap();
    let mut results: Vec<_> = (0..6).map(begin).collect();
    let ended = pool.close().join().unwrap();
    let pids: BTreeSet<u32> = results.iter_mut().map(|result| result.get(LONG).unwrap()).collect();
    assert_eq!(pids.len(), 6);
    let worked = ended.workers.iter().filter(|worker| worker.counts.tasks > 0);
    assert_eq!(worked.map(|worker| (worker.pid, worker.counts.tasks)).collect::<Vec<_>>().len(), 6);
    assert!(ended.workers.iter().all(|worker| worker.counts.tasks <= 1 && worker.status == Status::Exited(0)));
}

/// `_TestPoolWorkerLifetime`: three workers of ten tasks each cannot do a hundred.
fn workers_are_replaced() {
    let pool = Pool::start(Config::new(3).max_tasks_per_child(10).deadline(LONG)).unwrap();
    let before: BTreeSet<u32> = pool.worker_pids().into_iter().collect();
    let pids: BTreeSet<u32> = pool.map(Busy, vec![1; 100], one()).unwrap().into_iter().collect();
    assert!(pids.len() >= 10);
    let after: BTreeSet<u32> = pool.worker_pids().into_iter().collect();
    assert!(before != after && pool.replaced() >= 7, "{before:?} {after:?}");
    // A chunk is one task.
    assert_eq!(pool.map(Busy, vec![1; 1_000], Chunksize::from(500)).unwrap().len(), 1_000);
    let reports = pool.finish().unwrap();
    assert!(reports.iter().all(|report| report.counts.tasks <= 10));
    assert_eq!(reports.iter().map(|report| report.counts.tasks).sum::<u64>(), 102);
    assert_eq!(reports.iter().map(|report| report.pid).collect::<BTreeSet<_>>().len(), reports.len());
}

fn replaced_with_state() {
    for method in StartMethod::ALL {
        let luggage = functions::Luggage((0..100).rev().collect());
        let config = Config::new(2).start_method(method).max_tasks_per_child(2).deadline(LONG);
        let pool = Pool::start_with(config, functions::Leave(luggage.clone())).unwrap();
        let outputs = pool.map(functions::Lookup, (0..20).collect(), one()).unwrap();
        assert_eq!(outputs, luggage.0[..20]);
        assert!(pool.replaced() >= 8);
        pool.finish().unwrap();
    }
}

/// Every kill is answered: with the report of the task that it cost, or of the lock, or with another worker if it cost nothing.
fn two_hundred_kills() {
    let (mut named, mut locks, mut harmless) = (0_u32, 0_u32, 0_u32);
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    while named < 200 {
        let pool = replacing(3, Fork);
        let mut killed = 0;
        loop {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let mut map = pool.map_async(Busy, vec![20_000; 12], one(), Callbacks::none()).unwrap();
            for step in 0..(random >> 46) {
                std::hint::black_box(step);
            }
            let victim = pool.worker_pids()[(random >> 33) as usize % 3];
            send(victim, Signal::SIGKILL);
            killed += 1;
            until(|| pool.replaced() == killed || pool.apply(Busy, 1).is_err());
            let Outcomes { outputs, failures } = map.outcomes(LONG).unwrap();
            assert_eq!(outputs.iter().flatten().count() + failures.len(), 12);
            let broken = pool.apply(Busy, 1).err();
            let Some(error) = broken.as_ref().or_else(|| failures.first().map(|failure| &failure.error)) else {
                harmless += 1;
                assert_eq!(pool.worker_pids().len(), 3);
                continue;
            };
            assert_eq!(error.worker_pid(), Some(victim), "{error}");
            named += 1;
            // New workers killed one after the other, before they were ready, are a pool that cannot be kept up.
            assert!(
                error.hang_report().is_some_and(|it| it.lock().is_some() == broken.is_some())
                    || error.is_initializer_failed()
            );
            if broken.is_some() {
                locks += 1;
                break;
            }
            assert_eq!((failures.len(), pool.worker_pids().len()), (1, 3));
            if named == 200 {
                break;
            }
        }
        let replaced = pool.replaced();
        let ended = pool.terminate().unwrap();
        let pids: BTreeSet<u32> = ended.workers.iter().map(|worker| worker.pid).collect();
        assert_eq!((pids.len() as u64, ended.workers.len() as u64), (3 + replaced, 3 + replaced));
    }
    println!("{named} named errors, {locks} of them of a lock; {harmless} more kills cost nothing");
}

/// Row 27: whatever the limit of open files allows to begin, all of it is gone.
fn start_fails(method: StartMethod) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let (before, mut failed, mut worked) = (open(), 0, 0);
    for limit in 8..=64 {
        setrlimit(Resource::RLIMIT_NOFILE, limit, hard).unwrap();
        let pool = Pool::start(Config::new(4).start_method(method).replace_workers(true).deadline(LONG));
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
        match pool {
            Ok(pool) => {
                squares(&pool, 20, 1);
                pool.finish().unwrap();
                worked += 1;
            }
            Err(_) => failed += 1,
        }
        assert_eq!(open(), before, "with room for {limit} files");
        let none = nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
        assert_eq!(none, Err(nix::errno::Errno::ECHILD), "with room for {limit} files");
    }
    assert!(failed > 5 && worked > 5, "{failed} starts failed, {worked} worked");
}

/// Two for a worker that was forked here, three for one that was executed, four for one that a server has forked.
fn few_descriptors() {
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let of = |workers, method| {
        let pool = replacing(workers, method);
        let count = open();
        pool.finish().unwrap();
        count
    };
    for (method, each) in [(Fork, 2), (Spawn, 3), (ForkServer, 4)] {
        assert_eq!(of(6, method) - of(2, method), 4 * each, "{method:?}");
    }
}

/// Row 14: CPython's workers are daemonic, first ones and replacements.
fn no_children(method: StartMethod) {
    let config = Config::new(1).start_method(method).max_tasks_per_child(1).deadline(LONG);
    let pool = Pool::start(config).unwrap();
    for why in pool.map(Nested, vec![1; 3], one()).unwrap() {
        assert_eq!(why, "daemonic processes are not allowed to have children");
    }
    pool.finish().unwrap();
}

fn zygote_killed() {
    let pool = replacing(2, Fork);
    let children = std::fs::read_to_string(format!("/proc/self/task/{}/children", std::process::id())).unwrap();
    let workers = pool.worker_pids();
    let children: Vec<u32> = children.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    let zygote = children.into_iter().find(|pid| !workers.contains(pid)).expect("a zygote");
    send(zygote, Signal::SIGKILL);
    // Nobody needs it, until somebody is to be replaced.
    squares(&pool, 100, 1);
    let error = pool.map(Killed, vec![13, 13], one()).unwrap_err();
    assert!(error.hang_report().is_some() || error.to_string().contains("could not be replaced"), "{error}");
    until(|| pool.map(Square, vec![1], one()).is_err());
    let error = pool.map(Square, vec![1], one()).unwrap_err();
    assert!(error.to_string().contains("could not be replaced"), "{error}");
}

/// Row 22: Ctrl-C goes to the whole group. The parent decides; its close and join find everybody there.
fn interrupted(method: StartMethod) {
    let pool = replacing(2, method);
    let mut map = pool.map_async(Busy, vec![100_000; 200], one(), Callbacks::none()).unwrap();
    let pids = pool.worker_pids();
    until(|| pids.iter().all(|pid| ignores_interrupts(*pid)));
    for _ in 0..5 {
        pids.iter().for_each(|pid| send(*pid, Signal::SIGINT));
    }
    let ended = pool.close().join().unwrap();
    assert_eq!(map.get(LONG).unwrap().len(), 200);
    assert!(ended.workers.iter().map(|worker| worker.pid).eq(pids) && ended.hangs.is_empty());
    let mut never = replacing(1, method).apply_async(Endless, 1, Callbacks::none()).unwrap();
    assert!(never.get(LONG).is_err(), "its pool is gone");
}

/// Bit 2 - 1 of the mask in `/proc/PID/status` (proc(5)): SIGINT is signal 2.
fn ignores_interrupts(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & 2 != 0
}
