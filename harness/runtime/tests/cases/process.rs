//! Single processes and what they share.

use std::time::{Duration, Instant};

use multiprocess::{Process, Queue, ScratchFile, Semaphore, SharedBlocks, StateSampler, Status, mark};

use super::Case;

/// Run apart from the others, because it does not end by itself.
pub(super) const PARENT_KILLED: Case = ("processes_die_with_a_killed_parent", parent_is_killed);

pub(super) const CASES: &[Case] = &[
    ("a_process_exits_with_the_code_of_its_body", exit_codes),
    ("a_process_that_panics_exits_with_1", || assert_eq!(status_of(|| panic!("on purpose")), Status::Exited(1))),
    ("a_process_is_terminated_and_killed_by_the_signal_named", terminated_and_killed),
    ("joining_a_process_that_goes_on_reaches_the_deadline", join_too_early),
    ("what_a_killed_process_counted_is_known", counts_of_the_killed),
    ("a_process_is_not_forked_while_there_are_threads", fork_refused),
    ("a_process_that_is_dropped_is_gone", || drop(sleeper(&Semaphore::new(0).unwrap()))),
    ("shared_blocks_go_back_and_forth", blocks_go_back_and_forth),
    ("a_shared_block_has_one_owner_at_a_time", one_owner),
    ("a_block_of_a_dead_owner_is_missed_at_the_deadline", dead_owner),
    ("shared_blocks_of_impossible_size_are_an_error", impossible_blocks),
    ("running_and_sleeping_processes_are_told_apart", states),
    ("a_sampler_that_is_dropped_is_joined", dropped_sampler),
    ("a_limit_of_all_time_is_a_limit", all_time),
    ("a_listed_scratch_file_stays_open_in_the_child", listed_scratch_file),
    PARENT_KILLED,
];

/// Long enough for anything that works.
pub(super) const LONG: Duration = Duration::from_secs(30);

/// Waits for what another process is about to do.
pub(super) fn until(what: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !what() {
        assert!(Instant::now() < deadline, "it did not happen");
        std::thread::yield_now();
    }
}

fn status_of(body: impl FnOnce() -> i32) -> Status {
    Process::start(&[], body).unwrap().join(LONG).unwrap().status
}

/// A process that waits for ever, as far as a test goes.
fn sleeper(never: &Semaphore) -> Process {
    Process::start(&[], || i32::from(never.acquire(2 * LONG).is_err())).unwrap()
}

fn exit_codes() {
    for code in [0, 1, 3, 255] {
        assert_eq!(status_of(|| code), Status::Exited(code));
    }
}

fn terminated_and_killed() {
    let never = Semaphore::new(0).unwrap();
    for (end, signal) in [(Process::terminate as fn(&Process), 15), (Process::kill, 9)] {
        let mut process = sleeper(&never);
        assert_eq!(process.exit_status().unwrap(), None);
        end(&process);
        assert_eq!(process.join(LONG).unwrap().status, Status::Signalled(signal));
        assert_eq!(process.exit_status().unwrap(), Some(Status::Signalled(signal)));
    }
}

fn join_too_early() {
    let go = Semaphore::new(0).unwrap();
    let mut process = sleeper(&go);
    assert!(process.join(Duration::from_millis(10)).unwrap_err().is_deadline());
    go.release().unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
}

mark!(static LIVED = "lived");

fn counts_of_the_killed() {
    let (said, never) = (Semaphore::new(0).unwrap(), Semaphore::new(0).unwrap());
    let life = || {
        (0..7).for_each(|_| LIVED.count());
        said.release().unwrap();
        i32::from(never.acquire(2 * LONG).is_err())
    };
    let mut process = Process::start(&[], life).unwrap();
    said.acquire(LONG).unwrap();
    process.kill();
    assert_eq!(process.join(LONG).unwrap().counts.marks["lived"], 7);
}

fn fork_refused() {
    let go = std::sync::Arc::new(Semaphore::new(0).unwrap());
    let thread = std::thread::spawn({
        let go = std::sync::Arc::clone(&go);
        move || go.acquire(LONG).unwrap()
    });
    assert!(Process::start(&[], || 0).unwrap_err().is_fork_refused());
    go.release().unwrap();
    thread.join().unwrap();
}

fn blocks_go_back_and_forth() {
    let blocks = SharedBlocks::create(2, 3_000).unwrap();
    let [there, back] = [(); 2].map(|()| Semaphore::new(0).unwrap());
    let echo = || {
        for round in 0..100 {
            there.acquire(LONG).unwrap();
            let mut block = blocks.receive(round % 2).unwrap();
            block.iter_mut().for_each(|number| *number += 1.0);
            block.hand_over();
            back.release().unwrap();
        }
        0
    };
    let mut process = Process::start(&[], echo).unwrap();
    for round in 0..100 {
        let mut block = blocks.take(round % 2, LONG).unwrap();
        block.fill(round as f64);
        assert_eq!(block.hand_over(), round % 2);
        there.release().unwrap();
        back.acquire(LONG).unwrap();
        let block = blocks.receive(round % 2).unwrap();
        assert!(block.iter().all(|number| *number == round as f64 + 1.0));
    }
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
}

fn one_owner() {
    let blocks = SharedBlocks::create(1, 10).unwrap();
    assert!(blocks.receive(0).is_err() && blocks.take(1, Duration::ZERO).is_err());
    let block = blocks.take(0, Duration::ZERO).unwrap();
    assert!(blocks.take(0, Duration::from_millis(1)).unwrap_err().is_deadline());
    assert_eq!(block.hand_over(), 0);
    assert!(blocks.take(0, Duration::from_millis(1)).unwrap_err().is_deadline());
    let block = blocks.receive(0).unwrap();
    assert!(blocks.receive(0).is_err());
    drop(block);
    assert_eq!(blocks.take(0, Duration::ZERO).unwrap().len(), 10);
}

fn dead_owner() {
    let blocks = SharedBlocks::create(1, 10).unwrap();
    let take = || {
        std::mem::forget(blocks.take(0, LONG).unwrap());
        0
    };
    assert_eq!(status_of(take), Status::Exited(0));
    assert!(blocks.take(0, Duration::from_millis(1)).unwrap_err().is_deadline());
}

fn states() {
    // A semaphore's waiter would look up now and then.
    let sleeping = [(); 2].map(|()| {
        Process::start(&[], || {
            loop {
                std::thread::park()
            }
        })
        .unwrap()
    });
    let spinning = Process::start(&[], || {
        let end = Instant::now() + 2 * LONG;
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        0
    });
    let spinning = spinning.unwrap();
    until(|| sleeping.iter().all(|process| wchan(process).contains("futex")));
    let pids: Vec<_> = sleeping.iter().chain([&spinning]).map(Process::pid).collect();
    let sampled = |limit| {
        let sampler = StateSampler::start(pids.clone(), Duration::from_millis(1), 8).unwrap();
        let begin = Instant::now();
        until(|| begin.elapsed() > limit);
        sampler.stop().unwrap()
    };
    // On a busy machine the sampler may be given the processor too seldom to have more samples than it keeps.
    let limits = (1..).map(|times| Duration::from_millis(100) * times);
    let states = limits.map(sampled).find(|states| states.period > Duration::from_millis(1)).unwrap();
    let sum = |series: &[u64]| series.iter().sum::<u64>();
    assert!(states.running.len() <= 8, "{states:?}");
    assert!(sum(&states.running) > 0 && sum(&states.disk) == 0, "{states:?}");
    assert_eq!(sum(&states.sleeping), 2 * sum(&states.running), "{states:?}");
}

fn impossible_blocks() {
    for (count, numbers) in
        [(1 << 57, 0), (usize::MAX, 0), (usize::MAX, 1), (1, usize::MAX), (2, 1 << 60), (1 << 40, 1 << 40)]
    {
        assert!(SharedBlocks::create(count, numbers).is_err(), "{count} blocks of {numbers}");
    }
    let missing = SharedBlocks::create(1, 0).unwrap().receive(1).unwrap_err();
    assert!(missing.to_string().contains("no block 1"), "{missing}");
}

fn dropped_sampler() {
    for _ in 0..20 {
        drop(StateSampler::start(vec![std::process::id()], Duration::from_millis(1), 8).unwrap());
        // Refused, if its thread were still there.
        assert_eq!(status_of(|| 0), Status::Exited(0));
    }
}

fn all_time() {
    const ALL: Duration = Duration::MAX;
    let (queue, semaphore) = (Queue::new(1).unwrap(), Semaphore::new(0).unwrap());
    let put = || {
        semaphore.acquire(ALL).unwrap();
        (0..2_u8).for_each(|number| queue.put(number, ALL).unwrap());
        i32::from(queue.join_thread(ALL).is_err())
    };
    let mut process = Process::start(&[&queue], put).unwrap();
    semaphore.release().unwrap();
    assert_eq!((queue.get(ALL).unwrap(), queue.get(ALL).unwrap()), (0, 1));
    assert_eq!(process.join(ALL).unwrap().status, Status::Exited(0));
    let child = multiprocess::trap::fork_alone(|| 0).unwrap();
    assert_eq!(multiprocess::watchdog::Watchdog::new(ALL).watch(child).unwrap().exit_code(), Some(0));
}

fn listed_scratch_file() {
    let scratch = ScratchFile::create().unwrap();
    let path = scratch.path();
    let open =
        || i32::from(std::fs::File::open(format!("/proc/self/fd/{}", path.file_name().unwrap().display())).is_err());
    assert_eq!(Process::start(&[&scratch], open).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    assert_eq!(Process::start(&[], open).unwrap().join(LONG).unwrap().status, Status::Exited(1));
}

fn parent_is_killed() {
    let never = Semaphore::new(0).unwrap();
    let processes: Vec<Process> = (0..super::faults::BUSY_WORKERS).map(|_| sleeper(&never)).collect();
    until(|| processes.iter().all(|process| wchan(process).contains("futex")));
    nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
}

/// The kernel function that a process waits in (proc(5)).
pub(super) fn wchan(process: &Process) -> String {
    std::fs::read_to_string(format!("/proc/{}/wchan", process.pid())).unwrap()
}
